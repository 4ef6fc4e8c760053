"""`zdcsim models`: the trained models that can be used by name."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table


def models(
    detector: Annotated[
        Literal["zn", "zp"] | None, typer.Option(help="Only models of this calorimeter.")
    ] = None,
    card: Annotated[
        str | None, typer.Option(help="Write the card of this model, or folder, on the screen.")
    ] = None,
    judgement: Annotated[
        Path | None, typer.Option(help="For its numbers: what `zdcsim evaluate --json` wrote.")
    ] = None,
) -> None:
    """List the model zoo: bundles that --model takes by name.

    W / floor, if the card in a model's folder has it: distance of the channel sums to the Monte
    Carlo over that of Monte Carlo to Monte Carlo, 1 being perfect; ± for other test particles.

    More are looked for in the folders that the environment variable ZDCSIM_MODELS names.

    Example: zdcsim models --detector zn
    """
    if judgement is not None and card is None:
        raise ValueError("--judgement holds the numbers of a card; give --card MODEL with it")
    if card is not None:
        typer.echo(card_of(card, judgement), nl=False)
        return
    from zdcsim.evaluation.card import over_floor
    from zdcsim.io.zoo import VARIABLE, family, folders
    from zdcsim.io.zoo import models as zoo

    table = Table(title="models", box=None, padding=(0, 1, 0, 0))
    for heading in ("name", "ZDC", "family", "tables", "W / floor", "kB"):
        table.add_column(heading, justify="right" if heading == "kB" else "left", no_wrap=True)
    for name, folder, manifest in zoo():
        if detector is not None and manifest["calorimeter"].lower() != detector:
            continue
        tables = manifest.get("training", {}).get("geant4_data", "not stated")
        size = sum(path.stat().st_size for path in folder.iterdir()) // 1000
        known = name, manifest["calorimeter"], family(manifest), tables
        table.add_row(*known, over_floor(written_card(folder)), str(size))
    if table.row_count:
        Console().print(table)
    else:
        places = ", ".join(map(str, folders()))
        typer.echo(f"no such models in {places}; export one, or name their folder in {VARIABLE}")


def card_of(model: str, judgement: Path | None) -> str:
    """The card of a model of the zoo or of a bundle's folder, without a judgement the one in it."""
    from zdcsim.evaluation.card import card
    from zdcsim.evaluation.judgement import from_json
    from zdcsim.io.bundle import read_manifest
    from zdcsim.io.zoo import found

    folder = found(Path(model))
    if judgement is None:
        return written_card(folder) or card(folder.name, read_manifest(folder))
    try:
        judged = from_json(judgement.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{judgement} is no judgement as this version of `zdcsim evaluate --json` writes "
            "it; judge the model again"
        ) from error
    return card(folder.name, read_manifest(folder), judged)


def written_card(folder: Path) -> str:
    """The card that lies in a bundle's folder; empty if there is none."""
    from zdcsim.evaluation.card import FILE

    path = folder / FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""
