"""Files that are complete or absent, and folders of unfinished work."""

import json
import shutil
from pathlib import Path

import pytest

from detcore.claim import RECORD, claim
from detcore.files import check_writable
from detcore.parts import Parts


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


def test_parts_without_their_record_are_not_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    # Another process may be writing the record.
    (folder / f".{RECORD}.here.1.partial").touch()
    assert claim(folder, {"seed": 1, "created": "before"}) == "before"
    (folder / "primaries.npz").touch()
    (folder / RECORD).unlink()
    with pytest.raises(
        ValueError, match=f"holds parts of an unfinished production, but no {RECORD} that"
    ):
        claim(folder, {"seed": 1, "created": "now"})
    assert not (folder / RECORD).exists()


def test_a_folder_that_is_removed_is_no_longer_found_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, dying = Parts.beside(tmp_path / "zn.root"), []
    parts.claim({"seed": 1, "created": "before"})
    removed = shutil.rmtree

    def watched(folder: Path) -> None:
        dying.append((folder, (folder / RECORD).exists(), parts.folder.exists()))
        removed(folder)

    monkeypatch.setattr(shutil, "rmtree", watched)
    parts.remove()
    parts.remove()  # there is none left
    ((folder, whole, found),) = dying
    assert folder.name.startswith(".zn.root.parts.") and folder.suffix == ".removed"
    assert (whole, found) == (True, False)
    assert list(tmp_path.iterdir()) == []
