"""What batches measure of their sample, and what only some families ask of them."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toys import toy_responses

from detcore.distributed import Processes
from zdcsim.response import Responses, Sample
from zdcsim.sample import batches
from zdcsim.sample.batches import NOISE_BLOCK, ResponseBatches
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


class Counted:
    """A sample that notes how many responses are made dense."""

    def __init__(self, responses: Responses) -> None:
        self.responses, self.made = responses, 0

    def __len__(self) -> int:
        return len(self.responses)

    def __getattr__(self, name: str) -> object:
        return getattr(self.responses, name)

    def dense(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        self.made += len(rows)
        return self.responses.dense(rows)


@pytest.mark.parametrize("world_size", [2, 4, 16])
def test_shares_are_the_batch_of_one_process_and_only_they_are_made_dense(world_size: int) -> None:
    size = 3 * NOISE_BLOCK + 16  # no share but of two ends where a block of noise does
    counted = Counted(RESPONSES)
    drawn = ResponseBatches(cast("Sample", counted), size, 1, 5, symmetries=True, diversity=False)
    whole = drawn(3)
    counted.made = 0
    shares = [drawn(3, rank, world_size) for rank in range(world_size)]
    assert counted.made == size
    for name in vars(whole):
        joined = torch.cat([getattr(share, name) for share in shares])
        assert torch.equal(joined.nan_to_num(), getattr(whole, name).nan_to_num()), name
    with pytest.raises(ValueError, match=f"batch of {size} cannot be shared equally by 3"):
        drawn(3, 0, 3)


def test_noise_of_the_first_block_goes_on_with_the_stream_and_no_row_repeats() -> None:
    size = 3 * NOISE_BLOCK
    drawn = ResponseBatches(RESPONSES, size, 7, 5, symmetries=False, diversity=False)
    rng = np.random.default_rng((7, 3))
    rng.integers(len(RESPONSES), size=size)
    expected = rng.standard_normal((NOISE_BLOCK, 2, 5), np.float32)
    noise = drawn(3).noise
    assert torch.equal(noise[:NOISE_BLOCK], torch.from_numpy(expected))
    every = torch.cat([noise, drawn(4).noise]).flatten(0, 1)
    assert len(torch.unique(every[:, 0])) == len(every)


def test_all_else_in_a_batch_is_the_same_without_it() -> None:
    with_it, without = (
        ResponseBatches(RESPONSES, 16, 1, 10, symmetries=True, diversity=asked)(3)
        for asked in (True, False)
    )
    for name in ("log_photons", "conditions", "photon_sum", "position", "noise"):
        assert torch.equal(getattr(with_it, name), getattr(without, name)), name
