"""A bundle: a folder of files with a manifest that holds their digests."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detcore.files import replacing_folder, sha256

MANIFEST = "manifest.json"


@contextmanager
def replacing_bundle(
    path: Path, forms: Collection[str], besides: Collection[str] = ()
) -> Iterator[Path]:
    """A new folder that takes the place of a bundle in `path` when the block succeeds.

    Nothing else is removed: a bundle of another kind stays, and so does one in whose folder
    something was put.

    Arguments:
        path: The bundle's folder; need not exist.
        forms: What the manifest of a bundle that may go says under `format`.
        besides: Names of files that may go with it although its manifest does not name them.

    Raises:
        ValueError: If `path` exists and is anything else.
    """
    if path.exists():
        _check_may_go(path, forms, besides)
    with replacing_folder(path) as partial:
        yield partial


def _check_may_go(path: Path, forms: Collection[str], besides: Collection[str]) -> None:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        form, named = manifest["format"], set(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        form, named = None, set[str]()
    if form not in forms:
        found = f"a {form!r}" if isinstance(form, str) else f"without the {MANIFEST} of one"
        wanted = " or ".join(map(repr, forms))
        raise ValueError(
            f"{path} exists and is not a bundle to replace: it must be a {wanted}, and is {found}; "
            "choose another folder"
        )
    inside = {each.relative_to(path).as_posix() for each in path.rglob("*") if not each.is_dir()}
    foreign = sorted(inside - named - {MANIFEST, *besides})
    if foreign:
        raise ValueError(
            f"{path} holds more than its bundle, {', '.join(foreign)}, which would be lost; move "
            "that away or choose another folder"
        )


def described(folder: Path, names: Iterable[str]) -> dict[str, dict[str, object]]:
    """Size and digest of every file, as manifests have them."""
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in names
    }


def read_manifest(path: Path, forms: Collection[str], version: int) -> dict[str, Any]:
    """The manifest of the bundle in folder `path`.

    Arguments:
        path: The folder.
        forms: What the manifest may say under `format`.
        version: What it must say under `format_version`.

    Raises:
        ValueError: If there is none that this version can read.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"{path} is not a bundle: it has no readable {MANIFEST}") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"{path / MANIFEST} is not JSON: {problem}") from None
    form, found = manifest.get("format"), manifest.get("format_version")
    if form not in forms or found != version:
        wanted = " or ".join(map(repr, forms))
        raise ValueError(
            f"{path / MANIFEST} must describe a {wanted} of version {version}; "
            f"it describes {form!r} of version {found}"
        )
    return dict(manifest)


def check_file(path: Path, expected: str | None) -> None:
    """Refuse a file that is missing or is not the one that was verified.

    Raises:
        ValueError: If the file is missing or its SHA-256 differs from `expected`.
    """
    if not path.is_file():
        raise ValueError(f"the bundle {path.parent} is incomplete: {path.name} is missing")
    found = sha256(path)
    if found != expected:
        raise ValueError(
            f"{path} is not the file that the manifest names: its SHA-256 is {found}, "
            f"expected {expected}; export the bundle again"
        )
