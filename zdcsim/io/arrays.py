"""Responses from pairs of NumPy files, as the AGH and WUT groups keep them.

One file has the images, the other a row of conditions for each: energy, vertex, momentum, mass and
charge, and in the AGH sets the PDG code as a tenth column. Nothing in the files says in which units
and axes, so all of that is a setting.

Axis key: N responses, Nx by Ny fibres, 9 conditions.

Source: m-wojnar/zdc and faster_zdc (data_nonrandom_responses.npz, data_nonrandom_particles.npz);
patrick-bedkowski's repositories for the proton sets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import MASS, NAMES, VX, VZ, ChargeUnit, in_o2_units
from zdcsim.geometry import Calorimeter
from zdcsim.io.block import Block, check_conditions, check_primaries
from zdcsim.io.npy import ArrayFile, opened_array
from zdcsim.io.numbering import ParticleNumbers
from zdcsim.io.species import UNKNOWN_PDG
from zdcsim.io.units import check_masses
from zdcsim.response import Responses, sparse

Layout = Literal["xy", "yx"]
Values = Literal["counts", "log1p"]
MassUnit = Literal["MeV", "GeV"]
VertexUnit = Literal["cm", "m"]
WHOLE_WITHIN = 1e-3
"""How far exp(log(n + 1)) - 1 in float32 may lie from n, relative to n + 1."""


@dataclass(frozen=True)
class ArraySettings:
    """What the arrays do not say of themselves.

    Arguments:
        calorimeter: ZN or ZP; fixes the size of the images.
        layout: Axes of an image: `xy` is [Nx, Ny], as O2 writes it, `yx` its transpose.
        values: Photo-electron counts, or log(1 + count).
        charge_unit: Of the ninth column: e in the sets made with the `particle` package, e/3 in
            those of O2.
        mass_unit: Of the eighth column.
        vertex_unit: Of the second to fourth column.
    """

    calorimeter: Calorimeter
    layout: Layout = "xy"
    values: Values = "counts"
    charge_unit: ChargeUnit = "e"
    mass_unit: MassUnit = "MeV"
    vertex_unit: VertexUnit = "cm"


def blocks(
    images: Path, particles: Path, settings: ArraySettings, rows: int = 10_000
) -> Iterator[Block]:
    """The responses of two array files, some rows at a time.

    Arguments:
        images: Array of shape (N, Nx, Ny) or (N, Nx, Ny, 1), .npz or .npy.
        particles: Array of shape (N, 9), or (N, 10) with the PDG code last.
        settings: What the arrays do not say.
        rows: Responses in memory together.

    Raises:
        FileNotFoundError: If a file is absent.
        ValueError: If a file is a pickle, truncated or no array, the arrays do not fit the
            calorimeter or each other, a count is not a whole number, a condition is not finite, a
            PDG code is unknown, or a mass or charge contradicts its code, its energy and momentum.
    """
    with opened_array(images) as pictures, opened_array(particles) as primaries:
        _check_shapes(pictures, primaries, settings)
        numbers = ParticleNumbers()
        for start in range(0, pictures.shape[0], rows):
            n = min(rows, pictures.shape[0] - start)
            place = f"{particles}, rows {start} to {start + n - 1}"
            pdg, conditions = _primaries(primaries.next(n), settings, place)
            offsets, pixels, counts = _fibres(pictures.next(n), settings, images, start)
            yield Block(
                Responses(
                    calorimeter=settings.calorimeter,
                    particle=numbers.of(pdg, conditions),
                    pdg=pdg,
                    conditions=conditions,
                    offsets=offsets,
                    pixels=pixels,
                    counts=counts,
                    cpu_seconds=np.full(n, np.nan, np.float32),
                    provenance=_provenance(images, settings),
                )
            )


def _check_shapes(images: ArrayFile, particles: ArrayFile, settings: ArraySettings) -> None:
    expected = settings.calorimeter.shape
    if settings.layout == "yx":
        expected = expected[::-1]
    found = images.shape[1:3] if images.shape[3:] in ((), (1,)) else images.shape[1:]
    if found != expected:
        raise ValueError(
            f"{images.path} has images of shape {found}; the {settings.calorimeter.name} in layout "
            f"{settings.layout} has {expected}: are detector and layout right?"
        )
    columns = (len(NAMES), len(NAMES) + 1)
    if len(particles.shape) != 2 or particles.shape[1] not in columns:
        raise ValueError(
            f"{particles.path} has shape {particles.shape}; expected a row of nine conditions for "
            "each response, and perhaps its PDG code"
        )
    if particles.shape[0] != images.shape[0]:
        raise ValueError(
            f"{particles.path} has {particles.shape[0]} rows for the {images.shape[0]} responses "
            f"of {images.path}; they must be of the same sample"
        )


def _primaries(
    rows: NDArray[Any], settings: ArraySettings, place: str
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    conditions = rows[:, : len(NAMES)].astype(np.float64)
    conditions[:, VX : VZ + 1] *= 100 if settings.vertex_unit == "m" else 1
    conditions[:, MASS] *= 1000 if settings.mass_unit == "GeV" else 1
    check_conditions(conditions, place)
    conditions = in_o2_units(conditions, settings.charge_unit).astype(np.float64)
    given = f", with mass_unit {settings.mass_unit} and charge_unit {settings.charge_unit}"
    pdg = np.full(len(rows), UNKNOWN_PDG, np.int32)
    if rows.shape[1] > len(NAMES):
        pdg = rows[:, -1].astype(np.int32)
        check_primaries(pdg, conditions, place, given=given)
    else:
        check_masses(conditions, place, f", with mass_unit {settings.mass_unit}")
    return pdg, conditions.astype(np.float32)


def _fibres(
    images: NDArray[Any], settings: ArraySettings, path: Path, start: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int32]]:
    images = images.reshape(images.shape[:3])
    if settings.layout == "yx":
        images = images.swapaxes(1, 2)
    if settings.values == "log1p":
        images = _from_log(images.astype(np.float64), path)
    try:
        return sparse(np.ascontiguousarray(images))
    except ValueError as error:
        raise ValueError(
            f"{path}, rows from {start}: {error}; the arrays hold counts or log1p of counts?"
        ) from error


def _from_log(images: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
    counts = np.expm1(images)
    whole = np.rint(counts)
    if not (np.abs(counts - whole) <= WHOLE_WITHIN * (1 + np.abs(counts))).all():
        raise ValueError(f"{path} does not hold log(1 + count) of whole counts; values: counts?")
    return whole


def _provenance(images: Path, settings: ArraySettings) -> dict[str, object]:
    return {
        "data_kind": "array set of others",
        "source": images.name,
        "layout": settings.layout,
        "values": settings.values,
        "charge_unit_of_source": settings.charge_unit,
        "mass_unit_of_source": settings.mass_unit,
        "vertex_unit_of_source": settings.vertex_unit,
    }
