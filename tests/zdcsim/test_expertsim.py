"""Routing of ExpertSim: its terms in closed form, its training, and that one expert runs."""

import copy
import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from toy_networks import toy_classifier
from toys import toy_conditions, toy_responses

from detcore.distributed import Processes
from zdcsim.export.graph import write_generator
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.losses.routing import (
    SMALLEST_LOAD,
    differentiation_loss,
    feedback_loss,
    load_loss,
    straight_through_gates,
    utilisation_loss,
)
from zdcsim.models.expertsim import ExpertSimDiscriminators, ExpertSimGenerator
from zdcsim.models.regressor import PositionRegressor
from zdcsim.models.sdi_gan import SdiGanDiscriminator
from zdcsim.objectives.expertsim import ExpertSim, ExpertSimSettings, RouterSettings
from zdcsim.objectives.optimiser import AdamSettings, Player
from zdcsim.sample.batches import Batch, ResponseBatches

ALONE = Processes(0, 1, torch.device("cpu"))
RESPONSES = toy_responses(particles=12, copies=4)
EXPERTS = 3
ALL = ExpertSimSettings(diversity=0.1, intensity=0.1, position=1e-3, gradient_penalty=0.1, ema=0.5)


def undecided(calorimeter: Calorimeter = ZN, seed: int = 0) -> ExpertSimGenerator:
    """A generator whose untrained router gives every expert some particles."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = ExpertSimGenerator(calorimeter, hidden=16, widths=(8, 4, 4), experts=EXPERTS)
    particles = torch.from_numpy(toy_conditions(300, np.random.default_rng(3), calorimeter))
    generator.scaler.fit(particles)
    last = generator.router.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        logits = generator.router(generator.scaler(particles))
        last.bias.sub_(logits.mean(0)).div_(logits.std())
        last.weight.div_(logits.std())
    return generator.eval()


def objective(settings: ExpertSimSettings, seed: int = 0) -> ExpertSim:
    generator = undecided(seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judges = ExpertSimDiscriminators(
            [
                SdiGanDiscriminator(ZN, generator.scaler, hidden=8, widths=(4, 4, 4))
                for _ in range(EXPERTS)
            ]
        )
        regressor = PositionRegressor(ZN, hidden=8, widths=(4, 4, 4))
    return ExpertSim(generator, judges, regressor, settings, ALONE)


def batch(step: int, size: int = 32) -> Batch:
    return ResponseBatches(RESPONSES, size, 1, 10 + EXPERTS, symmetries=True)(step)


def one_hot(chosen: list[int]) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(chosen), EXPERTS).float()


def test_gates_are_one_expert_drawn_with_its_probability() -> None:
    probability, n = torch.tensor([0.5, 0.3, 0.2]), 20_000
    uniform = torch.rand(n, EXPERTS, generator=torch.Generator().manual_seed(1))
    logits = probability.log().expand(n, -1).clone().requires_grad_(True)
    gates = straight_through_gates(logits, uniform, 0.8)
    torch.testing.assert_close(gates.sum(1), torch.ones(n))
    assert ((gates.detach() - gates.detach().round()).abs() < 1e-6).all()
    error = torch.sqrt(probability * (1 - probability) / n)
    assert ((gates.detach().mean(0) - probability).abs() < 5 * error).all()
    torch.autograd.backward((gates[:, 0]).sum())
    assert logits.grad is not None
    assert (logits.grad[:, 0] > 0).float().mean() > 0.9
    torch.testing.assert_close(logits.grad.sum(1), torch.zeros(n), atol=1e-5, rtol=0)


def test_extreme_uniform_numbers_leave_the_gates_finite() -> None:
    gates = straight_through_gates(torch.zeros(2, 2), torch.tensor([[0.0, 1.0], [1.0, 1.0]]), 1.0)
    assert torch.isfinite(gates).all()


def test_a_dead_expert_is_revived_by_the_utilisation_and_not_by_the_load() -> None:
    slopes = []
    for term in (load_loss, utilisation_loss):
        gates = one_hot([0, 0, 0, 1]).requires_grad_()
        term(gates).backward()  # type: ignore[no-untyped-call]
        assert gates.grad is not None
        slopes.append(gates.grad[0])
    load, utilisation = slopes
    assert load[2] == 0
    assert load[1] < load[0] < 0
    assert utilisation[2].item() == pytest.approx(math.log(1e-8) / 4)
    assert utilisation[2] < utilisation[1] < utilisation[0]


def test_utilisation_is_minus_the_entropy_of_the_mean() -> None:
    assert utilisation_loss(one_hot([0, 1, 2])).item() == pytest.approx(-math.log(3))
    assert utilisation_loss(one_hot([1, 1, 1])).item() == pytest.approx(0)
    mixed = utilisation_loss(one_hot([0, 0, 0, 1])).item()
    assert mixed == pytest.approx(0.75 * math.log(0.75) + 0.25 * math.log(0.25))


def test_load_is_the_mean_exponential_of_one_over_the_particles() -> None:
    gates = one_hot([0, 0, 1])
    expected = (math.exp(1 / 2) + math.exp(1) + math.exp(1 / SMALLEST_LOAD)) / 3
    assert load_loss(gates).item() == pytest.approx(expected, rel=1e-5)
    even = load_loss(one_hot([0, 1, 2] * 4)).item()
    assert even == pytest.approx(math.exp(1 / 4))


def test_differentiation_is_the_mean_cosine_between_experts() -> None:
    features = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [5.0, 5.0]])
    found = differentiation_loss(one_hot([0, 0, 1, 2]), features).item()
    assert found == pytest.approx((0 + 2 * math.sqrt(0.5)) / 3)
    assert differentiation_loss(one_hot([0, 0, 1, 1]), features).item() == pytest.approx(
        5 / math.sqrt(74)
    )
    assert differentiation_loss(one_hot([2, 2, 2, 2]), features).item() == 0


def test_a_dark_expert_has_no_angle_and_no_slope() -> None:
    """Its slope was that of a unit vector at the smallest norm, 1e8 times too steep."""
    gates = one_hot([0, 0, 1, 2]).requires_grad_()
    lit = torch.tensor([[1.0, 0.0], [3.0, 0.0], [5.0, 5.0], [0.0, 0.0]])
    loss = differentiation_loss(gates, lit)
    assert loss.item() == pytest.approx(math.sqrt(0.5))
    torch.autograd.backward(loss)
    assert gates.grad is not None
    assert gates.grad.abs().max() < 10


def test_feedback_moves_particles_away_from_experts_that_do_badly() -> None:
    logits = torch.zeros(4, EXPERTS, requires_grad=True)
    uniform = torch.rand(4, EXPERTS, generator=torch.Generator().manual_seed(2))
    gates = straight_through_gates(logits, uniform, 1.0)
    losses = torch.tensor([4.0, 0.0, 1.0, 3.0])
    loss = feedback_loss(gates, losses)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    torch.autograd.backward(loss)
    assert logits.grad is not None
    of_chosen = logits.grad[torch.arange(4), gates.detach().argmax(1)]
    assert (torch.sign(of_chosen) == torch.tensor([1.0, -1.0, -1.0, 1.0])).all()


def test_every_particle_gets_the_answer_of_its_own_expert() -> None:
    generator = undecided()
    particles = generator.scaler(torch.from_numpy(RESPONSES.conditions))
    noise = torch.randn(len(particles), 10, generator=torch.Generator().manual_seed(1))
    chosen = generator.chosen(particles)
    assert set(chosen.tolist()) == {0, 1, 2}
    found = generator(noise, particles)
    for row in range(0, len(particles), 5):
        alone = generator.experts[int(chosen[row])](noise[row : row + 1], particles[row : row + 1])
        torch.testing.assert_close(found[row : row + 1], alone, rtol=1e-4, atol=1e-5)


def test_both_draws_of_a_particle_come_from_its_drawn_expert() -> None:
    sim, drawn = objective(ALL), batch(1, size=12)
    sim.chosen = torch.tensor([0, 2, 1, 1, 0, 2, 2, 0, 1, 2, 2, 0])
    conditions = sim.scaler(drawn.conditions)
    noise = torch.cat([drawn.noise[:, draw, :10] for draw in range(2)])
    found = sim.respond(noise, conditions.repeat(2, 1))
    for row in range(24):
        particle = slice(row % 12, row % 12 + 1)
        every = [expert(noise[row : row + 1], conditions[particle])[0]
                 for expert in sim.experts.experts]  # fmt: skip
        nearest = torch.stack([(each - found[row]).abs().max() for each in every])
        assert nearest.argmin() == sim.chosen[row % 12]
        assert nearest.min() < 1e-4 < nearest.sort().values[1]


def test_experts_share_nothing_but_the_scaling() -> None:
    generator = undecided()
    first, second, _ = generator.experts
    assert first.scaler is second.scaler is generator.scaler
    own, others = dict(first.named_parameters()), dict(second.named_parameters())
    assert not {id(p) for p in own.values()} & {id(p) for p in others.values()}
    assert not torch.equal(own["seed.weight"], others["seed.weight"])


def test_an_expert_learns_from_its_own_particles_only() -> None:
    sim = objective(ALL)
    before = copy.deepcopy(sim.experts.experts.state_dict())
    forced = torch.zeros(len(batch(1).conditions), dtype=torch.long)
    last = sim.experts.router.layers[-1]
    assert isinstance(last, nn.Linear)
    last.bias.data[0] += 1e3
    sim.step(batch(1))
    assert torch.equal(sim.chosen, forced)
    changed = {name.split(".")[0] for name, tensor in sim.experts.experts.state_dict().items()
               if not torch.equal(tensor, before[name])}  # fmt: skip
    assert changed == {"0"}


def test_all_players_move_and_a_restored_objective_goes_on_alike() -> None:
    sim, other = objective(ALL), objective(ALL, seed=9)
    before = copy.deepcopy(sim.state_dict())
    metrics = sim.step(batch(1))
    routing = {"feedback", "utilisation", "differentiation", "load"}
    gan = {"adversarial", "discriminator", "gradient_penalty", "diversity", "intensity"}
    assert set(metrics) == routing | gan | {"position", "regressor"}
    for name in ("generator", "discriminator", "regressor", "router"):
        after = sim.state_dict()[name]["network"]
        assert any(not torch.equal(after[k], v) for k, v in before[name]["network"].items()), name
    sim.step(batch(2))
    other.load_state_dict(copy.deepcopy(sim.state_dict()))
    assert other.step(batch(3)) == sim.step(batch(3))
    assert other.temperature() == sim.temperature() < ALL.router.temperature


def test_the_router_descends_its_weighted_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    routing = RouterSettings(feedback=0.7, utilisation=0.3, differentiation=0.2, load=0.05)
    whole = {"router": routing, "quantisation": "none"}
    sim, drawn = objective(ALL.model_copy(update=whole)), batch(1)
    losses: list[Tensor] = []
    for name in ("generator", "discriminator", "regressor"):
        monkeypatch.setattr(getattr(sim, name), "descend", lambda loss: None)
    monkeypatch.setattr(sim.router, "descend", losses.append)
    sim.step(drawn)
    conditions = sim.scaler(drawn.conditions)
    uniform = torch.special.ndtr(drawn.noise[:, 0, 10:])
    gates = straight_through_gates(sim.experts.router(conditions), uniform, routing.temperature)
    chosen = gates.detach().argmax(1)
    assert len(torch.unique(chosen)) == EXPERTS
    with torch.no_grad():
        photons = sim.experts.answers(drawn.noise[:, 0, :10], conditions, chosen)
        logit, _ = sim.discriminator.network(photons, conditions, chosen)
    weighted = [
        0.7 * feedback_loss(gates, torch.nn.functional.softplus(-logit)),
        0.3 * utilisation_loss(gates),
        0.2 * differentiation_loss(gates, photons.flatten(1)),
        0.05 * load_loss(gates),
    ]
    slopes = torch.stack([slope(term, sim.experts.router) for term in weighted])
    assert (slopes.norm(dim=1) > 1e-3 * slopes.sum(0).norm()).all()
    (found,) = losses
    torch.testing.assert_close(found, torch.stack(weighted).sum())
    apart = slope(found, sim.experts.router) - slopes.sum(0)
    assert apart.norm() < 1e-4 * slopes.sum(0).norm()


def slope(loss: Tensor, network: nn.Module) -> Tensor:
    found = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
    return torch.cat([each.flatten() for each in found])


def test_the_temperature_halves_down_to_its_end() -> None:
    cooling = RouterSettings(temperature=1.6, temperature_end=0.5, temperature_half_life=4.0)
    sim = objective(ALL.model_copy(update={"router": cooling}))
    found = []
    for sim.steps in (0, 4, 6, 8):
        found.append(sim.temperature())
    assert found == pytest.approx([1.6, 0.8, 1.6 * 0.5**1.5, 0.5])


def test_temperature_falls_to_its_end_and_the_router_may_stop() -> None:
    stopping = RouterSettings(steps=1, temperature_half_life=1.0)
    sim = objective(ALL.model_copy(update={"router": stopping}))
    sim.step(batch(1))
    held = copy.deepcopy(sim.experts.router.state_dict())
    assert "feedback" not in sim.step(batch(2))
    assert all(torch.equal(v, held[k]) for k, v in sim.experts.router.state_dict().items())
    assert sim.temperature() == stopping.temperature_end


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_o2_reads_the_chosen_expert(calorimeter: Calorimeter, tmp_path: Path) -> None:
    generator = undecided(calorimeter)
    particles = reference_conditions(calorimeter)[::5]
    scaled = generator.scaler(torch.from_numpy(particles))
    assert set(generator.chosen(scaled).tolist()) == {0, 1, 2}
    proof = write_bundle(generator, toy_classifier(calorimeter), tmp_path / "b", {}, particles)
    assert proof.photons > 100


def test_the_graph_computes_only_experts_that_are_chosen(tmp_path: Path) -> None:
    """An expert whose weights are broken does no harm while nobody chooses it."""
    generator = undecided()
    scaled = generator.scaler(torch.from_numpy(RESPONSES.conditions))
    chosen = generator.chosen(scaled)
    with torch.no_grad():
        dict(generator.experts[1].named_parameters())["light.bias"].fill_(math.nan)
    write_generator(tmp_path / "g.onnx", generator, {})
    model = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    rows = scaled[chosen != 1].numpy()
    feed = {"noise": np.zeros((len(rows), 10), np.float32), "conditions": rows}
    options = onnx.load(tmp_path / "g.onnx").graph.node
    assert sum(node.op_type == "If" for node in options) == EXPERTS
    assert not any(node.op_type in ("Conv", "InstanceNormalization") for node in options)
    assert np.isfinite(model.run(None, feed)[0]).all()


def test_weights_that_a_share_does_not_reach_have_the_gradient_zero() -> None:
    """Other processes may reach them, and all average the same list of gradients."""
    both = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
    player = Player(both, AdamSettings(), ALONE)
    player.descend(both[0](torch.ones(1, 1)).sum())
    gradients = [weight.grad for weight in both[1].parameters()]
    assert all(gradient is not None and not gradient.any() for gradient in gradients)
