"""Masses and charges in another unit than O2's MeV and e/3, found by what contradicts them.

A known PDG code has its mass and charge in the tables; without one, energy and momentum tell the
mass of particles that are slow enough for the digits that the source has.

Axis key: N particles, 9 conditions.
"""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PZ
from zdcsim.io.species import in_tables, mass_and_charge

MASS_WITHIN, MASS_WITHIN_MEV = 0.02, 1.0
"""By how much a mass may differ from that of the tables, relative and besides: other tables differ,
and so do resonances; another unit is a factor of a thousand."""

CHARGE_WITHIN = 0.5
FLOAT32 = 2.0**-24
"""Largest relative error of a number rounded to float32."""

DIGITS = range(3, 8)
"""Significant digits that a source may have been printed with."""

SQUARE_WITHIN = 0.25
"""By how much the square of a mass may differ from another, relative, to be of the same unit."""


def check_units(
    pdg: NDArray[np.integer],
    conditions: NDArray[np.floating],
    place: str,
    first: int = 0,
    given: str = "",
) -> None:
    """Refuse masses and charges that are not those of the PDG codes; unknown codes pass.

    Arguments:
        pdg: Codes, shape (N,).
        conditions: Finite, in O2's units, shape (N, 9).
        place: Where they are from, for the message.
        first: Number of row 0 there.
        given: Which units were said, for the message.

    Raises:
        ValueError: At the first of them.
    """
    codes, index = np.unique(pdg, return_inverse=True)
    tables = np.full((len(codes), 2), np.nan)  # compares as no difference
    known = in_tables(codes)
    tables[known] = mass_and_charge(codes[known], place)
    within = [MASS_WITHIN_MEV, CHARGE_WITHIN] + MASS_WITHIN * np.abs(tables)
    apart = np.zeros(len(pdg), np.bool_)
    for column, number in enumerate((MASS, CHARGE)):
        difference = np.abs(conditions[:, number] - tables[:, column][index])
        apart |= difference > within[:, column][index]
    if not apart.any():
        return
    row = int(np.argmax(apart))
    mass, charge = conditions[row, [MASS, CHARGE]]
    expected = tables[index[row]]
    raise ValueError(
        f"{place}, row {first + row}: particle {pdg[row]} has mass {mass:.6g} MeV and charge "
        f"{charge:g} e/3{given}; the PDG tables say {expected[0]:.6g} and {expected[1]:g}: are "
        "units and columns right?"
    )


def check_masses(conditions: NDArray[np.float64], place: str, given: str) -> None:
    """Refuse masses that energy and momentum contradict by a factor of a thousand.

    What is too fast for the digits of the source to show its mass passes.

    Arguments:
        conditions: Finite, in O2's units, shape (N, 9).
        place: Where they are from, for the message.
        given: Which units were said, for the message.

    Raises:
        ValueError: If most of the masses that can be told contradict so.
    """
    energy, mass = conditions[:, ENERGY], conditions[:, MASS] / 1000
    momentum = conditions[:, PX : PZ + 1]
    square = energy**2 - (momentum**2).sum(axis=1)
    # Energy and momentum are each off by as much as the source was rounded, relative.
    error = 4 * rounding(np.column_stack([energy, momentum])) * energy**2
    for factor in (1000.0, 0.001):
        other = (factor * mass) ** 2
        told = (other > 0) & ((error <= SQUARE_WITHIN * other) | (mass > energy))
        contradicts = told & (np.abs(square - other) <= error + SQUARE_WITHIN * other)
        contradicts &= np.abs(square - mass**2) > error + SQUARE_WITHIN * mass**2
        if 2 * contradicts.sum() > told.sum():
            row = int(np.argmax(contradicts))
            raise ValueError(
                f"{place}, row {row}: mass {conditions[row, MASS]:.6g} MeV{given}, but its energy "
                f"and momentum in GeV give {1000 * np.sqrt(abs(square[row])):.3g} MeV: are the "
                "units right?"
            )


def rounding(numbers: NDArray[np.float64]) -> float:
    """Largest relative error of numbers: those of printed digits, or of float32 at least."""
    size = np.abs(numbers[numbers != 0])
    scale = 10.0 ** np.floor(np.log10(size))
    for digits in DIGITS:
        unit = scale * 10.0 ** (1 - digits)
        if (np.abs(np.rint(size / unit) * unit - size) <= 2 * FLOAT32 * size).all():
            return float(0.5 * 10.0 ** (1 - digits))
    return FLOAT32
