"""The post-processing constant: found where it is known to be, in the graph and the manifest."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_families import built
from toy_networks import ToyGenerator, toy_bundle, toy_classifier, toy_generator
from toys import toy_conditions, toy_responses

from detcore.config import dump
from detcore.files import sha256
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.generation import generate
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.io.bundle import read_manifest
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.generator import Generator
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.sampler import followed, sampler
from zdcsim.models.scale import FittedScale, scaled
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.response import Responses, sparse
from zdcsim.training import load_experiment
from zdcsim.training.scale import fitted_on_run, fitted_scale, golden_minimum

CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"

GENERATORS: dict[str, Callable[[], Generator]] = {
    "toy": ToyGenerator,
    "expertsim": lambda: ExpertSimGenerator(ZN, hidden=8, widths=(4, 4, 4)),
    "corrvae": lambda: CorrVaeGenerator(ZN, widths=(4, 4, 4)),
}


@pytest.mark.parametrize("family", GENERATORS)
def test_light_is_multiplied_and_the_original_stays(family: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        generator = GENERATORS[family]()
    conditions = torch.from_numpy(toy_conditions(8, np.random.default_rng(1)))
    generator.scaler.fit(conditions)
    photons = {}
    for factor in (1.0, 1.7):
        rng = torch.Generator().manual_seed(1)
        photons[factor] = torch.expm1(scaled(generator, factor).sample(conditions, rng))
    torch.testing.assert_close(photons[1.7], 1.7 * photons[1.0], rtol=1e-3, atol=1e-4)
    again = torch.expm1(generator.sample(conditions, torch.Generator().manual_seed(1)))
    torch.testing.assert_close(again, photons[1.0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("family", ["shower_vae", "latent_flow_matching"])
def test_drawn_counts_stay_whole_around_scaled_light(family: str) -> None:
    generator = built(family, ZN)
    conditions = torch.from_numpy(toy_conditions(8, np.random.default_rng(1)))
    twice, noise = scaled(generator, 2.0), torch.zeros(8, 10)
    with torch.no_grad():
        once, both = (light_of(each, noise, conditions) for each in (generator, twice))
    assert both / once == pytest.approx(2.0, rel=1e-2)
    counts = twice.counts(torch.randn(8, 10), twice.scaler(conditions))
    assert torch.equal(counts, counts.round())


def light_of(generator: Generator, noise: torch.Tensor, conditions: torch.Tensor) -> float:
    known = generator.scaler(conditions)
    if isinstance(generator, LatentGenerator):
        return light_of(generator.decoder, generator.latent(noise, known), conditions)
    assert isinstance(generator, ShowerGenerator)
    return float(generator.light(noise, known)[0].sum())


def test_a_brighter_corrvae_gives_the_light_that_is_asked_for() -> None:
    # What a response of 500 photo-electrons needs, one of 750 needs with 1.5 times the light.
    generator = built("corrvae", ZN)
    assert isinstance(generator, CorrVaeGenerator)
    brighter = scaled(generator, 1.5)
    assert isinstance(brighter, CorrVaeGenerator)
    conditions = generator.scaler(torch.from_numpy(toy_conditions(4, np.random.default_rng(1))))
    asked = torch.tensor([[21.0, 23.0, 500.0, 40.0, 90.0]]).repeat(4, 1)
    more = asked * torch.tensor([1, 1, 1.5, 1.5, 1])
    with torch.no_grad():
        needed, found = generator.head.numbers(asked, conditions), brighter.head.numbers
        torch.testing.assert_close(found(more, conditions), needed)
        assert not torch.allclose(found(asked, conditions), needed, atol=1e-3)


def test_the_sampler_of_a_scaled_transport_is_told_and_chosen() -> None:
    flow = scaled(built("flow_matching", ZN), 1.1)
    assert sampler(followed(flow, 3, "euler")) == {"method": "euler", "steps": 3, "evaluations": 3}


def test_a_generator_that_draws_in_its_own_way_is_refused() -> None:
    drawing = toy_generator()
    drawing.draws_counts = True
    with pytest.raises(ValueError, match="the light of a ToyGenerator cannot be scaled"):
        scaled(drawing, 1.1)
    with pytest.raises(ValueError, match=r"must be positive; got 0\.0"):
        scaled(toy_generator(), 0.0)


def test_golden_sections_find_the_minimum() -> None:
    calls = []

    def parabola(place: float) -> float:
        calls.append(place)
        return (place - 0.3) ** 2 + 5

    place, value = golden_minimum(parabola, -1.0, 1.0, 20)
    assert place == pytest.approx(0.3, abs=1e-3)
    assert value == pytest.approx(5)
    assert len(calls) == 20


def brighter(generator: Generator, factor: float) -> Responses:
    """Monte Carlo that is the generator's own, `factor` times as bright."""
    sample = toy_responses(40, 5)
    conditions = torch.from_numpy(sample.conditions)
    bright = scaled(generator, factor).sample(conditions, torch.Generator().manual_seed(7))
    offsets, pixels, counts = sparse(torch.expm1(bright).round().int().numpy())
    return replace(sample, offsets=offsets, pixels=pixels, counts=counts)


