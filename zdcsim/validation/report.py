"""A validation as one self-contained HTML page."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detcore.files import write_text
from zdcsim.validation.validation import Validation
from zdcsim.validation.wording import tables


def html(validation: Validation, images: Mapping[str, bytes]) -> str:
    """The page.

    Arguments:
        validation: What to report.
        images: PNG figures by title, the calorimeter first; embedded in the page.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("report.html").render(
        validation=validation,
        tables={name: tables(block) for name, block in validation.blocks.items()},
        images={title: b64encode(image).decode() for title, image in images.items()},
    )
    return page


def write_html(path: Path, validation: Validation, images: Mapping[str, bytes]) -> None:
    """Write the page in one step."""
    write_text(path, html(validation, images))
