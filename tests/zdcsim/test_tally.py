"""What `zdcsim generate` says of the responses that it made."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import toy_responses

from zdcsim.cli.tally import Tally, extrapolated
from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PZ
from zdcsim.evaluation.properties import properties as of_file
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import scales, tree
from zdcsim.io.bundle import GENERATOR_SCALES
from zdcsim.io.scales import Scales
from zdcsim.models.properties import properties
from zdcsim.response import sparse


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_properties_are_those_that_the_model_learns(calorimeter: Calorimeter) -> None:
    images = toy_responses(particles=30, copies=2, calorimeter=calorimeter).dense()
    images = images[images.sum((1, 2)) > 0]
    learnt = properties(torch.from_numpy(images).float()).numpy()
    assert of_file(images, calorimeter) == pytest.approx(learnt, rel=1e-5)


def test_what_was_asked_stands_beside_what_came() -> None:
    responses = toy_responses(particles=30, copies=2)
    images = responses.dense()
    images[::3] = 0
    offsets, pixels, counts = sparse(images)
    responses = replace(responses, offsets=offsets, pixels=pixels, counts=counts)
    lit = responses.photon_sum() > 0
    found = properties(torch.from_numpy(responses.dense()[lit]).float()).numpy()
    tally = Tally({"photon_sum": (5.0, 5.0), "center_x": (43.5, 44.0), "maximum": (1.0, np.inf)})
    for rows in np.split(np.arange(len(responses)), [25]):
        tally.add(responses.select(rows))
    total, centre, brightest = tally.sentences()
    assert tally.dark == (~lit).sum() == 20
    assert total.startswith(f"photon_sum: asked 5, generated {np.median(found[:, 2]):.4g} (median")
    assert centre.startswith(f"center_x: asked 43.5 to 44, generated {np.median(found[:, 0]):.4g} ")
    assert "no response reaches it" in centre
    assert brightest.startswith("maximum: asked 1 or more, generated ")
    assert "no response reaches it" not in brightest


def test_a_wish_far_away_is_told_of_few_responses_too() -> None:
    few = toy_responses(particles=3, copies=2)
    brightest = float(few.photon_sum().max())
    for wanted, told in ((1e3 * brightest, True), (1.2 * brightest, False)):
        tally = Tally({"photon_sum": (wanted, wanted)})
        tally.add(few)
        (sentence,) = tally.sentences()
        assert ("no response reaches it" in sentence) == told


def test_nothing_is_said_of_properties_without_a_wish_or_without_light() -> None:
    tally = Tally({})
    tally.add(toy_responses(particles=3))
    assert tally.sentences() == []
    assert Tally({"photon_sum": (5.0, 5.0)}).sentences() == []


def test_energies_and_masses_far_from_those_of_the_training_are_named() -> None:
    trained = Scales(np.full(9, 1000, np.float32), np.full(9, 300, np.float32))
    conditions = np.full((4, 9), 1000, np.float32)
    assert extrapolated(conditions, trained) == []
    conditions[:, ENERGY] = [2490, 2510, -510, 1e30]
    conditions[:, [PX, PZ, CHARGE]] = 1e6  # the flight is computed, not learnt
    (said,) = extrapolated(conditions, trained)
    assert said == (
        "3 of 4 particles have an energy far from the 1000 +- 300 GeV that the model was trained "
        "on (farthest: 1e+30 GeV); their responses are extrapolated"
    )
    conditions[:, ENERGY] = [1000, 1000, 2400, -510]
    assert "(farthest: -510 GeV)" in extrapolated(conditions, trained)[0]
    conditions[0, MASS] = 2600
    assert [words.split(" far")[0] for words in extrapolated(conditions, trained)] == [
        "1 of 4 particles have an energy",
        "1 of 4 particles have a mass",
    ]


@pytest.mark.parametrize(("model", "sample"), [("zn-shower-vae", "zn"), ("zp-shower-vae", "zp")])
def test_no_particle_of_our_own_samples_is_called_extrapolated(model: str, sample: str) -> None:
    data = Path(__file__).parents[2] / "data"
    trained = scales.read(data / model / GENERATOR_SCALES)
    for name in ("train", "test"):
        particles = tree.read(data / f"{sample}_{name}.root").conditions
        assert extrapolated(particles, trained) == []
