"""A signal ends a training with a checkpoint from which it goes on exactly."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_objective import lines, loop

from detcore import checkpoint, stopping
from detcore.run_folder import tracked
from detcore.stopping import MARKER, Stopped
from detcore.tracking import Untracked


def asked_at_7(step: int) -> float:
    if step == 7:
        os.kill(os.getpid(), signal.SIGUSR1)
    return float(step)


def test_stopped_by_a_signal_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    loop(tmp_path / "whole").run()
    parts = tmp_path / "parts"
    with pytest.raises(Stopped, match="stopped by SIGUSR1 after step 7") as stop:
        loop(parts, asked_at_7).run()
    assert (stop.value.name, stop.value.step) == ("SIGUSR1", 7)
    assert (parts / MARKER).read_text() == "SIGUSR1\n"
    second = loop(parts)
    assert second.resume()
    assert second.done.step == 7  # neither a checkpoint nor a validation was due there
    second.run()
    assert not (parts / MARKER).exists()
    assert lines(parts) == lines(tmp_path / "whole")
    best = (checkpoint.load(folder / checkpoint.BEST) for folder in (parts, tmp_path / "whole"))
    assert next(best) == next(best)


def test_the_first_ctrl_c_leaves_a_checkpoint_and_the_second_stops_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(times: int) -> Callable[[int], float]:
        def asked(step: int) -> float:
            for _ in range(times if step == 7 else 0):
                os.kill(os.getpid(), signal.SIGINT)
            return float(step)

        return asked

    with pytest.raises(Stopped, match=r"stopped by SIGINT after step 7.*--resume"):
        loop(tmp_path / "once", pressed(1)).run()
    assert "Ctrl-C again stops without" in capsys.readouterr().err
    second = loop(tmp_path / "once")
    assert second.resume()
    assert second.done.step == 7
    with pytest.raises(KeyboardInterrupt):
        loop(tmp_path / "twice", pressed(2)).run()
    assert not (tmp_path / "twice" / MARKER).exists()


def test_a_training_that_is_just_finished_is_not_stopped(tmp_path: Path) -> None:
    done = loop(tmp_path, asked_at_7, steps=7).run()
    assert done.step == 7
    assert not (tmp_path / MARKER).exists()


def test_signals_mean_afterwards_what_they_meant_before(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR1)
    with pytest.raises(Stopped):
        loop(tmp_path, asked_at_7).run()
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR1))


def test_a_stopped_run_is_recorded_as_one_that_goes_on(tmp_path: Path) -> None:
    class Told(Untracked):
        status = ""

        def finish(self, status: str) -> None:
            self.status = status

    told = Told()
    with pytest.raises(Stopped), tracked(told, tmp_path, ()):
        raise Stopped("SIGTERM", 3, tmp_path)
    assert told.status == "KILLED"


def test_the_exit_code_says_try_again_but_not_to_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert stopping.exit_code() == 75
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    assert stopping.exit_code() == 0
