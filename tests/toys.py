"""Toy showers for tests: round, Poisson, with known parameters. Not physics."""

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, NAMES, PX, PY, PZ
from zdcsim.geometry import ZN, Calorimeter
from zdcsim.io.species import mass_and_charge
from zdcsim.response import Responses, sparse

TOY_PER_GEV = 0.33
TOY_WIDTH_CM = 0.4


def toy_conditions(
    n: int, rng: np.random.Generator, calorimeter: Calorimeter = ZN
) -> NDArray[np.float32]:
    """Neutrons from the origin, 50 GeV to 3 TeV, on the middle half of the face, shape (n, 9)."""
    energy = np.exp(rng.uniform(np.log(50), np.log(3000), n))
    x = calorimeter.centre_x + rng.uniform(-0.5, 0.5, n) * calorimeter.half_x
    y = rng.uniform(-0.5, 0.5, n) * calorimeter.half_y
    conditions = np.zeros((n, 9))
    conditions[:, ENERGY] = energy
    conditions[:, PX] = x / calorimeter.front_a * energy
    conditions[:, PY] = y / calorimeter.front_a * energy
    conditions[:, PZ] = energy
    conditions[:, MASS] = 939.565
    return conditions.astype(np.float32)


def toy_images(
    conditions: NDArray[np.float32], rng: np.random.Generator, calorimeter: Calorimeter = ZN
) -> NDArray[np.int64]:
    """A Poisson Gaussian of known total and width around the impact point, shape (n, Nx, Ny)."""
    x0 = conditions[:, PX] / conditions[:, PZ] * calorimeter.front_a - calorimeter.centre_x
    y0 = conditions[:, PY] / conditions[:, PZ] * calorimeter.front_a
    x = (np.arange(calorimeter.nx) + 0.5) * calorimeter.pitch - calorimeter.half_x
    y = (np.arange(calorimeter.ny) + 0.5) * calorimeter.pitch - calorimeter.half_y
    shape_x = np.exp(-0.5 * ((x - x0[:, None]) / TOY_WIDTH_CM) ** 2)
    shape_y = np.exp(-0.5 * ((y - y0[:, None]) / TOY_WIDTH_CM) ** 2)
    image = shape_x[:, :, None] * shape_y[:, None, :]
    image *= (TOY_PER_GEV * conditions[:, ENERGY] / image.sum((1, 2)))[:, None, None]
    return rng.poisson(image)


def toy_responses(
    particles: int = 20, copies: int = 5, seed: int = 1, calorimeter: Calorimeter = ZN
) -> Responses:
    """`copies` independent toy showers of each of `particles` neutrons, copies in a row."""
    rng = np.random.default_rng(seed)
    conditions = np.repeat(toy_conditions(particles, rng, calorimeter), copies, axis=0)
    offsets, pixels, counts = sparse(toy_images(conditions, rng, calorimeter))
    n = len(conditions)
    return Responses(
        calorimeter=calorimeter,
        particle=np.repeat(np.arange(particles), copies),
        pdg=np.full(n, 2112, np.int32),
        conditions=conditions,
        offsets=offsets,
        pixels=pixels,
        counts=counts,
        cpu_seconds=np.full(n, 1.0, np.float32),
        provenance={"data_kind": "toy"},
    )


def toy_missed(*codes: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Codes (M,) and conditions (M, 9) of primaries without light: 0, 1, 2 ... and the tables'."""
    pdg = np.array(codes, np.int32)
    conditions = np.arange(len(pdg) * len(NAMES), dtype=np.float32).reshape(-1, len(NAMES))
    conditions[:, [MASS, CHARGE]] = mass_and_charge(pdg, "toys")
    return pdg, conditions
