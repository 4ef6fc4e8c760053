"""The committed samples are what data/README.md says."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detcore.files import sha256
from zdcsim.conditions import CHARGE, ENERGY, impact
from zdcsim.geometry import ZN, ZP
from zdcsim.io import tree
from zdcsim.io.joining import in_common
from zdcsim.models.features import ParticleFeatures
from zdcsim.models.fibre_path import PATHS
from zdcsim.response import Responses
from zdcsim.shower_physics import ShowerPhysics, light_model, physics_of

DATA = Path(__file__).parent.parent / "data"
TESTED = 150
ZP_TESTED = 100
LEAD_NEUTRONS = 26


@pytest.fixture(scope="module")
def train() -> Responses:
    return tree.read(DATA / "zn_train.root")


@pytest.fixture(scope="module")
def test() -> Responses:
    return tree.read(DATA / "zn_test.root")


def test_checksums() -> None:
    lines = (DATA / "CHECKSUMS").read_text().splitlines()
    named = {name.strip(): digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert {"data/zn_train.root", "data/zn_test.root"} <= set(named)
    for name, digest in named.items():
        assert sha256(DATA.parent / name) == digest, name


def test_samples_have_the_size_and_the_copies(train: Responses, test: Responses) -> None:
    for responses, particles, copies in ((train, 1100, 2), (test, TESTED, 20)):
        _, found = np.unique(responses.particle, return_counts=True)
        assert len(found) == responses.provenance["particles"] == particles
        assert (found == copies).all()
        assert physics_of(responses.provenance) == ShowerPhysics()
        assert responses.provenance["reused_showers"] is False
        assert responses.provenance["geant4_data"] in {"official", "stand-in"}
        assert not str(responses.provenance["commit"]).endswith("-dirty")
    total = sum((DATA / name).stat().st_size for name in ("zn_train.root", "zn_test.root"))
    assert total < 6_000_000


def test_no_particle_is_in_both_samples(train: Responses, test: Responses) -> None:
    assert not set(train.particle.tolist()) & set(test.particle.tolist())
    seen = {row.tobytes() for row in train.conditions}
    assert not any(row.tobytes() in seen for row in test.conditions)


def test_no_shower_is_used_twice(train: Responses, test: Responses) -> None:
    bright = 150  # dimmer showers of ones and twos can agree by chance
    for responses in (train, test):
        rows = np.flatnonzero(responses.photon_sum() >= bright)
        images = responses.dense(rows)
        # Neither equal nor equal after one of the eight symmetries: compare a symmetric invariant.
        keys = {tuple(np.sort(image[image > 0]).tolist()) for image in images}
        assert len(keys) == len(rows)


def test_particles_hit_the_face_and_the_missed_do_not(train: Responses) -> None:
    x, y = impact(train.conditions, ZN).T
    assert (np.abs(x) < 3.53).all()
    assert (np.abs(y) < 3.53).all()
    pdg, missed = tree.read_missed(DATA / "zn_train.root")
    assert len(missed) == len(pdg) == 8000
    aimed = ZN.contains(*impact(missed, ZN).T) & (missed[:, 8] == 0)
    # Only unstable neutrals can aim at the face and miss: they decay on the way.
    assert set(np.abs(pdg[aimed]).tolist()) <= {310, 3122, 3322}


def test_those_who_fly_through_air_alone_leave_no_light(train: Responses, test: Responses) -> None:
    for sample, fewest in ((train, 40), (test, 20)):
        particles = torch.from_numpy(sample.conditions)
        groove, fibre = ParticleFeatures(ZN)(particles)[0][:, -PATHS:].numpy().T
        through = (groove == 1) & (fibre == 0)
        assert through.sum() >= fewest
        lit = sample.photon_sum() > 0
        assert not lit[through].any()
        # One of a thousand hits absorber and leaves none all the same.
        assert lit[groove < 0.8].mean() > 0.995


def test_the_samples_of_the_zp_are_apart_and_of_the_size_they_are_said_to_be() -> None:
    train, test = tree.read(DATA / "zp_train.root"), tree.read(DATA / "zp_test.root")
    for responses, particles, copies in ((train, 700, 2), (test, ZP_TESTED, 20)):
        _, found = np.unique(responses.particle, return_counts=True)
        assert len(found) == particles
        assert (found == copies).all()
        assert responses.calorimeter == ZP
        assert physics_of(responses.provenance) == ShowerPhysics()
        assert responses.provenance["reused_showers"] is False
        assert not str(responses.provenance["commit"]).endswith("-dirty")
        assert (responses.conditions[:, CHARGE] > 0).all()
    seen = {row.tobytes() for row in train.conditions}
    assert not any(row.tobytes() in seen for row in test.conditions)
    protons = test.pdg == 2212
    per_tev = 1000 * test.photon_sum()[protons].sum() / test.conditions[protons, ENERGY].sum()
    # 369 of a proton in the middle; here some land near the edge and lose light.
    assert 300 < per_tev < 369


@pytest.mark.parametrize(("name", "particles"), [("zn", 250), ("zp", 200)])
def test_the_libraries_are_wide_blocks_of_other_particles(name: str, particles: int) -> None:
    path = DATA / f"{name}_library.root"
    library = tree.read_library(path)
    assert tree.is_library(path)
    assert library.calorimeter == (ZN if name == "zn" else ZP).widened(8)
    assert len(np.unique(library.particle)) == len(library) == particles
    assert not str(library.provenance["commit"]).endswith("-dirty")
    trained_on = tree.read(DATA / f"{name}_train.root")
    assert physics_of(library.provenance) == physics_of(trained_on.provenance)
    assert light_model(library.provenance)["coupling"] == (0.869 if name == "zn" else 1.1479)
    tested_on = tree.read(DATA / f"{name}_test.root")
    assert in_common(library.provenance) == in_common(trained_on.provenance)
    assert in_common(tested_on.provenance) == in_common(trained_on.provenance)
    with pytest.raises(ValueError, match="is a shower library"):
        tree.read(path)
    seen = {row.tobytes() for row in library.conditions}
    for sample in ("train", "test"):
        others = tree.read(DATA / f"{name}_{sample}.root").conditions
        assert not any(row.tobytes() in seen for row in others)


def test_the_lead_sample_holds_spectator_neutrons_with_two_showers_each() -> None:
    path = DATA / "zn_pbpb.root"
    sample = tree.read(path)
    _, found = np.unique(sample.particle, return_counts=True)
    assert len(found) == LEAD_NEUTRONS and (found == 2).all()
    assert set(sample.pdg.tolist()) == {2112}
    assert sample.provenance["reused_showers"] is False
    assert not str(sample.provenance["commit"]).endswith("-dirty")
    # 2.68 TeV a nucleon, spread by the Fermi motion of the nucleus at rest.
    assert sample.conditions[:, ENERGY].mean() == pytest.approx(2680, rel=0.1)
    assert sample.conditions[:, ENERGY].std() < 600
    _, missed = tree.read_missed(path)
    assert len(missed) == 1000 and (missed[:, CHARGE] == 3).mean() > 0.99
    assert path.stat().st_size < 300_000
