"""What adaptation minimises, and what chooses its best weights, term by term."""

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_classifiers import FEATURES, toy_values

from detcore.distributed import Processes
from pid.adaptation.coral import coral_distance
from pid.adaptation.separation import variance_between
from pid.models.mlp import MlpClassifier
from pid.objectives.adaptation import Adaptation, CdanSettings, CoralSettings, DannSettings
from pid.objectives.classification import ClassificationSettings
from pid.objectives.optimiser import OptimiserSettings
from pid.sample.batches import Labelled, Pair, Unlabelled

ALONE = Processes(0, 1, torch.device("cpu"))
STEADY = ClassificationSettings(optimiser=OptimiserSettings(schedule="constant", warmup=0))
WEIGHT = 0.3
Method = CoralSettings | DannSettings | CdanSettings
METHODS: dict[str, Method] = {
    "coral": CoralSettings(method="coral", weight=WEIGHT, separation_weight=WEIGHT),
    "dann": DannSettings(method="dann", separation_weight=WEIGHT),
    "cdan": CdanSettings(method="cdan", separation_weight=WEIGHT),
}


def objective(settings: Method) -> Adaptation:
    """Without dropout, so that a step sees the embedding that evaluation gives."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(51)
        classifier = MlpClassifier(FEATURES, 3, hidden=(16, 8), dropout=0.0)
        classifier.prepare(toy_values(400, np.random.default_rng(52)))
        return Adaptation(classifier, STEADY, settings, 10, 1, ALONE)


def pair() -> Pair:
    """A source of 96 and a target of 64 tracks, stretched and moved."""
    rng = np.random.default_rng(53)
    labels = torch.eye(3)[torch.from_numpy(rng.integers(3, size=96))]
    return Pair(Labelled(toy_values(96, rng), labels), Unlabelled(2 * toy_values(64, rng) + 1))


def test_the_domain_term_of_coral_is_its_weight_times_the_distance() -> None:
    trained, batch = objective(METHODS["coral"]), pair()
    source, target = (
        torch.from_numpy(trained.embedded(part.values)) for part in (batch.source, batch.target)
    )
    expected = WEIGHT * float(coral_distance(source, target))
    assert expected > 1e-4
    assert trained.step(batch)["domain"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_minimised_is_entropy_plus_domain(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, batch = objective(METHODS[method]), pair()
    entropy = trained.log_loss(batch.source)
    minimised: list[float] = []

    def kept(loss: Tensor) -> None:
        minimised.append(loss.item())

    monkeypatch.setattr(trained.optimiser, "descend", kept)
    terms = trained.step(batch)
    assert terms["cross_entropy"] == pytest.approx(entropy, rel=1e-5)
    assert terms["domain"] > 0
    assert minimised == [pytest.approx(terms["cross_entropy"] + terms["domain"], rel=1e-6)]


def test_a_step_of_coral_brings_the_domains_together() -> None:
    settings = CoralSettings(method="coral", weight=1000.0)
    trained, batch = objective(settings), pair()
    before = trained.step(batch)["domain"]
    for _ in range(3):
        trained.step(batch)
    assert trained.step(batch)["domain"] < 0.99 * before


@pytest.mark.parametrize("method", METHODS)
def test_best_weights_have_little_entropy_and_little_separation(method: str) -> None:
    trained, batch = objective(METHODS[method]), pair()
    source, target = (trained.embedded(part.values) for part in (batch.source, batch.target))
    apart = variance_between(source, target)
    assert apart > 0.01
    expected = trained.log_loss(batch.source) + WEIGHT * apart
    assert trained.value(batch.source, batch.target) == pytest.approx(expected, rel=1e-6)
