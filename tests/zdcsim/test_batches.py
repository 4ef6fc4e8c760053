"""What batches measure of their sample, and what only some families ask of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from toys import toy_responses

from detcore.distributed import Processes
from zdcsim.response import Sample
from zdcsim.sample import batches
from zdcsim.sample.batches import ResponseBatches
from zdcsim.sample.diversity import diversity_weights
from zdcsim.training import load_experiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import generator_parts

ALONE = Processes(0, 1, torch.device("cpu"))
CONFIGS = Path(__file__).parents[2] / "configs" / "zdcsim"
RESPONSES = toy_responses(12, 3)


@pytest.mark.parametrize(
    ("family", "passes"),
    [("sdi_gan", 1), ("expertsim", 1), ("gan", 0), ("shower_vae", 0), ("corrvae_kernels", 0),
     ("conv_vae", 0), ("latent_flow_matching", 0)],
)  # fmt: skip
def test_diversity_is_measured_for_those_who_use_it(
    family: str, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def counted(responses: Sample) -> np.ndarray:
        measured.append(len(responses))
        return diversity_weights(responses)

    monkeypatch.setattr(batches, "diversity_weights", counted)
    experiment = load_experiment(CONFIGS / f"{family}.yaml", ["training.batch=8"])
    assert isinstance(experiment, GeneratorExperiment)
    parts = generator_parts(experiment, RESPONSES, ALONE)
    assert len(measured) == passes
    assert torch.isfinite(parts.batch_at(1).diversity).all() == bool(passes)


def test_all_else_in_a_batch_is_the_same_without_it() -> None:
    with_it, without = (
        ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True, diversity=asked)(3)
        for asked in (True, False)
    )
    for name in ("log_photons", "conditions", "photon_sum", "position", "noise"):
        assert torch.equal(getattr(with_it, name), getattr(without, name)), name
