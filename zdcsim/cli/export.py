"""`zdcsim export`: trained networks as the folder of files that O2 reads."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    run: Annotated[Path, typer.Argument(help="Run folder of the trained generator.")],
    classifier: Annotated[Path, typer.Option(help="Run folder of the signal classifier.")],
    out: Annotated[Path, typer.Option(help="Bundle folder to write; a bundle is replaced.")],
    scale: Annotated[
        Literal["none", "fitted"],
        typer.Option(help="Multiply the light by a constant fitted on the training responses."),
    ] = "none",
    target: Annotated[
        Literal["o2", "free"],
        typer.Option(help="o2, which draws ten noise numbers; free, as many as the family uses."),
    ] = "o2",
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Of diffusion and flow matching, instead of those trained with."),
    ] = None,
    integrator: Annotated[
        Literal["euler", "heun"] | None,
        typer.Option(help="Of flow matching: one evaluation a step, or two and more exact."),
    ] = None,
    weights: Annotated[
        Literal["float32", "float16", "int8"],
        typer.Option(help="Store the generator's weights so; they are used as float32."),
    ] = "float32",
) -> None:
    """Export a generator and the classifier, verified as the target reads them.

    Nothing is written when what O2 would read differs from what Python computes.

    Example: zdcsim export runs/sdi_gan --classifier runs/signal --target o2 --out bundle
    """
    from detcore.compact import rounded
    from zdcsim.export.o2 import write_bundle
    from zdcsim.export.reference import reference_conditions
    from zdcsim.io.bundle import o2_options
    from zdcsim.models.sampler import followed
    from zdcsim.training import load_classifier, load_generator, training_record
    from zdcsim.training.scale import fitted_on_run

    generator, signal = load_generator(run), load_classifier(classifier)
    record = training_record(run, generator, classifier, signal)
    if steps is not None or integrator is not None:
        generator = followed(generator, steps, integrator)
    generator = rounded(generator, weights)
    fitted = fitted_on_run(generator, run) if scale == "fitted" else None
    verified = write_bundle(
        generator,
        signal,
        out,
        record,
        reference_conditions(generator.calorimeter),
        fitted,
        target,
        weights,
    )
    if fitted is not None:
        typer.echo(
            f"light times {fitted.factor:.3f}: distance to {fitted.responses} training responses "
            f"{fitted.distance_before:.2f} before, {fitted.distance_after:.2f} after"
        )
    typer.echo(
        f"{out}: O2 reads the channel sums that Python computes, in {verified.responses} responses "
        f"of {verified.photons} photo-electrons"
    )
    typer.echo(
        f"float32 differences between torch and ONNX Runtime move the rounding of "
        f"{verified.rounded_apart} of {verified.lit_pixels} lit pixels"
    )
    if target == "o2":
        options = o2_options(generator.calorimeter, str(out.resolve()))
        typer.echo(f'use it with: o2-sim ... --configKeyValues "{options}"')
