"""Many classifiers on the same tracks: who is judged on what, the tables, the page, the command."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pid_bundles import signed_tracks, toy_pid_bundle
from typer.testing import CliRunner

from detcore.bundle import MANIFEST
from detcore.files import sha256
from pid import cuts
from pid.cli.main import app
from pid.columns import MODEL, PRODUCER
from pid.evaluation.baselines import baselines
from pid.evaluation.campaign import Files, judge_all, prepared
from pid.evaluation.comparison import OverSeeds, compare
from pid.evaluation.intervals import Share
from pid.evaluation.judgement import Judgement
from pid.evaluation.plots import figures, png
from pid.evaluation.report import html
from pid.evaluation.samples import divided, first_run, held_out, split_of
from pid.evaluation.seeds import names
from pid.evaluation.settings import Settings
from pid.evaluation.wording import brief, by_domain, over_seeds_text, share_text, species_name
from pid.io import producer
from pid.io.bundle import read_bundle
from pid.models import n_sigma
from pid.scoring import score
from pid.species import TARGETS
from pid.tracks import Tracks
from pid.working_point import bin_of, momentum_of

COLUMNS = tuple(column.name for column in PRODUCER)
EDGES = (0.0, 1.0, 2.0, 10.0)
SETTINGS = {"data": {"validation": 0.3, "test": 0.2}, "split_seed": 7}
ORIGIN = {"file": "toy.root", "provenance": json.dumps({"seed": 4, "tracks": 64})}


def tracks(count: int = 1200, seed: int = 1) -> Tracks:
    """Toy tracks of every pattern with all columns of the producer."""
    plain = signed_tracks(count, seed)
    values = np.ones((count, len(COLUMNS)), np.float32)
    for name in plain.columns:
        values[:, COLUMNS.index(name)] = plain.column(name)
    return replace(plain, columns=COLUMNS, values=values, provenance=ORIGIN)


def manifest(origin: dict[str, str]) -> dict[str, object]:
    return {"training": {"data": {"provenance": origin}, "settings": SETTINGS}}


def test_only_test_events_of_the_training_sample_are_judged() -> None:
    sample = tracks()
    judged, words = held_out(sample, manifest(ORIGIN))
    parts = split_of(sample, manifest(ORIGIN))
    assert np.array_equal(judged.event, sample.event[parts.test])
    assert 0.1 < len(judged) / len(sample) < 0.3
    assert words.startswith("test events")
    found = divided(sample, manifest(ORIGIN))
    assert np.array_equal(found.validation.event, sample.event[parts.validation])
    assert not set(found.judged.event) & (set(found.validation.event) | set(found.priors.event))


def test_all_of_another_sample_is_judged_but_what_fits_the_cuts() -> None:
    sample, other = tracks(), manifest({"file": "x", "provenance": json.dumps({"seed": 5})})
    judged, words = held_out(sample, other)
    assert len(judged) == len(sample)
    assert words.startswith("all tracks")
    found = divided(sample, other)
    assert len(found.judged) + len(found.validation) == len(sample)
    assert not set(found.judged.event) & set(found.validation.event)


def test_a_sample_of_the_same_seed_may_hold_training_collisions() -> None:
    longer = manifest({"file": "x", "provenance": json.dumps({"seed": 4, "tracks": 999})})
    with pytest.raises(ValueError, match="seed 4, as the training sample"):
        held_out(tracks(), longer)


def others(name: str, digest: str | None) -> tuple[Tracks, dict[str, object]]:
    """A sample of others, and a bundle that was trained on one of that name and digest."""
    origin = {"file": "AO2D.root", "table": "mcml", "provenance": ""}
    data = {"provenance": {**origin, "file": name}, "sha256": digest}
    record: dict[str, object] = {"training": {"data": data, "settings": SETTINGS}}
    return replace(tracks(), provenance=origin), record


@pytest.mark.parametrize(
    ("name", "digest", "same"),
    [
        ("renamed.root", "a1", True),
        ("AO2D.root", "b2", False),
        ("AO2D.root", None, True),
        ("renamed.root", None, False),
    ],
)
def test_a_file_of_others_is_known_by_its_digest(name: str, digest: str | None, same: bool) -> None:
    """A renamed training file is one still; its name says nothing of another file."""
    sample, told = others(name, digest)
    assert (len(held_out(sample, told, "a1")[0]) < len(sample)) == same


def test_a_shifted_sample_of_the_training_s_seed_is_refused(files: Files, tmp_path: Path) -> None:
    """Its collisions are those of the training, in another detector."""
    written = tracks(300, 3)
    seeded = tmp_path / "shifted.root"
    told = manifest({"file": "x", "provenance": json.dumps({"seed": 4, "tracks": 999})})
    producer.write(seeded, [("DF_3", written)], "dataml", json.dumps({"seed": 4}))
    producer.write_truth(tmp_path / "truth.root", [("DF_3", written)], "{}")
    shifted = replace(files, shifted=seeded, shifted_truth=tmp_path / "truth.root")
    with pytest.raises(ValueError, match=r"shifted\.root has seed 4, as the training sample"):
        prepared(shifted, told, cuts.DetectorLimits(), Settings())
    itself = {"training": {"data": {"sha256": sha256(seeded)}, "settings": SETTINGS}}
    with pytest.raises(ValueError, match="is the training sample; judge another one"):
        prepared(shifted, itself, cuts.DetectorLimits(), Settings())


def test_a_bundle_with_more_columns_than_the_models_is_judged(files: Files, tmp_path: Path) -> None:
    wider = toy_pid_bundle(tmp_path / "wider", "mlp", columns=(*MODEL, "fTRDSignal"))
    both = Files((wider, files.bundles[1]), files.simulation)
    found = judge_all(both, Settings(p_edges=EDGES, pt_edges=EDGES), with_baselines=False)
    assert [each.sample.tracks for each in found] == [1200, 1200]
    sample = producer.read(files.simulation, (*MODEL, "fTRDSignal"))
    pion = found[0].targets[0]
    wanted = pion.working_point.select(score(wider, sample)[:, 0], momentum_of(sample, "pt"))
    assert pion.rates.purity.whole == wanted.sum()


def test_the_first_of_averaged_runs_tells_the_split() -> None:
    averaged = {"training": {"a": manifest(ORIGIN)["training"], "b": {"settings": {}}}}
    assert first_run(averaged)["settings"] == SETTINGS
    assert first_run({}) == {}


def test_the_cuts_are_fitted_to_validation_tracks_alone() -> None:
    fitted = cuts.apply(tracks(), cuts.DetectorLimits())
    plain, bayes = baselines(fitted, fitted, EDGES)
    assert (plain.name, plain.probabilistic) == ("n-sigma", False)
    assert bayes.probabilistic
    found = bayes.score(fitted)
    assert found.shape == (len(fitted), len(TARGETS))
    assert np.allclose(found.sum(axis=1), 1)
    assert np.array_equal(plain.score(fitted), n_sigma.score(fitted))
    where = bin_of(momentum_of(fitted, "pt"), EDGES) == 1
    kaon = TARGETS.index(321)
    best = 0.0
    for cut in np.unique(found[where, kaon]):
        selected, truth = found[where, kaon] >= cut, fitted.truth()[where] == 321
        best = max(best, 2 * (selected & truth).sum() / (selected.sum() + truth.sum()))
    chosen = found[where, kaon] >= bayes.working_points[321].thresholds[1]
    truth = fitted.truth()[where] == 321
    assert 2 * (chosen & truth).sum() / (chosen.sum() + truth.sum()) == pytest.approx(best)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Two toy bundles, a simulation and a shifted sample with its truth apart."""
    folder = tmp_path_factory.mktemp("campaign")
    simulation, shifted = tracks(), tracks(600, 2)
    record = json.dumps({"data_kind": "toy"})
    producer.write(folder / "simulation.root", [("DF_1", simulation)], "mcml", record)
    producer.write(folder / "shifted.root", [("DF_2", shifted)], "dataml", record)
    producer.write_truth(folder / "truth.root", [("DF_2", shifted)], record)
    bundles = [toy_pid_bundle(folder / f"pid-{kind}", kind) for kind in ("classes", "mlp")]
    roots = [folder / f"{name}.root" for name in ("simulation", "shifted", "truth")]
    return Files(tuple(bundles), *roots)


