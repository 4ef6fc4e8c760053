"""Fitting the post-processing constant of a trained generator.

Source: https://arxiv.org/abs/2306.13606; there and in https://arxiv.org/abs/2405.14049 the constant
is found on the sample that is judged, here on training responses.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from detcore.run_folder import CONFIG, DATA, recorded
from zdcsim.io.held import opened_samples
from zdcsim.io.lineage import in_order
from zdcsim.models.generator import Generator
from zdcsim.models.scale import FittedScale, scaled
from zdcsim.response import Sample
from zdcsim.training.config import load_experiment
from zdcsim.training.distance import distance_to
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import response_samples

LOWEST, HIGHEST = 1 / 8, 8.0
"""The convolutional autoencoders lose three quarters of the light."""

RESPONSES = 2000
EVALUATIONS = 18
GOLDEN = (math.sqrt(5) - 1) / 2


def fitted_on_run(generator: Generator, run_dir: Path) -> FittedScale:
    """The constant of a generator as it will be used, fitted on what its run trained on.

    Arguments:
        generator: Of the run, followed in other steps or with rounded weights if it will be.
        run_dir: The run.

    Raises:
        ValueError: If the sample that its settings name is not the one that the run recorded.
        FileNotFoundError: If there is none.
    """
    experiment = load_experiment(run_dir / CONFIG)
    assert isinstance(experiment, GeneratorExperiment)
    check_sample(run_dir, experiment.data.files)
    with opened_samples(experiment.data.files, experiment.data.held) as responses:
        train, _ = response_samples(experiment, responses)
        return fitted_scale(generator, train)


def check_sample(run_dir: Path, paths: Sequence[Path]) -> None:
    """Refuse files that are not those that a run was trained on, by their digests.

    Their names in the settings may be relative, and another file may have their place by now. A run
    on a sample in memory recorded no digest.

    Raises:
        ValueError: If they are others.
        FileNotFoundError: If there is none.
    """
    trained, found = recorded(run_dir).get(DATA, {}).get("sha256"), in_order(paths)
    if trained is not None and found != trained:
        raise ValueError(
            f"{', '.join(map(str, paths))} is not what {run_dir} was trained on: its SHA-256 is "
            f"{found}, that of the training {trained}; give the command where data.train of the "
            "run's config.yaml names the same file, or leave --scale out"
        )


def fitted_scale(generator: Generator, train: Sample) -> FittedScale:
    """The factor that brings the channel sums nearest to those of training responses.

    It minimises the mean Wasserstein distance of the rounded channel sums, with the same noise for
    every factor, between `LOWEST` and `HIGHEST`. It is 1 where the search, which ends beside the
    minimum and takes it for the only one, finds nothing nearer.

    Raises:
        ValueError: If the search ends at one of these limits, where the minimum is not.
    """
    chosen = np.linspace(0, len(train) - 1, min(RESPONSES, len(train))).astype(np.int64)
    sample = train.select(chosen)

    def distance(log_factor: float) -> float:
        return distance_to(sample, scaled(generator, math.exp(log_factor)), 1)()

    before = distance(0.0)
    found = golden_minimum(distance, math.log(LOWEST), math.log(HIGHEST), EVALUATIONS)
    best, value = min((0.0, before), found, key=lambda each: each[1])
    if not 1.01 * LOWEST < math.exp(best) < HIGHEST / 1.01:
        raise ValueError(
            f"the light of the generator is off by more than the factor {math.exp(best):.3g}, the "
            "last that is tried; train it longer, or export it without a constant"
        )
    return FittedScale(math.exp(best), len(sample), before, value)


def golden_minimum(
    function: Callable[[float], float], low: float, high: float, evaluations: int
) -> tuple[float, float]:
    """Place and value of the minimum of a function with one, by golden sections."""
    inner = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    values = [function(place) for place in inner]
    for _ in range(evaluations - 2):
        if values[0] < values[1]:
            high = inner[1]
            inner = [high - GOLDEN * (high - low), inner[0]]
            values = [function(inner[0]), values[0]]
        else:
            low = inner[0]
            inner = [inner[1], low + GOLDEN * (high - low)]
            values = [values[1], function(inner[1])]
    return min(zip(inner, values, strict=True), key=lambda found: found[1])
