"""Where an autoencoder that learns by the squared error of log photons loses its light.

python benchmarks/prior_mismatch.py --runs runs/league --families conv_vae corrvae --seed 1

Light relative to the Monte Carlo on the training particles that have two responses, in four steps:
the best that the loss allows without knowing the response (the mean of the log photons of the
particle's two responses), what the decoder makes of the response's own latent numbers, of those of
the particle's other response, and of numbers from the prior, as in generation. The weights are the
averaged ones of the last step. Errors are standard errors over particles. Writes
prior_mismatch.json and .md.

Axis key: P particles.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from result_files import write_rows
from torch import Tensor

from detcore import checkpoint
from detcore.distributed import Processes
from detcore.provenance import provenance
from detcore.run_folder import CONFIG, DATA, recorded
from detcore.wording import with_error
from zdcsim.evaluation.judgement import physics_tables
from zdcsim.io.held import opened_samples
from zdcsim.models.generator import Generator
from zdcsim.objectives.averaged import AveragedObjective
from zdcsim.response import Sample
from zdcsim.training import load_experiment
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.families import generator_parts
from zdcsim.training.parts import response_samples
from zdcsim.validation.profile import ratio_error

STEPS = {
    "loss": "mean log photons",
    "own": "own latent",
    "other": "latent of the other response",
    "prior": "prior",
}
ALONE = Processes(0, 1, torch.device("cpu"))


def paired(train: Sample) -> Sample:
    """The responses of particles that have two, those of a particle behind one another."""
    order = np.argsort(train.particle, kind="stable")
    particle = train.particle[order]
    _, number, copies = np.unique(particle, return_inverse=True, return_counts=True)
    return train.select(order[copies[number] == 2])


def photons(log_photons: Tensor) -> NDArray[np.float64]:
    """Whole photo-electrons of both responses of a particle, shape (P,)."""
    whole = torch.round(torch.expm1(log_photons)).double()
    return whole.flatten(1).sum(1).reshape(-1, 2).sum(1).numpy()


def share(made: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[str, float]:
    """A ratio of sums over particles and its standard error for another draw of the particles.

    Arguments:
        made: Light of a particle, shape (P,).
        truth: That of the Monte Carlo, shape (P,).
    """
    ratio = made.sum() / truth.sum()
    return {"value": float(ratio), "error": ratio_error(made, truth, ratio)}


@torch.no_grad()
def light(run: Path) -> dict[str, dict[str, float]]:
    """Light over that of the Monte Carlo, by step, of one run."""
    experiment = load_experiment(run / CONFIG)
    assert isinstance(experiment, GeneratorExperiment)
    with opened_samples(experiment.data.files, experiment.data.held) as responses:
        parts = generator_parts(experiment, responses, ALONE)
        sample = paired(response_samples(experiment, responses)[0])
        truth = torch.log1p(torch.from_numpy(sample.dense(slice(None))).float())
    objective = parts.objective
    assert isinstance(objective, AveragedObjective)
    objective.load_state_dict(checkpoint.load(run / checkpoint.LAST)["objective"])
    generator, encoder = (network.eval() for network in objective.averages)
    assert isinstance(generator, Generator)
    rng = torch.Generator().manual_seed(1)
    conditions = generator.scaler(torch.from_numpy(sample.conditions))
    mean, log_variance = encoder(truth, conditions)
    noise = torch.randn(mean.shape, generator=rng)
    own = mean + torch.exp(0.5 * log_variance) * noise
    swapped = own.reshape(-1, 2, own.shape[1]).flip(1).flatten(0, 1)
    best = truth.reshape(-1, 2, *truth.shape[1:]).mean(1, keepdim=True)
    made = {
        "loss": best.expand(-1, 2, -1, -1).flatten(0, 1),
        "own": generator(own, conditions),
        "other": generator(swapped, conditions),
        "prior": generator(torch.randn(mean.shape, generator=rng), conditions),
    }
    return {name: share(photons(made[name]), photons(truth)) for name in STEPS}


def table(rows: dict[str, dict[str, Any]], record: dict[str, Any]) -> str:
    """Light by family."""
    lines = [f"| family | {' | '.join(STEPS.values())} |", f"|{'---|' * (1 + len(STEPS))}"]
    lines += [
        f"| {name} | {' | '.join(with_error(**row[step]) for step in STEPS)} |"
        for name, row in rows.items()
    ]
    caption = (
        "Light over that of the Monte Carlo, of training particles with two responses, ± over "
        f"particles, seed {record['seed']}. Monte Carlo: {record['tables']}. {record['machine']}, "
        f"commit {record['commit'][:12]}. Made by `python benchmarks/prior_mismatch.py`."
    )
    return "\n".join([*lines, "", caption]) + "\n"


def main() -> None:
    """Measure every family and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    parser.add_argument("--families", nargs="+", default=["conv_vae", "corrvae"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    rows = {
        name: light(options.runs / f"{name}-{options.seed}" / "run") for name in options.families
    }
    first = recorded(options.runs / f"{options.families[0]}-{options.seed}" / "run")
    tables = physics_tables(first[DATA]["provenance"])
    record = {"seed": options.seed, "tables": tables, **provenance("torch", "numpy")}
    write_rows(options.out / "prior_mismatch.json", record, rows, table(rows, record))


if __name__ == "__main__":
    main()
