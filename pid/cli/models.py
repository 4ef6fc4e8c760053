"""`pid models`: the trained classifiers that can be used by name."""

import typer
from rich.console import Console
from rich.table import Table


def models() -> None:
    """List the model zoo: bundles that evaluate and `pid.scoring` take by name.

    More are looked for in the folders that the environment variable ZDCSIM_MODELS names.

    Example: pid models
    """
    from pid.io.zoo import VARIABLE, folders
    from pid.io.zoo import models as zoo

    table = Table(title="models", box=None)
    for heading in ("name", "classifier", "contract", "targets", "kB"):
        right = heading in ("targets", "kB")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for name, folder, manifest in zoo():
        size = sum(path.stat().st_size for path in folder.iterdir()) // 1000
        targets = str(len(manifest["targets"]))
        kind = manifest["classifier"]["name"], manifest["contract"]
        table.add_row(name, *kind, targets, str(size))
    if table.row_count:
        Console().print(table)
    else:
        places = ", ".join(map(str, folders()))
        typer.echo(f"no models in {places}; export one, or name their folder in {VARIABLE}")
