"""Flow matching and diffusion in the latent of the shower autoencoder, trained in two stages."""

import copy
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from scipy import stats
from toy_networks import toy_classifier
from toys import toy_conditions, toy_responses

from detcore.distributed import Processes
from zdcsim.export.graph import write_generator
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io.bundle import read_manifest
from zdcsim.losses.counts import count_loss
from zdcsim.models.denoiser import time_features
from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.sampler import followed, sampler
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator
from zdcsim.models.transport import Transport
from zdcsim.objectives.latent import LatentMatching, LatentMatchingSettings, noise_numbers
from zdcsim.objectives.optimiser import AdamSettings
from zdcsim.objectives.shower_vae import ShowerVaeSettings
from zdcsim.sample.batches import ResponseBatches
from zdcsim.training import load_experiment, load_generator, train, validated

REPOSITORY = Path(__file__).parents[2]
RESPONSES = toy_responses(12, 4)
DRAWN = noise_numbers(10, LatentMatchingSettings())
BATCHES = ResponseBatches(RESPONSES, 16, 1, DRAWN, symmetries=True)
PLAIN = LatentMatchingSettings(autoencoder=ShowerVaeSettings(draws=1))
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


@pytest.mark.parametrize(("stage", "decay"), [("decoder", 0.8), ("transport", 0.9)])
@pytest.mark.parametrize("averaged", [True, False])
def test_the_average_follows_the_part_that_learns(stage: str, decay: float, averaged: bool) -> None:
    autoencoder = ShowerVaeSettings(ema=0.8 if averaged else None)
    matching = objective(
        LatentMatchingSettings(
            autoencoder_steps=1, autoencoder=autoencoder, ema=0.9 if averaged else None
        )
    )
    matching.steps = 1 if stage == "transport" else 0
    before = {name: weight.clone() for name, weight in matching.weights().items()}
    matching.step(BATCHES(1))
    now, kept = matching.generator.state_dict(), decay if averaged else 0.0
    for name, weight in matching.weights().items():
        torch.testing.assert_close(weight, kept * before[name] + (1 - kept) * now[name])
    moved = {name.split(".")[0] for name, weight in now.items()
             if not torch.equal(weight, before[name])}  # fmt: skip
    assert moved == {stage}


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


def test_latents_are_those_that_explain_the_response_among_draws_of_the_averaged_encoder() -> None:
    matching, batch = objective(LatentMatchingSettings()), BATCHES(1)
    latent, noise, chance = matching.latents(batch)
    decoder, encoder = matching.autoencoder.averages
    assert isinstance(decoder, ShowerGenerator)
    assert matching.average.decoder is decoder
    conditions = matching.generator.scaler(batch.conditions)
    with torch.no_grad():
        mean, log_variance = encoder(batch.log_photons, conditions)
        decoder.requires_grad_(requires_grad=False)
    counts, spread = torch.expm1(batch.log_photons).round(), torch.exp(0.5 * log_variance)
    logs, draws = [], []
    for k in range(10):
        draws.append(mean + spread * batch.noise[:, 0, 10 * k : 10 * k + 10])
        explained = -count_loss(counts, *decoder.light(draws[-1], conditions))
        prior, posterior = (
            torch.from_numpy(stats.norm.logpdf(*(each.numpy() for each in law)).sum(1))
            for law in ((draws[-1],), (draws[-1], mean, spread))
        )
        logs.append(explained + prior - posterior)
    shares = torch.stack(logs).double().softmax(0).cumsum(0)
    chosen = (shares < torch.special.ndtr(batch.noise[:, 0, 102]).double()).sum(0)
    assert len(torch.unique(chosen)) > 1
    expected = torch.stack(draws)[chosen, torch.arange(16)]
    torch.testing.assert_close(latent, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(noise, batch.noise[:, 1, :10])
    assert torch.equal(chance, batch.noise[:, 0, 100:102])


def test_a_single_latent_is_the_encoders_own() -> None:
    numbers = noise_numbers(10, PLAIN)
    matching, batch = (
        objective(PLAIN),
        ResponseBatches(RESPONSES, 16, 1, numbers, symmetries=True)(1),
    )
    latent, _, chance = matching.latents(batch)
    encoder = matching.autoencoder.averages[1]
    mean, log_variance = encoder(batch.log_photons, matching.generator.scaler(batch.conditions))
    pull = (latent - mean) / torch.exp(0.5 * log_variance)
    torch.testing.assert_close(pull, batch.noise[:, 0, :10], atol=1e-4, rtol=1e-4)
    assert torch.equal(chance, batch.noise[:, 0, 10:12])


def test_the_loss_that_validates_is_that_of_all_held_out_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matching, numbers = objective(PLAIN), noise_numbers(10, PLAIN)
    # It finds nothing, so that the loss is the size of latent - noise.
    transport, encoder = matching.average.transport, matching.autoencoder.averages[1]
    monkeypatch.setattr(transport, "found", lambda mixture, *_: torch.zeros_like(mixture))
    monkeypatch.setattr(validated, "CHUNK", 20)  # the last chunk is smaller
    expected = []
    for draw in range(3):
        shape = (len(RESPONSES), 2, numbers)
        noise = np.random.default_rng(5 + draw).standard_normal(shape, np.float32)
        conditions = matching.generator.scaler(torch.from_numpy(RESPONSES.conditions))
        light = torch.log1p(torch.from_numpy(RESPONSES.dense()).float())
        with torch.no_grad():
            mean, log_variance = (each.numpy() for each in encoder(light, conditions))
        latent = mean + np.exp(0.5 * log_variance) * noise[:, 0, :10]
        expected.append(np.square(latent - noise[:, 1, :10]).mean())
    loss = validated.by_matching(numbers, 5)(RESPONSES, matching, 3)
    assert loss() == pytest.approx(np.mean(expected), rel=1e-5)
    assert loss() == loss()


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
             "tracking.enabled=false", "objective.autoencoder_steps=4",
             "objective.autoencoder={divergence_from: 0, divergence_by: 1}"]  # fmt: skip
    with pytest.raises(ValueError, match=r"validate_from is 3, in the first stage, .* step 4"):
        load_experiment(config, [*small, "training.validate_from=3"])
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


