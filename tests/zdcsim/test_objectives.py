"""One training step: each term learns, is switched off, and meets its own particle's targets."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import toy_responses

from detcore.distributed import Processes
from zdcsim.conditions import PX, PY, PZ
from zdcsim.geometry import ZN
from zdcsim.losses.adversarial import AdversarialForm, discriminator_loss, generator_loss
from zdcsim.losses.diversity import diversity_loss
from zdcsim.losses.intensity import IntensityForm, intensity_loss
from zdcsim.losses.position import position_loss
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.models.signal import SignalClassifier
from zdcsim.objectives.optimiser import AdamSettings, Player, follow, judging
from zdcsim.objectives.sdi_gan import Quantisation, SdiGan, SdiGanSettings, rounded
from zdcsim.objectives.signal import Signal, SignalObjectiveSettings
from zdcsim.sample.batches import Batch, ResponseBatches, SignalBatch
from zdcsim.sample.diversity import diversity_weights
from zdcsim.sample.position import shower_position

ALONE = Processes(0, 1, torch.device("cpu"))
FULL = SdiGanSettings(diversity=0.1, intensity=0.1, position=1e-3)
RESPONSES = toy_responses(particles=12, copies=4)


def batches(size: int = 8, symmetries: bool = True) -> ResponseBatches:
    return ResponseBatches(RESPONSES, size, 1, 10, symmetries)


def objective(settings: SdiGanSettings, seed: int = 0) -> SdiGan:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = SdiGanGenerator(ZN, hidden=16, widths=(8, 4, 4))
        discriminator = SdiGanDiscriminator(ZN, generator.scaler, hidden=8, widths=(4, 4, 4))
        regressor = PositionRegressor(ZN, hidden=8, widths=(4, 4, 4))
    generator.scaler.fit(torch.from_numpy(RESPONSES.conditions))
    return SdiGan(generator, discriminator, regressor, settings, ALONE)


def copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def moved(before: dict[str, Tensor], network: nn.Module) -> bool:
    return any(not torch.equal(before[n], t) for n, t in network.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        (SdiGanSettings(), set()),
        (SdiGanSettings(diversity=0.0, intensity=0.0, position=0.0), set()),
        (SdiGanSettings(diversity=0.1), {"diversity"}),
        (SdiGanSettings(intensity=0.1), {"intensity"}),
        (SdiGanSettings(position=0.1), {"position", "regressor"}),
        (SdiGanSettings(gradient_penalty=0.1), {"gradient_penalty"}),
        (FULL, {"diversity", "intensity", "position", "regressor"}),
    ],
)
def test_a_term_without_weight_is_off(settings: SdiGanSettings, terms: set[str]) -> None:
    metrics = objective(settings).step(batches()(1))
    assert set(metrics) == {"discriminator", "adversarial"} | terms
    assert all(np.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize("settings", [FULL, FULL.model_copy(update={"bf16": True})])
def test_every_player_moves_and_the_scaling_stays(settings: SdiGanSettings) -> None:
    gan = objective(settings)
    assert gan.regressor is not None
    players = [gan.generator, gan.discriminator, gan.regressor]
    before = [copied(player.network) for player in players]
    mean = gan.scaler.mean.clone()
    gan.step(batches()(1))
    assert all(moved(b, p.network) for b, p in zip(before, players, strict=True))
    assert torch.equal(gan.scaler.mean, mean)


@pytest.mark.parametrize("term", ["diversity", "intensity", "position"])
def test_every_term_reaches_the_generator_alone(term: str) -> None:
    plain, with_term = (
        objective(SdiGanSettings()),
        objective(SdiGanSettings.model_validate({term: 1.0})),
    )
    batch = batches()(1)
    plain.step(batch)
    with_term.step(batch)
    assert moved(copied(plain.generator.network), with_term.generator.network)
    assert not moved(copied(plain.discriminator.network), with_term.discriminator.network)


def handed_to(player: Player, patch: pytest.MonkeyPatch) -> list[Tensor]:
    """The losses that a player is to descend; it stands still from now on."""
    losses: list[Tensor] = []
    patch.setattr(player, "descend", losses.append)
    return losses


def slope(loss: Tensor, network: nn.Module) -> Tensor:
    weights = list(network.parameters())
    found = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
    return torch.cat([each.flatten() for each in found])


@pytest.mark.parametrize(
    ("weights", "adversarial", "intensity", "quantisation"),
    [
        ((0.003, 0.07, 0.2), "cross_entropy", "log", "straight_through"),
        ((0.3, 0.07, 2e-3), "hinge", "absolute", "none"),
    ],
    ids=["cross entropy", "hinge"],
)
def test_every_player_descends_its_weighted_terms(
    weights: tuple[float, float, float],
    adversarial: AdversarialForm,
    intensity: IntensityForm,
    quantisation: Quantisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    varied, bright, placed = weights
    settings = SdiGanSettings(
        diversity=varied, intensity=bright, position=placed, gradient_penalty=5.0,
        discriminator_steps=3,
        adversarial_form=adversarial, intensity_form=intensity, quantisation=quantisation,
    )  # fmt: skip
    gan, batch = objective(settings), batches()(1)
    assert gan.regressor is not None
    players = gan.generator, gan.discriminator, gan.regressor
    losses = [handed_to(player, monkeypatch) for player in players]
    gan.step(batch)
    assert [len(each) for each in losses] == [1, 3, 1]
    generator, judge, regressor = (player.network for player in players)
    conditions, real = gan.scaler(batch.conditions), batch.log_photons.detach().clone()
    first, second = (generator(batch.noise[:, draw], conditions) for draw in range(2))
    if quantisation == "straight_through":
        first, second = rounded(first), rounded(second)
    logit, latent = judge(first, conditions)
    _, other = judge(second, conditions)
    noise, again = batch.noise.unbind(1)
    weighted = [
        generator_loss(logit, adversarial),
        varied * diversity_loss(latent, other, noise, again, batch.diversity),
        bright * intensity_loss(first, batch.photon_sum, intensity),
        placed * position_loss(regressor(first), batch.position),
    ]
    slopes = torch.stack([slope(term, generator) for term in weighted])
    assert (slopes.norm(dim=1) > 1e-3 * slopes.sum(0).norm()).all()
    torch.testing.assert_close(losses[0][0], torch.stack(weighted).sum())
    found, expected = slope(losses[0][0], generator), slopes.sum(0)
    assert (found - expected).norm() < 1e-4 * expected.norm()
    real.requires_grad_(True)
    real_logit, _ = judge(real, conditions)
    (per_fibre,) = torch.autograd.grad(real_logit.sum(), real, create_graph=True)
    judged = discriminator_loss(real_logit, judge(first.detach(), conditions)[0], adversarial)
    penalty = 5.0 * per_fibre.square().sum((1, 2)).mean()
    assert penalty > 1e-4 * judged
    for loss in losses[1]:
        torch.testing.assert_close(loss, judged + penalty)
        expected = slope(judged + penalty, judge)
        assert (slope(loss, judge) - expected).norm() < 1e-4 * expected.norm()
    seen = position_loss(regressor(batch.log_photons.detach()), batch.position)
    torch.testing.assert_close(losses[2][0], seen)


@pytest.mark.parametrize("ema", [0.9, None])
def test_the_exported_generator_is_the_average_of_the_steps(ema: float | None) -> None:
    gan = objective(SdiGanSettings(ema=ema))
    path = [copied(gan.generator.network)]
    for step in (1, 2):
        gan.step(batches()(step))
        path.append(copied(gan.generator.network))
    share = (0.81, 0.09, 0.1) if ema else (0.0, 0.0, 1.0)
    assert not torch.equal(path[1]["light.weight"], path[2]["light.weight"])
    for name, weight in gan.weights().items():
        expected = sum(part * each[name] for part, each in zip(share, path, strict=True))
        torch.testing.assert_close(weight, expected)


def test_judges_keep_no_gradient_but_pass_it_on() -> None:
    judge, value = nn.Linear(3, 1), torch.ones(3, requires_grad=True)
    with judging(judge):
        result = judge(value)
    torch.autograd.backward(result.sum())
    assert judge.weight.grad is None
    assert value.grad is not None
    assert judge.weight.requires_grad


def test_rounding_gives_whole_counts_and_the_gradient_of_the_identity() -> None:
    log_photons = torch.log1p(torch.tensor([0.0, 0.4, 0.6, 2.3, 99.7])).requires_grad_(True)
    whole = rounded(log_photons)
    expected = torch.tensor([0.0, 0.0, 1.0, 2.0, 100.0])
    torch.testing.assert_close(torch.expm1(whole), expected, rtol=1e-5, atol=1e-6)
    torch.autograd.backward(whole.sum())
    assert torch.equal(log_photons.grad, torch.ones(5))  # type: ignore[arg-type]


def test_the_moving_average_is_that_of_the_weights() -> None:
    average, network = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(average.weight, 1.0)
    nn.init.constant_(network.weight, 3.0)
    for _ in range(4):
        follow(average, network, 0.9)
    assert average.weight.item() == pytest.approx(3 - 2 * 0.9**4)


def test_an_objective_goes_on_exactly_from_its_state() -> None:
    at, whole, first, second = batches(), objective(FULL), objective(FULL), objective(FULL, seed=9)
    for step in (1, 2):
        first.step(at(step))
        whole.step(at(step))
    second.load_state_dict(first.state_dict())
    assert second.step(at(3)) == whole.step(at(3))
    assert not moved(copied(whole.average), second.average)


def test_targets_stay_with_their_conditions() -> None:
    batch = batches(size=64)(5)
    counts = torch.expm1(batch.log_photons)
    torch.testing.assert_close(batch.photon_sum, counts.sum(dim=(1, 2)), rtol=1e-4, atol=1e-3)
    by_energy = {
        energy: weight
        for energy, weight in zip(
            RESPONSES.conditions[:, 0], diversity_weights(RESPONSES), strict=True
        )
    }
    expected = [by_energy[energy] for energy in batch.conditions[:, 0].numpy()]
    np.testing.assert_array_equal(batch.diversity.numpy(), expected)
    c = batch.conditions.numpy()
    place = c[:, [PX, PY]] / c[:, [PZ]] * ZN.front_a / ZN.pitch + 22
    centroid = shower_position(counts.numpy(), "centroid")
    assert np.abs(centroid - place).max() < 3
    assert np.abs(batch.position.numpy() - place).mean() < 2.5


def test_a_batch_follows_from_seed_and_step() -> None:
    first, again = batches()(3), batches()(3)
    assert all(torch.equal(getattr(first, n), getattr(again, n)) for n in vars(first))
    assert not torch.equal(first.noise, batches()(4).noise)
    assert not torch.equal(first.noise[:, 0], first.noise[:, 1])


def test_shares_of_a_batch_make_the_whole() -> None:
    batch = batches()(1)
    shares = [batch.part(rank, 4) for rank in range(4)]
    for name in vars(batch):
        whole = torch.cat([getattr(share, name) for share in shares])
        assert torch.equal(whole, getattr(batch, name))
    with pytest.raises(ValueError, match="batch of 8 cannot be shared equally by 3 processes"):
        batch.part(0, 3)


def test_without_symmetries_batches_hold_the_simulated_conditions() -> None:
    known = {row.tobytes() for row in RESPONSES.conditions}
    assert {row.tobytes() for row in batches(64, False)(1).conditions.numpy()} <= known
    assert not {row.tobytes() for row in batches(64, True)(1).conditions.numpy()} <= known


def test_diversity_weights_are_summed_spreads_over_the_largest() -> None:
    responses = toy_responses(particles=4, copies=5)
    images = responses.dense().reshape(4, 5, 44, 44).astype(np.float64)
    spread = np.array([images[p].std(axis=0).sum() for p in range(4)])
    expected = np.repeat(spread / spread.max(), 5)
    np.testing.assert_allclose(diversity_weights(responses), expected, rtol=1e-5)
    shuffled = np.random.default_rng(1).permutation(20)
    np.testing.assert_allclose(
        diversity_weights(responses.select(shuffled)), expected[shuffled], rtol=1e-5
    )
    assert (diversity_weights(toy_responses(particles=3, copies=1)) == 0).all()


def test_a_position_is_the_brightest_fibre_or_the_centroid() -> None:
    photons = np.zeros((3, 4, 6), np.float32)
    photons[0, 2, 5], photons[0, 0, 0] = 6, 2
    photons[1, 1, 1], photons[1, 1, 3] = 4, 4
    maximum = [[2.5, 5.5], [1.5, 2.5], [2, 3]]
    centroid = [[2.0, 4.25], [1.5, 2.5], [2, 3]]
    np.testing.assert_allclose(shower_position(photons, "maximum"), np.array(maximum))
    np.testing.assert_allclose(shower_position(photons, "centroid"), np.array(centroid))


def test_the_classifier_learns_which_energies_leave_light() -> None:
    conditions = torch.from_numpy(toy_responses(particles=200, copies=1).conditions)
    conditions[:, [PX, PY]] = 0.0  # the energy alone decides
    batch = SignalBatch(conditions, (conditions[:, 0] > 400).float())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        classifier = SignalClassifier(ZN)
    classifier.scaler.fit(conditions)
    signal = Signal(classifier, SignalObjectiveSettings(), ALONE)
    losses = [signal.step(batch)["cross_entropy"] for _ in range(300)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.2)
    probability = classifier(classifier.scaler(conditions))[:, 0]
    assert ((probability > 0.5) == (batch.light > 0)).float().mean() > 0.97


def test_batches_are_frozen() -> None:
    with pytest.raises(AttributeError):
        batches()(1).noise = torch.zeros(1)  # type: ignore[misc]
    assert isinstance(batches()(1), Batch)


def test_the_step_size_halves_and_goes_on_after_a_resume() -> None:
    settings = AdamSettings(learning_rate=0.4, half_life=3)

    def descended(player: Player, steps: int) -> Player:
        for _ in range(steps):
            player.descend(player.network(torch.ones(1, 1)).square().sum())
        return player

    def rate(player: Player) -> float:
        return float(player.adam.param_groups[0]["lr"])

    first = descended(Player(nn.Linear(1, 1), settings, ALONE), 3)
    assert rate(first) == pytest.approx(0.2)
    resumed = Player(nn.Linear(1, 1), settings, ALONE)
    resumed.load_state_dict(first.state_dict())  # type: ignore[arg-type]
    assert rate(descended(resumed, 6)) == pytest.approx(0.05)
    assert rate(descended(Player(nn.Linear(1, 1), AdamSettings(), ALONE), 4)) == 1e-3
