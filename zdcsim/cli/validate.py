"""`zdcsim validate`: the physics of Monte Carlo samples in numbers and figures."""

from pathlib import Path
from typing import Annotated

import typer


def validate(
    samples: Annotated[
        list[Path], typer.Argument(help="ROOT files of `zdcsim simulate`, of one or both blocks.")
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every number to this file.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a page with figures here.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Write the tables to this file.")
    ] = None,
    figures_folder: Annotated[
        Path | None, typer.Option("--figures", help="Write the figures as PNG into this folder.")
    ] = None,
    alice_tables: Annotated[
        Path | None,
        typer.Option(help="Folder of AliRoot's light tables (ZDC/light226*s), to compare with."),
    ] = None,
    fiducial: Annotated[
        float, typer.Option(min=0, help="Leave out impacts this near to the edge of the face, cm.")
    ] = 1.0,
) -> None:
    """Show response, resolution, profile and sparsity of Monte Carlo, beside ALICE's.

    Example: zdcsim validate data/zn_test.root --html physics.html --json physics.json
    """
    from detcore.files import replacing
    from zdcsim.io.tree import read
    from zdcsim.validation import validation as physics
    from zdcsim.validation.wording import markdown, write_markdown

    drawing = html_file is not None or figures_folder is not None
    if drawing:
        from zdcsim.evaluation.plots import png
        from zdcsim.validation.plots import figures
        from zdcsim.validation.report import write_html
    settings = physics.Settings(fiducial_cm=fiducial)
    found = physics.validate({str(path): read(path) for path in samples}, settings, alice_tables)
    images = {}
    if drawing:
        images = {title: png(figure) for title, figure in figures(found).items()}
    if json_file is not None:
        physics.write_json(json_file, found)
    if markdown_file is not None:
        write_markdown(markdown_file, found)
    if html_file is not None:
        write_html(html_file, found, images)
    if figures_folder is not None:
        for title, image in images.items():
            name = title.lower().replace(": ", "_").replace(" ", "_")
            with replacing(figures_folder / f"{name}.png") as partial:
                partial.write_bytes(image)
    typer.echo(markdown(found))
