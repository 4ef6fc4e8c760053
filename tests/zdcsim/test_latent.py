"""Flow matching and diffusion in the latent of the shower autoencoder, trained in two stages."""

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
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.latent import LatentMatching, LatentMatchingSettings
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training import load_experiment, load_generator, train

REPOSITORY = Path(__file__).parents[2]
RESPONSES = toy_responses(12, 4)
BATCHES = ResponseBatches(RESPONSES, 16, 1, 12, symmetries=True)
FAMILIES = ("latent_flow_matching", "latent_diffusion")
ALONE = Processes(0, 1, torch.device("cpu"))


def untrained(family: str, calorimeter: Calorimeter = ZN) -> LatentGenerator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = ShowerGenerator(calorimeter, hidden=16, kernels=4)
        denoiser = LatentDenoiser(calorimeter, 10, hidden=16)
    transport: Transport = (
        FlowTransport(denoiser, 1.0, steps=3)
        if family == "latent_flow_matching"
        else DiffusionTransport(denoiser, 1.0, steps=3)
    )
    generator = LatentGenerator(decoder, transport)
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    return generator.eval()


def objective(settings: LatentMatchingSettings) -> LatentMatching:
    generator = untrained("latent_flow_matching")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        encoder = ShowerEncoder(ZN, generator.scaler, hidden=16, widths=(4, 4, 4))
    return LatentMatching(generator, encoder, settings, ALONE)


def weights(objective: LatentMatching) -> tuple[torch.Tensor, torch.Tensor]:
    found = objective.weights()
    return found["decoder.layers.0.weight"].clone(), found[
        "transport.denoiser.layers.0.weight"
    ].clone()


def test_first_the_autoencoder_learns_and_then_the_transport() -> None:
    matching = objective(LatentMatchingSettings(autoencoder_steps=2))
    before = weights(matching)
    assert (
        set(matching.step(BATCHES(1))) == set(matching.step(BATCHES(2))) == {"counts", "divergence"}
    )
    between = weights(matching)
    assert not torch.equal(between[0], before[0])
    assert torch.equal(between[1], before[1])
    assert set(matching.step(BATCHES(3))) == {"matching"}
    after = weights(matching)
    assert torch.equal(after[0], between[0])
    assert not torch.equal(after[1], between[1])


def test_the_transport_learns_and_a_restored_objective_goes_on_alike() -> None:
    settings = LatentMatchingSettings(
        autoencoder_steps=1, ema=0.5, optimiser=AdamSettings(learning_rate=1e-2)
    )
    matching = objective(settings)
    matching.step(BATCHES(1))
    losses = [matching.step(BATCHES(2))["matching"] for _ in range(60)]
    assert losses[-1] < 0.8 * losses[0]
    other = objective(settings)
    other.load_state_dict(copy.deepcopy(matching.state_dict()))
    assert other.step(BATCHES(3)) == matching.step(BATCHES(3))
    assert all(torch.equal(other.weights()[k], w) for k, w in matching.weights().items())


def test_latents_are_drawn_around_what_the_averaged_encoder_finds() -> None:
    matching, batch = objective(LatentMatchingSettings()), BATCHES(1)
    latent, noise, chance = matching.latents(batch)
    conditions = matching.generator.scaler(batch.conditions)
    mean, log_variance = matching.encoder(batch.log_photons, conditions)
    pull = (latent - mean) / torch.exp(0.5 * log_variance)
    torch.testing.assert_close(pull, batch.noise[:, 0, :10], atol=1e-4, rtol=1e-4)
    assert torch.equal(noise, batch.noise[:, 1, :10])
    assert torch.equal(chance, batch.noise[:, 0, 10:])
    networks = matching.autoencoder.averages
    assert matching.average.decoder is networks[0]
    assert matching.encoder is networks[1]


def test_counts_are_those_of_the_moved_latent_and_the_noise_that_was_drawn() -> None:
    generator = untrained("latent_flow_matching")
    scaled = generator.scaler(torch.from_numpy(RESPONSES.conditions[::8]))
    noise = torch.randn(len(scaled), 10, generator=torch.Generator().manual_seed(1))
    latent = generator.latent(noise, scaled)
    assert not torch.allclose(latent, noise, atol=0.1)
    light, clustering = generator.decoder.light(latent, scaled)
    expected = generator.decoder.drawn(light, clustering, noise)
    assert torch.equal(generator.counts(noise, scaled), expected)
    assert torch.equal(generator(noise, scaled), torch.log(1 + expected))


@pytest.mark.parametrize("family", FAMILIES)
def test_both_stages_train_from_the_settings_and_the_first_is_never_validated(
    family: str, tmp_path: Path
) -> None:
    config = REPOSITORY / "configs" / "zdcsim" / f"{family}.yaml"
    small = ["training.steps=8", "training.validate_every=2", "training.batch=8",
             "tracking.enabled=false", "objective.autoencoder_steps=4"]  # fmt: skip
    with pytest.raises(ValueError, match=r"validate_from is 3, in the first stage, .* step 4"):
        train(load_experiment(config, [*small, "training.validate_from=3"]), RESPONSES, tmp_path)
    settings = load_experiment(config, [*small, "training.validate_from=4"])
    done = train(settings, RESPONSES, tmp_path / "run")
    assert done.best_step > 4
    assert isinstance(load_generator(tmp_path / "run"), LatentGenerator)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
@pytest.mark.parametrize("family", FAMILIES)
def test_o2_draws_the_counts_that_python_draws(
    family: str, calorimeter: Calorimeter, tmp_path: Path
) -> None:
    generator = untrained(family, calorimeter)
    particles = reference_conditions(calorimeter)[::11]
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.photons > 3000
    assert proof.rounded_apart <= 1e-4 * proof.photons
