"""A judgement as one self-contained HTML page."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detcore.files import write_text
from detcore.wording import number
from zdcsim.evaluation.judgement import Judgement
from zdcsim.evaluation.wording import (
    BIN_CAPTION,
    BIN_HEADINGS,
    conditional_rows,
    drawn_error,
    ratio_text,
    unbinned,
    with_spread,
)


def html(judgement: Judgement, images: Mapping[str, bytes]) -> str:
    """The page.

    Arguments:
        judgement: What to report.
        images: PNG figures by title, embedded in the page.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, spread=with_spread, ratio=ratio_text, drawn=drawn_error
    )
    embedded = {title: b64encode(image).decode() for title, image in images.items()}
    page: str = environment.get_template("report.html").render(
        judgement=judgement,
        first=judgement.settings.conventions[0],
        conditional=conditional_rows(judgement),
        bin_headings=BIN_HEADINGS,
        bin_caption=BIN_CAPTION,
        unbinned=unbinned(judgement),
        images=embedded,
    )
    return page


def write_html(path: Path, judgement: Judgement, images: Mapping[str, bytes]) -> None:
    """Write the page in one step."""
    write_text(path, html(judgement, images))
