"""Files and folders that are either complete or absent."""

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
"""Ending of the name of what is not complete."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block succeeds.

    When the block raises, `path` is left as it was and the temporary file is removed. Its name
    holds machine and process, for several of both may write to a shared file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` that takes its place when the block succeeds.

    What stands there is removed with all it holds, once the new one is complete: ask first whether
    it may go. When the block raises, `path` is left as it was and the new folder is removed.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.mkdir(parents=True)
    try:
        yield partial
        if path.exists():
            replaced = partial.with_suffix(".replaced")
            path.rename(replaced)
            partial.rename(path)
            shutil.rmtree(replaced)
        else:
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_writable(*paths: Path | None) -> None:
    """Refuse, before long work, files that could not be written after it; None is no file.

    Raises:
        ValueError: If a path is a folder, two are the same, or no file can be made where it lies.
    """
    named = [path for path in paths if path is not None]
    for number, path in enumerate(named):
        if path.is_dir():
            raise ValueError(f"{path} is a folder; name a file to write")
        if path.resolve() in {other.resolve() for other in named[:number]}:
            raise ValueError(f"{path} would be written twice; name different files")
        folder = next(each for each in path.absolute().parents if each.exists())
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise ValueError(f"{path} cannot be written: {folder}: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step, UTF-8 with LF line ends."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
