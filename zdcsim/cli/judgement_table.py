"""A judgement on the screen."""

from rich import box
from rich.console import Console
from rich.table import Table

from detcore.wording import number
from zdcsim.evaluation.judgement import Judgement
from zdcsim.evaluation.wording import (
    BIN_HEADINGS,
    ONLY_IN_FILES,
    REMARK,
    caption,
    conditional_rows,
    headings,
    likeness_rows,
    main_rows,
    title,
    unbinned,
    with_spread,
)


def narrow(title: str, caption: str | None = None) -> Table:
    """A table without lines between its columns: all digits fit into 80 characters."""
    return Table(title=title, caption=caption, box=box.HORIZONTALS, show_edge=False, padding=0)


def show(judgement: Judgement, console: Console) -> None:
    """The main numbers as tables, and the time."""
    channels, features = main_rows(judgement)
    table = narrow(title(judgement), caption(judgement))
    for name in headings(judgement):
        table.add_column(name, justify="right" if name else "left", no_wrap=name != "")
    for cells in channels:
        table.add_row(*cells)
    table.add_section()
    for cells in features:
        table.add_row(*cells)
    table.add_section()
    for cells in likeness_rows(judgement):
        table.add_row(*cells)
    console.print(table)
    show_bins(judgement, console)
    leading = judgement.settings.conventions[0]
    whole = judgement.distances[leading]["mean"].whole
    console.print(
        f"All generated against all Monte Carlo, mean channel, {leading}: {with_spread(whole)}"
    )
    if judgement.speed is not None and judgement.speed.speed_up is not None:
        console.print(
            f"Speed-up over the Monte Carlo: {number(judgement.speed.speed_up)} x in CPU seconds "
            f"per response ({number(judgement.speed.monte_carlo_cpu)} s in the file, "
            f"{number(judgement.speed.generator_cpu)} s here at batch {judgement.speed.batch_size})"
        )


def show_bins(judgement: Judgement, console: Console) -> None:
    """Each species and each bin of energy."""
    for by, rows in conditional_rows(judgement).items():
        bins = narrow(f"mean channel by {by}")
        for place, name in enumerate(BIN_HEADINGS):
            if place not in ONLY_IN_FILES:
                bins.add_column(name, no_wrap=place != REMARK)
        for found in rows:
            bins.add_row(*(cell for k, cell in enumerate(found) if k not in ONLY_IN_FILES))
        console.print(bins)
    if said := unbinned(judgement):
        console.print(said)
