"""Paths, schedules and samplers of flow matching and diffusion against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from zdcsim.losses.matching import matching_loss
from zdcsim.models.ddim import ddim
from zdcsim.models.denoiser import time_features, unknown
from zdcsim.models.diffusion_schedule import DiffusionPath, alpha_bar
from zdcsim.models.noise_path import LinearPath, NoisePath
from zdcsim.models.ode_sampler import Integrator, integrated

PATHS = {
    "linear": LinearPath(),
    "velocity": DiffusionPath(prediction="velocity"),
    "noise": DiffusionPath(prediction="noise"),
}
SPREAD = 0.4


def normals(rows: int, columns: int, seed: int = 1) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=rng, dtype=torch.float64)


def at(time: float, rows: int = 1) -> Tensor:
    return torch.full((rows, 1), time, dtype=torch.float64)


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> NoisePath:
    return PATHS[request.param]


def test_a_path_leads_from_noise_to_data(path: NoisePath) -> None:
    data, noise = normals(4, 5), normals(4, 5, seed=2)
    torch.testing.assert_close(path.at(at(0.0)).mixture(data, noise), noise, atol=1e-3, rtol=1e-3)
    end = path.at(at(1.0)).mixture(data, noise)
    torch.testing.assert_close(end, data, atol=0.04, rtol=0)
    assert not torch.allclose(end, noise, atol=0.5)


@pytest.mark.parametrize("time", [0.1, 0.5, 0.9])
def test_data_and_noise_are_found_again(path: NoisePath, time: float) -> None:
    data, noise = normals(4, 5), normals(4, 5, seed=2)
    point = path.at(at(time))
    found = point.unmixed(point.mixture(data, noise), point.target(data, noise))
    torch.testing.assert_close(found[0], data, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found[1], noise, atol=1e-6, rtol=1e-6)


def test_the_three_targets_are_those_of_the_papers() -> None:
    data, noise, time = normals(4, 5), normals(4, 5, seed=2), at(0.3)
    asked = {
        name: (path.at(time).mixture(data, noise), path.at(time).target(data, noise))
        for name, path in PATHS.items()
    }
    torch.testing.assert_close(asked["linear"][1], data - noise)
    torch.testing.assert_close(asked["noise"][1], noise)
    mixture, velocity = asked["velocity"]  # a rotation of data and noise by the same angle
    torch.testing.assert_close(mixture**2 + velocity**2, data**2 + noise**2)
    angle = torch.atan2(*(PATHS["velocity"].at(time)[i] for i in (1, 0))).double()
    torch.testing.assert_close(velocity, torch.cos(angle) * noise - torch.sin(angle) * data)


@pytest.mark.parametrize("time", [0.0, 0.3, 0.8])
def test_the_scaling_is_the_regression_of_the_target_on_the_mixture(
    path: NoisePath, time: float
) -> None:
    n = 200_000
    data, noise = SPREAD * normals(n, 1), normals(n, 1, seed=2)
    point = path.at(at(time))
    mixture, target = point.mixture(data, noise).numpy(), point.target(data, noise).numpy()
    slope = (mixture * target).sum() / (mixture**2).sum()
    left = np.std(target - slope * mixture)
    scaling = point.scaling(SPREAD)
    assert float(scaling.inward) == pytest.approx(1 / np.std(mixture), rel=5 / math.sqrt(2 * n))
    slope_error = left / np.std(mixture) / math.sqrt(n)
    assert float(scaling.skip) == pytest.approx(slope, abs=5 * slope_error + 1e-6)
    assert float(scaling.outward) == pytest.approx(left, rel=5 / math.sqrt(2 * n))


def gaussian_velocity(place: Tensor, time: Tensor) -> Tensor:
    """That of normal data of standard deviation `SPREAD`; its flow multiplies the noise by it."""
    return LinearPath().at(time).scaling(SPREAD).skip * place


@pytest.mark.parametrize(("integrator", "order"), [("euler", 1), ("heun", 2)])
def test_integrators_converge_at_their_order(integrator: Integrator, order: int) -> None:
    noise = normals(3, 4)
    errors = [
        (integrated(gaussian_velocity, noise, steps, integrator) - SPREAD * noise).abs().max()
        for steps in (40, 80)
    ]
    assert errors[1] < 0.02
    assert math.log2(float(errors[0] / errors[1])) == pytest.approx(order, abs=0.25)


def test_euler_takes_as_many_evaluations_as_steps_and_heun_one_less_than_twice() -> None:
    times: list[float] = []

    def velocity(place: Tensor, time: Tensor) -> Tensor:
        times.append(float(time[0, 0]))
        return torch.ones_like(place)

    start = normals(2, 3)
    torch.testing.assert_close(integrated(velocity, start, 4, "euler"), start + 1)
    assert times == pytest.approx([0, 0.25, 0.5, 0.75])
    times.clear()
    torch.testing.assert_close(integrated(velocity, start, 2, "heun"), start + 1)
    assert times == pytest.approx([0, 0.5, 0.5])


def test_the_linear_schedule_is_the_product_of_what_each_step_keeps() -> None:
    kept, expected = alpha_bar("linear", 1000), 1.0
    for k in range(1000):
        expected *= 1 - (1e-4 + (0.02 - 1e-4) * k / 999)
        if k in (0, 10, 500, 999):
            assert float(kept[k]) == pytest.approx(expected, rel=1e-9)
    assert float(kept[-1]) == pytest.approx(4.0e-5, rel=0.02)


def test_the_cosine_schedule_is_a_squared_cosine() -> None:
    kept = alpha_bar("cosine", 1000)
    start = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    for k in (1, 100, 500, 900):
        expected = math.cos((k / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 / start
        assert float(kept[k - 1]) == pytest.approx(expected, rel=1e-6)
    assert (kept[1:] < kept[:-1]).all()


def test_every_step_of_a_schedule_is_trained_alike() -> None:
    path = DiffusionPath(training_steps=50)
    uniform = ((torch.arange(500) + 0.5) / 500)[:, None]
    kept = path.at(path.drawn(uniform)).a.square()
    found, times = torch.unique(kept, return_counts=True)
    torch.testing.assert_close(found, alpha_bar("cosine", 50).float().sort().values)
    assert times.tolist() == [10] * 50
    flow = LinearPath(0.99).drawn(uniform)
    assert float(flow.min()) == pytest.approx(0.99 * 0.001)
    assert 0.98 < float(flow.max()) < 0.99


@pytest.mark.parametrize("prediction", ["noise", "velocity"])
@pytest.mark.parametrize("steps", [1, 7])
def test_ddim_finds_a_point_in_any_number_of_steps(prediction: str, steps: int) -> None:
    path, point = PATHS[prediction], normals(1, 6)

    def perfect(mixture: Tensor, time: Tensor) -> Tensor:
        here = path.at(time)
        return here.target(point, (mixture - here.a * point) / here.b)

    found = ddim(perfect, path, normals(3, 6, seed=2), steps)
    torch.testing.assert_close(found, point.expand(3, 6), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("prediction", ["noise", "velocity"])
def test_ddim_turns_noise_into_normal_data(prediction: str) -> None:
    path, noise = PATHS[prediction], normals(3, 6)

    def perfect(mixture: Tensor, time: Tensor) -> Tensor:
        return path.at(time).scaling(SPREAD).skip * mixture

    errors = [
        float((ddim(perfect, path, noise, steps) / noise - SPREAD).abs().max())
        for steps in (10, 100)
    ]
    assert errors[1] < 0.01
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.2)  # of first order


def test_the_matching_loss_weighs_times_as_told() -> None:
    found, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 2.0], [3.0, 1.0]])
    outward = torch.tensor([[0.5], [2.0]])
    assert float(matching_loss(found, target, outward, "plain")) == pytest.approx(11 / 4)
    assert float(matching_loss(found, target, outward, "unit")) == pytest.approx((4 + 10 / 4) / 4)


def test_what_is_hidden_is_zero() -> None:
    known = torch.ones(3, 2), torch.ones(3, 4, 5, 6)
    hidden = unknown(known, torch.tensor([1.0, 0.0, 1.0]))
    for before, after in zip(known, hidden, strict=True):
        assert after.shape == before.shape
        assert after.flatten(1).sum(1).tolist() == [before[0].numel(), 0, before[0].numel()]


def test_times_are_told_apart() -> None:
    features = time_features(torch.linspace(0, 1, 200)[:, None])
    assert features.shape == (200, 12)
    apart = torch.cdist(features, features) + 10 * torch.eye(200)
    assert apart.min() > 0.05
