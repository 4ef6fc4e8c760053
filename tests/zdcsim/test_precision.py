"""A training in bfloat16 knows particles and channel sums as exactly as one in float32."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from zdcsim.geometry import ZN, ZP
from zdcsim.io import tree
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.features import ParticleFeatures
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator, SdiGanGenerator
from zdcsim.optics import Machine

DATA = Path(__file__).parents[2] / "data"
ROWS = 200
IN_BF16 = torch.autocast("cpu", torch.bfloat16)


def simulated() -> tuple[Tensor, Tensor]:
    """Log photons and conditions of committed responses of the ZP."""
    sample = tree.read(DATA / "zp_train.root")
    light = torch.from_numpy(sample.dense(slice(ROWS)))
    return torch.log1p(light), torch.from_numpy(sample.conditions[:ROWS])


def inside(layer: nn.Module, network: nn.Module, *arguments: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer within a network makes, in float32 and under autocast."""
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _, __, made: seen.append(made))
    with torch.no_grad():
        network(*arguments)
        with IN_BF16:
            network(*arguments)
    hook.remove()
    plain, halved = seen
    return plain, halved


def test_features_and_impact_are_those_of_float32() -> None:
    _, conditions = simulated()
    features = ParticleFeatures(ZP, Machine())
    expected, expected_impact = features(conditions)
    with IN_BF16:
        found, impact = features(conditions)
    assert expected[:, -2].gt(0).any()  # some fly in a groove
    assert torch.equal(found, expected)
    assert torch.equal(impact, expected_impact)


def test_the_discriminator_makes_of_sums_and_features_what_it_does_in_float32() -> None:
    log_photons, conditions = simulated()
    generator = SdiGanGenerator(ZP, machine=Machine())
    generator.scaler.fit(conditions)
    judge = SdiGanDiscriminator(ZP, generator.scaler, machine=Machine())
    plain, halved = inside(judge.from_known, judge, log_photons, generator.scaler(conditions))
    assert halved.dtype == torch.float32
    assert torch.equal(halved, plain)


@pytest.mark.parametrize("family", [SdiGanGenerator, ExpertSimGenerator])
def test_the_style_is_that_of_float32(
    family: type[SdiGanGenerator] | type[ExpertSimGenerator],
) -> None:
    _, conditions = simulated()
    network = family(ZP, machine=Machine())
    network.scaler.fit(conditions)
    one = network if isinstance(network, SdiGanGenerator) else network.experts[0]
    assert isinstance(one, SdiGanGenerator)
    noise = torch.randn(len(conditions), 10, generator=torch.Generator().manual_seed(1))
    plain, halved = inside(one.style, one, noise, network.scaler(conditions))
    assert halved.dtype == torch.float32
    assert torch.equal(halved, plain)
    with torch.no_grad(), IN_BF16:
        assert one(noise, conditions).dtype == torch.bfloat16


def test_the_regressor_rounds_its_step_from_the_centre_and_not_the_place() -> None:
    regressor = PositionRegressor(ZN)
    last = regressor.layers[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, 0.003)
    with torch.no_grad(), IN_BF16:
        found = regressor(torch.zeros(1, *ZN.shape))
    # In bfloat16 1.003 is 1.
    assert found.numpy() == pytest.approx(ZN.nx / 2 * 1.003, abs=1e-3)
