"""Checkpoints and the metrics file of a run, such that a killed run goes on exactly.

A run folder holds `last.pt` (everything to go on with), `best.pt` (the weights that validated
best) and `metrics.jsonl` (one line a step). Checkpoints hold tensors and plain values only, so
they are read without running code from the file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from detcore.files import replacing, write_text

LAST, BEST, METRICS = "last.pt", "best.pt", "metrics.jsonl"


def save(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint in one step: a kill leaves the former one."""
    with replacing(path) as partial:
        torch.save(state, partial)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint, its tensors on the CPU.

    Raises:
        ValueError: If it is missing or not a checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(f"there is no checkpoint {path}; train first") from None
    except Exception as error:  # torch raises many kinds for a damaged file
        raise ValueError(f"{path} is not a readable checkpoint: {error}") from None
    return state


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """While what a checkpoint holds is given to networks and optimisers.

    Raises:
        ValueError: If it does not fit what the run's settings say now, as another version of this
            package had other networks.
    """
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as problem:  # torch says each, as the part may be
        raise ValueError(
            f"{path} does not fit the networks that its settings describe: another version made "
            "it, whose commit is in provenance.json beside it. Train anew, or go on with that "
            f"version. {' '.join(str(problem).split())}"
        ) from problem


def load_best(network: nn.Module, folder: Path) -> None:
    """Give a network the weights that validated best in a run.

    Raises:
        ValueError: If the run has none, or they are of other networks.
    """
    best = folder / BEST
    weights = load(best)["weights"]
    with fitting(best):
        network.load_state_dict(weights)


def trim_metrics(path: Path, last_step: int) -> None:
    """Drop the lines of steps after `last_step`, and one that a kill left unfinished."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            step = json.loads(line)["step"]
        except json.JSONDecodeError:
            continue
        if step <= last_step:
            kept.append(line + "\n")
    write_text(path, "".join(kept))
