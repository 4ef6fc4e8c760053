"""The committed bundle of the ZP, as O2 and `zdcsim generate` use it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zdcsim.channels import channel_sums
from zdcsim.conditions import CHARGE, ENERGY, MASS, PZ
from zdcsim.export.emulator import FastSimulation, sector_sums
from zdcsim.generation import generate
from zdcsim.geometry import ZP
from zdcsim.io import tree
from zdcsim.optics import Machine

DATA = Path(__file__).parents[2] / "data"
BUNDLE = DATA / "zp-shower-vae"
PROTON_MEV = 938.272


def protons(momentum: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """Along the beam, towards A (1) or C (-1)."""
    c = np.zeros((len(momentum), 9))
    c[:, PZ], c[:, MASS], c[:, CHARGE] = side * momentum, PROTON_MEV, 3
    c[:, ENERGY] = np.hypot(momentum, PROTON_MEV / 1000)
    return c.astype(np.float32)


def light_x(images: NDArray[np.number]) -> NDArray[np.float64]:
    """Centre of the light in x of each image, cm from the beam."""
    middles = (np.arange(ZP.nx) + 0.5) * ZP.pitch + ZP.centre_x - ZP.half_x
    found: NDArray[np.float64] = images.sum(2) @ middles / images.sum((1, 2))
    return found


@pytest.mark.parametrize("side", [1, -1])
def test_light_follows_the_bend_in_d1(side: int) -> None:
    momentum = np.repeat([1900.0, 2300, 2800, 3500], 40)
    particles = protons(momentum, side)
    at, _ = Machine().carried(particles, ZP)
    assert np.ptp(at[:, 0]) > 12  # from one end of the face to the other
    shift = light_x(generate(BUNDLE, particles, seed=3)) - at[:, 0]
    # Protons enter at 3 to 6 mrad and shine a metre behind the face, whose edge cuts their halo.
    sample = tree.read(DATA / "zp_train.root")
    seen = np.flatnonzero(sample.pdg == 2212)
    x = Machine().carried(sample.conditions[seen], ZP)[0][:, 0]
    of_geant4 = np.polynomial.Polynomial.fit(x, light_x(sample.dense(seen)) - x, 2)
    expected: NDArray[np.float64] = of_geant4(at[::40, 0])
    assert np.ptp(expected) > 0.3
    assert shift.reshape(4, 40).mean(axis=1) == pytest.approx(expected, abs=0.12)


def test_neutrons_on_their_way_to_the_zn_leave_it_dark() -> None:
    neutrons = tree.read(DATA / "zn_test.root").conditions[::20]
    assert not generate(BUNDLE, neutrons, seed=1).any()
    noise = np.random.default_rng(1).standard_normal((len(neutrons), 10)).astype(np.float32)
    o2 = FastSimulation(BUNDLE, "ZP")
    # O2 asks every generator once a classifier has accepted a particle: that of another detector.
    light = [sector_sums(o2.hits(*pair)).sum() for pair in zip(neutrons, noise, strict=True)]
    assert np.mean(light) < 5


def test_the_mean_light_of_test_particles_is_the_monte_carlo_s() -> None:
    sample = tree.read(DATA / "zp_test.root")
    made = generate(BUNDLE, sample.conditions, seed=2).sum((1, 2))
    truth = sample.photon_sum()
    # Both scatter around the particle's own mean: compare particle by particle.
    apart = (made - truth).reshape(-1, 20).mean(axis=1) / truth.reshape(-1, 20).mean(axis=1)
    # A tenth of a shower's light varies: 3 per cent between two means of 20, 0.3 over all.
    assert abs(apart.mean()) < 0.03
    assert apart.std() < 0.1


def test_o2_reads_the_light_of_four_slabs_along_x(rng: np.random.Generator) -> None:
    particles = protons(np.array([1700.0, 2000, 2500, 3500]), 1)
    noise = rng.standard_normal((4, 10)).astype(np.float32)
    o2 = FastSimulation(BUNDLE, "ZP")
    hits = [o2.begin_primary(*pair) for pair in zip(particles, noise, strict=True)]
    assert {hit.detector for each in hits for hit in each} == {"ZPA"}
    brightest = [int(np.argmax(sector_sums(each)[1:])) for each in hits]
    assert brightest == [3, 2, 1, 0]
    sums = np.array([sector_sums(each) for each in hits])
    pixels = [
        o2.generator.run(drawn, o2.generator.scaled(one))
        for drawn, one in zip(noise, particles, strict=True)
    ]
    counts = np.expm1(np.array(pixels)).astype(np.int64).reshape(4, ZP.ny, ZP.nx).swapaxes(1, 2)
    assert np.array_equal(sums, channel_sums(counts, ZP, "o2"))
