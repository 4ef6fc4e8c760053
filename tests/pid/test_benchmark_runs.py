"""The benchmarks take a run that is there only if it is what they would train."""

from dataclasses import replace
from pathlib import Path

import pid_runs
import pytest
from pid_runs import Job, Plan


def test_a_run_of_other_settings_or_files_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(pid_runs, "pid", lambda *arguments: made.append(arguments))
    train, target = tmp_path / "train.root", tmp_path / "target.root"
    for path in (train, target):
        path.write_text(path.name)
    plan = Plan(tmp_path, train, target, ("training.steps=1000",))
    job = Job("dann", 2)
    plan.folder(job).mkdir()
    for _ in range(2):
        assert pid_runs.run_folder(job, plan) == tmp_path / "dann-2" / "run"
    assert len(made) == 1
    assert made[0][:4] == ("adapt", "configs/pid/dann.yaml", "--out", tmp_path / "dann-2" / "run")
    assert f"data.train={train}" in made[0] and "training.steps=1000" in made[0]
    longer = replace(plan, settings=("training.steps=6000",))
    for other in (longer, replace(plan, train=target)):
        with pytest.raises(ValueError, match="was trained otherwise than is asked for"):
            pid_runs.run_folder(job, other)
    target.write_text("other tracks")
    with pytest.raises(ValueError, match="name another --runs"):
        pid_runs.run_folder(job, plan)
