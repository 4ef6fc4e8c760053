"""Species: order, masses and names of models."""

import numpy as np
import pytest
from particle import Particle

from pid.species import CLASSES, HYPOTHESES, TARGETS, Species, charge_of, class_of, model_label


def test_classes_and_targets_keep_their_order() -> None:
    assert [species.name for species in CLASSES] == ["pi", "K", "p", "e"]
    assert TARGETS == (211, 321, 2212, 11, -211, -321, -2212, -11)
    assert TARGETS[:4] == tuple(species.pdg for species in CLASSES)
    assert "".join(species.label for species in HYPOTHESES) == "ElMuPiKaPr"


@pytest.mark.parametrize("species", HYPOTHESES, ids=lambda species: species.name)
def test_masses_are_those_of_the_pdg(species: Species) -> None:
    mass_mev = Particle.from_pdgid(species.pdg).mass
    assert mass_mev is not None
    assert species.mass == pytest.approx(mass_mev / 1000, rel=1e-6)


def test_charges_are_those_of_the_pdg() -> None:
    codes = np.array([*TARGETS, 13, -13])
    charges = [Particle.from_pdgid(int(code)).charge for code in codes]
    assert charge_of(codes).tolist() == charges
    assert charges == [1, 1, 1, -1, -1, -1, -1, 1, -1, 1]


def test_antiparticles_share_a_class_and_others_have_none() -> None:
    pdg = np.array([[211, -211], [-321, 321], [2212, -2212], [-11, 11], [13, 1000010020]])
    assert class_of(pdg).tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [-1, -1]]


def test_names_of_models_are_those_o2_looks_for() -> None:
    assert [model_label(pdg) for pdg in TARGETS[:3]] == ["211", "321", "2212"]
    assert [model_label(pdg) for pdg in TARGETS[4:]] == ["0211", "0321", "02212", "011"]


def test_an_unknown_code_is_named() -> None:
    with pytest.raises(ValueError, match="no model for PDG code 13; expected one of 211"):
        model_label(13)
