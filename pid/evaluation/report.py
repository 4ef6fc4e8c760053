"""Judgements as one self-contained HTML page."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detcore.files import write_text
from pid.evaluation.comparison import QUANTITIES, compare
from pid.evaluation.judgement import Judgement
from pid.evaluation.wording import by_domain, over_seeds_text, share_text, species_name


def html(judgements: Sequence[Judgement], images: Mapping[str, bytes]) -> str:
    """The page.

    Arguments:
        judgements: What to report, one at least.
        images: PNG figures by title, embedded in the page.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(species=species_name, share=share_text, seeds=over_seeds_text)
    groups = by_domain(judgements)
    page: str = environment.get_template("report.html").render(
        first=judgements[0],
        domains={name: (compare(found), found) for name, found in groups.items()},
        quantities=list(QUANTITIES),
        images={title: b64encode(image).decode() for title, image in images.items()},
    )
    return page


def write_html(path: Path, judgements: Sequence[Judgement], images: Mapping[str, bytes]) -> None:
    """Write the page in one step."""
    write_text(path, html(judgements, images))