@pytest.fixture(scope="module")
def judged(files: Files) -> tuple[Judgement, ...]:
    return judge_all(files, Settings(p_edges=EDGES, pt_edges=EDGES))


def test_everyone_is_judged_on_both_samples(files: Files, judged: tuple[Judgement, ...]) -> None:
    names = ["classes", "mlp", "n-sigma", "Bayesian"]
    assert [each.name for each in judged] == names * 2
    assert [each.sample.domain for each in judged] == ["simulation"] * 4 + ["shifted"] * 4
    assert judged[4].sample.tracks == 600
    assert len({each.sample.tracks for each in judged[:4]}) == 1
    assert judged[2].targets[0].probabilities is None
    assert all(each.domain is not None for each in judged)
    assert judged[0].model["contract"] == "pidml"


def test_numbers_are_those_of_the_bundle_s_scores(
    files: Files, judged: tuple[Judgement, ...]
) -> None:
    assert files.shifted is not None and files.shifted_truth is not None
    shifted = producer.read_truth(files.shifted_truth, producer.read(files.shifted, truth=False))
    found = score(files.bundles[1], shifted)[:, 0]
    mlp = judged[5].targets[0]
    wanted = mlp.working_point.select(found, momentum_of(shifted, "pt"))
    assert mlp.rates.purity.whole == wanted.sum()
    assert mlp.rates.efficiency.value == pytest.approx(
        (wanted & (shifted.truth() == 211)).sum() / (shifted.truth() == 211).sum()
    )


