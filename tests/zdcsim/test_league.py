"""Rows of a league: whose settings they have, and how sure their numbers are."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import learning_curve
import numpy as np
import pytest
import trained
from changed_settings import alike, changed, changed_alike, listed, resolved
from fidelity import clock, judged_number, simulated, staying
from league_seeds import MEASURED_HERE, OVER_SEEDS, added, over_seeds, retimed
from league_table import EVERY, digits, full_caption, markdown, tables, text
from timing import GRAPH, batch
from yardstick import FEWEST, SIDE, WIDTH, beside, session, yardstick_graph

from zdcsim.io import tree
from zdcsim.training import load_experiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import build_generator

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
W = ("distances", "o2", "mean", "ratio")
YARDSTICK = "2334f3e8fbaec87a7b759c68a6198b8ebb412f815c71156e750ed7955ef660bc"
FPD = ("likeness", "FPD", "model", "mean")


def judgement(ratio: float, drawn: float | None = 0.21) -> dict[str, Any]:
    mean = {"ratio": ratio, "ratio_spread": 0.07}
    mean |= {} if drawn is None else {"ratio_drawn": drawn}
    fpd = {"model": {"mean": -0.0004, "spread": 0.03}}
    return {"distances": {"o2": {"mean": mean}}, "likeness": {"FPD": fpd}}


@pytest.fixture
def league() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / "league_zn.json").read_text(encoding="utf-8"))
    floors = found["floors"].items()
    numbers = {k: v if isinstance(v, dict) else {"mean": v, "spread": 0.01} for k, v in floors}
    return {**found, "floors": numbers}


def test_a_changed_setting_is_named_and_its_place_and_seed_are_not() -> None:
    written = resolved("sdi_gan_regressor")
    trained = json.loads(json.dumps(written))
    assert changed(trained, written) == []
    trained["training"]["steps"] = 3000
    trained["objective"]["generator"]["half_life"] = None
    trained["data"]["train"], trained["seed"] = "elsewhere.root", 7
    trained["tracking"]["enabled"] = not trained["tracking"]["enabled"]
    trained["objective"]["of_another_commit"] = 1
    del trained["data"]["held"]
    assert sorted(changed(trained, written)) == [
        "objective.generator.half_life=null",
        "training.steps=3000",
    ]


def test_seeds_of_different_settings_have_no_common_mean() -> None:
    one, other = resolved("gan"), resolved("gan")
    other["training"]["steps"] = 7
    assert changed_alike("gan", [other, other]) == ["training.steps=7"]
    with pytest.raises(ValueError, match=r"mean: those of its file; training\.steps=7$"):
        changed_alike("gan", [one, other])
    assert alike("gan", [[], []]) == []


def test_the_caption_says_whose_settings_changed() -> None:
    rows: list[dict[str, Any]] = [
        {"family": "gan", "changed": []},
        {"family": "sdi_gan", "changed": ["training.steps=3000", "training.batch=8"]},
    ]
    assert listed(rows) == "sdi_gan: training.steps=3000, training.batch=8"
    assert listed([*rows, {"family": "old"}]).endswith("; not recorded of old")
    assert listed(rows[:1]) == "none"


def test_one_seed_has_the_error_of_its_particles_or_of_its_halves() -> None:
    assert text(judged_number([judgement(1.19)], W)) == "1.19 (± 0.21)"
    older = judged_number([judgement(1.19, drawn=None)], W)
    assert text(older) == "1.19 (± 0.07)"
    assert older is not None and older["within"]["over"] == "halves"
    both = judged_number([judgement(1.0), judgement(2.0, drawn=0.3)], W)
    assert text(both) == "1.50 ± 0.71 (± 0.26)"  # 0.21 and 0.3 of the two seeds
    assert both is not None and [each["deviation"] for each in both["of_seeds"]] == [0.21, 0.3]
    assert text(judged_number([judgement(1.0)], FPD), places=3) == "0.000 (± 0.030)"


def test_rows_of_an_older_league_stay_readable(league: dict[str, Any]) -> None:
    rows = league["rows"]
    for row in rows:
        row.pop("changed", None)
        for number in filter(None, row["numbers"].values()):
            number.pop("within", None)
    said = full_caption(rows, league)
    assert f"not recorded of {', '.join(row['family'] for row in rows)}. " in said
    rows[0]["numbers"]["W"] = judged_number([judgement(1.19)], W)
    table = markdown(rows, league, EVERY, said).splitlines()
    mine = next(line for line in table if line.startswith(f"| {rows[0]['family']} "))
    assert "| 1.19 (± 0.21) |" in mine
    assert table[2].startswith("| Monte Carlo (floor) |  | 1 | 1 | 1 | 1 | 1 | 1 | ")
    assert "± 0.01" in table[2]


def test_rows_stay_beside_a_model_that_leaves_more_responses_empty(
    league: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "league_zn.json"
    table.write_text(json.dumps(league | {"sample": {**league["sample"], "empty_generated": 0.03}}))
    tested = simulated({**league["sample"], "empty_generated": 0.2})
    kept = [row["family"] for row in staying(table, ["shower_vae"], tested)]
    assert kept == [row["family"] for row in league["rows"] if row["family"] != "shower_vae"]
    with pytest.raises(ValueError, match="was judged on another sample"):
        staying(table, ["shower_vae"], {**tested, "responses": 1})


@pytest.mark.parametrize(
    ("reference", "overrides", "said"),
    [
        ("zn_test.root", ["training.steps=5000"], None),
        ("zn_pbpb.root", ["training.steps=5000"], "was judged on another sample than"),
        ("zn_test.root", ["training.steps=20"], "with training.steps 5000, and 20 is asked for"),
        ("zn_test.root", ["data.train=older.root"], "and older.root is asked for; name another"),
    ],
)
def test_what_an_earlier_league_left_is_of_the_same_sample_and_settings(
    tmp_path: Path, reference: str, overrides: list[str], said: str | None
) -> None:
    data = Path(__file__).parents[2] / "data"
    written = trained.verdict(tmp_path, "gan", 1)
    bundle = written.parent / "bundle"
    bundle.mkdir(parents=True)
    manifest = json.loads((data / "zn-sdi-gan" / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    provenance = dict(tree.read(data / "zn_test.root").provenance)
    written.write_text(json.dumps({"reference": provenance}))
    asked = tmp_path, "gan", 1, lambda: tmp_path, data / reference, overrides
    if said is None:
        assert trained.judged(*asked) == (bundle, {"reference": provenance})
    else:
        with pytest.raises(ValueError, match=said):
            trained.judged(*asked)


def row(seeds: list[int], ratios: list[float], minutes: float = 3.0) -> dict[str, Any]:
    return {
        "family": "gan",
        "trained_seeds": seeds,
        "trained_at": [f"commit of {seeds[0]}"],
        "changed": [],
        "numbers": {"W": judged_number([judgement(ratio) for ratio in ratios], W), "auc": None},
        **{key: over_seeds([minutes] * len(seeds)) for key in OVER_SEEDS},
        "onnx_kb": 7.0,
    }


def test_seeds_are_added_to_a_row_as_if_they_had_been_judged_together() -> None:
    together = row([1, 2, 3], [1.0, 2.0, 4.0])
    found = added(row([1], [1.0]), row([2, 3], [2.0, 4.0]))
    assert found["trained_at"] == ["commit of 1", "commit of 2"]
    assert found | {"trained_at": together["trained_at"]} == together
    assert added(found, row([4], [1.0], 7.0))["core_minutes"]["mean"] == pytest.approx(4.0)
    assert added(None, together) == together


def test_a_row_that_is_timed_anew_keeps_its_numbers() -> None:
    measured = {"seconds": {"batch 1": 2.0}, "measured": "later", "machine": "b"}
    before = row([1, 2], [1.0, 2.0]) | {key: "before" for key in MEASURED_HERE}
    assert retimed(before, row([2], [9.0]) | measured) == before | measured
    assert retimed(None, before) == before


def test_seconds_of_a_table_are_those_of_the_machine_it_names(tmp_path: Path) -> None:
    table, here = tmp_path / "league.json", {"machine": "slow", "created": "today"}
    mine = {"yardstick": 3e-4, "machine": "slow", "measured": "today"}
    assert clock(table, here, 3e-4, here=False) == mine
    fast = {"yardstick": 1e-4, "machine": "fast", "measured": "before"}
    table.write_text(json.dumps({"clock": fast}))
    assert clock(table, here, 3e-4, here=False) == fast
    assert clock(table, here, 3e-4, here=True) == mine


def test_committed_seconds_are_brought_to_the_named_machine() -> None:
    for path in RESULTS.glob("league_z[np].json"):
        written = json.loads(path.read_text(encoding="utf-8"))
        lines = path.with_suffix(".md").read_text(encoding="utf-8").splitlines()
        assert f"times its seconds on {written['clock']['machine']}; Geant4's " in lines[-1]
        shower = written["geant4"]["over_yardstick"]
        for each in written["rows"]:
            graph, whole = (each["seconds"][timed] for timed in (GRAPH, batch(1)))
            mine = next(line for line in lines if line.startswith(f"| {each['family']} "))
            assert (
                f" {digits(1e3 * written['clock']['yardstick'] * graph['over_yardstick'])} " in mine
            )
            assert f" {digits(shower / whole['over_yardstick'])} " in mine


def test_times_have_two_digits() -> None:
    numbers = 0.00986, 0.0996, 1.04, 19.96, 155.0, 14_612.0
    assert [digits(each) for each in numbers] == ["0.0099", "0.10", "1.0", "20", "160", "15,000"]


class Slowing:
    """A yardstick on a machine that takes twice as long with every look at it."""

    def __init__(self) -> None:
        self.pace = 0.5

    def seconds(self) -> float:
        self.pace *= 2
        return self.pace


def test_what_is_timed_between_two_yardsticks_is_known_on_a_machine_that_slows_down() -> None:
    machine = Slowing()
    # Between paces p and 2 p it takes 1.5 p yardsticks of what would be 3 of them.
    found = beside(machine, lambda: 3 * 1.5 * machine.pace, times=6, longest=60.0)  # type: ignore[arg-type]
    assert found["over_yardstick"] == pytest.approx(3)
    assert found["quartiles"] == pytest.approx([3, 3])
    assert (found["smallest"], found["largest"]) == pytest.approx((4.5, 4.5 * 32))
    assert found["measurements"] == 6
    assert beside(machine, lambda: 1.0, times=6, longest=0.0)["measurements"] == FEWEST  # type: ignore[arg-type]


@pytest.mark.parametrize("detector", ["zn", "zp"])
def test_committed_tables_are_those_of_their_numbers(detector: str) -> None:
    path = RESULTS / f"league_{detector}.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    for name, table in tables(found["rows"], found).items():
        written = path.with_name(f"league_{detector}{name}.md").read_text(encoding="utf-8")
        assert written == table


@pytest.mark.parametrize("detector", ["zn", "zp"])
def test_committed_leagues_count_what_is_learnt(detector: str) -> None:
    for each in json.loads((RESULTS / f"league_{detector}.json").read_text())["rows"]:
        experiment = load_experiment(trained.settings_file(each["family"]))
        assert isinstance(experiment, GeneratorExperiment)
        weights = build_generator(experiment).parameters()
        assert each["learnt_numbers"] == sum(each.numel() for each in weights), each["family"]


def test_the_caption_says_that_students_had_teachers(league: dict[str, Any]) -> None:
    students = [each for each in league["rows"] if each["family"].startswith("distilled_")]
    others = [each for each in league["rows"] if each not in students]
    named = ", ".join(each["family"] for each in students)
    assert students and f"together, {named} without that of the teacher. " in full_caption(
        [*others, *students], league
    )
    assert "teacher" not in full_caption(others, league)


def test_a_learning_curve_takes_rows_of_the_league_at_their_own_number(
    league: dict[str, Any],
) -> None:
    (old,) = learning_curve.of_league(league, ["gan"], 750)
    written = next(each for each in league["rows"] if each["family"] == "gan")
    assert old["numbers"]["W"] == written["numbers"]["W"]
    new = old | {"particles": 90, "of_league": False}
    assert learning_curve.together([old, new]) == [new, old]
    table = learning_curve.markdown([new, old], {"caption": ""}).splitlines()
    assert table[2].startswith("| gan | 90 | ") and table[3].startswith("| gan | 750 (league) | ")
    with pytest.raises(ValueError, match="two points of one number of particles"):
        learning_curve.together([old, old])
    other = {**old["sample"], "responses": 7}
    with pytest.raises(ValueError, match="gan of 90 particles was judged on another sample"):
        learning_curve.together([old, new | {"sample": other}])


def test_the_yardstick_is_the_same_graph_everywhere() -> None:
    graph = yardstick_graph()
    assert hashlib.sha256(graph).hexdigest() == YARDSTICK
    noise = np.random.default_rng(3).standard_normal((2, 1, WIDTH)).astype(np.float32)
    opened = session(graph)
    one, other = (opened.run(None, {"noise": each})[0] for each in noise)
    assert one.shape == (SIDE, SIDE) and np.isfinite(one).all() and (one != other).any()


def test_a_seed_is_not_added_twice_and_not_of_other_settings() -> None:
    with pytest.raises(ValueError, match="the table has gan of seed 2 already"):
        added(row([1, 2], [1.0, 1.1]), row([2, 3], [1.2, 1.3]))
    with pytest.raises(ValueError, match=r"other settings: .* before"):
        added(row([1], [1.0]), row([2], [1.2]) | {"changed": ["training.steps=3000"]})


def test_every_row_of_the_committed_leagues_names_its_seeds() -> None:
    for path in RESULTS.glob("league_z[np].json"):
        for each in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            assert len(each["trained_seeds"]) == len(each["numbers"]["W"]["seeds"]), each["family"]


def test_a_bundle_without_a_judgement_is_judged_and_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path(__file__).parents[2] / "data"
    written = trained.verdict(tmp_path, "shower_vae", 1)
    shutil.copytree(data / "zn-shower-vae", written.parent / "bundle")
    asked: list[tuple[str, ...]] = []

    def command(*arguments: str | Path) -> None:
        asked.append(tuple(map(str, arguments)))
        written.write_text('{"judged": 1}')

    monkeypatch.setattr(trained, "zdcsim", command)
    given = tmp_path, "shower_vae", 1, lambda: tmp_path, data / "zn_test.root"
    assert not trained.untrained(tmp_path, "shower_vae", 1)
    assert trained.untrained(tmp_path, "shower_vae", 2)
    with pytest.raises(ValueError, match="and 20 is asked for; name another folder"):
        trained.judged(*given, ["training.steps=20"])
    bundle, judgement = trained.judged(*given, [], ["--likeness"])
    assert judgement == {"judged": 1}
    assert [words[0] for words in asked] == ["evaluate"]
    assert asked[0][-1] == "--likeness"
    manifest = json.loads((data / "zn-shower-vae" / "manifest.json").read_text())
    assert trained.commits([bundle]) == [manifest["training"]["generator"]["commit"][:12]]
