"""A validation in tables."""

from pathlib import Path

from detcore.files import write_text
from detcore.wording import ABSENT, number, with_error
from zdcsim.validation.profile import RADII_CM
from zdcsim.validation.published import Statistics
from zdcsim.validation.validation import Block, Validation

Table = list[tuple[str, ...]]
"""Rows of equal length, the first with the headings."""


def curve_table(block: Block) -> Table:
    """Response and resolution."""
    rows: Table = [
        ("particle", "energy, GeV", "particles", "showers", "photo-electrons/TeV", "resolution, %")
    ]
    for one in block.curve:
        resolution = ABSENT
        if one.resolution is not None and one.resolution_error is not None:
            resolution = with_error(100 * one.resolution, 100 * one.resolution_error)
        response = with_error(one.per_tev, one.per_tev_error)
        counted = str(one.particles), str(one.responses)
        rows.append((one.species, f"{one.energy_gev:.0f}", *counted, response, resolution))
    return rows


def profile_table(block: Block) -> Table:
    """Share of the light within some radii."""
    radii = [f"r < {10 * radius:.0f} mm, %" for radius in RADII_CM]
    rows: Table = [("particle", "energy, GeV", *radii)]
    for one in block.profiles:
        shares = [
            with_error(100 * share, 100 * error)
            for share, error in zip(one.within, one.within_error, strict=True)
        ]
        low, high = one.energy_gev
        rows.append((one.species, f"{low:.0f} to {high:.0f}", *shares))
    return rows


def sparsity_table(block: Block) -> Table:
    """Fibres without light, and the brightest."""
    rows: Table = [("particle", "energy, GeV", "fibres without light, %", "brightest fibre")]
    for one in block.sparsity:
        empty, brightest = f"{100 * one.zero_fibres:.1f}", number(one.brightest)
        rows.append((one.species, f"{one.energy_gev:.0f}", empty, brightest))
    return rows


def published_table(block: Block) -> Table:
    """Our proton-proton sample beside what is published of ALICE's data."""
    rows: Table = [("responses with light", "this sample", "ALICE, published")]
    if block.sample is None:
        return rows
    ours, theirs = _lines(block.sample), _lines(block.alice)
    return rows + [(name, ours[name], theirs[name]) for name in ours]


def _lines(found: Statistics) -> dict[str, str]:
    column, row, column_spread, row_spread = found.brightest_at
    low, first, median, third, high = (number(value) for value in found.photon_sum)
    energy = found.energy_gev or ()
    return {
        "number": f"{found.rows:,}",
        "fibres without light, %": f"{100 * found.zero_fibres:.2f}",
        "photon sum: quartiles": f"{first} / {median} / {third}",
        "photon sum: smallest, largest": f"{low}, {high}",
        "photon sum below 15, %": ABSENT
        if found.below_15 is None
        else f"{100 * found.below_15:.1f}",
        "brightest fibre of all": number(found.brightest),
        "column of the brightest fibre": f"{column:.1f}, spread {column_spread:.1f}",
        "row of the brightest fibre": f"{row:.1f}, spread {row_spread:.1f}",
        "energy, GeV: quartiles": " / ".join(f"{value:.0f}" for value in energy) or ABSENT,
    }


def light_table(block: Block) -> Table:
    """Our light model beside ALICE's tables."""
    rows: Table = [("velocity", "correlation", "light elsewhere, %", "total, ALICE / ours")]
    for one in block.light:
        low, high = one.beta
        shape = f"{one.correlation:.3f}", f"{100 * one.misplaced_share:.1f}"
        rows.append((f"{low} to {high}", *shape, f"{one.total_alice_over_ours:.3f}"))
    return rows


TABLES = {
    "Response and resolution": curve_table,
    "Lateral profile": profile_table,
    "Sparsity": sparsity_table,
    "Beside ALICE's published sample": published_table,
    "Light against angle, beside ALICE's tables": light_table,
}


def tables(block: Block) -> dict[str, Table]:
    """All tables with at least one row, by title."""
    found = {title: table(block) for title, table in TABLES.items()}
    return {title: table for title, table in found.items() if len(table) > 1}


def markdown(validation: Validation) -> str:
    """All tables in Markdown."""
    said = [
        f"Commit {validation.provenance['commit']}, {validation.provenance['machine']}.",
        f"{validation.physics_tables()}.",
        validation.flight(),
        "Made by `zdcsim validate`.",
    ]
    lines = [" ".join(filter(None, said)), *(f"\n{each}" for each in validation.left_out())]
    for name, block in validation.blocks.items():
        for title, (head, *rows) in tables(block).items():
            lines += ["", f"### {name}: {title[0].lower()}{title[1:]}", ""]
            lines += [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines) + "\n"


def write_markdown(path: Path, validation: Validation) -> None:
    """Write all tables in Markdown."""
    write_text(path, markdown(validation))
