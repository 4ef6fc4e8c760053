"""`zdcsim models`: the trained models that can be used by name."""

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table


def models(
    detector: Annotated[
        Literal["zn", "zp"] | None, typer.Option(help="Only models of this calorimeter.")
    ] = None,
) -> None:
    """List the model zoo: bundles that --model takes by name.

    More are looked for in the folders that the environment variable ZDCSIM_MODELS names.

    Example: zdcsim models --detector zn
    """
    from zdcsim.io.zoo import VARIABLE, family, folders
    from zdcsim.io.zoo import models as zoo

    table = Table(title="models", box=None)
    for heading in ("name", "detector", "family", "Geant4 tables", "kB"):
        table.add_column(heading, justify="right" if heading == "kB" else "left", no_wrap=True)
    for name, folder, manifest in zoo():
        if detector is not None and manifest["calorimeter"].lower() != detector:
            continue
        tables = manifest.get("training", {}).get("geant4_data", "not stated")
        size = sum(path.stat().st_size for path in folder.iterdir()) // 1000
        table.add_row(name, manifest["calorimeter"], family(manifest), tables, str(size))
    if table.row_count:
        Console().print(table)
    else:
        places = ", ".join(map(str, folders()))
        typer.echo(f"no such models in {places}; export one, or name their folder in {VARIABLE}")
