"""Trainings of a benchmark: train, export, judge, each once, so that an interrupted one goes on."""

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from detcore.bundle import MANIFEST
from detcore.provenance import shortened
from zdcsim.io import tree
from zdcsim.io.bundle import read_manifest

CONFIGS = Path("configs/zdcsim")
SIGNAL = {"zn": "signal", "zp": "signal_zp"}
"""Settings files of the classifiers, by calorimeter."""

SCALED = "+constant"
"""Behind the name of a configuration: its generator times the constant fitted on training data."""

_ONE_AT_A_TIME = threading.Lock()


def zdcsim(*arguments: str | Path) -> None:
    """Run one command of the command line."""
    subprocess.run([sys.executable, "-m", "zdcsim", *map(str, arguments)], check=True)


def classifier(runs: Path, config: str, overrides: Sequence[str] = ()) -> Path:
    """Run folder of the signal classifier, trained if it is not there."""
    folder = runs / config
    with _ONE_AT_A_TIME:  # families that train beside each other ask for the same
        if not (folder / "done").exists():
            path = CONFIGS / f"{config}.yaml"
            zdcsim("train", path, "--out", folder, "--resume", *_set(overrides))
            (folder / "done").touch()
    return folder


def settings_file(config: str) -> Path:
    """The settings of a configuration, which are those without the constant."""
    return CONFIGS / f"{config.removesuffix(SCALED)}.yaml"


def run_of(runs: Path, config: str, seed: int) -> Path:
    """Where a configuration and seed is trained; the constant changes nothing of that."""
    return runs / f"{config.removesuffix(SCALED)}-{seed}" / "run"


def verdict(runs: Path, config: str, seed: int) -> Path:
    """Where the judgement of a configuration and seed is kept."""
    return runs / f"{config}-{seed}" / "judgement.json"


def untrained(runs: Path, config: str, seed: int) -> bool:
    """Whether a configuration and seed has neither a judgement nor a bundle to judge."""
    written = verdict(runs, config, seed)
    return not written.exists() and not (written.parent / "bundle" / MANIFEST).exists()


def judged(
    runs: Path,
    config: str,
    seed: int,
    signal: Callable[[], Path],
    reference: Path,
    overrides: Sequence[str] = (),
    options: Sequence[str] = (),
) -> tuple[Path, dict[str, Any]]:
    """Bundle and judgement of one configuration and seed, made if they are not there.

    A bundle without a judgement is judged and not trained again: of committed ones, which a larger
    test sample judges anew, the runs are gone.

    Arguments:
        runs: Where the run folders are kept.
        config: Name of the settings file, with `SCALED` for a generator times its constant.
        seed: Of the training.
        signal: Gives the run folder of the classifier, when a bundle is exported.
        reference: ROOT file of the test sample.
        overrides: Settings to change, a.b=value.
        options: Of `zdcsim evaluate`.

    Raises:
        ValueError: If one is there that was judged on another sample or trained with other
            settings.
    """
    written = verdict(runs, config, seed)
    run, bundle = run_of(runs, config, seed), written.parent / "bundle"
    if untrained(runs, config, seed):
        path = settings_file(config)
        settings = _set([*_teacher(path, runs, seed), *overrides])
        zdcsim("train", path, "--out", run, "--seed", str(seed), "--resume", *settings)
        scale = "fitted" if config.endswith(SCALED) else "none"
        export(run, signal(), bundle, scale=scale)
        evaluate(bundle, reference, written, options)
    elif not written.exists():
        _require_settings(bundle, overrides)
        evaluate(bundle, reference, written, options)
    else:
        _require_asked(written, bundle, reference, overrides)
    found: dict[str, Any] = json.loads(written.read_text())
    return bundle, found


def _require_asked(written: Path, bundle: Path, reference: Path, overrides: Sequence[str]) -> None:
    """Refuse what an earlier run left of another sample or other settings."""
    sample = json.loads(json.dumps(tree.read(reference).provenance))
    if json.loads(written.read_text())["reference"] != sample:
        raise ValueError(
            f"{written} was judged on another sample than {reference}; "
            f"name another folder with --runs, or remove {written}"
        )
    _require_settings(bundle, overrides)


def _require_settings(bundle: Path, overrides: Sequence[str]) -> None:
    """Refuse a bundle of other settings."""
    settings = read_manifest(bundle)["training"]["generator"]["settings"]
    for text in overrides:
        key, _, wanted = text.partition("=")
        found = functools.reduce(lambda at, name: (at or {}).get(name), key.split("."), settings)
        if found != yaml.safe_load(wanted):
            raise ValueError(
                f"{bundle} was trained with {key} {found!r}, and {wanted} is asked for; "
                f"name another folder with --runs, or remove {bundle.parent}"
            )


def export(
    run: Path, signal: Path, bundle: Path, weights: str = "float32", scale: str = "none"
) -> None:
    """Make the bundle of a run, with weights and scale as `zdcsim export` knows them."""
    made = ("--weights", weights, "--scale", scale)
    zdcsim("export", run, "--classifier", signal, *made, "--out", bundle)


def evaluate(bundle: Path, reference: Path, written: Path, options: Sequence[str] = ()) -> None:
    """Write the judgement of a bundle."""
    zdcsim("evaluate", "--model", bundle, "--reference", reference, "--json", written, *options)


def commits(bundles: Sequence[Path]) -> list[str]:
    """Commits that the generators of bundles were trained with."""
    records = [read_manifest(bundle)["training"]["generator"] for bundle in bundles]
    return sorted({shortened(record["commit"]) for record in records})


def _teacher(path: Path, runs: Path, seed: int) -> list[str]:
    """The run that a student learns from: that of the same seed beside it."""
    named = yaml.safe_load(path.read_text()).get("teacher_run")
    return [f"teacher_run={runs / f'{Path(named).name}-{seed}' / 'run'}"] if named else []


def _set(overrides: Sequence[str]) -> list[str]:
    return [part for text in overrides for part in ("--set", text)]
