"""`zdcsim validate`: the physics of Monte Carlo samples in numbers and figures."""

import re
from pathlib import Path
from typing import Annotated

import typer


def validate(
    samples: Annotated[
        list[Path],
        typer.Argument(
            help="Files of `zdcsim simulate` or `convert`, ROOT or .h5; samples of different "
            "physics stand beside each other."
        ),
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
    beam_momentum: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Momentum of the beam over its charge, GeV/c, for files that state no source, as "
            "O2's: its magnets bend their protons. 7000 for protons at 14 TeV.",
        ),
    ] = None,
    pp: Annotated[
        bool,
        typer.Option(
            "--pp",
            help="Files that state no source are of proton-proton collisions: "
            "show them beside what is published of ALICE's.",
        ),
    ] = False,
) -> None:
    """Show response, resolution, profile and sparsity of Monte Carlo, beside ALICE's.

    Example: zdcsim validate data/zn_test.root --html physics.html --json physics.json
    """
    from detcore.files import replacing
    from zdcsim.io.own_file import read
    from zdcsim.validation import validation as physics
    from zdcsim.validation.wording import markdown, write_markdown

    drawing = html_file is not None or figures_folder is not None
    if drawing:
        from zdcsim.evaluation.plots import png
        from zdcsim.validation.plots import figures
        from zdcsim.validation.report import write_html
    settings = physics.Settings(
        fiducial_cm=fiducial, beam_momentum_gev=beam_momentum, proton_proton=pp
    )
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
            name = re.sub(r"[^a-z0-9.-]+", "_", title.lower())
            with replacing(figures_folder / f"{name}.png") as partial:
                partial.write_bytes(image)
    typer.echo(markdown(found))
