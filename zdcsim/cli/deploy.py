"""`zdcsim deploy`: the folder that O2 needs for both calorimeters."""

from pathlib import Path
from typing import Annotated

import typer


def deploy(
    out: Annotated[Path, typer.Option(help="Folder to write; a deployment is replaced.")],
    zn: Annotated[
        Path | None,
        typer.Option(help="Bundle of the ZN: a folder, or a name that `zdcsim models` lists."),
    ] = None,
    zp: Annotated[Path | None, typer.Option(help="Bundle of the ZP.")] = None,
    decays: Annotated[
        bool,
        typer.Option(
            help="Draw which unstable particles live until the calorimeter; --no-decays if the "
            "generator of collisions has decayed them."
        ),
    ] = True,
) -> None:
    """Put a ZN and a ZP bundle together as O2 calls them: one classifier, two generators.

    Nothing is written when O2 would read other hits from the folder than from the bundles.

    Example: zdcsim deploy --zn zn-distilled-latent-flow --zp zp-distilled-latent-flow --out zdc-o2
    """
    from zdcsim.export.deployment import OPTIONS, write_deployment
    from zdcsim.io.zoo import found

    bundles = [found(path) for path in (zn, zp) if path is not None]
    proof = write_deployment(bundles, out, decays)
    typer.echo(
        f"{out}: O2 reads the hits of the bundles, of {proof.particles} particles, "
        f"{proof.lit} of them with light, {proof.photons} photo-electrons; {proof.decayed} more "
        "were drawn to decay on the way"
    )
    typer.echo(f'use it with: o2-sim ... --configKeyValues "{(out / OPTIONS).read_text().strip()}"')
