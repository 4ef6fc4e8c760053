"""A search on the loop's simplest objective: the same study, resumed, pruned, checked."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState
from toy_objective import lines, loop

from detcore import config
from detcore.config import Settings
from detcore.loop import Progression, Watch
from detcore.search import results
from detcore.search.space import SearchSettings, check_names
from detcore.search.study import Study, Training, _held
from detcore.stopping import MARKER, Stopped
from detcore.tracking import TrackingSettings

SPACE: dict[str, Any] = {
    "rate": {"low": 1e-3, "high": 1.0, "log": True},
    "width": {"low": 1, "high": 9},
    "layers": {"choices": [[4, 4], [8]]},
}


class Toy(Settings):
    """Validates at offset + rate + width / 100 + the number of layers."""

    rate: float = 0.1
    width: int = 1
    layers: tuple[int, ...] = (4,)
    offset: int = 0
    seed: int = 1
    tracking: TrackingSettings = TrackingSettings()

    @property
    def validation(self) -> float:
        return self.offset + self.rate + self.width / 100 + len(self.layers)


def study(
    folder: Path,
    batch_at: Callable[[Toy, int], float] = lambda toy, step: float(step),
    **settings: Any,  # noqa: ANN401
) -> Study[Toy]:
    """Six trials of twenty steps, validated every five."""
    (folder.parent / "base.yaml").write_text("rate: 0.5\n")
    values = {"base": str(folder.parent / "base.yaml"), "space": SPACE, "trials": 6, **settings}
    checked = config.check(values, SearchSettings, "search.yaml")

    def run(toy: Toy, at: Path, watch: Watch) -> Progression:
        made = loop(at, lambda step: batch_at(toy, step), lambda _: toy.validation, watch)
        made.resume()
        return made.run()

    training = Training(lambda path, overrides: config.load(path, Toy, overrides), run)
    return Study(checked, folder, training)


def done(one: Study[Toy], resume: bool = False) -> list[dict[str, Any]]:
    one.open(resume)
    return results.rows(one.run(lambda trial: None, lambda step, value: None))


def test_the_same_seed_is_the_same_study(tmp_path: Path) -> None:
    first, second = (done(study(tmp_path / name)) for name in "ab")
    assert first == second
    assert len({row["rate"] for row in first}) == 6
    assert done(study(tmp_path / "c", seed=2)) != first
    for row in first:
        assert row["layers"] in ([4, 4], [8])
        assert 1e-3 <= row["rate"] <= 1
        assert row["width"] in range(1, 10)


def test_a_study_goes_on_in_the_middle_of_a_trial(tmp_path: Path) -> None:
    whole = done(study(tmp_path / "whole"))
    third = whole[2]["rate"]

    def asked(toy: Toy, step: int) -> float:
        if toy.rate == third and step == 7:
            os.kill(os.getpid(), signal.SIGUSR1)
        return float(step)

    parts = tmp_path / "parts"
    with pytest.raises(Stopped):
        done(study(parts, asked))
    assert (parts / MARKER).read_text() == "SIGUSR1\n"
    stepped = []

    def seen(toy: Toy, step: int) -> float:
        stepped.append((toy.rate, step))
        return float(step)

    assert done(study(parts, seen), resume=True) == whole
    assert not (parts / MARKER).exists()
    assert [step for rate, step in stepped if rate == third] == list(range(8, 21))
    assert lines(parts / "trials/0002") == lines(tmp_path / "whole/trials/0002")


def test_a_trial_whose_process_died_is_taken_up_by_the_next(tmp_path: Path) -> None:
    whole = done(study(tmp_path / "whole"))
    second = whole[1]["rate"]

    def dies(toy: Toy, step: int) -> float:
        if toy.rate == second and step == 7:
            raise KeyboardInterrupt
        return float(step)

    parts = study(tmp_path / "parts", dies)
    with pytest.raises(KeyboardInterrupt):
        done(parts)
    assert [trial.state for trial in parts.trials()][1] == TrialState.RUNNING
    assert done(study(tmp_path / "parts"), resume=True) == whole


def test_a_trial_of_another_process_is_left_alone(tmp_path: Path) -> None:
    def dies(toy: Toy, step: int) -> float:
        raise KeyboardInterrupt

    first = study(tmp_path / "s", dies)
    with pytest.raises(KeyboardInterrupt):
        done(first)
    with _held(first.trial_folder(0)) as ours:
        assert ours
        found = done(study(tmp_path / "s"), resume=True)
    assert [row["state"] for row in found] == ["running"] + 5 * ["complete"]


def test_two_processes_share_a_study(tmp_path: Path) -> None:
    first, second = (study(tmp_path / "s", trials=8, pruner="none") for _ in range(2))
    first.open(False)
    took: dict[str, list[int]] = {"first": [], "second": []}

    def work(name: str, one: Study[Toy]) -> None:
        one.run(lambda trial: took[name].append(trial.number), lambda step, value: None)

    threads = [Thread(target=work, args=pair) for pair in (("first", first), ("second", second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(took["first"] + took["second"]) == list(range(len(first.trials())))
    assert 8 <= len(first.trials()) <= 9  # both may have asked for the last one
    for number in range(8):
        steps = [line["step"] for line in lines(first.trial_folder(number)) if "value" in line]
        assert steps == list(range(1, 21))


def test_a_bad_trial_is_pruned_and_a_good_one_is_not(tmp_path: Path) -> None:
    space = {"offset": {"choices": [0, 1, 2, 3, 4, 100]}}
    settings: dict[str, Any] = {"space": space, "startup": 4, "trials": 30, "sampler": "random"}
    found = done(study(tmp_path / "pruned", **settings))
    late = found[4:]
    bad = [row for row in late if row["offset"] == 100]
    assert bad
    assert all((row["state"], row["last_step"]) == ("pruned", 5) for row in bad)
    assert all(row["state"] == "complete" for row in late if row["offset"] == 0)
    assert all(row["last_step"] == 20 for row in found if row["state"] == "complete")
    never = done(study(tmp_path / "never", **{**settings, "pruner": "none"}))
    assert {row["state"] for row in never} == {"complete"}
    assert [row["offset"] for row in never] == [row["offset"] for row in found]


@pytest.mark.parametrize("pruner", ["hyperband", "median"])
def test_none_of_the_first_trials_is_pruned(pruner: str, tmp_path: Path) -> None:
    space = {"offset": {"choices": [0, 1, 2, 3, 4, 100]}}
    settings: dict[str, Any] = {
        "space": space,
        "startup": 8,
        "trials": 30,
        "sampler": "random",
        "pruner": pruner,
    }
    states = [row["state"] for row in done(study(tmp_path / "s", **settings))]
    assert set(states[:8]) == {"complete"}
    assert "pruned" in states[8:]


def test_the_median_waits_for_a_first_trial_that_runs_longest(tmp_path: Path) -> None:
    one = study(tmp_path / "s", startup=2, trials=4)
    one.open(False)
    shared = one._study()
    slow, *others = (shared.ask() for _ in range(4))
    for value, other in enumerate(others):
        other.report(value, 5)
        shared.tell(other, value)
    slow.report(100.0, 5)
    assert not slow.should_prune()


def test_a_trial_that_diverges_is_recorded_and_the_search_goes_on(tmp_path: Path) -> None:
    one = study(tmp_path / "s", lambda toy, step: float("nan") if toy.width > 5 else 1.0)
    found = done(one)
    assert {row["state"] for row in found if row["width"] > 5} == {"fail"}
    assert {row["state"] for row in found if row["width"] <= 5} == {"complete"}
    assert "is nan at step 1" in next(
        trial.user_attrs["failed"] for trial in one.trials() if trial.state == TrialState.FAIL
    )


@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
def test_values_that_do_not_fit_end_their_trial_alone(
    kind: type[Exception], tmp_path: Path
) -> None:
    """Of a later trial they are recorded; those of the first end the search, but no resume."""
    whole = done(study(tmp_path / "whole"))

    def unfeasible(*trials: int) -> Callable[[Toy, int], float]:
        rates = {whole[number]["rate"] for number in trials}

        def batch_at(toy: Toy, step: int) -> float:
            if toy.rate in rates:
                raise kind("heads do not share this width")
            return float(step)

        return batch_at

    one = study(tmp_path / "s", unfeasible(2))
    states = [row["state"] for row in done(one)]
    assert states == ["complete"] * 2 + ["fail"] + ["complete"] * 3
    assert one.trials()[2].user_attrs["failed"] == "heads do not share this width"
    first = study(tmp_path / "first", unfeasible(0))
    with pytest.raises(kind, match="heads do not share"):
        done(first)
    states = [row["state"] for row in done(first, resume=True)]
    assert states == ["fail"] + ["complete"] * 5


def test_results_name_every_trial_and_the_best(tmp_path: Path) -> None:
    one = study(tmp_path / "s")
    one.open(False)
    told: list[FrozenTrial] = []
    trials = one.run(told.append, lambda step, value: None)
    assert [trial.number for trial in told] == list(range(6))
    results.write(tmp_path / "s", one.settings, trials, one.experiment)
    best = config.load(tmp_path / "s" / results.BEST, Toy)
    values = [row["validation"] for row in results.rows(trials)]
    assert best.validation == min(values)
    assert best.tracking.experiment == "s"
    table = (tmp_path / "s" / results.TABLE).read_text().splitlines()
    assert table[0] == "trial,state,validation,last_step,rate,width,layers"
    assert len(table) == 7
    page = (tmp_path / "s" / results.PAGE).read_text()
    assert "6 trials (6 complete)" in page
    assert page.splitlines()[2].startswith(f"| {values.index(min(values))} | ")


def test_another_study_in_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    done(study(folder, trials=2))
    with pytest.raises(ValueError, match="already holds a study; resume it"):
        study(folder).open(False)
    with pytest.raises(ValueError, match="holds a study with another seed; resume"):
        study(folder, seed=2).open(True)
    assert len(done(study(folder, trials=3), resume=True)) == 3


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"rat": {"low": 0.1, "high": 1.0}}, "rat is not a setting"),
        ({"width": {"low": 1.5, "high": 2.5}}, "width is 1.5"),
        ({"width": {"low": 3, "high": 3}}, "low must be below high; got 3 and 3"),
        ({"rate": {"low": 0.0, "high": 1.0, "log": True}}, "a logarithmic range starts above 0"),
        (
            {"rate": {"lo": 0.1, "high": 1.0}},
            r"space\.rate\.lo is not a setting \(accepted there: low, high, log",
        ),
        ({"rate": {"choices": [0.1]}}, "at least 2 items"),
        ({"rate": {"low": 0.1}}, "give low and high, or choices"),
        ({"rate": {"low": 0.1, "choices": [0.1, 0.2]}}, "or choices, not both"),
        ({}, "at least 1 item"),
    ],
)
def test_a_wrong_space_is_named(space: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        study(tmp_path / "s", space=space).open(False)
    assert not (tmp_path / "s").exists()


def test_what_decides_the_validation_cannot_be_searched(tmp_path: Path) -> None:
    one = study(tmp_path / "s", space={"seed": {"low": 1, "high": 3}})
    with pytest.raises(ValueError, match=r"space\.seed cannot be searched"):
        check_names(one.settings, ("seed",))
    with pytest.raises(ValueError, match=r"space\.data\.train cannot be searched"):
        space = {"data.train": {"choices": ["a", "b"]}}
        check_names(study(tmp_path / "s", space=space).settings, ("data.",))
    check_names(study(tmp_path / "s").settings, ("seed", "data."))


def test_a_negative_seed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"seed is -1: input should be greater than or equal to 0"):
        study(tmp_path / "s", seed=-1)
