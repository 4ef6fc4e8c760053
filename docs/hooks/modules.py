"""The reference lists every module of a package, so that none is forgotten when one comes or goes.

A line `::: zdcsim.models.*` stands for one `::: zdcsim.models.<module>` each.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EVERY = re.compile(r"^::: ([\w.]+)\.\*$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page with all modules of the packages that it names; called by mkdocs."""
    return EVERY.sub(_modules, markdown)


def _modules(found: re.Match[str]) -> str:
    package = found[1]
    names = sorted(path.stem for path in (ROOT / package.replace(".", "/")).glob("[!_]*.py"))
    return "\n\n".join(f"::: {package}.{name}" for name in names)
