"""The physics of Monte Carlo samples in numbers: what `zdcsim validate` finds.

Axis key: N responses.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.conditions import ENERGY
from zdcsim.geometry import CALORIMETERS
from zdcsim.io.joining import in_common
from zdcsim.light.table_shape import TableShape, table_shapes
from zdcsim.response import Responses, joined, reused
from zdcsim.shower_physics import DATA_KIND, NOT_STATED, ShowerPhysics, physics_of
from zdcsim.validation.curve import Point, point
from zdcsim.validation.groups import EDGES_GEV, FIDUCIAL_CM, SPECIES, Group, groups, merged
from zdcsim.validation.profile import Profile, profile
from zdcsim.validation.published import ALICE, Statistics, statistics

COLLISIONS = "pp14tev"


@dataclass(frozen=True)
class Settings:
    """Choices that the numbers depend on.

    Arguments:
        edges_gev: Ends of the ranges of energy.
        fiducial_cm: Impacts nearer to the edge of the face are left out of curves and profiles.
        beam_momentum_gev: Momentum of the beam over its charge, of files that do not state their
            source; without it their charged particles are taken to fly straight.
        proton_proton: Files that do not state their source are of proton-proton collisions.
    """

    edges_gev: tuple[float, ...] = EDGES_GEV
    fiducial_cm: float = FIDUCIAL_CM
    beam_momentum_gev: float | None = None
    proton_proton: bool = False


@dataclass(frozen=True)
class Sparsity:
    """How empty the responses of one group are.

    Arguments:
        species: Name.
        energy_gev: Mean energy.
        zero_fibres: Mean share of fibres without light.
        brightest: Mean photo-electrons of the brightest fibre.
    """

    species: str
    energy_gev: float
    zero_fibres: float
    brightest: float


@dataclass(frozen=True)
class Block:
    """Everything about the samples of one calorimeter and one physics.

    Arguments:
        calorimeter: ZN or ZP.
        curve: Response and resolution.
        profiles: Lateral profiles.
        sparsity: Of the same groups.
        sample: Statistics of the proton-proton samples; None without one.
        alice: The same, published of ALICE's data.
        light: Our light model beside ALICE's tables, with the physics of O2 where the samples
            state none; empty without tables.
        responses: Of the samples; None in files of earlier versions.
        grouped: Those of them in curve, profiles and sparsity, see `groups`.
    """

    calorimeter: str
    curve: tuple[Point, ...]
    profiles: tuple[Profile, ...]
    sparsity: tuple[Sparsity, ...]
    sample: Statistics | None
    alice: Statistics
    light: tuple[TableShape, ...]
    responses: int | None = None
    grouped: int | None = None


@dataclass(frozen=True)
class Validation:
    """The result; serialises to JSON and back.

    Arguments:
        blocks: By calorimeter; where its files are of several physics, by them too.
        settings: The choices all this depends on.
        straight: Files whose protons are taken to fly straight, as nothing states a beam.
        files: Provenance of each file.
        provenance: Commit, versions and machine of this validation.
    """

    blocks: dict[str, Block]
    settings: Settings
    straight: tuple[str, ...] = ()
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    provenance: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """The validation as JSON."""
        return TypeAdapter(Validation).dump_json(self, indent=1).decode() + "\n"

    def physics_tables(self) -> str:
        """Geant4 data sets and physics that the samples were made with, as their files state."""
        files: dict[str, list[str]] = {}
        for name, file in self.files.items():
            files.setdefault(_made_with(file), []).append(name)
        said = "; ".join(f"{listed(names)}: {made}" for made, names in files.items())
        if len(files) == 1:
            (said,) = files
        return f"{said} (O2: {ShowerPhysics()})"

    def left_out(self) -> list[str]:
        """What is in the tables of each block and what is not, a sentence each."""
        low, high = self.settings.edges_gev[0], self.settings.edges_gev[-1]
        return [
            f"{name}: curves, profiles and sparsity are of {block.grouped:,} of {block.responses:,}"
            f" responses, those of {', '.join(SPECIES)} from {low:g} to {high:g} GeV that hit "
            f"{self.settings.fiducial_cm:g} cm or more inside the face."
            for name, block in self.blocks.items()
            if block.responses is not None
        ]

    def flight(self) -> str:
        """Which protons are taken to fly straight, in a sentence; empty if none are."""
        if not self.straight:
            return ""
        return (
            f"The protons of {listed(self.straight)} are taken to fly straight, as no beam is "
            "stated; name it with --beam-momentum."
        )


def from_json(text: str) -> Validation:
    """The validation that `Validation.to_json` wrote.

    Raises:
        ValueError: If the text is not a validation.
    """
    return TypeAdapter(Validation).validate_json(text)


def validate(
    files: Mapping[str, Responses],
    settings: Settings | None = None,
    alice_tables: Path | None = None,
) -> Validation:
    """Describe Monte Carlo samples.

    Those of one calorimeter and one physics make one block; of several physics, one each.

    Arguments:
        files: The samples by name of their file.
        settings: Ranges of energy and fiducial margin.
        alice_tables: Folder of ALICE's light tables, if the user has them.

    Raises:
        ValueError: If there is no sample, or one holds re-used showers.
    """
    chosen = settings or Settings()
    if not files:
        raise ValueError("there is no sample to validate; name at least one file")
    for name, responses in files.items():
        if reused(responses.particle).any():
            raise ValueError(
                f"{name} holds re-used showers, whose errors are not independent; validate the "
                "library itself"
            )
    return Validation(
        blocks={
            name: _block(alike, chosen, alice_tables) for name, alike in of_one_kind(files).items()
        },
        settings=chosen,
        straight=tuple(name for name, each in files.items() if _flies_straight(each, chosen)),
        files={name: dict(responses.provenance) for name, responses in files.items()},
        provenance=provenance("zdcsim", "numpy"),
    )


def write_json(path: Path, validation: Validation) -> None:
    """Write a validation as JSON."""
    write_text(path, validation.to_json())


def of_one_kind(files: Mapping[str, Responses]) -> dict[str, list[Responses]]:
    """Samples that are looked at together, by the name of their block.

    The name is the calorimeter's, with those of the files where it has samples of several kinds.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for name, responses in files.items():
        kind = json.dumps(in_common(responses.provenance), sort_keys=True)
        alike.setdefault((responses.calorimeter.name, kind), []).append(name)
    kinds = Counter(calorimeter for calorimeter, _ in alike)
    return {
        calorimeter if kinds[calorimeter] == 1 else f"{calorimeter}, {listed(names)}": [
            files[name] for name in names
        ]
        for (calorimeter, _), names in sorted(alike.items(), key=lambda item: item[0][0])
    }


