"""A bundle: a folder of files with a manifest that holds their digests."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from detcore.files import sha256

MANIFEST = "manifest.json"


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
