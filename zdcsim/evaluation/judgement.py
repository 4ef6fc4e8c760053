"""Generated responses judged against the Monte Carlo: every number with its floor.

Axis key: N responses, Nx by Ny fibres.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.evaluation.conditional import Bin, conditional
from zdcsim.evaluation.diversity import Diversity, diversity
from zdcsim.evaluation.errors import Error, errors
from zdcsim.evaluation.floor import Comparison, Halves, Spread, by_group, compare, divisions, spread
from zdcsim.evaluation.jackknife import distance_errors, with_draw_errors
from zdcsim.evaluation.likeness import likeness, side
from zdcsim.evaluation.quantities import Measured, Photons, measure
from zdcsim.evaluation.settings import By, Settings, energy_edges
from zdcsim.evaluation.speed import Speed
from zdcsim.io.bundle import training_of
from zdcsim.response import Responses, reused
from zdcsim.shower_physics import NOT_STATED, physics_of

STAGES = ("measuring", "distances", "errors", "diversity", "bins", "likeness")
DEPENDENCIES = ("numpy", "uproot", "onnxruntime")


@dataclass(frozen=True)
class Sample:
    """What was compared.

    Arguments:
        calorimeter: `ZN` or `ZP`.
        responses: Monte Carlo responses, N.
        particles: Unique particles.
        copies: Fewest and most responses of a particle.
        smallest_photon_sum: Of the Monte Carlo; distances grow with a cut on it, so they must not
            be compared across cuts.
        empty: Fraction of Monte Carlo responses without light.
        empty_generated: The same of the model, over the repetitions of the generation.
    """

    calorimeter: str
    responses: int
    particles: int
    copies: tuple[int, int]
    smallest_photon_sum: int
    empty: float
    empty_generated: Spread | None


@dataclass(frozen=True)
class Judgement:
    """The result of judging a generator; serialises to JSON and back.

    Arguments:
        sample: What was compared.
        distances: Wasserstein distances by group (a channel convention, with the mean over its
            channels first, or `features`) and name.
        errors: MAE and RMSE by name.
        diversity: Of the responses of one particle; None if a particle has a single copy.
        speed: None if the generator did not run here.
        settings: The choices all this depends on.
        conditional: The judgement of each species and of each bin of energy, if asked for.
        likeness: Measures of all numbers together, by name; empty if not asked for.
        reference: Provenance of the Monte Carlo.
        model: Manifest of the model, or provenance of the generated file.
        provenance: Commit, versions and machine of this judgement.
    """

    sample: Sample
    distances: dict[str, dict[str, Comparison]]
    errors: dict[str, Error]
    diversity: Diversity | None
    speed: Speed | None
    settings: Settings
    conditional: dict[By, tuple[Bin, ...]] = field(default_factory=dict)
    likeness: dict[str, Comparison] = field(default_factory=dict)
    reference: dict[str, object] = field(default_factory=dict)
    model: dict[str, object] = field(default_factory=dict)
    provenance: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """The judgement as JSON; a number that does not exist is null."""
        return TypeAdapter(Judgement).dump_json(self).decode() + "\n"

    def physics_tables(self) -> str:
        """Geant4 data sets that the Monte Carlo was made with, and what else is not as in O2."""
        return physics_tables(self.reference)


TABLES: dict[object, str] = {
    "stand-in": "stand-in physics tables (not the official Geant4 data sets)",
    "official": "official Geant4 data sets",
}


def trained_on(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """Provenance of the sample that a bundle's generator was trained on; empty if not stated.

    Arguments:
        model: The manifest, or the provenance of responses that the bundle generated.
    """
    record = training_of(model).get("generator", {})
    found: Mapping[str, Any] = record.get("data", {}).get("provenance", {})
    return found


def physics_tables(described: Mapping[str, object]) -> str:
    """The same of any provenance with `geant4_data` and `data_kind`."""
    data = described.get("geant4_data")
    if data not in TABLES:
        kind = described.get("data_kind", "not stated")
        return f"Geant4 data sets not stated in the file (data kind: {kind})"
    physics = physics_of(described)
    differs = NOT_STATED if physics is None else physics.unlike_o2()
    return "; ".join(filter(None, (TABLES[data], differs)))


def from_json(text: str) -> Judgement:
    """The judgement that `Judgement.to_json` wrote.

    Raises:
        ValueError: If the text is not a judgement.
    """
    return TypeAdapter(Judgement).validate_json(text)


def write_json(path: Path, judgement: Judgement) -> None:
    """Write a judgement as JSON."""
    write_text(path, judgement.to_json())


def judge(
    reference: Responses,
    generated: Sequence[Photons],
    settings: Settings | None = None,
    *,
    model: Mapping[str, object] | None = None,
    speed: Speed | None = None,
    stage: Callable[[str], None] = lambda name: None,
) -> Judgement:
    """Judge generated responses against the Monte Carlo.

    Arguments:
        reference: The Monte Carlo, N responses, several copies of every particle.
        generated: Repetitions of the generation, sparse or each of shape (N, Nx, Ny),
            photo-electrons, row i generated from the conditions of row i of the reference.
        settings: What to report and how; the bins of energy are the calorimeter's if not given.
        model: Manifest of the model, copied into the result.
        speed: Time of the generator, copied into the result.
        stage: Called with the name of every one of `STAGES` before it starts.

    Raises:
        ValueError: If there is nothing to judge, a repetition has another shape or a count that
            is negative or not finite, or the sample has no floor under these settings.
    """
    chosen = settings or Settings(energy_edges=energy_edges(reference.calorimeter))
    if not len(reference):
        raise ValueError("the reference holds no responses; there is nothing to judge against")
    again = reused(reference.particle)
    if again.any():
        raise ValueError(
            f"{again.sum()} of the reference's {len(reference)} responses are re-used showers; "
            "judge against independent ones"
        )
    divided = divisions(reference.particle, chosen)
    stage("measuring")
    counted = [counts(each, reference, chosen) for each in checked(generated)]
    calorimeter, conventions = reference.calorimeter, chosen.conventions
    ours = measure(reference, calorimeter, conventions)
    theirs = [measure(each, calorimeter, conventions) for each in counted]
    stage("distances")
    distances = _with_draw_errors(reference, ours, theirs, divided, chosen)
    stage("errors")
    paired = errors(reference, ours, counted, theirs, conventions, chosen.seed)
    stage("diversity")
    varied = diversity(reference, counted, divided if chosen.floor == "copies" else ())
    stage("bins")
    by_bin = conditional(reference, ours, theirs, chosen)
    stage("likeness")
    alike = _likeness(reference, ours, counted, theirs, divided, chosen)
    return Judgement(
        sample=_sample(reference, ours, theirs),
        distances=distances,
        errors=paired,
        diversity=varied,
        conditional=by_bin,
        speed=speed,
        settings=chosen,
        likeness=alike,
        reference=dict(reference.provenance),
        model=dict(model or {}),
        provenance=provenance(*DEPENDENCIES),
    )


def _with_draw_errors(
    reference: Responses,
    ours: Measured,
    theirs: Sequence[Measured],
    divided: Sequence[Halves],
    settings: Settings,
) -> dict[str, dict[str, Comparison]]:
    """Every distance with its floor, and what their ratio owes to the particles of the sample."""
    rng = np.random.default_rng([settings.seed, len(reference)])
    drawn = distance_errors(ours, theirs, reference.particle, divided, rng)
    return with_draw_errors(by_group(compare(ours, theirs, divided)), drawn)


def _likeness(
    reference: Responses,
    ours: Measured,
    counted: Sequence[Photons],
    theirs: Sequence[Measured],
    divided: Sequence[Halves],
    settings: Settings,
) -> dict[str, Comparison]:
    if not (settings.likeness or settings.measures):
        return {}
    leading, trained = settings.conventions[0], settings.likeness
    sides = [
        side(photons, measured, reference, leading, with_fibres=trained)
        for photons, measured in zip(counted, theirs, strict=True)
    ]
    whole = side(reference, ours, reference, leading, with_fibres=trained)
    return likeness(whole, sides, divided, settings.seed, classifiers=trained)


def checked(generated: Sequence[Photons]) -> Sequence[Photons]:
    """The repetitions, at least one."""
    if not len(generated):
        raise ValueError("no generated responses; at least one repetition is needed")
    return generated


def counts(generated: Photons, reference: Responses, settings: Settings) -> Photons:
    """One repetition of N responses after the rounding of the settings."""
    expected = (len(reference), *reference.calorimeter.shape)
    shape, values = _shape_and_values(generated)
    if shape != expected:
        raise ValueError(
            f"generated responses must have the reference's shape {expected}; got {shape}"
        )
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError("generated photo-electron counts must be finite and not negative")
    whole = isinstance(generated, Responses) or np.issubdtype(values.dtype, np.integer)
    if settings.rounding == "none" or whole:
        return generated
    truncated: NDArray[np.floating] = np.trunc(values)
    return truncated


def _shape_and_values(photons: Photons) -> tuple[tuple[int, ...], NDArray[np.number]]:
    """What the shape would be if dense, and the counts, of a sparse sample those that are not 0."""
    if isinstance(photons, Responses):
        return (len(photons), *photons.calorimeter.shape), photons.counts
    return photons.shape, photons


def _sample(reference: Responses, ours: Measured, theirs: Sequence[Measured]) -> Sample:
    copies = np.unique(reference.particle, return_counts=True)[1]
    return Sample(
        calorimeter=reference.calorimeter.name,
        responses=len(reference),
        particles=len(copies),
        copies=(int(copies.min()), int(copies.max())),
        smallest_photon_sum=int(reference.photon_sum().min()),
        empty=ours.empty_fraction(),
        empty_generated=spread([each.empty_fraction() for each in theirs]),
    )
