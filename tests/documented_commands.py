"""The commands of README, of the pages in docs and of data, and how each is tried.

A fenced block of `sh` or `python` runs as it stands, page by page, in a folder with this checkout's
data and configurations. A comment on the line before a block says otherwise:

    <!-- commands: parsed; REASON -->
    <!-- commands: run with zdcsim train --set training.steps=20; pid train --seed 1 -->

`parsed`: its arguments go through the parser of the real command, which then does not run.
`run with`: the options are added to the commands that begin with the words before them.
`<!-- commands of this page: ... -->` holds for every block of the page that has none of its own.
An indented block that begins with one of our programs is parsed and never run.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

OURS = ("zdcsim", "pid", "make", "torchrun", "python", "pip", "apptainer", "docker", "sbatch")
FENCE = re.compile(r"^```(\w*)\s*$")
MARK = re.compile(r"^<!-- commands: (.+) -->$")
PAGE_MARK = re.compile(r"^<!-- commands of this page: (.+) -->$", re.MULTILINE)
LANGUAGES = {"sh", "python", "text", "yaml", "json", "xml", "toml"}


@dataclass(frozen=True)
class Block:
    """Some lines of a page.

    Arguments:
        page: The file.
        line: Where the block's text begins, from 1.
        language: Of the block.
        text: Without fence and indentation.
        mark: What its comment says, or that of its page; empty if none.
    """

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def parsed_only(self) -> bool:
        """Whether it does not run."""
        return self.mark.startswith("parsed; ")

    @property
    def added(self) -> dict[str, str]:
        """Options to add, by the words that a command begins with."""
        if not self.mark.startswith("run with "):
            return {}
        parts = [part.strip() for part in self.mark.removeprefix("run with ").split(";")]
        return {part[: part.index(" -")]: part[part.index(" -") :].strip() for part in parts}

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block, continued lines joined, comments and empty ones left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        bare = [re.sub(r"(^|\s+)#.*$", "", line).strip() for line in lines]
        return [line for line in bare if line]

    @property
    def script(self) -> str:
        """The shell block as it is run."""
        return "\n".join(
            " ".join([line, *(new for words, new in self.added.items() if line.startswith(words))])
            for line in self.commands
        )


class _Found(NamedTuple):
    """A block as it stands: its text, the line after it, and its mark if the page gives none."""

    language: str
    first: int
    body: list[str]
    after: int
    mark: str


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order, of every language."""
    text = page.read_text(encoding="utf-8")
    whole = PAGE_MARK.search(text)
    lines, blocks, at = text.splitlines(), [], 0
    while at < len(lines):
        found = _fenced(lines, at) or _indented(lines, at)
        if found is None:
            at += 1
            continue
        mark = _mark_before(lines, at) or (whole[1] if whole else found.mark)
        body = "\n".join(found.body)
        blocks.append(Block(page, found.first + 1, found.language, body, mark))
        at = found.after
    return blocks


def _fenced(lines: list[str], at: int) -> _Found | None:
    opened = FENCE.match(lines[at])
    if opened is None:
        return None
    end = lines.index("```", at + 1)
    return _Found(opened[1], at + 1, lines[at + 1 : end], end + 1, "")


def _indented(lines: list[str], at: int) -> _Found | None:
    if not lines[at].startswith("    ") or (at and lines[at - 1].strip()):
        return None
    if lines[at].split()[0] not in OURS:
        return None
    body = list(takewhile(lambda line: line.startswith("    "), lines[at:]))
    bare = [line.removeprefix("    ") for line in body]
    return _Found("sh", at, bare, at + len(body), "parsed; indented")


def _mark_before(lines: list[str], start: int) -> str:
    before = [line for line in lines[max(0, start - 2) : start] if line.strip()]
    found = MARK.match(before[-1]) if before else None
    return found[1] if found else ""
