"""`zdcsim export`: trained networks as the folder of files that O2 reads."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

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
    weights: Annotated[
        Literal["float32", "float16", "int8"],
        typer.Option(help="Store the generator's weights so; they are used as float32."),
    ] = "float32",
) -> None:
    """Export a generator and the classifier, verified as the target reads them.

    Nothing is written when what O2 would read differs from what Python computes.

    Example: zdcsim export runs/sdi_gan --classifier runs/signal --target o2 --out bundle
    """
    from zdcsim.export.o2 import write_bundle
    from zdcsim.export.reference import reference_conditions
    from zdcsim.io.bundle import o2_options
    from zdcsim.training import load_classifier, load_generator
    from zdcsim.training.scale import fitted_scale_of_run

    generator = load_generator(run)
    fitted = fitted_scale_of_run(run) if scale == "fitted" else None
    verified = write_bundle(
        generator,
        load_classifier(classifier),
        out,
        training_record(run, classifier),
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


def training_record(run: Path, classifier: Path) -> dict[str, object]:
    """How both networks came about, as their run folders say, headed by the data they saw."""
    records = {"generator": _record(run), "classifier": _record(classifier)}
    data = records["generator"].get("data", {})
    sample = data.get("provenance", {})
    return {
        "data_kind": sample.get("data_kind", "not stated"),
        "geant4_data": sample.get("geant4_data", "not stated"),
        "data_sha256": data.get("sha256"),
        **records,
    }


def _record(run: Path) -> dict[str, Any]:
    from detcore.run_folder import PROVENANCE

    path = run / PROVENANCE
    try:
        return {**json.loads(path.read_text(encoding="utf-8")), "trained": _trained(run)}
    except (OSError, json.JSONDecodeError):
        raise ValueError(
            f"{path} cannot be read; give the folder that `zdcsim train` wrote"
        ) from None


def _trained(run: Path) -> dict[str, object]:
    """How long a network trained, where it was best, and how many numbers it learnt."""
    from detcore import checkpoint

    done, best = (checkpoint.load(run / name) for name in (checkpoint.LAST, checkpoint.BEST))
    return {
        "steps": done["done"]["step"],
        "minutes": round(done["done"]["seconds"] / 60, 2),
        "core_minutes": round(done["done"].get("cpu_seconds", 0) / 60, 2) or None,
        "best_step": best["step"],
        "validation": best["validation"],
        "numbers": sum(tensor.numel() for tensor in best["weights"].values()),
    }
