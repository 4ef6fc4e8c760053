"""The convolutional autoencoder: its loss against the closed form, its training and its export."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_networks import toy_classifier
from toys import toy_conditions, toy_responses

from detcore.distributed import Processes
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.losses.divergence import divergence
from zdcsim.losses.reconstruction import squared_error
from zdcsim.models.conv_vae import ConvVaeEncoder, ConvVaeGenerator
from zdcsim.objectives.conv_vae import ConvVae, ConvVaeSettings
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.sample.batches import ResponseBatches

RESPONSES = toy_responses(particles=12, copies=4)
BATCHES = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)


def untrained(calorimeter: Calorimeter = ZN) -> tuple[ConvVaeGenerator, ConvVaeEncoder]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = ConvVaeGenerator(calorimeter, widths=(8, 4, 4), known="features")
        encoder = ConvVaeEncoder(calorimeter, generator.scaler, widths=(4, 4, 8), known="features")
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    return generator.eval(), encoder.eval()


def objective(settings: ConvVaeSettings) -> ConvVae:
    return ConvVae(*untrained(), settings, Processes(0, 1, torch.device("cpu")))


def test_the_squared_error_is_summed_over_fibres_and_averaged_over_responses() -> None:
    log_photons = torch.zeros(2, 3, 4)
    decoded = torch.zeros(2, 3, 4)
    decoded[0, 1, 2], decoded[0, 2, 2], decoded[1, 0, 0] = 2.0, 1.0, -3.0
    assert float(squared_error(decoded, log_photons)) == pytest.approx((4 + 1 + 9) / 2)


def test_the_loss_is_the_error_of_a_draw_and_the_weighted_divergence() -> None:
    vae, batch = objective(ConvVaeSettings(divergence=0.3)), BATCHES(1)
    generator, encoder = vae.networks
    assert isinstance(generator, ConvVaeGenerator)
    encoder.state_dict()["posterior.bias"][10:] = -3.0
    loss, terms = vae.loss(vae.networks, batch)
    conditions = (batch.conditions - generator.scaler.mean) / generator.scaler.scale
    mean, log_variance = encoder(batch.log_photons, conditions)
    decoded = generator(mean + torch.exp(log_variance / 2) * batch.noise[:, 0], conditions)
    error = ((decoded - batch.log_photons) ** 2).sum() / 16
    apart = divergence(mean, log_variance).sum()
    torch.testing.assert_close(terms["squared_error"], error)
    torch.testing.assert_close(loss, error + 0.3 * apart)


def test_it_learns_and_a_restored_objective_goes_on_alike() -> None:
    settings = ConvVaeSettings(ema=0.5, optimiser=AdamSettings(learning_rate=1e-2))
    vae = objective(settings)
    before = {name: tensor.clone() for name, tensor in vae.networks.named_parameters()}
    batch = BATCHES(1)
    errors = [vae.step(batch)["squared_error"] for _ in range(40)]
    assert errors[-1] < 0.8 * errors[0]
    assert not any(torch.equal(before[n], t) for n, t in vae.networks.named_parameters())
    other = objective(settings)
    other.load_state_dict(copy.deepcopy(vae.state_dict()))
    assert other.step(BATCHES(61)) == vae.step(BATCHES(61))
    assert all(torch.equal(other.weights()[k], w) for k, w in vae.weights().items())
    assert other.steps == vae.steps == 41


@pytest.mark.parametrize("ema", [0.9, None])
def test_the_average_follows_the_weights(ema: float | None) -> None:
    vae = objective(ConvVaeSettings(ema=ema))
    before = vae.weights()["light.weight"].clone()
    vae.step(BATCHES(1))
    now = vae.networks[0].state_dict()["light.weight"]
    expected = now if ema is None else ema * before + (1 - ema) * now
    torch.testing.assert_close(vae.weights()["light.weight"], expected)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_the_encoder_gives_as_many_numbers_as_the_latent(calorimeter: Calorimeter) -> None:
    _, encoder = untrained(calorimeter)
    mean, log_variance = encoder(torch.zeros(3, *calorimeter.shape), torch.zeros(3, 9))
    assert mean.shape == log_variance.shape == (3, 10)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_o2_reads_what_python_computes(calorimeter: Calorimeter, tmp_path: Path) -> None:
    generator, _ = untrained(calorimeter)
    particles = reference_conditions(calorimeter)[::7]
    with torch.no_grad():
        generator.state_dict()["light.bias"] += 1
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.photons > 1000