def test_without_shifted_sample_and_cuts(files: Files) -> None:
    found = judge_all(Files(files.bundles[:1], files.simulation), None, with_baselines=False)
    assert [each.name for each in found] == ["classes"]
    assert (found[0].domain, found[0].sample.tracks) == (None, 1200)
    with pytest.raises(ValueError, match="truth kept apart"):
        judge_all(replace(files, shifted_truth=None))


def test_bundles_of_other_samples_or_limits_are_not_judged_together(
    files: Files, tmp_path: Path
) -> None:
    other = toy_pid_bundle(tmp_path / "b", "mlp")
    told = json.loads((other / MANIFEST).read_text())
    for key, value, said in (
        ("limits", {"tof": 0.7, "trd": 0.8}, "different momenta"),
        ("training", manifest(ORIGIN)["training"], "different samples"),
    ):
        (other / MANIFEST).write_text(json.dumps({**told, key: value}))
        with pytest.raises(ValueError, match=said):
            judge_all(replace(files, bundles=(files.bundles[0], other)))


def told_as(folder: Path, seed: int, **settings: object) -> Path:
    """A toy bundle whose manifest says another seed and other settings."""
    path = toy_pid_bundle(folder, "mlp")
    held = json.loads((path / MANIFEST).read_text())
    held["classifier"]["seed"] = seed
    held["training"] = {"settings": {**SETTINGS, "seed": seed, **settings}}
    (path / MANIFEST).write_text(json.dumps(held))
    return path


def test_only_seeds_of_one_classifier_are_averaged(tmp_path: Path, files: Files) -> None:
    """Another width, target, threshold or run of the same seed is another classifier."""
    narrow, wide = {"model": {"hidden": [8]}}, {"model": {"hidden": [64]}}
    paths = [
        told_as(tmp_path / "narrow-1", 1, **narrow, tracking={"enabled": True}),
        told_as(tmp_path / "narrow-2", 2, **narrow, tracking={"enabled": False}),
    ]
    opened = [read_bundle(path) for path in paths]
    assert names(opened) == ["mlp", "mlp"]
    found = judge_all(Files(tuple(paths), files.simulation), None, with_baselines=False)
    assert [row.targets[211]["F1"].seeds for row in compare(found).rows] == [2]
    paths.append(told_as(tmp_path / "wide", 3, **wide))
    opened = [read_bundle(path) for path in paths]
    assert names(opened) == ["mlp (narrow-1)", "mlp (narrow-1)", "mlp (wide)"]
    found = judge_all(Files(tuple(paths), files.simulation), None, with_baselines=False)
    assert [row.targets[211]["F1"].seeds for row in compare(found).rows] == [2, 1]
    other = replace(opened[1], contract="mlresponse", path=tmp_path / "raw")
    assert names([opened[0], other]) == ["mlp (narrow-1)", "mlp (raw)"]
    again = replace(opened[0], path=tmp_path / "x" / "narrow-1")
    assert names([opened[0], again])[1] == f"mlp ({again.path})"
    points = opened[1].working_points
    pure = {pdg: replace(point, goal="purity") for pdg, point in points.bins.items()}
    changed = replace(opened[1], working_points=replace(points, bins=pure))
    assert names([opened[0], changed]) == ["mlp (narrow-1)", "mlp (narrow-2)"]
    with pytest.raises(ValueError, match="narrow-1 is named twice"):
        names([opened[0], opened[0]])


