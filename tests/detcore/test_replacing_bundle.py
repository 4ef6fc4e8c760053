"""What may be replaced by a new bundle, and that nothing else is ever removed."""

import json
from pathlib import Path

import pytest

from detcore.bundle import MANIFEST, replacing_bundle

FORM = "a bundle of tests"


def folder(path: Path, manifest: object, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(name)
    (path / MANIFEST).write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return path


def write(path: Path, *besides: str) -> None:
    with replacing_bundle(path, [FORM], besides) as partial:
        (partial / "graph").write_text("new")


def test_a_bundle_goes_with_its_files_and_those_said_to_go_along(tmp_path: Path) -> None:
    described = {"format": FORM, "files": {"graph": {}, "inner/scales": {}}}
    path = folder(tmp_path / "b", described, "graph", "inner/scales", "card.md")
    write(path, "card.md")
    assert [each.name for each in path.iterdir()] == ["graph"]
    assert (path / "graph").read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"format": "another", "files": {"thesis.txt": {}}}, "and is a 'another'"),
        ({"name": "my web app"}, "is without the manifest.json of one"),
        ({"format": FORM, "files": 3}, "is without the manifest.json of one"),
        (["a list"], "is without the manifest.json of one"),
        ("not JSON", "is without the manifest.json of one"),
        ({"format": FORM, "files": {}}, "holds more than its bundle, sub/x, thesis.txt, which"),
    ],
)
def test_anything_else_stays(manifest: object, said: str, tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", manifest, "thesis.txt", "sub/x")
    before = (path / MANIFEST).read_text()
    with pytest.raises(ValueError, match=said):
        write(path)
    assert (path / "thesis.txt").read_text() == "thesis.txt"
    assert (path / "sub/x").exists()
    assert (path / MANIFEST).read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_a_file_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("two years of work")
    with pytest.raises(ValueError, match="exists and is not a bundle to replace"):
        write(tmp_path / "b")
    assert (tmp_path / "b").read_text() == "two years of work"