@pytest.mark.parametrize("factor", [1.3, 4.5])
def test_the_scale_that_made_a_sample_is_found_again(factor: float) -> None:
    generator = toy_generator()
    found = fitted_scale(generator, brighter(generator, factor))
    assert found.factor == pytest.approx(factor, rel=0.03)
    assert found.responses == 200
    assert found.distance_after < 0.3 * found.distance_before


@pytest.mark.parametrize("factor", [0.02, 12.0])
def test_a_scale_at_the_end_of_the_search_is_no_minimum(factor: float) -> None:
    generator = toy_generator()
    with pytest.raises(ValueError, match="light of the generator is off by more than the factor"):
        fitted_scale(generator, brighter(generator, factor))


def test_light_that_is_right_is_left_as_it_is() -> None:
    """The golden sections end beside 1, and would bring the light away from what it is."""
    generator, sample = toy_generator(), toy_responses(40, 5)
    conditions = torch.from_numpy(sample.conditions)
    own = generator.sample(conditions, torch.Generator().manual_seed(0))
    offsets, pixels, counts = sparse(torch.expm1(own).round().int().numpy())
    found = fitted_scale(generator, replace(sample, offsets=offsets, pixels=pixels, counts=counts))
    assert found == FittedScale(1.0, 200, 0.0, 0.0)


def test_the_constant_is_fitted_on_what_trained_the_run(tmp_path: Path) -> None:
    trained, run = tmp_path / "train.root", tmp_path / "run"
    tree.write(trained, brighter(toy_generator(), 1.2))
    experiment = load_experiment(CONFIGS / "debug.yaml", [f"data.train={trained}"])
    dump(experiment, run / "config.yaml")
    (run / "provenance.json").write_text(json.dumps({"data": {"sha256": sha256(trained)}}))
    assert 0 < fitted_on_run(toy_generator(), run).responses < 200, "a part validates"
    first = sha256(trained)
    tree.write(trained, brighter(toy_generator(), 1.1))
    told = (
        rf"train\.root is not what .*run was .* is {sha256(trained)}, that of the training {first};"
    )
    with pytest.raises(ValueError, match=told):
        fitted_on_run(toy_generator(), run)
    (run / "provenance.json").write_text(json.dumps({"data": {"sha256": None}}))
    fitted_on_run(toy_generator(), run)


def test_the_bundle_holds_the_scale(tmp_path: Path) -> None:
    plain = toy_bundle(tmp_path / "plain")
    scale = FittedScale(1.5, 100, 20.0, 5.0)
    particles = reference_conditions(ZN)[::7]
    write_bundle(toy_generator(), toy_classifier(), tmp_path / "b", {}, particles, scale)
    manifest = read_manifest(tmp_path / "b")
    assert manifest["training"]["scale"]["factor"] == 1.5
    assert "scale" not in read_manifest(plain)["training"]
    conditions = toy_conditions(60, np.random.default_rng(1))
    light = [generate(folder, conditions, 1).sum() for folder in (plain, tmp_path / "b")]
    assert light[1] / light[0] == pytest.approx(1.5, rel=0.05)