def test_the_page_needs_nothing_else_and_holds_the_numbers(judged: tuple[Judgement, ...]) -> None:
    page = html(judged, {"ROC": b"\x89PNG"})
    assert "data:image/png;base64,iVBORw==" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "parametric simulation" in page
    assert share_text(judged[0].targets[0].by_pattern["TPC"].f1) in page
    for judgement in judged:
        assert judgement.name in page


def test_figures_are_drawn_for_each_sample(judged: tuple[Judgement, ...]) -> None:
    for found in by_domain(judged).values():
        drawn = figures(found)
        assert len(drawn) == 9
        roc = next(iter(drawn.values()))
        assert len(roc.axes) == 8
        assert len(roc.axes[0].lines) == 4
        assert png(roc).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("found", "short", "long"),
    [
        (OverSeeds(0.7621, 0.0093, 0.7, 0.8, 3), "0.762(9)", "0.7621 ± 0.0093"),
        (OverSeeds(0.7621, None, 0.7521, 0.7721, 1), "0.76(1)", "0.762 ± 0.010"),
        (OverSeeds(0.99512, None, None, None, 1), "0.9951", "0.9951"),
        (OverSeeds(None, None, None, None, 0), "-", "-"),
    ],
)
def test_numbers_in_words(found: OverSeeds, short: str, long: str) -> None:
    assert brief(found) == short
    assert over_seeds_text(found) == long
    assert share_text(Share(None, None, None, 0)) == "-"
    assert species_name(-321) == "K-"


def test_a_truth_without_its_tracks_is_refused(files: Files) -> None:
    told = ["evaluate", *map(str, files.bundles), "--sample", str(files.simulation)]
    ran = CliRunner().invoke(app, [*told, "--shifted-truth", str(files.shifted_truth)])
    assert ran.exit_code == 2
    assert "is the truth of --shifted, which is not given" in " ".join(ran.stderr.split())


def test_the_command_prints_tables_and_writes_the_numbers(
    files: Files, tmp_path: Path, judged: tuple[Judgement, ...]
) -> None:
    arguments = ["evaluate", *map(str, files.bundles), "--sample", str(files.simulation)]
    arguments += ["--shifted", str(files.shifted), "--shifted-truth", str(files.shifted_truth)]
    shown = CliRunner().invoke(app, [*arguments, "--json", str(tmp_path / "j.json")])
    assert shown.exit_code == 0, shown.output
    assert "shifted: 600 tracks" in shown.output
    assert "Parametric detector" in shown.output
    written = json.loads((tmp_path / "j.json").read_text())
    assert [each["name"] for each in written] == [each.name for each in judged]


def test_the_command_writes_a_page(files: Files, tmp_path: Path) -> None:
    arguments = ["evaluate", str(files.bundles[1]), "--sample", str(files.simulation)]
    arguments += ["--no-baselines", "--p-bins", "0,1,2,10", "--pt-bins", "0,1,2,10"]
    shown = CliRunner().invoke(app, [*arguments, "--html", str(tmp_path / "r.html")])
    assert shown.exit_code == 0, shown.output
    assert "n-sigma" not in shown.output
    assert (tmp_path / "r.html").read_text().count("data:image/png") == 9


def test_no_bundle_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["evaluate"])
    assert shown.exit_code == 2
    assert "holds no bundle" in shown.stderr
