"""What every network promises, on both calorimeters, and the features computed inside."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy_families import GENERATORS, built
from toy_networks import toy_classifier
from toys import toy_conditions

from detcore.session import in_batches
from zdcsim.conditions import PX, PY, PZ, impact
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io.bundle import read_bundle
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.features import ImpactMaps, ParticleFeatures
from zdcsim.models.generator import Generator
from zdcsim.models.impact import Impact
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.scaler import ConditionScaler
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.signal import SignalClassifier
from zdcsim.training import families


def conditions(calorimeter: Calorimeter, n: int = 6) -> Tensor:
    return torch.from_numpy(toy_conditions(n, np.random.default_rng(3), calorimeter))


def rng(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=GENERATORS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[ZN, ZP], ids=["ZN", "ZP"])
def calorimeter(request: pytest.FixtureRequest) -> Calorimeter:
    chosen: Calorimeter = request.param
    return chosen


@pytest.fixture
def generator(family: str, calorimeter: Calorimeter) -> Generator:
    return built(family, calorimeter)


def without_gradient(network: nn.Module) -> list[str]:
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]


def test_every_family_that_trains_is_here() -> None:
    names = {get_args(kind.model_fields["family"].annotation) for kind in families.GENERATORS}
    assert {name for (name,) in names} == {name.split()[0] for name in GENERATORS}


def test_the_bundle_for_o2_of_every_family_is_written_and_proved(
    family: str, tmp_path: Path
) -> None:
    """O2's emulator and Python agree on channel sums, or nothing would be written."""
    generator, particles = built(family, ZN), reference_conditions(ZN)[::37]
    write_bundle(generator, toy_classifier(ZN), tmp_path / "b", {}, particles)
    bundle = read_bundle(tmp_path / "b")
    assert bundle.noise_size == 10
    noise, scaled = torch.randn(3, 10, generator=rng()), generator.scaler(conditions(ZN, 3))
    with torch.no_grad():
        expected = torch.exp(generator(noise, scaled)).round() - 1
    graph = in_batches(bundle.generator, 1, noise.numpy(), scaled.numpy())
    found = np.expm1(graph, dtype=np.float64).astype(int).transpose(0, 2, 1)
    apart = np.abs(found - expected.numpy())
    assert apart.max() <= 1
    assert (apart > 0).sum() <= 1 + 1e-4 * found.sum()


def test_generators_fill_the_face_with_light(generator: Generator) -> None:
    particles = conditions(generator.calorimeter)
    log_photons = generator.sample(particles, rng())
    assert log_photons.shape == (6, *generator.calorimeter.shape)
    assert torch.isfinite(log_photons).all()
    assert (log_photons >= 0).all()
    assert (log_photons > 0).any()


def test_generators_depend_on_noise_and_nothing_else_random(generator: Generator) -> None:
    particles = conditions(generator.calorimeter)
    first = generator.sample(particles, rng(1))
    assert torch.equal(first, generator.sample(particles, rng(1)))
    assert not torch.equal(first, generator.sample(particles, rng(2)))


def test_a_response_does_not_depend_on_its_batch(generator: Generator) -> None:
    scaled = generator.scaler(conditions(generator.calorimeter))
    noise = torch.randn(6, generator.noise_size, generator=rng())
    alone = generator(noise[2:3], scaled[2:3])
    torch.testing.assert_close(generator(noise, scaled)[2:3], alone, rtol=1e-4, atol=1e-5)


def learning_from(generator: Generator, noise: Tensor, scaled: Tensor) -> Tensor:
    if isinstance(generator, ShowerGenerator):  # what its counts are drawn from
        light, clustering = generator.light(noise, scaled)
        return torch.sum(light * light) + torch.sum(clustering)
    if isinstance(generator, LatentGenerator):
        return learning_from(generator.decoder, generator.latent(noise, scaled), scaled)
    if isinstance(generator, CorrVaeGenerator):  # decoder, and the head through its soft mask
        head, size = generator.head, generator.properties
        mask = head.drawn_mask(torch.full(head.openness.shape, 0.6), 0.5)
        told = head(noise[:, :size], scaled, mask)
        return learning_from(generator.decoder, noise, scaled) + torch.sum(told * told)
    if isinstance(generator, ExpertSimGenerator):  # the choice passes no gradient
        chosen = torch.arange(len(noise)) % len(generator.experts)
        answers = generator.answers(noise, scaled, chosen)
        return torch.sum(answers * answers) + torch.sum(generator.router(scaled) ** 2)
    return torch.sum(generator(noise, scaled) ** 2)


def test_a_gradient_reaches_every_parameter_of_a_generator(generator: Generator) -> None:
    noise = torch.randn(32, generator.noise_size, generator=rng())
    scaled = generator.scaler(conditions(generator.calorimeter, 32))
    torch.autograd.backward(learning_from(generator, noise, scaled))
    assert without_gradient(generator) == []


def test_saved_weights_carry_the_scaling(generator: Generator, family: str, tmp_path: Path) -> None:
    torch.save(generator.state_dict(), tmp_path / "weights.pt")
    other = GENERATORS[family](generator.calorimeter)
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    particles = conditions(generator.calorimeter)
    assert torch.equal(other.sample(particles, rng()), generator.sample(particles, rng()))
    assert torch.equal(other.scaler.mean, generator.scaler.mean)


