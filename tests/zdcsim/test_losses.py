"""Each term against its closed form."""

import math

import pytest
import torch

from zdcsim.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    generator_losses,
    gradient_penalty,
)
from zdcsim.losses.diversity import diversity_loss
from zdcsim.losses.intensity import intensity_loss, photon_sum
from zdcsim.losses.position import position_loss


def test_undecided_players_pay_log_two_each() -> None:
    zero = torch.zeros(4)
    assert discriminator_loss(zero, zero, "cross_entropy").item() == pytest.approx(2 * math.log(2))
    assert generator_loss(zero, "cross_entropy").item() == pytest.approx(math.log(2))


def test_cross_entropy_is_minus_the_log_of_the_probability() -> None:
    real, generated = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    p_real, p_generated = torch.sigmoid(real), torch.sigmoid(generated)
    expected = -p_real.log().mean() - (1 - p_generated).log().mean()
    torch.testing.assert_close(discriminator_loss(real, generated, "cross_entropy"), expected)
    torch.testing.assert_close(
        generator_loss(generated, "cross_entropy"), -p_generated.log().mean()
    )


def test_hinge_is_zero_beyond_its_margins() -> None:
    real, generated = torch.tensor([1.0, 5.0]), torch.tensor([-1.0, -3.0])
    assert discriminator_loss(real, generated, "hinge") == 0
    assert discriminator_loss(-real, generated, "hinge") == 4
    assert generator_loss(generated, "hinge") == 2
    assert torch.equal(generator_losses(generated, "hinge"), -generated)


def test_gradient_penalty_of_a_linear_judge_is_its_squared_slope() -> None:
    slope = torch.arange(6.0).reshape(2, 3)
    log_photons = torch.rand(4, 2, 3, generator=torch.Generator().manual_seed(1))
    log_photons.requires_grad_(True)
    logits = (log_photons * slope).sum(dim=(1, 2))
    assert gradient_penalty(logits, log_photons).item() == pytest.approx(55.0)


LATENT_DISTANCE = torch.tensor([1.0, 2.0, 4.0])
NOISE_DISTANCE = torch.tensor([3.0, 1.0, 2.0])
WEIGHT = torch.tensor([1.0, 0.5, 0.0])


def apart(distance: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two vectors whose mean absolute difference is the distance."""
    first = torch.randn(len(distance), size, generator=torch.Generator().manual_seed(2))
    sign = torch.where(torch.arange(size) % 2 == 0, 1.0, -1.0)
    return first, first + distance[:, None] * sign


def test_diversity_is_the_mean_of_weighted_ratios() -> None:
    loss = diversity_loss(*apart(LATENT_DISTANCE, 8), *apart(NOISE_DISTANCE, 10), WEIGHT)
    # mean of 1 * 3 / 1, 0.5 * 1 / 2 and 0; the mean weight times the mean ratio is 1.33 * 0.5
    assert loss.item() == pytest.approx((3.0 + 0.25) / 3, rel=1e-4)


def test_diversity_refuses_a_column_of_weights() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(3,\); got \(3, 1\)"):
        diversity_loss(*apart(LATENT_DISTANCE, 8), *apart(NOISE_DISTANCE, 10), WEIGHT[:, None])


def test_diversity_pushes_responses_of_varying_particles_apart_only() -> None:
    first, second = apart(LATENT_DISTANCE, 8)
    second.requires_grad_(True)
    loss = diversity_loss(first, second, *apart(NOISE_DISTANCE, 10), WEIGHT)
    torch.autograd.backward(loss)
    assert second.grad is not None
    away = (second.grad * (second.detach() - first)).sum(dim=1)
    assert (away[:2] < 0).all()
    assert away[2] == 0


def test_photon_sums_are_counts_of_each_response() -> None:
    counts = torch.tensor([[[0.0, 3.0], [10.0, 0.0]], [[1.0, 1.0], [1.0, 97.0]]])
    torch.testing.assert_close(photon_sum(torch.log1p(counts)), torch.tensor([13.0, 100.0]))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("squared", (9 + 100**2) / 2),
        ("absolute", (3 + 100) / 2),
        ("log", (math.log(14 / 11) ** 2 + math.log(101 / 201) ** 2) / 2),
    ],
)
def test_intensity_compares_response_by_response(form: str, expected: float) -> None:
    # sums 13 and 100 against 10 and 200: the sum over the batch would compare 113 with 210
    counts = torch.tensor([[[0.0, 3.0], [10.0, 0.0]], [[1.0, 1.0], [1.0, 97.0]]])
    target = torch.tensor([10.0, 200.0])
    loss = intensity_loss(torch.log1p(counts), target, form)  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_intensity_refuses_targets_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(2,\); got \(2, 1\)"):
        intensity_loss(torch.zeros(2, 4, 4), torch.zeros(2, 1), "log")


def test_position_is_the_mean_squared_distance_in_pitches() -> None:
    found, target = (
        torch.tensor([[0.0, 0.0], [10.0, 10.0]]),
        torch.tensor([[3.0, 4.0], [10.0, 9.0]]),
    )
    assert position_loss(found, target).item() == pytest.approx((25 + 1) / 2)
    with pytest.raises(ValueError, match="positions must have shape"):
        position_loss(found, target[:1])
