"""What a bundle's manifest says of the trainings it was made from."""

from pathlib import Path
from typing import Any

from torch import nn

from detcore import checkpoint
from detcore.run_folder import recorded


def training_record(
    run: Path, generator: nn.Module, signal_run: Path, classifier: nn.Module
) -> dict[str, object]:
    """How both networks of a bundle came about, as their run folders say.

    Arguments:
        run: Folder of the generator's training.
        generator: What was trained there.
        signal_run: Folder of the classifier's training.
        classifier: What was trained there.

    Raises:
        ValueError: If a folder holds no run.
    """
    records = {
        "generator": _record(run, generator),
        "classifier": _record(signal_run, classifier),
    }
    data = records["generator"].get("data", {})
    sample = data.get("provenance", {})
    return {
        "data_kind": sample.get("data_kind", "not stated"),
        "geant4_data": sample.get("geant4_data", "not stated"),
        "data_sha256": data.get("sha256"),
        **records,
    }


def _record(run: Path, network: nn.Module) -> dict[str, Any]:
    return {**recorded(run), "trained": _trained(run, network)}


def _trained(run: Path, network: nn.Module) -> dict[str, object]:
    """How long a network trained, where it was best, and how many numbers it learnt."""
    done, best = (checkpoint.load(run / name) for name in (checkpoint.LAST, checkpoint.BEST))
    return {
        "steps": done["done"]["step"],
        "minutes": round(done["done"]["seconds"] / 60, 2),
        "core_minutes": round(done["done"].get("cpu_seconds", 0) / 60, 2) or None,
        "best_step": best["step"],
        "validation": best["validation"],
        "numbers": sum(weights.numel() for weights in network.parameters()),
    }
