"""Geant4's physics list and the cut in the fibres, seen in the steps that make light."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from zdcsim.geometry import ZN
from zdcsim.light.photo_electrons import Steps, expected_per_fibre
from zdcsim.montecarlo import datasets
from zdcsim.montecarlo.primary import Primary
from zdcsim.montecarlo.production import geant4_folder
from zdcsim.montecarlo.settings import Transport

pytestmark = pytest.mark.geant4

SHOWERS, MOMENTUM_MEV = 25, 20_000.0
ELECTRON_MASS_MEV = 0.51099895


def photon_showers(transport: Transport) -> list[Steps]:
    """Steps in the fibres of photons of 20 GeV, spread over a cell; for a process of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    datasets.use(geant4_folder("auto"))
    from zdcsim.montecarlo.shower import Transporter

    transporter = Transporter(ZN, transport)
    rng = np.random.default_rng(4)
    places = rng.uniform(0.0, 10 * ZN.pitch, (SHOWERS, 2))
    front = -10 * ZN.half_z - 10
    return [
        transporter.steps(Primary(22, (x, y, front), (0.0, 0.0, MOMENTUM_MEV)), seed)
        for seed, (x, y) in enumerate(places, start=1)
    ]


def simulated(transport: Transport) -> tuple[np.ndarray, np.ndarray]:
    """Light of each shower with unit coupling, and the velocities of all steps with a length.

    Geant4 ends a track below the cut with a step of length nought.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        showers = process.submit(photon_showers, transport).result()
    light = [expected_per_fibre(steps, ZN, 1.0).sum() for steps in showers]
    return np.array(light), np.concatenate([steps.beta[steps.length > 0] for steps in showers])


def test_tracks_end_in_the_fibres_and_the_list_decides_over_the_light() -> None:
    _, ended = simulated(Transport())
    longer, followed = simulated(Transport(fibre_cut_mev=0.0))
    shorter, _ = simulated(Transport(physics_list="FTFP_BERT", fibre_cut_mev=0.0))
    at_the_cut = np.sqrt(1 - (1 + 1 / ELECTRON_MASS_MEV) ** -2)
    assert at_the_cut - 1e-9 < ended.min() < at_the_cut + 0.01
    assert followed.min() < 0.75
    # With the long steps of FTFP_BERT_EMV three fifths of the light of FTFP_BERT are left.
    ratio = longer.mean() / shorter.mean()
    parts = [light.std(ddof=1) / light.mean() / np.sqrt(SHOWERS) for light in (longer, shorter)]
    assert abs(ratio - 0.6) < 5 * ratio * np.hypot(*parts)
    assert ratio < 1 - 5 * ratio * np.hypot(*parts)
