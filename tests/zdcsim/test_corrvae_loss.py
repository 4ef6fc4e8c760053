"""The loss of CorrVAE: the sum of its terms, and which weights each of them moves."""

import math

import pytest
import torch
from toy_corrvae import RESPONSES, normals, objective

from zdcsim.losses.divergence import divergence
from zdcsim.losses.properties import expectation_loss
from zdcsim.losses.total_correlation import total_correlation
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.shower_vae import ShowerEncoder
from zdcsim.objectives.corrvae import CorrVae, CorrVaeSettings
from zdcsim.sample.batches import Batch, ResponseBatches

BATCH = ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True)(1)


def lossy(settings: CorrVaeSettings, steps: int = 20) -> tuple[CorrVae, float, dict[str, float]]:
    """An objective that has made so many steps, its loss and its terms."""
    vae = objective(settings)
    vae.steps = steps
    loss, terms = vae.loss(vae.networks, BATCH)
    return vae, loss.item(), {name: term.item() for name, term in terms.items()}


def test_the_expectation_is_the_likelihood_of_normal_laws() -> None:
    truth, mean, spread = normals(40, 5, 1), normals(40, 5, 2), torch.exp(normals(40, 5, 3))
    laws = torch.distributions.Normal(mean, spread)
    likelihood = laws.log_prob(truth)  # type: ignore[no-untyped-call]
    wanted = -likelihood.sum(1).mean() - 2.5 * math.log(2 * math.pi)
    torch.testing.assert_close(expectation_loss(truth, mean, spread), wanted)


def test_the_loss_is_the_weighted_sum_of_its_terms() -> None:
    weights = {"between": 3e4, "among": 300.0, "mask": 0.9, "consistency": 0.11, "divergence": 1.3}
    settings = CorrVaeSettings(divergence_by=10, free_nats=0.0, **weights)  # type: ignore[arg-type]
    _, loss, terms = lossy(settings)
    whole = {"response": 1.0, "properties": 1.0, "expectation": 1.0, **weights}
    assert set(terms) == set(whole)
    assert min(abs(whole[name] * terms[name]) for name in terms) > 0.05, "else one is not seen"
    assert loss == pytest.approx(sum(whole[name] * terms[name] for name in terms), rel=1e-5)


def test_properties_are_as_unlikely_as_their_spread_says() -> None:
    wide, narrow = (lossy(CorrVaeSettings(property_spread=width))[2] for width in (0.1, 0.05))
    for name in ("properties", "consistency"):
        assert narrow[name] == pytest.approx(4 * wide[name], rel=1e-5)


def test_correlations_are_of_w_with_z_and_among_the_w() -> None:
    vae = objective(CorrVaeSettings())
    generator, encoder = vae.networks
    assert isinstance(generator, CorrVaeGenerator)
    assert isinstance(encoder, ShowerEncoder)
    with torch.no_grad():
        encoder.posterior[-1].weight.mul_(20)  # type: ignore[operator]
    terms = vae.loss(vae.networks, BATCH)[1]
    mean, log_variance = encoder(BATCH.log_photons, generator.scaler(BATCH.conditions))
    latent = mean + torch.exp(0.5 * log_variance) * BATCH.noise[:, 0]
    assert (generator.properties, latent.shape[1]) == (6, 10)
    sides = [slice(0, 6), slice(6, 10)]
    alone = [slice(k, k + 1) for k in range(6)]
    for name, groups in (("between", sides), ("among", alone)):
        known = latent[:, : groups[-1].stop]
        n = known.shape[1]
        found = total_correlation(known, mean[:, :n], log_variance[:, :n], groups).item()
        assert abs(found) > 0.1
        assert terms[name].item() == pytest.approx(found, rel=1e-4)
    apart = divergence(mean, log_variance).sum().item()
    assert terms["divergence"].item() == pytest.approx(apart, rel=1e-5)


def test_nothing_is_free_once_the_divergence_costs_in_full() -> None:
    costs = []
    for steps in (8, 9):
        pair = [
            lossy(CorrVaeSettings(divergence_by=10, free_nats=nats), steps)[1] for nats in (0.0, 9)
        ]
        costs.append(pair[1] - pair[0])
    assert costs[0] > 50
    assert costs[1] == 0


def gradients(name: str, batch: Batch = BATCH) -> dict[str, float]:
    """Size of the gradient of one term in every part of the generator and in the encoder."""
    vae = objective(CorrVaeSettings())
    _, terms = vae.loss(vae.networks, batch)
    terms[name].backward()  # type: ignore[no-untyped-call]
    generator, encoder = vae.networks
    assert isinstance(generator, CorrVaeGenerator)
    head = generator.head
    parts = {"expected": head.expected, "bridge": head.bridge, "encoder": encoder,
             "decoder": generator.decoder}  # fmt: skip
    return {
        part: sum(float(w.grad.norm()) for w in module.parameters() if w.grad is not None)
        for part, module in parts.items()
    }


def test_what_a_particle_fixes_is_learnt_from_its_properties_alone() -> None:
    """Else w carries part of it, and generation draws w as if it did not know the particle."""
    of_w, of_particle = gradients("properties"), gradients("expectation")
    assert of_w["expected"] == 0
    assert min(of_w["bridge"], of_w["encoder"]) > 0
    assert of_particle["expected"] > 0
    assert of_particle["bridge"] == of_particle["encoder"] == of_particle["decoder"] == 0
