"""CorrVAE: properties, bridge and total correlation in closed form, and its training."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_corrvae import RESPONSES, normals, objective, untrained
from toy_networks import toy_bundle, toy_classifier
from toys import toy_conditions
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.evaluation.features import features
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.generation import batches, generate, steering
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.losses.total_correlation import total_correlation
from zdcsim.models.corrvae import Decoder
from zdcsim.models.properties import Bridge, properties
from zdcsim.objectives.corrvae import CorrVaeSettings
from zdcsim.objectives.schedule import ramp
from zdcsim.sample.batches import ResponseBatches

DECODERS: tuple[Decoder, ...] = ("convolutions", "kernels")


def test_properties_are_the_features_of_the_judgement() -> None:
    photons = RESPONSES.dense()
    found = properties(torch.from_numpy(photons)).numpy()
    total, x, y, _, occupancy, maximum = features(photons, ZN).T
    centre = np.stack([x, y], 1) / ZN.pitch + 22
    np.testing.assert_allclose(found[:, :2], centre, rtol=1e-4)
    np.testing.assert_allclose(found[:, 2:].T, [total, maximum, occupancy], rtol=1e-6)


def test_the_bridge_increases_and_is_inverted() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        bridge = Bridge()
    with torch.no_grad():
        bridge.first[:2], bridge.shift[:2] = 1.0, 0.0
        bridge.second[0], bridge.second[1] = 30.0, -30.0  # far beyond the norm that is allowed
    number = torch.linspace(-5, 5, 401)[:, None].repeat(1, 5)
    value = bridge(number)
    slope = (value[1:] - value[:-1]) / (number[1:] - number[:-1])
    assert slope.min() > 0.29 and slope.max() < 1.71
    assert slope[:, 0].max() > 1.69 and slope[:, 1].min() < 0.31
    torch.testing.assert_close(bridge.inverse(value), number, atol=2e-5, rtol=0)


def test_asked_properties_are_those_that_the_head_tells() -> None:
    generator = untrained()
    head, conditions = generator.head, generator.scaler(torch.from_numpy(RESPONSES.conditions))
    latent = 0.3 * normals(48, 6)  # light stays positive
    with torch.no_grad():
        numbers = latent @ head.matrix().T
        told = head(latent, conditions, head.mask())
        raw = told * head.scale.spread + head.scale.mean
        _, impact = head.features(generator.scaler.undo(conditions))
        values = torch.cat([raw[:, :2] + impact, torch.expm1(raw[:, 2:])], 1)
        torch.testing.assert_close(head.scaled(values, conditions), told, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(head.numbers(values, conditions), numbers, atol=1e-2, rtol=1e-2)


def test_the_mask_is_drawn_with_its_probability_and_passes_a_gradient() -> None:
    head = untrained().head
    uniform = torch.rand(4000, *head.openness.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        head.openness.fill_(-0.04)
    drawn = head.drawn_mask(uniform, 0.5)
    assert set(np.unique(drawn.detach().numpy().round(5))) == {0.0, 1.0}
    probability = 1 / (1 + math.exp(0.4))
    error = math.sqrt(probability * (1 - probability) / drawn.numel())
    assert head.mask_probability().mean().item() == pytest.approx(probability)
    assert drawn.mean().item() == pytest.approx(probability, abs=5 * error)
    torch.autograd.backward(drawn.sum())
    assert head.openness.grad is not None
    assert (head.openness.grad > 0).all()
    assert (head.mask() == 0).all()
    assert (head.matrix() == 0).all()


def test_latents_that_the_mask_closes_change_no_property() -> None:
    generator = untrained()
    conditions = generator.scaler(torch.from_numpy(RESPONSES.conditions[:4]))
    with torch.no_grad():
        generator.head.openness[:, 2] = -1.0
        latent = normals(4, 6)
        before = generator.head(latent, conditions, generator.head.mask())
        latent[:, 2] += 3
        after = generator.head(latent, conditions, generator.head.mask())
    assert torch.equal(before, after)


def slow_total_correlation(latent: Tensor, mean: Tensor, log_variance: Tensor) -> float:
    """Sums over responses, one by one, of densities in double precision."""
    z, m, v = (part.double().numpy() for part in (latent, mean, log_variance.exp()))
    total = 0.0
    for row in z:
        density = np.exp(-0.5 * (row - m) ** 2 / v) / np.sqrt(2 * np.pi * v)
        total += np.log(density.prod(1).mean()) - np.log(density.mean(0)).sum()
    return total / len(z)


def test_total_correlation_is_that_of_the_mixture() -> None:
    mean, log_variance = normals(20, 3, 1), 0.3 * normals(20, 3, 2)
    latent = mean + torch.exp(0.5 * log_variance) * normals(20, 3, 3)
    alone = [slice(k, k + 1) for k in range(3)]
    found = total_correlation(latent, mean, log_variance, alone).item()
    assert found == pytest.approx(slow_total_correlation(latent, mean, log_variance), rel=1e-4)
    whole = total_correlation(latent, mean, log_variance, [slice(0, 3)]).item()
    assert whole == pytest.approx(0, abs=1e-6)
    same = torch.zeros(20, 3)
    assert total_correlation(latent, same, same, alone).item() == pytest.approx(0, abs=1e-5)


def test_total_correlation_of_correlated_normal_latents() -> None:
    n, width = 3000, 0.3
    first = normals(n, 1, 4)
    mean = torch.cat([first, 0.8 * first + 0.6 * normals(n, 1, 5)], 1)
    log_variance = torch.full((n, 2), 2 * math.log(width))
    latent = mean + width * normals(n, 2, 6)
    correlation = 0.8 / (1 + width**2)
    expected = -0.5 * math.log(1 - correlation**2)
    found = total_correlation(latent, mean, log_variance, [slice(0, 1), slice(1, 2)]).item()
    # log(q / q q) has a spread of about the correlation, here of n draws
    assert found == pytest.approx(expected, abs=5 * correlation / math.sqrt(n))


def test_a_small_batch_makes_independent_numbers_seem_correlated() -> None:
    """As docs/generators.md has it, the less the more responses."""
    width, means = 0.3, []
    for batch in (64, 512):
        log_variance = torch.full((batch, 6), 2 * math.log(width))
        found = []
        for seed in range(0, 40, 2):
            mean = math.sqrt(1 - width**2) * normals(batch, 6, seed)
            latent = mean + width * normals(batch, 6, seed + 1)
            alone = [slice(k, k + 1) for k in range(6)]
            found.append(total_correlation(latent, mean, log_variance, alone).item())
        means.append(np.mean(found))
    assert means[0] == pytest.approx(2.9, abs=0.1)
    assert means[1] < 2


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_loss_falls_and_a_restored_objective_goes_on_alike(decoder: Decoder) -> None:
    batches = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)
    settings = CorrVaeSettings(divergence_by=10, consistency=0.1, ema=0.5)
    vae, other = objective(settings, decoder), objective(settings, decoder, seed=9)
    steps = [vae.step(batches(step)) for step in range(1, 31)]
    assert set(steps[0]) == {"response", "properties", "consistency", "divergence", "between",
                             "among", "mask", "expectation"}  # fmt: skip
    first, last = (sum(s["properties"] for s in part) for part in (steps[:5], steps[-5:]))
    assert last < 0.8 * first
    other.load_state_dict(copy.deepcopy(vae.state_dict()))
    assert other.step(batches(31)) == vae.step(batches(31))


def test_the_divergence_costs_in_full_from_the_step_of_its_name() -> None:
    """Losses with and without the term differ by the share of the divergence that is paid."""
    batch = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)(1)
    shares = []
    for done in (0, 3, 8, 9, 10):
        losses = []
        for weight in (0.0, 1.0):
            settings = CorrVaeSettings(divergence_by=10, divergence=weight, free_nats=0.0)
            vae = objective(settings)
            vae.steps = done
            loss, terms = vae.loss(vae.networks, batch)
            losses.append(loss.item())
        shares.append((losses[1] - losses[0]) / terms["divergence"].item())
    assert shares == pytest.approx([0.1, 0.4, 0.9, 1.0, 1.0], abs=0.02)
    assert [ramp(step, 0, 10) for step in (1, 4, 9, 10, 11)] == [0.1, 0.4, 0.9, 1.0, 1.0]
    assert [ramp(step, 5, 15) for step in (5, 6, 10, 14, 15)] == [0.0, 0.1, 0.5, 0.9, 1.0]


def test_every_part_learns() -> None:
    vae = objective(CorrVaeSettings(divergence_by=1, free_nats=0.0))
    before = {name: tensor.clone() for name, tensor in vae.networks.named_parameters()}
    for step in range(2):
        vae.step(ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)(step))
    assert [n for n, t in vae.networks.named_parameters() if torch.equal(before[n], t)] == []


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
@pytest.mark.parametrize("decoder", DECODERS)
def test_o2_reads_what_python_computes(
    decoder: Decoder, calorimeter: Calorimeter, tmp_path: Path
) -> None:
    generator = untrained(decoder, calorimeter)
    particles = reference_conditions(calorimeter)[::9]
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.responses == len(particles)


def test_a_bundle_gives_the_head_what_was_asked(tmp_path: Path) -> None:
    generator = untrained()
    particles = reference_conditions(ZN)[::9]
    write_bundle(generator, toy_classifier(), tmp_path / "b", {}, particles)
    bundle = read_bundle(tmp_path / "b")
    conditions = RESPONSES.conditions
    wanted = {"photon_sum": (60.0, 60.0), "center_x": (-np.inf, np.inf), "maximum": (5.0, 8.0)}
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((48, 10)).astype(np.float32)
    moved = steering(bundle).noise(conditions, noise, wanted, rng)
    assert np.array_equal(moved[:, 6:], noise[:, 6:])
    head, scaled = generator.head, generator.scaler(torch.from_numpy(conditions))
    with torch.no_grad():
        told = head(torch.from_numpy(moved[:, :6]), scaled, head.mask())
    raw = (told * head.scale.spread + head.scale.mean).numpy()
    np.testing.assert_allclose(np.expm1(raw[:, 2]), 60, rtol=1e-3)
    maximum = np.expm1(raw[:, 3])
    assert maximum.min() > 4.99 and maximum.max() < 8.01 and maximum.std() > 0.3
    assert np.isfinite(moved).all()


def test_other_bundles_choose_no_properties(tmp_path: Path) -> None:
    bundle = read_bundle(toy_bundle(tmp_path / "b"))
    with pytest.raises(ValueError, match="cannot choose properties; take a corrvae bundle"):
        steering(bundle)


def test_a_bundle_with_another_property_graph_is_refused(tmp_path: Path) -> None:
    particles = reference_conditions(ZN)[::19]
    write_bundle(untrained(), toy_classifier(), tmp_path / "b", {}, particles)
    with (tmp_path / "b" / "properties.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match=r"properties\.onnx is not the file"):
        read_bundle(tmp_path / "b")


def test_generate_takes_properties(tmp_path: Path) -> None:
    particles = reference_conditions(ZN)[::19]
    write_bundle(untrained(), toy_classifier(), tmp_path / "b", {}, particles)
    arguments = ["generate", "--model", str(tmp_path / "b"), "--particle", "neutron", "-n", "20",
                 "--out", str(tmp_path / "g.root")]  # fmt: skip
    wanted = ["--property", "photon_sum=500..900", "--property", "center_x=20"]
    done = CliRunner().invoke(app, [*arguments, *wanted])
    assert done.exit_code == 0, done.output
    told = tree.read(tmp_path / "g.root").provenance["wanted_properties"]
    assert told == {"photon_sum": [500.0, 900.0], "center_x": [20.0, 20.0]}


def test_python_takes_properties_as_the_command_does(tmp_path: Path) -> None:
    folder, conditions = tmp_path / "b", toy_conditions(30, np.random.default_rng(1))
    write_bundle(untrained(), toy_classifier(), folder, {}, conditions[:1])
    wanted = {"photon_sum": (500.0, 900.0)}
    found = generate(folder, conditions, 5, wanted=wanted)
    (batch,) = [made for _, made in batches(read_bundle(folder), conditions, 5, 30, wanted=wanted)]
    assert np.array_equal(found, batch)
    assert not np.array_equal(found, generate(folder, conditions, 5))
