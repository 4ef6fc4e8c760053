"""The physics of Monte Carlo samples in numbers: what `zdcsim validate` finds.

Axis key: N responses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from detcore.files import write_text
from detcore.provenance import provenance
from zdcsim.conditions import ENERGY
from zdcsim.geometry import CALORIMETERS
from zdcsim.light.table_shape import TableShape, table_shapes
from zdcsim.response import Responses, joined, reused
from zdcsim.shower_physics import ShowerPhysics, physics_of
from zdcsim.validation.curve import Point, point
from zdcsim.validation.groups import EDGES_GEV, FIDUCIAL_CM, Group, groups, merged
from zdcsim.validation.profile import Profile, profile
from zdcsim.validation.published import ALICE, Statistics, statistics

COLLISIONS = "pp14tev"


@dataclass(frozen=True)
class Settings:
    """Choices that the numbers depend on.

    Arguments:
        edges_gev: Ends of the ranges of energy.
        fiducial_cm: Impacts nearer to the edge of the face are left out of curves and profiles.
    """

    edges_gev: tuple[float, ...] = EDGES_GEV
    fiducial_cm: float = FIDUCIAL_CM


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
    """Everything about one calorimeter.

    Arguments:
        curve: Response and resolution.
        profiles: Lateral profiles.
        sparsity: Of the same groups.
        sample: Statistics of the proton-proton samples; None without one.
        alice: The same, published of ALICE's data.
        light: Our light model beside ALICE's tables; empty without them.
    """

    curve: tuple[Point, ...]
    profiles: tuple[Profile, ...]
    sparsity: tuple[Sparsity, ...]
    sample: Statistics | None
    alice: Statistics
    light: tuple[TableShape, ...]


@dataclass(frozen=True)
class Validation:
    """The result; serialises to JSON and back.

    Arguments:
        blocks: By calorimeter.
        settings: The choices all this depends on.
        files: Provenance of each file.
        provenance: Commit, versions and machine of this validation.
    """

    blocks: dict[str, Block]
    settings: Settings
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    provenance: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """The validation as JSON."""
        return TypeAdapter(Validation).dump_json(self, indent=1).decode() + "\n"

    def physics_tables(self) -> str:
        """Geant4 data sets and physics that the samples were made with, as their files state."""
        kinds = sorted({str(file.get("geant4_data", "not stated")) for file in self.files.values()})
        physics = " and ".join(sorted({str(physics_of(file)) for file in self.files.values()}))
        tables = f"Geant4 tables: {', '.join(kinds)} (stand-ins are not the official data sets)"
        if kinds == ["official"]:
            tables = "official Geant4 data sets"
        return f"{tables}; {physics} (O2: {ShowerPhysics()})"


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

    Arguments:
        files: The samples by name of their file.
        settings: Ranges of energy and fiducial margin.
        alice_tables: Folder of ALICE's light tables, if the user has them.

    Raises:
        ValueError: If there is no sample, or one holds re-used showers.
    """
    chosen = settings or Settings()
    if not files:
        raise ValueError("there is no sample to validate; name at least one ROOT file")
    for name, responses in files.items():
        if reused(responses.particle).any():
            raise ValueError(
                f"{name} holds re-used showers, whose errors are not independent; validate the "
                "library itself"
            )
    names = sorted({responses.calorimeter.name for responses in files.values()})
    return Validation(
        blocks={name: _block(name, files, chosen, alice_tables) for name in names},
        settings=chosen,
        files={name: dict(responses.provenance) for name, responses in files.items()},
        provenance=provenance("zdcsim", "numpy"),
    )


def write_json(path: Path, validation: Validation) -> None:
    """Write a validation as JSON."""
    write_text(path, validation.to_json())


def _block(
    name: str, files: Mapping[str, Responses], settings: Settings, tables: Path | None
) -> Block:
    chosen = [found for found in files.values() if found.calorimeter.name == name]
    divided = merged(
        [
            group
            for responses in chosen
            for group in groups(responses, settings.edges_gev, settings.fiducial_cm)
        ]
    )
    collisions = [found for found in chosen if _source(found) == COLLISIONS]
    profiles = [profile(group) for group in divided]
    return Block(
        curve=tuple(point(group) for group in divided),
        profiles=tuple(one for one in profiles if one is not None),
        sparsity=tuple(_sparsity(group) for group in divided),
        sample=statistics(joined(collisions)) if collisions else None,
        alice=ALICE[name],
        light=()
        if tables is None
        else tuple(table_shapes(tables, CALORIMETERS[name], physics_of(chosen[0].provenance))),
    )


def _source(responses: Responses) -> str:
    source = responses.provenance.get("source")
    return str(source.get("name")) if isinstance(source, dict) else ""


def _sparsity(group: Group) -> Sparsity:
    dense = group.responses.dense().reshape(len(group.responses), -1)
    return Sparsity(
        species=group.species,
        energy_gev=float(group.responses.conditions[:, ENERGY].mean()),
        zero_fibres=float((dense == 0).mean()),
        brightest=float(dense.max(axis=1).mean()),
    )
