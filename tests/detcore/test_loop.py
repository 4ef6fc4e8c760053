"""The loop on a one-number objective: records, resume, stops."""

import time
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from toy_objective import lines, loop

from detcore import checkpoint
from detcore.distributed import Processes
from detcore.loop import LoopSettings


def test_every_step_is_recorded_once(tmp_path: Path) -> None:
    loop(tmp_path).run()
    assert [line["step"] for line in lines(tmp_path) if "batch" in line] == list(range(1, 21))
    assert [line["step"] for line in lines(tmp_path) if "validation" in line] == [5, 10, 15, 20]


def test_stopped_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    def dies_at_12(step: int) -> float:
        if step == 12:
            raise KeyboardInterrupt
        return float(step)

    loop(tmp_path / "whole").run()
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path / "parts", dies_at_12).run()
    with (tmp_path / "parts" / checkpoint.METRICS).open("a") as log:
        log.write('{"step": 12, "val')  # what a kill in the middle of a write leaves
    second = loop(tmp_path / "parts")
    assert second.resume()
    assert second.done.step == 10
    second.run()
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")
    for name in (checkpoint.BEST,):
        assert checkpoint.load(tmp_path / "parts" / name) == checkpoint.load(
            tmp_path / "whole" / name
        )


def test_best_weights_are_those_of_the_smallest_validation(tmp_path: Path) -> None:
    done = loop(tmp_path, validate=lambda objective: abs(float(objective.value) - 6)).run()
    values = {line["step"]: line["value"] for line in lines(tmp_path) if "value" in line}
    best = checkpoint.load(tmp_path / checkpoint.BEST)
    expected = min((5, 10, 15, 20), key=lambda step: abs(values[step] - 6))
    assert best["step"] == done.best_step == expected
    assert float(best["weights"]["value"]) == values[expected]


def test_patience_stops_after_that_many_validations(tmp_path: Path) -> None:
    done = loop(tmp_path, validate=lambda _: 1.0, patience=2).run()
    assert (done.step, done.best_step) == (15, 5)


def test_a_first_stage_is_not_validated(tmp_path: Path) -> None:
    done = loop(tmp_path, steps=20, validate_every=5, validate_from=10).run()
    assert [line["step"] for line in lines(tmp_path) if "validation" in line] == [15, 20]
    assert done.best_step == 15
    with pytest.raises(ValueError, match=r"7 steps end before the first validation, .* step 10"):
        loop(tmp_path / "short", steps=7, validate_from=10)
    ended = loop(tmp_path / "timed", max_minutes=1e-9, steps=20, validate_from=10).run()
    assert (ended.step, ended.best_step) == (1, 0)
    assert "no weights to use yet" in ended.sentence(tmp_path)
    assert checkpoint.load(tmp_path / "timed" / checkpoint.LAST)["done"]["step"] == 1
    assert not (tmp_path / "timed" / checkpoint.BEST).exists()


@pytest.mark.parametrize(
    "name", ["steps", "checkpoint_every", "validate_every", "track_every", "patience"]
)
def test_numbers_of_steps_are_positive(name: str) -> None:
    for number in (0, -5):
        with pytest.raises(ValidationError, match=f"{name}\n.*greater than 0"):
            LoopSettings.model_validate({"steps": 3, name: number})


def test_the_time_limit_stops_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    done = loop(tmp_path, max_minutes=0.0, steps=1000).run()
    assert done.step == 0
    done = loop(tmp_path, max_minutes=1e-9, steps=1000).run()
    assert done.step == 1
    assert checkpoint.load(tmp_path / checkpoint.LAST)["done"]["step"] == 1


def test_cpu_time_is_counted_over_resumptions(tmp_path: Path) -> None:
    def busy(step: int) -> float:
        until = time.process_time() + 0.01
        while time.process_time() < until:
            pass
        return float(step)

    first = loop(tmp_path, busy, steps=10).run()
    assert 0.1 <= first.cpu_seconds <= first.seconds + 0.05
    second = loop(tmp_path, busy, steps=15)
    assert second.resume()
    assert second.done.cpu_seconds == first.cpu_seconds
    assert second.run().cpu_seconds >= first.cpu_seconds + 0.05


def test_the_first_loss_that_is_not_finite_stops_by_name(tmp_path: Path) -> None:
    bad = loop(tmp_path, lambda step: float("nan") if step == 7 else 1.0)
    with pytest.raises(FloatingPointError, match="value is nan at step 7"):
        bad.run()
    assert checkpoint.load(tmp_path / checkpoint.LAST)["done"]["step"] == 5
    assert lines(tmp_path)[-1]["step"] == 6


def test_a_resume_leaves_it_to_the_objective_what_goes_to_the_device(tmp_path: Path) -> None:
    loop(tmp_path).run()
    again = loop(tmp_path)
    again.processes = Processes(0, 1, torch.device("meta"))
    again.resume()
    assert again.objective.state_dict()["value"].device == torch.device("cpu")


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / checkpoint.LAST).write_bytes(b"PK broken")
    with pytest.raises(ValueError, match=r"last\.pt is not a readable checkpoint"):
        loop(tmp_path).resume()
    with pytest.raises(ValueError, match=r"no checkpoint .*best\.pt"):
        checkpoint.load(tmp_path / checkpoint.BEST)


def test_a_checkpoint_of_another_objective_is_named(tmp_path: Path) -> None:
    checkpoint.save({"objective": {"of_before": 1}, "done": {}}, tmp_path / checkpoint.LAST)
    with pytest.raises(ValueError, match=r"last\.pt does not fit .* another version .*'value'"):
        loop(tmp_path).resume()


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    torch.save({"objective": Path("x")}, tmp_path / checkpoint.LAST)
    with pytest.raises(ValueError, match="not a readable checkpoint"):
        checkpoint.load(tmp_path / checkpoint.LAST)
