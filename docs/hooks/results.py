"""Figures of the benchmarks, shown where they were written.

Pages name them by their place in the repository, so that they are seen on a page that is read as
Markdown too; the site gets a copy when it is built.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

RESULTS = "benchmarks/results"
SHOWN = "results"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The site's files with every figure of the benchmarks; called by mkdocs."""
    for figure in sorted(Path(config.config_file_path).parent.glob(f"{RESULTS}/*.png")):
        files.append(File.generated(config, f"{SHOWN}/{figure.name}", abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page with its figures where the site has them; called by mkdocs."""
    return markdown.replace(f"](../{RESULTS}/", f"]({SHOWN}/")
