"""Flow matching and diffusion in pixels: what they promise, their training and their export."""

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
from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.transport import GuidedTransport
from zdcsim.models.unet import UNet
from zdcsim.objectives.denoising import Denoising, MatchingSettings
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.sample.batches import Batch, ResponseBatches
from zdcsim.training import load_experiment
from zdcsim.training.denoising import TransportExperiment

CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"

FIBRES = 44 * 44
BATCH = ResponseBatches(toy_responses(12, 4), 16, 1, FIBRES, symmetries=True)(1)
FAMILIES = ("flow_matching", "diffusion")


def untrained(family: str, calorimeter: Calorimeter = ZN, guidance: float = 0.0) -> PixelGenerator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = UNet(calorimeter, widths=(8, 8), hidden=16)
    transport: GuidedTransport = (
        FlowTransport(network, 0.35, steps=3, guidance=guidance)
        if family == "flow_matching"
        else DiffusionTransport(network, 0.35, steps=4, guidance=guidance)
    )
    generator = PixelGenerator(calorimeter, transport)
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    return generator.eval()


def objective(family: str, settings: MatchingSettings) -> Denoising:
    return Denoising(untrained(family), settings, Processes(0, 1, torch.device("cpu")))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_is_the_error_of_what_is_found_at_the_drawn_time(family: str) -> None:
    denoising = objective(family, MatchingSettings())
    generator = denoising.networks[0]
    assert isinstance(generator, PixelGenerator)
    transport = generator.transport
    loss, _ = denoising.loss(denoising.networks, BATCH)
    data, noise = BATCH.log_photons.flatten(1), BATCH.noise[:, 0]
    uniform = 0.5 * (1 + torch.erf(BATCH.noise[:, 1, :1] / 2**0.5))
    time = transport.path.drawn(uniform)
    assert 0.1 < float(time.std()) < 0.5
    a, b, c, d = transport.path.at(time)
    known = transport.denoiser.known(BATCH.conditions)
    found = transport.found(a * data + b * noise, time, known)
    torch.testing.assert_close(loss, (found - c * data - d * noise).square().mean())


@pytest.mark.parametrize("family", FAMILIES)
def test_it_learns_and_a_restored_objective_goes_on_alike(family: str) -> None:
    settings = MatchingSettings(ema=0.5, optimiser=AdamSettings(learning_rate=5e-3))
    denoising = objective(family, settings)
    before = {name: tensor.clone() for name, tensor in denoising.networks.named_parameters()}
    losses = [denoising.step(BATCH)["matching"] for _ in range(25)]
    assert losses[-1] < 0.85 * losses[0]
    still = [n for n, t in denoising.networks.named_parameters() if torch.equal(before[n], t)]
    assert still == []
    other = objective(family, settings)
    other.load_state_dict(copy.deepcopy(denoising.state_dict()))
    assert other.step(BATCH) == denoising.step(BATCH)


def test_held_out_rows_are_judged_by_the_averaged_weights() -> None:
    denoising = objective("flow_matching", MatchingSettings(ema=0.5))
    denoising.step(BATCH)
    found = denoising.held_out(BATCH)
    assert found == denoising.loss(denoising.averages, BATCH)[0].item()
    assert found != denoising.loss(denoising.networks, BATCH)[0].item()


def test_hidden_particles_teach_the_network_to_do_without() -> None:
    settings = MatchingSettings(hidden_share=0.5)
    denoising = objective("diffusion", settings)
    chance = BATCH.noise.clone()
    chance[:, 1, 1] = -9.0  # hides all
    elsewhere = BATCH.conditions.clone()
    elsewhere[:, :8] *= 1.3

    def loss(noise: torch.Tensor, conditions: torch.Tensor) -> float:
        batch = Batch(**{**vars(BATCH), "noise": noise, "conditions": conditions})
        return denoising.loss(denoising.networks, batch)[0].item()

    assert loss(chance, BATCH.conditions) == loss(chance, elsewhere)
    chance[:, 1, 1] = 9.0
    assert loss(chance, BATCH.conditions) != loss(chance, elsewhere)


@pytest.mark.parametrize("family", FAMILIES)
def test_guidance_leads_away_from_what_is_found_without_the_particle(family: str) -> None:
    transport = untrained(family, guidance=0.5).transport
    assert isinstance(transport, GuidedTransport)
    mixture, time = BATCH.noise[:, 0], torch.full((16, 1), 0.4)
    known = transport.denoiser.known(BATCH.conditions)
    nothing = tuple(torch.zeros_like(each) for each in known)
    with_it, without = (
        transport.found(mixture, time, known),
        transport.found(mixture, time, nothing),
    )
    assert not torch.allclose(with_it, without, atol=1e-3)
    found = transport.guided(mixture, time, known)
    torch.testing.assert_close(found, 1.5 * with_it - 0.5 * without)
    transport.guidance = 0.0
    assert torch.equal(transport.guided(mixture, time, known), with_it)


def test_ten_numbers_become_the_noise_of_every_fibre() -> None:
    generator = untrained("flow_matching")
    noise = torch.randn(4, 10, generator=torch.Generator().manual_seed(1))
    scaled = generator.scaler(torch.from_numpy(toy_conditions(4, np.random.default_rng(3))))
    _, normal = generator.fibre_noise(noise)
    assert torch.equal(generator(noise, scaled), generator.moved(normal[:, 0], scaled))


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
@pytest.mark.parametrize("family", FAMILIES)
def test_o2_reads_what_python_computes(
    family: str, calorimeter: Calorimeter, tmp_path: Path
) -> None:
    generator = untrained(family, calorimeter)
    with torch.no_grad():  # enough light for something to be compared
        light = 3.0 if family == "flow_matching" else -6.0  # diffusion is asked for noise - data
        generator.transport.denoiser.get_parameter("last.bias").add_(light)
    particles = reference_conditions(calorimeter)[::11]
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.photons > 1000
    assert proof.rounded_apart < 1e-4 * proof.lit_pixels


@pytest.mark.parametrize("family", ["flow_matching", "diffusion", "latent_diffusion"])
def test_guidance_without_hidden_particles_is_one_clear_sentence(family: str) -> None:
    config, guided = CONFIGS / f"{family}.yaml", ["transport.guidance=0.5"]
    with pytest.raises(ValueError, match=r"guidance is 0\.5, but objective\.hidden_share is 0:"):
        load_experiment(config, guided)
    found = load_experiment(config, [*guided, "objective.hidden_share=0.1"])
    assert isinstance(found, TransportExperiment)
    assert found.transport.guidance == 0.5
