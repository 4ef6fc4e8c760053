"""Kernels, counts and noise of the shower autoencoder against closed forms, and its training."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import stats
from torch import Tensor
from toy_networks import toy_classifier
from toys import toy_conditions, toy_responses

from detcore.distributed import Processes
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.export.verification import compare_drawn
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.losses.counts import count_loss
from zdcsim.losses.divergence import divergence, with_free_bits
from zdcsim.losses.importance import importance_bound, importance_weights, resampled
from zdcsim.models.fibre_noise import ROWS, TABLES, FibreNoise
from zdcsim.models.kernels import FibreLattice
from zdcsim.models.photo_statistics import SMALL, TERMS, drawn_counts
from zdcsim.models.shower_vae import ShowerEncoder, ShowerGenerator, ShowerMoments
from zdcsim.objectives.shower_vae import ShowerVae, ShowerVaeSettings
from zdcsim.sample.batches import ResponseBatches

ALONE = Processes(0, 1, torch.device("cpu"))
RESPONSES = toy_responses(particles=12, copies=4)


def untrained(calorimeter: Calorimeter = ZN) -> tuple[ShowerGenerator, ShowerEncoder]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = ShowerGenerator(calorimeter, hidden=16, kernels=4)
        encoder = ShowerEncoder(calorimeter, generator.scaler, hidden=16, widths=(4, 4, 4))
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    return generator.eval(), encoder.eval()


def normals(rows: int, columns: int, seed: int = 1) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_kernels_are_products_of_normal_densities(calorimeter: Calorimeter) -> None:
    light = torch.tensor([[30.0, 7.0]])
    centres = torch.tensor([[20.3, 5.0, 11.8, 16.5]])
    widths = torch.tensor([[1.5, 0.4, 2.0, 9.0]])
    found = FibreLattice(calorimeter, 2)(light, centres, widths.log())[0].numpy()
    x, y = np.arange(calorimeter.nx) + 0.5, np.arange(calorimeter.ny) + 0.5
    expected = sum(
        float(light[0, k])
        * stats.norm.pdf(x, float(centres[0, k]), float(widths[0, k]))[:, None]
        * stats.norm.pdf(y, float(centres[0, 2 + k]), float(widths[0, 2 + k]))[None]
        for k in range(2)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_a_kernel_inside_the_face_keeps_its_light() -> None:
    inside = FibreLattice(ZN, 1)(
        torch.tensor([[500.0]]), torch.tensor([[21.7, 24.1]]), torch.tensor([[2.0, 2.5]]).log()
    )
    assert float(inside.sum()) == pytest.approx(500.0, rel=1e-5)


@pytest.mark.parametrize("expected", [1e-4, 0.3, 1.0, SMALL, 1.51, 4.0, 30.0, 800.0])
@pytest.mark.parametrize("clustering", [0.01, 0.1, 0.5])
def test_counts_are_quantiles_of_the_negative_binomial(expected: float, clustering: float) -> None:
    probability = (np.arange(20_000) + 0.5) / 20_000
    found = drawn_counts(
        torch.full((1, 1, 20_000), expected),
        torch.tensor([[[clustering]]]),
        torch.from_numpy(probability.astype(np.float32))[None, None],
        torch.from_numpy(stats.norm.ppf(probability).astype(np.float32))[None, None],
    )[0, 0].numpy()
    clusters = expected / clustering
    truth = stats.nbinom.ppf(probability, clusters, 1 / (1 + clustering))
    # The sum ends at eight counts; the expansion is at its worst where it begins.
    assert (found != truth).mean() < 0.015
    assert np.abs(found - truth).mean() < 0.015
    assert found.mean() == pytest.approx(truth.mean(), rel=7e-3, abs=1e-4)
    assert found.var() == pytest.approx(truth.var(), rel=0.025, abs=1e-4)


@pytest.mark.parametrize(
    ("clustering", "mean", "variance"), [(0.5, 0.9985, 0.985), (1.0, 0.993, 0.943)]
)
def test_counts_that_are_cut_lose_light_as_documented(
    clustering: float, mean: float, variance: float
) -> None:
    n = np.arange(500)
    chance = stats.nbinom.pmf(n, SMALL / clustering, 1 / (1 + clustering))
    cut = np.minimum(n, TERMS)
    left = chance @ cut / SMALL
    assert left == pytest.approx(mean, abs=5e-4)
    spread = (chance @ cut**2 - (left * SMALL) ** 2) / (SMALL * (1 + clustering))
    assert spread == pytest.approx(variance, abs=5e-4)
    uniform = torch.from_numpy((np.arange(100_000) + 0.5).astype(np.float32) / 100_000)[None, None]
    found = drawn_counts(
        torch.full_like(uniform, SMALL),
        torch.tensor([[[clustering]]]),
        uniform,
        torch.special.ndtri(uniform),
    ).double()
    assert found.mean() / SMALL == pytest.approx(left, abs=1e-4)
    assert found.var() / (SMALL * (1 + clustering)) == pytest.approx(spread, abs=1e-3)


def test_fibre_noise_is_uniform_normal_and_independent() -> None:
    responses, fibres = 3000, 1680
    noise = normals(responses, 10)
    uniform, normal = (part[:, 0].numpy() for part in FibreNoise(10, fibres)(noise))
    assert uniform.shape == normal.shape == (responses, fibres)
    assert uniform.min() >= 0 and uniform.max() < 1
    share = np.histogram(uniform, 20, (0, 1))[0] / uniform.size * 20
    # Five errors, as if a table's 8192 numbers were all there are of independent ones.
    assert np.abs(share - 1).max() < 5 * np.sqrt(20 / 8192)
    assert normal.mean() == pytest.approx(0, abs=5e-3)
    assert normal.var() == pytest.approx(1, abs=5 * np.sqrt(2 / 8192))
    assert stats.kurtosis(normal, axis=None) == pytest.approx(0, abs=5 * np.sqrt(24 / 8192))
    for numbers in (uniform, normal):
        between_fibres = np.corrcoef(numbers[:, :200].T)[np.triu_indices(200, 1)]
        between_responses = np.corrcoef(numbers[:200])[np.triu_indices(200, 1)]
        assert np.abs(between_fibres).max() < 6 / np.sqrt(responses)
        assert between_fibres.std() * np.sqrt(responses) == pytest.approx(1, abs=0.1)
        assert between_responses.std() * np.sqrt(fibres) == pytest.approx(1, abs=0.1)
        with_latent = np.corrcoef(noise.numpy().T, numbers[:, :50].T)[:10, 10:]
        assert np.abs(with_latent).max() < 5 / np.sqrt(responses)


def test_rows_of_fibre_noise_are_as_many_and_as_unrelated_as_three_tables_allow() -> None:
    responses, few = 400_000, 30_000
    rows = FibreNoise(10, 1936).rows(normals(responses, 10)).numpy()
    for table in rows.T:
        seen = np.histogram(table, ROWS, (0, ROWS))[0]
        fit = np.square(seen / responses * ROWS - 1).sum() * responses / ROWS
        assert fit == pytest.approx(ROWS - 1, abs=5 * np.sqrt(2 * ROWS))
    # Triples that occur twice, and pairs of responses that read the same sequence from two places.
    same = responses - len(np.unique(rows @ [1, ROWS, ROWS**2]))
    expected = responses**2 / 2 / ROWS**3
    assert same == pytest.approx(expected, abs=5 * np.sqrt(expected))
    apart = np.diff(rows[:few], axis=1) % ROWS
    shared = np.unique(apart @ [1, ROWS], return_counts=True)[1]
    expected = few**2 / 2 / ROWS**2
    pairs = (shared * (shared - 1) // 2).sum()
    assert pairs == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_the_last_digits_of_any_normal_number_changes_the_fibre_noise() -> None:
    table, noise = FibreNoise(10, 100), normals(1, 10)
    rows = table.rows(noise)
    assert rows.shape == (1, TABLES)
    for k in range(10):
        other = noise.clone()
        other[0, k] += 1.2e-7
        assert not torch.equal(table.rows(other), rows), k
    assert torch.equal(table.rows(noise.clone()), rows)


def test_the_count_loss_is_minus_the_log_likelihood() -> None:
    rng = np.random.default_rng(4)
    expected = rng.uniform(0.01, 40, (3, 6, 5))
    clustering = np.array([0.05, 0.3, 2.0])[:, None]
    counts = rng.poisson(expected)
    each = stats.nbinom.logpmf(
        counts, expected / clustering[:, :, None], 1 / (1 + clustering[:, :, None])
    )
    found = count_loss(*(torch.from_numpy(a).double() for a in (counts, expected, clustering)))
    assert found.tolist() == pytest.approx(-each.sum((1, 2)), rel=1e-9)


def test_the_divergence_is_that_of_normal_distributions() -> None:
    mean, log_variance = normals(50, 4), normals(50, 4, seed=2)
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    prior = torch.distributions.Normal(torch.zeros(50, 4), torch.ones(50, 4))
    expected = torch.distributions.kl_divergence(posterior, prior).mean(0)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert float(with_free_bits(torch.tensor([0.05, 0.4]), 0.1)) == pytest.approx(0.5)


def linear_model(
    n: torch.Tensor, draws: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """n = z + e, z and e standard normal: latents of a poor encoder, their weights, -log p(n | z).

    Arguments:
        n: Shape (B,).
        draws: Standard normal, shape (K, B, 1).
    """
    log_spread = torch.full((len(n), 1), np.log(0.9))
    latent = 0.4 * n[:, None] + torch.exp(log_spread) * draws
    unlikely = 0.5 * (n - latent[..., 0]) ** 2 + 0.5 * np.log(2 * np.pi)
    return latent, importance_weights(unlikely, latent, draws, log_spread), unlikely


def test_the_importance_bound_is_the_likelihood_of_a_linear_model() -> None:
    # -log p(n) = n^2 / 4 + log(4 pi) / 2.
    n, draws = torch.tensor([0.3, -2.0]), normals(200_000, 2).unsqueeze(2)
    latent, weights, unlikely = linear_model(n, draws)
    truth = n**2 / 4 + 0.5 * np.log(4 * np.pi)
    torch.testing.assert_close(importance_bound(weights), truth.float(), atol=0.01, rtol=0)
    elbo = unlikely[0] + 0.5 * (latent[0, :, 0] ** 2 - draws[0, :, 0] ** 2) - np.log(0.9)
    torch.testing.assert_close(importance_bound(weights[:1]), elbo.float())


def test_resampled_latents_have_the_posterior_law_of_a_linear_model() -> None:
    # p(z | n) is normal around n / 2 with variance 1 / 2; the encoder says 0.4 n and 0.81.
    responses, draws = 40_000, 50
    n = torch.full((responses,), -2.0)
    latent, weights, _ = linear_model(n, normals(draws, responses).unsqueeze(2))
    uniform = torch.rand(responses, generator=torch.Generator().manual_seed(3))
    found = resampled(latent, weights, uniform)[:, 0].double()
    # A share of about 1 / K of the encoder's law is left: 0.2 / K and 0.3 / K.
    assert float(found.mean()) == pytest.approx(-1, abs=5 * np.sqrt(0.5 / responses) + 0.01)
    assert float(found.var()) == pytest.approx(0.5, abs=5 * 0.5 * np.sqrt(2 / responses) + 0.01)
    assert torch.equal(resampled(latent[:1], weights[:1], uniform), latent[0])


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_drawn_counts_have_the_expected_light(calorimeter: Calorimeter) -> None:
    generator, _ = untrained(calorimeter)
    particle = torch.from_numpy(toy_conditions(1, np.random.default_rng(5), calorimeter))
    scaled, latent = generator.scaler(particle), normals(1, 10)
    with torch.no_grad():
        expected, clustering = generator.light(latent, scaled)
        # The same shower every time: only the lower digits differ, and with them the counts.
        noise = latent + torch.arange(1, 2001)[:, None] * 2e-7
        counts = generator.counts(noise, scaled.expand(2000, -1))
    total, light = counts.sum((1, 2)).double(), float(expected.sum())
    variance = light * (1 + float(clustering))
    assert float(total.mean()) == pytest.approx(
        light, abs=5 * np.sqrt(variance / 2000) + 0.01 * light
    )
    assert torch.equal(counts, counts.round())
    assert len(torch.unique(total)) > 20


def test_the_logarithm_of_the_counts_is_what_forward_gives() -> None:
    generator, _ = untrained()
    scaled = generator.scaler(torch.from_numpy(RESPONSES.conditions[:4]))
    torch.testing.assert_close(
        torch.expm1(generator(normals(4, 10), scaled)), generator.counts(normals(4, 10), scaled)
    )


def test_moments_of_a_point_are_its_place() -> None:
    photons = torch.zeros(1, *ZN.shape)
    photons[0, 30, 12] = 100.0
    found = ShowerMoments(ZN)(photons, torch.tensor([1000.0]), torch.tensor([[24.5, 18.5]]))[0]
    log_light = 2 * np.log(101 / 330)
    assert found.tolist() == pytest.approx(
        [log_light, np.log(101) / 4, 2.0, -2.0, np.hypot(6, 6) / 3, 3.0, 10 / 44**2], rel=1e-5
    )


def objective(settings: ShowerVaeSettings) -> ShowerVae:
    return ShowerVae(*untrained(), settings, ALONE)


def test_a_divergence_in_full_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="up to step 500 and in full from step 500; set"):
        ShowerVaeSettings(divergence_from=500, divergence_by=500)
    assert ShowerVaeSettings(divergence_from=499, divergence_by=500).divergence_by == 500


@pytest.mark.parametrize(("steps", "share"), [(0, 0.0), (3, 0.25), (7, 0.75), (20, 1.0)])
def test_the_loss_is_the_counts_of_a_draw_and_the_share_of_the_divergence(
    steps: int, share: float
) -> None:
    vae = objective(ShowerVaeSettings(divergence_from=2, divergence_by=10, free_nats=0.2, draws=1))
    batch, (generator, encoder) = ResponseBatches(RESPONSES, 16, 1, 10, True)(1), vae.networks
    assert isinstance(generator, ShowerGenerator)
    encoder.state_dict()["posterior.3.bias"][10:14] = -3.0
    vae.steps = steps
    loss, terms = vae.loss(vae.networks, batch)
    conditions = (batch.conditions - generator.scaler.mean) / generator.scaler.scale
    mean, log_variance = encoder(batch.log_photons, conditions)
    drawn = mean + torch.exp(log_variance / 2) * batch.noise[:, 0]
    counts = torch.expm1(batch.log_photons).round()
    unlikely = count_loss(counts, *generator.light(drawn, conditions)).mean()
    apart = divergence(mean, log_variance)
    assert 0 < (apart > 0.2).sum() < 10
    torch.testing.assert_close(loss - unlikely, share * apart.clamp(min=0.2).sum(), rtol=1e-3,
                               atol=1e-6 * float(unlikely.detach()))  # fmt: skip
    torch.testing.assert_close(terms["counts"], unlikely)
    torch.testing.assert_close(terms["divergence"], apart.sum())


def test_the_bound_falls_and_a_restored_objective_goes_on_alike() -> None:
    batches = ResponseBatches(RESPONSES, 16, 1, 40, symmetries=True)
    ordered = next(ResponseBatches(RESPONSES, 48, 1, 10, symmetries=False).in_order())
    settings = ShowerVaeSettings(divergence_from=5, divergence_by=15, ema=0.5, draws=4)
    vae = objective(settings)
    before = vae.bound(ordered, 3)
    shares, terms = [], []
    for step in range(1, 31):
        shares.append(vae.share(step - 1))
        terms.append(set(vae.step(batches(step))))
    assert shares[:6] == [0.0] * 6
    assert shares[10] == pytest.approx(0.5)
    assert shares[15:] == [1.0] * 15
    assert terms == [{"counts", "divergence"}] * 15 + [{"bound"}] * 15
    assert vae.bound(ordered, 3) == vae.bound(ordered, 3) < before - 10
    other = objective(settings)
    other.load_state_dict(copy.deepcopy(vae.state_dict()))
    assert other.step(batches(31)) == vae.step(batches(31))
    assert other.bound(ordered, 3) == vae.bound(ordered, 3)


def test_the_last_stage_descends_the_bound_that_validates() -> None:
    settings = ShowerVaeSettings(divergence_by=1, divergence_from=0, ema=None, draws=7)
    vae = objective(settings)
    # The draws that validate, as a batch's noise.
    drawn = normals(7 * 16, 10).reshape(7, 16, 10).transpose(0, 1).flatten(1)
    batch = ResponseBatches(RESPONSES, 16, 1, 70, symmetries=False)(0)
    batch = replace(batch, noise=drawn[:, None])
    vae.steps = 1
    expected = vae.bound(batch, 7)
    assert vae.step(batch)["bound"] == pytest.approx(expected, rel=1e-6)
    usual = objective(ShowerVaeSettings(divergence_by=1, divergence_from=0, ema=None, draws=1))
    usual.steps = 1
    assert set(usual.step(batch)) == {"counts", "divergence"}


def test_processes_that_share_a_batch_draw_what_one_alone_would() -> None:
    settings = ShowerVaeSettings(divergence_by=1, divergence_from=0, ema=None, draws=3)
    batch = ResponseBatches(RESPONSES, 16, 1, 30, symmetries=True)(5)
    bounds = []
    for part in (batch, batch.part(0, 2), batch.part(1, 2)):
        vae = objective(settings)
        vae.steps = 5
        bounds.append(vae.step(part)["bound"])
    assert bounds[0] == pytest.approx((bounds[1] + bounds[2]) / 2, rel=1e-5)
    other = objective(settings)
    other.steps = 5
    again = ResponseBatches(RESPONSES, 16, 1, 30, symmetries=True)(5)
    assert other.step(replace(again, noise=again.noise.flip(0)))["bound"] != bounds[0]


@pytest.mark.parametrize("draws", [1, 3])
def test_every_part_learns(draws: int) -> None:
    settings = ShowerVaeSettings(divergence_from=0, divergence_by=1, free_nats=0.0, draws=draws)
    vae = objective(settings)
    before = {name: tensor.clone() for name, tensor in vae.networks.named_parameters()}
    for step in range(2):
        vae.step(ResponseBatches(RESPONSES, 16, 1, 10 * draws, symmetries=True)(step))
    still = [n for n, t in vae.networks.named_parameters() if torch.equal(before[n], t)]
    assert still == []


def test_rows_in_order_are_the_sample() -> None:
    parts = list(ResponseBatches(RESPONSES, 10, 1, 10, symmetries=False).in_order())
    assert [len(part.conditions) for part in parts] == [10, 10, 10, 10, 8]
    photons = torch.cat([torch.expm1(part.log_photons) for part in parts])
    np.testing.assert_allclose(photons.numpy(), RESPONSES.dense(), atol=1e-3)
    again = next(ResponseBatches(RESPONSES, 10, 1, 10, symmetries=False).in_order())
    assert torch.equal(parts[0].noise, again.noise)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_o2_draws_the_counts_that_python_draws(calorimeter: Calorimeter, tmp_path: Path) -> None:
    generator, _ = untrained(calorimeter)
    particles = reference_conditions(calorimeter)[::5]
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.photons > 10_000
    assert proof.rounded_apart <= 1e-4 * proof.photons


def test_a_bundle_that_draws_other_counts_is_refused() -> None:
    torch_counts = np.random.default_rng(1).poisson(3.0, (40, *ZN.shape)).astype(np.float64)
    graph_counts = torch_counts.astype(np.int32)
    assert compare_drawn(torch_counts, graph_counts, 1) == 0
    graph_counts[0, 0, :5] += 1
    assert compare_drawn(torch_counts, graph_counts, 1) == 5
    few = graph_counts.copy()
    few[1, 1, 1] += 2
    with pytest.raises(ValueError, match=r"draw different counts at batch 7: 6 of .* by up to 2"):
        compare_drawn(torch_counts, few, 7)
    graph_counts[2] += 1
    with pytest.raises(ValueError, match=r"1941 of 77440 fibres differ, by up to 1; at most 24"):
        compare_drawn(torch_counts, graph_counts, 1)