def test_a_particle_at_rest_and_one_far_away_stay_finite(generator: Generator) -> None:
    odd = conditions(generator.calorimeter, 3)
    odd[0, PZ], odd[1, PX], odd[2, :] = 0.0, 1e4, 0.0
    assert torch.isfinite(generator.sample(odd, rng())).all()


@pytest.mark.parametrize("published", [False, True])
def test_the_discriminator_judges_each_response(calorimeter: Calorimeter, published: bool) -> None:
    scaler = ConditionScaler()
    scaler.fit(conditions(calorimeter, 50))
    discriminator = SdiGanDiscriminator(
        calorimeter, scaler, impact_maps=not published, see_sums=not published
    )
    log_photons = torch.rand(32, *calorimeter.shape, generator=rng(), requires_grad=True)
    logit, latent = discriminator(log_photons, scaler(conditions(calorimeter, 32)))
    assert logit.shape == (32,)
    assert latent.shape == (32, 64)
    torch.autograd.backward(logit.square().sum())
    assert without_gradient(discriminator) == []
    assert log_photons.grad is not None
    assert (log_photons.grad.abs().sum(dim=(1, 2)) > 0).all()


def test_the_regressor_starts_near_the_centre_and_learns_everywhere(
    calorimeter: Calorimeter,
) -> None:
    regressor = PositionRegressor(calorimeter)
    position = regressor(torch.rand(32, *calorimeter.shape, generator=rng()))
    assert position.shape == (32, 2)
    centre = torch.tensor(calorimeter.shape) / 2
    assert ((position - centre).abs() < centre).all()
    torch.autograd.backward(position.square().sum())
    assert without_gradient(regressor) == []


def test_the_classifier_gives_a_probability(calorimeter: Calorimeter) -> None:
    classifier = SignalClassifier(calorimeter)
    classifier.scaler.fit(conditions(calorimeter, 50))
    probability = classifier(classifier.scaler(conditions(calorimeter)))
    assert probability.shape == (6, 1)
    assert ((probability > 0) & (probability < 1)).all()
    torch.autograd.backward(probability.sum())
    assert without_gradient(classifier) == []


def test_scaling_is_the_standard_score_and_keeps_constant_conditions() -> None:
    raw = conditions(ZN, 200)
    scaler = ConditionScaler()
    scaler.fit(raw)
    scaled = scaler(raw)
    varying = (raw != raw[0]).any(dim=0).numpy()
    expected = (raw.numpy() - raw.numpy().mean(0, np.float64))[:, varying]
    expected = expected / raw.numpy().std(0, np.float64)[varying]
    np.testing.assert_allclose(scaled.numpy()[:, varying], expected, rtol=1e-4, atol=1e-5)
    assert (scaler.scale[~torch.from_numpy(varying)] == 1).all()
    torch.testing.assert_close(scaler.undo(scaled), raw, rtol=1e-4, atol=1e-4)


def test_scaling_names_a_condition_that_is_not_finite() -> None:
    raw = conditions(ZN)
    raw[2, PY] = float("nan")
    with pytest.raises(ValueError, match="condition py is not finite"):
        ConditionScaler().fit(raw)
    with pytest.raises(ValueError, match=r"shape \(N, 9\) with N > 0; got \(0, 9\)"):
        ConditionScaler().fit(raw[:0])


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_impact_point_is_that_of_the_conditions(calorimeter: Calorimeter, side: float) -> None:
    particles = conditions(calorimeter, 20)
    particles[:, PZ] *= side
    particles[:, 3] = 5.0
    expected = impact(particles.numpy(), calorimeter)
    expected = expected - [calorimeter.centre_x - calorimeter.half_x, -calorimeter.half_y]
    found = Impact(calorimeter)(particles).numpy()
    np.testing.assert_allclose(found, expected / calorimeter.pitch, rtol=1e-4, atol=1e-3)


def test_features_are_of_order_one(calorimeter: Calorimeter) -> None:
    features, _ = ParticleFeatures(calorimeter)(conditions(calorimeter, 500))
    assert features.abs().max() < 3


@pytest.mark.parametrize("step", [1, 2, 4])
def test_impact_maps_vanish_at_the_impact_point(calorimeter: Calorimeter, step: int) -> None:
    shape = (-(-calorimeter.nx // step), -(-calorimeter.ny // step))
    maps = ImpactMaps(calorimeter, step, shape)
    dx, dy, core, halo = maps(torch.tensor([[8.5 * step, 3.5 * step]]))[0]
    assert dx.shape == shape
    assert dx[8, 3] == dy[8, 3] == 0
    assert core.argmax() == halo.argmax() == 8 * shape[1] + 3
    extent = max(calorimeter.shape) / 2
    torch.testing.assert_close(dx[10, 3], torch.tensor(2 * step / extent))
    torch.testing.assert_close(dy[8, 0], torch.tensor(-3 * step / extent))


def test_without_impact_maps_the_generator_sees_the_scaled_conditions_only() -> None:
    generator = SdiGanGenerator(ZN, impact_maps=False)
    scaled = generator.scaler(conditions(ZN))
    noise = torch.randn(6, 10, generator=rng())
    before = generator(noise, scaled)
    generator.scaler.scale.mul_(3)  # moves the impact point, not the scaled conditions
    assert torch.equal(generator(noise, scaled), before)
