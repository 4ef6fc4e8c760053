"""The record of a run: what a resume may not change, and what it adds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from detcore.config import Settings
from detcore.run_folder import PROVENANCE, check_folder, check_place, open_folder
from detcore.tracking import Untracked


class Toy(Settings):
    """Settings of nothing."""

    rate: float = 1.0
    training: dict[str, int]


def record(commit: str, **data: object) -> dict[str, Any]:
    origin = {"seen": commit}
    return {"commit": commit, "data": {"sha256": "a", "provenance": origin, "rows": 3, **data}}


def held(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / PROVENANCE).read_text())
    return found


def opened(folder: Path, now: Mapping[str, Any], step: int, finished: bool = False) -> None:
    toy = Toy(training={"steps": step + 1})
    check_folder(folder, toy, now, True, {"training": None})
    open_folder(folder, toy, now, Untracked(), step=step, finished=finished)


def test_a_record_keeps_its_beginning_and_lists_resumes(tmp_path: Path) -> None:
    opened(tmp_path, record("one"), 0)
    opened(tmp_path, record("two"), 5)
    opened(tmp_path, record("three"), 7)
    opened(tmp_path, record("four"), 9, finished=True)
    settings = {"rate": 1.0, "training": {"steps": 10}}
    resumes = [{"step": 5, "commit": "two"}, {"step": 7, "commit": "three"}]
    assert held(tmp_path) == {**record("one"), "resumes": resumes, "settings": settings}


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path: Path) -> None:
    opened(tmp_path, record("one"), 0)
    opened(tmp_path, record("two"), 0)
    assert held(tmp_path)["commit"] == "two"
    assert "resumes" not in held(tmp_path)


def test_a_resume_needs_the_data_of_the_beginning(tmp_path: Path) -> None:
    opened(tmp_path, record("one"), 0)
    for now, words in (({"sha256": "b"}, r"data\.sha256: 'a', now 'b'"),
                       ({"rows": 4}, r"data\.rows: 3, now 4")):  # fmt: skip
        with pytest.raises(ValueError, match=rf"trained on other data \({words}\); resume with"):
            opened(tmp_path, record("two", **now), 5)
    assert held(tmp_path)["commit"] == "one"
    opened(tmp_path, record("two", sha256=None, more="told by a later version"), 5)


def test_what_cannot_become_a_run_folder_is_said_before(tmp_path: Path) -> None:
    file = tmp_path / "sample.root"
    file.write_text("")
    with pytest.raises(ValueError, match=r"sample\.root is a file, and a run needs a folder"):
        check_place(file)
    with pytest.raises(ValueError, match=r"cannot be written: .*sample\.root: Not a directory"):
        check_place(file / "run")
    check_place(tmp_path)
    check_place(tmp_path / "new" / "run")
    assert list(tmp_path.iterdir()) == [file]
