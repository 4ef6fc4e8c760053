"""The committed samples are what data/PID.md says."""

import json
from pathlib import Path

import numpy as np
import pytest

from detcore.files import sha256
from pid.columns import MODEL, N_SIGMA
from pid.cuts import DetectorLimits, apply
from pid.detector.matching import PUBLISHED
from pid.io import producer
from pid.sample.split import split
from pid.species import CLASSES, TARGETS, Species, class_of
from pid.tracks import Tracks

DATA = Path(__file__).resolve().parents[2] / "data"
FILES = ("pid_simulation.root", "pid_shifted.root", "pid_shifted_truth.root")
COLUMNS = (*MODEL, *(column.name for column in N_SIGMA))


@pytest.fixture(scope="module")
def simulation() -> Tracks:
    return producer.read(DATA / FILES[0], COLUMNS)


@pytest.fixture(scope="module")
def shifted() -> Tracks:
    return producer.read_truth(
        DATA / FILES[2], producer.read(DATA / FILES[1], COLUMNS, truth=False)
    )


def test_checksums_and_size() -> None:
    lines = (DATA / "PID_CHECKSUMS").read_text().splitlines()
    named = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert {f"data/{name}" for name in FILES} <= set(named)
    for name, digest in named.items():
        assert sha256(DATA.parent / name) == digest, name
    assert sum((DATA / name).stat().st_size for name in FILES) < 6_000_000


def test_the_files_say_what_they_are(simulation: Tracks, shifted: Tracks) -> None:
    for tracks, seed in ((simulation, 1), (shifted, 2)):
        record = json.loads(tracks.provenance["provenance"])
        assert "parametric" in record["data_kind"]
        assert record["reused_events"] is False
        assert record["seed"] == seed
        assert not record["commit"].endswith("-dirty")
    assert not set(simulation.event.tolist()) & set(shifted.event.tolist())


def test_patterns_have_the_published_fractions(simulation: Tracks) -> None:
    pattern = simulation.pattern()
    for bits, fraction in PUBLISHED["run2"].items():
        # Tracks of one collision share its direction of flight; twice the binomial error is ample.
        error = 2 * np.sqrt(fraction * (1 - fraction) / len(simulation))
        assert (pattern == bits).mean() == pytest.approx(fraction, abs=5 * error + 5e-4)


def test_every_pattern_and_target_is_there_in_every_part(simulation: Tracks) -> None:
    used = apply(simulation, DetectorLimits())
    parts = split(simulation)
    for mask in (parts.train, parts.validation, parts.test):
        part = used.select(mask)
        for pattern in (1, 3, 5, 7):
            classes = class_of(part.truth()[part.pattern() == pattern])
            # Electrons are soft: above 0.8 GeV/c some patterns have none.
            assert np.bincount(classes[classes >= 0], minlength=4)[:3].min() >= 50
        for target in TARGETS:
            assert np.count_nonzero(part.truth() == target) >= 50


@pytest.mark.parametrize("species", CLASSES, ids=lambda species: species.name)
def test_the_simulation_is_centred_and_the_other_is_shifted(
    species: Species, simulation: Tracks, shifted: Tracks
) -> None:
    place = CLASSES.index(species)
    found = {}
    for name, tracks in (("simulation", simulation), ("shifted", shifted)):
        own = tracks.select(class_of(tracks.truth()) == place)
        found[name] = np.median(own.column(f"fTPCNSigma{species.label}"))
    count = np.count_nonzero(class_of(simulation.truth()) == place)
    assert abs(found["simulation"]) < 5 * 1.25 / np.sqrt(count) + 0.03
    assert 0.2 < found["shifted"] < 0.6


def test_abundances_are_shifted(simulation: Tracks, shifted: Tracks) -> None:
    ratios = []
    for tracks in (simulation, shifted):
        counts = np.bincount(class_of(tracks.truth()) + 1)[1:]
        ratios.append(counts[1:] / counts[0])
    change = ratios[1] / ratios[0]
    for found, expected, count in zip(change, (1.333, 1.2, 0.8), (3600, 2200, 330), strict=True):
        assert found == pytest.approx(expected, rel=5 * 1.4 / np.sqrt(count))
