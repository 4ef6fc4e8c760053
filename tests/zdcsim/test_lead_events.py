"""Lead-lead events: the scales, the events that calibrate, and the errors of the estimates."""

import numpy as np
import pytest
from toy_answers import Unlit
from toys import toy_responses

from zdcsim.conditions import ENERGY
from zdcsim.reconstruction.centrality import CentralityEstimate
from zdcsim.reconstruction.events import Members
from zdcsim.reconstruction.lead_lead import LeadEvents, LeadSettings, lead_events
from zdcsim.reconstruction.quantities import Calibration
from zdcsim.response import Responses

LIGHT = 100


def equally_bright(sample: Responses) -> Responses:
    """The same particles with one fibre of so much light each."""
    images = np.zeros((len(sample), *sample.calorimeter.shape), np.int64)
    images[:, 10, 10] = LIGHT
    return sample.with_counts(images, slice(0, len(sample)))


def test_light_per_tev_is_all_light_over_all_energy() -> None:
    sample = toy_responses(particles=9, copies=2, seed=41)
    found = lead_events(sample, Unlit(), LeadSettings(events=20, repetitions=1)).calibration
    energy_tev = sample.conditions[:, ENERGY].astype(np.float64).sum() / 1000
    expected = sample.photon_sum().sum() / energy_tev
    assert found.photo_electrons_per_tev == pytest.approx(expected, rel=1e-6)


def test_other_events_calibrate_the_centrality_than_are_compared() -> None:
    sample = equally_bright(toy_responses(particles=9, copies=2, seed=42))
    settings = LeadSettings(events=60, repetitions=1)
    events = lead_events(sample, Unlit(), settings)
    estimate = events.calibration.centrality
    assert estimate is not None and estimate.interval == settings.interval
    # All neutrons are alike, so that the energy of an event counts them.
    per_neutron = LIGHT / events.calibration.photo_electrons_per_tev
    counted = np.sort(np.rint(estimate.energies / per_neutron))
    compared = np.sort(np.repeat(events.neutrons.sum(axis=1), 2))
    assert len(counted) == len(compared) == 120
    assert np.array_equal(counted[::2], counted[1::2]), "both simulations are of the same events"
    assert not np.array_equal(counted, compared)
    other, same = counted[::2], compared[::2]
    error = np.sqrt((other.var() + same.var()) / 60)
    assert other.mean() == pytest.approx(same.mean(), abs=5 * error)


def test_errors_of_the_estimates_of_three_events() -> None:
    numbers = np.array([[1, 2], [3, 3], [5, 4]])
    # 3, 6 and 9 TeV; 20 reference events of 0.5 to 19.5 TeV on 40 per cent: 6, 12 and 18.
    estimate = CentralityEstimate(np.linspace(0.5, 19.5, 20), (0.0, 40.0))
    events = LeadEvents(
        centrality=np.array([4.0, 13.0, 21.0]),
        neutrons=np.array([[1, 2], [3, 3], [5, 7]]),
        members=Members.drawn(numbers, 1, np.random.default_rng(43)),
        monte_carlo=np.zeros((2, 1, 5)),
        generated=np.zeros((1, 1, 5)),
        calibration=Calibration(LIGHT, LIGHT, estimate),
    )
    found = events.resolution(np.full((1, 5), LIGHT / 5))
    # Three neutrons too few in one of six calorimeters.
    assert found["neutrons_mean"] == pytest.approx(-0.5)
    assert found["neutrons_rms"] == pytest.approx(np.sqrt(9 / 6 - 0.25))
    assert found["centrality_mean"] == pytest.approx((2 - 1 - 3) / 3)
    assert found["centrality_rms"] == pytest.approx(np.sqrt(14 / 3 - 4 / 9))
    # 4 and 6 are in one class of 10 per cent, but not of 5; 12 and 13 are in one of 5.
    assert found["same_class"] == pytest.approx(1 / 3)