def listed(names: Sequence[str]) -> str:
    """Names of files, of many the first alone."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} more"


def _made_with(provenance: Mapping[str, object]) -> str:
    """Geant4 data sets and physics of a sample."""
    physics = physics_of(provenance) or NOT_STATED
    data = provenance.get("geant4_data")
    if data == "official":
        return f"official Geant4 data sets; {physics}"
    if data == "stand-in":
        return f"Geant4 tables: stand-in (not the official data sets); {physics}"
    kind = provenance.get(DATA_KIND, "not stated")
    return f"Geant4 tables: not stated (data kind: {kind}); {physics}"


def _block(chosen: Sequence[Responses], settings: Settings, tables: Path | None) -> Block:
    name, physics = chosen[0].calorimeter.name, physics_of(chosen[0].provenance)
    choices = settings.edges_gev, settings.fiducial_cm, settings.beam_momentum_gev
    divided = merged([group for found in chosen for group in groups(found, *choices)])
    collisions = [found for found in chosen if _proton_proton(found, settings)]
    profiles = [profile(group) for group in divided]
    return Block(
        calorimeter=name,
        curve=tuple(point(group) for group in divided),
        profiles=tuple(one for one in profiles if one is not None),
        sparsity=tuple(_sparsity(group) for group in divided),
        sample=statistics(joined(collisions)) if collisions else None,
        alice=ALICE[name],
        responses=sum(len(found) for found in chosen),
        grouped=sum(len(group.responses) for group in divided),
        light=()
        if tables is None
        else tuple(table_shapes(tables, CALORIMETERS[name], physics or ShowerPhysics())),
    )


def _proton_proton(responses: Responses, settings: Settings) -> bool:
    source = responses.provenance.get("source")
    if isinstance(source, Mapping):
        return source.get("name") == COLLISIONS
    return settings.proton_proton


def _flies_straight(responses: Responses, settings: Settings) -> bool:
    """Whether protons are taken to fly straight because nothing states a beam."""
    stated = isinstance(responses.provenance.get("source"), Mapping)
    known = stated or settings.beam_momentum_gev is not None
    return not known and bool((responses.pdg == SPECIES["proton"]).any())


def _sparsity(group: Group) -> Sparsity:
    found, (nx, ny) = group.responses, group.responses.calorimeter.shape
    lit = np.flatnonzero(np.diff(found.offsets))
    brightest = np.maximum.reduceat(found.counts, found.offsets[lit]) if len(lit) else np.zeros(1)
    return Sparsity(
        species=group.species,
        energy_gev=float(found.conditions[:, ENERGY].mean()),
        zero_fibres=1 - len(found.counts) / (len(found) * nx * ny),
        brightest=float(brightest.sum() / len(found)),
    )