def test_the_first_layer_taken_apart_is_the_layer(rng: np.random.Generator) -> None:
    denoiser = untrained("latent_flow_matching").transport.denoiser
    assert isinstance(denoiser, LatentDenoiser)
    particles = torch.from_numpy(toy_conditions(7, rng))
    mixture = torch.from_numpy(rng.standard_normal((7, 10)).astype(np.float32))
    times = torch.from_numpy(rng.uniform(size=(7, 1)).astype(np.float32))
    with torch.no_grad():
        features, _ = denoiser.features(particles)
        for time in (times, times[:1]):
            every = time_features(time).expand(7, -1)
            expected = denoiser.layers(torch.cat([mixture, every, features], 1))
            found = denoiser(mixture, time, denoiser.known(particles))
            assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_times_of_the_sampler_are_constants_of_the_graph(family: str, tmp_path: Path) -> None:
    """A step costs the network alone; a time for each row would cost a dozen nodes of its own."""
    for steps in (2, 6):
        taken = followed(untrained(family), steps)
        write_generator(tmp_path / f"{steps}.onnx", taken, {})
    few, many = (operators(tmp_path / f"{steps}.onnx") for steps in (2, 6))
    assert many["Gemm"] + many["MatMul"] > few["Gemm"] + few["MatMul"] + 8
    for kind in ("Sin", "Cos", "Shape", "ConstantOfShape", "Concat"):
        assert many[kind] == few[kind]


def operators(path: Path) -> Counter[str]:
    """Kinds of nodes that ONNX Runtime is left with once it has computed what is constant."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path.with_suffix(".optimised.onnx"))
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    graph = onnx.load(options.optimized_model_filepath).graph
    return Counter(node.op_type for node in graph.node)


def test_steps_are_chosen_after_the_training(tmp_path: Path) -> None:
    flow, diffusion = map(untrained, FAMILIES)
    assert sampler(flow) == {"method": "heun", "steps": 3, "evaluations": 5}
    taken = followed(flow, 4, "euler")
    assert sampler(taken) == {"method": "euler", "steps": 4, "evaluations": 4}
    assert sampler(flow) == {"method": "heun", "steps": 3, "evaluations": 5}
    assert sampler(followed(diffusion, 7)) == {"method": "ddim", "steps": 7, "evaluations": 7}
    write_bundle(taken, toy_classifier(), tmp_path / "b", {}, reference_conditions(ZN)[::23])
    assert read_manifest(tmp_path / "b")["generator"]["sampler"] == sampler(taken)
    noise = torch.from_numpy(np.random.default_rng(2).standard_normal((5, 10)).astype(np.float32))
    same = flow.scaler(torch.from_numpy(toy_conditions(5, np.random.default_rng(4))))
    with torch.no_grad():
        fine, close, far = (
            followed(flow, steps).latent(noise, same)  # type: ignore[operator]
            for steps in (64, 16, 2)
        )
    assert (close - fine).abs().mean() < (far - fine).abs().mean()


def test_what_has_no_sampler_has_no_steps_to_choose() -> None:
    flow, diffusion = map(untrained, FAMILIES)
    with pytest.raises(ValueError, match="answers in one step"):
        followed(flow.decoder, 3)
    with pytest.raises(ValueError, match="at least 1 step; got 0"):
        followed(flow, 0)
    with pytest.raises(ValueError, match="followed by DDIM"):
        followed(diffusion, integrator="heun")
    assert sampler(flow.decoder) is None
