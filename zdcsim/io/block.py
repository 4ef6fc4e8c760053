"""What readers give, responses block by block and who left no light, and what each of them refuses.

Axis key: N responses, M primaries without light, U primaries left out, 9 conditions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES
from zdcsim.io.species import UNKNOWN_PDG, mass_and_charge
from zdcsim.io.units import check_units
from zdcsim.response import Responses


@dataclass(frozen=True)
class Block:
    """Responses that were read together.

    Arguments:
        responses: Those with light, or all that the source holds.
        missed_pdg: PDG codes of primaries without light that are kept as conditions, shape (M,).
        missed_conditions: Their conditions, shape (M, 9).
        event: Number of the collision that each response belongs to, shape (N,); None if the source
            does not say, or if there is no response.
        unlisted: Codes of primaries that were left out, as the PDG tables have no mass for them,
            shape (U,).
    """

    responses: Responses
    missed_pdg: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    missed_conditions: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, len(NAMES)), np.float32)
    )
    event: NDArray[np.int64] | None = None
    unlisted: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def stating(self, more: Mapping[str, object]) -> "Block":
        """The same with further entries of the provenance."""
        provenance = {**self.responses.provenance, **more}
        return replace(self, responses=replace(self.responses, provenance=provenance))


def check_conditions(conditions: NDArray[np.floating], place: str, first: int = 0) -> None:
    """Refuse conditions, shape (N, 9), that are not finite.

    Arguments:
        conditions: Shape (N, 9).
        place: Where they were read, for the message.
        first: Number of row 0 there.

    Raises:
        ValueError: At the first number that is not finite.
    """
    broken = np.argwhere(~np.isfinite(conditions))
    if len(broken):
        row, column = broken[0]
        raise ValueError(
            f"{place}, particle {first + row}: condition {NAMES[column]} is "
            f"{conditions[row, column]}; expected a finite number"
        )


def check_primaries(
    pdg: NDArray[np.integer],
    conditions: NDArray[np.floating],
    place: str,
    first: int = 0,
    given: str = "",
) -> None:
    """Refuse conditions that are not finite, codes without a particle, and units that are not O2's.

    Arguments and errors are those of `check_conditions` and `zdcsim.io.units.check_units`.
    """
    check_conditions(conditions, place, first)
    codes = np.unique(pdg)
    mass_and_charge(codes[codes != UNKNOWN_PDG], place)
    check_units(pdg, conditions, place, first, given)


def read_provenance(written: str, place: str) -> dict[str, object]:
    """What a file says of how it was made.

    Raises:
        ValueError: If that is not a JSON object.
    """
    try:
        found = json.loads(written)
    except json.JSONDecodeError as problem:
        raise ValueError(f"the provenance of {place} is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise ValueError(
            f"the provenance of {place} must be a JSON object; found {written[:40]!r}: make the "
            "file again"
        )
    return found
