"""Files that are complete or absent, and folders of unfinished work."""

import json
from pathlib import Path

import pytest

from detcore.claim import RECORD, claim
from detcore.files import check_writable


def test_paths_that_cannot_be_written_are_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    good = tmp_path / "new" / "folders" / "out.json"
    check_writable(None, good, tmp_path / "file")
    with pytest.raises(ValueError, match="is a folder; name a file"):
        check_writable(good, tmp_path)
    with pytest.raises(ValueError, match=r"out\.json would be written twice"):
        check_writable(good, None, tmp_path / "new" / ".." / "new" / "folders" / "out.json")
    with pytest.raises(ValueError, match=r"x\.json cannot be written: .*file: Not a directory"):
        check_writable(tmp_path / "file" / "x.json")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_unfinished_work_is_taken_up_by_the_same_work_only(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    assert claim(folder, {"seed": 1, "created": "before"}) == "before"
    assert claim(folder, {"seed": 1, "created": "now"}) == "before"
    # Another process may be at its first part: what it claimed is not taken over.
    with pytest.raises(ValueError, match="an unfinished production with another seed"):
        claim(folder, {"seed": 2, "created": "now"})
    assert json.loads((folder / RECORD).read_text())["seed"] == 1
