"""Bundles in the versions of ONNX Runtime that O2 uses, each in an environment of its own.

`make test` makes the environments from constraints/ort-VERSION.txt.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pid_bundles import features46_tracks, features46_trained, signed_tracks, toy_pid_bundle

from detcore.bundle import MANIFEST
from pid.export.o2physics import write_bundle
from pid.export.reference import all_patterns
from pid.export.trained import fit
from pid.io.bundle import FORMAT, read_bundle
from pid.scoring import inputs

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/ort/run_graph.py"
VERSIONS = ("1.22.0", "1.18.1")
"""O2's version, and its version of 2024."""
COMMITTED = [
    path.parent
    for path in sorted((ROOT / "data").glob(f"*/{MANIFEST}"))
    if FORMAT in path.read_text()
]
CASES = ("feature set", "classes", "trees", "four classes", *COMMITTED)


def made(case: str | Path, folder: Path) -> tuple[Path, NDArray[np.float32]]:
    """A bundle and inputs with all four patterns."""
    if case == "four classes":
        tracks = features46_tracks(400)
        fitted = fit(features46_trained(tracks), tracks)
        write_bundle(fitted, folder, "features46", tracks)
        return folder, inputs(read_bundle(folder), tracks)[:77]
    bundle = case if isinstance(case, Path) else toy_pid_bundle(folder, case)
    opened = read_bundle(bundle)
    return bundle, inputs(opened, all_patterns(signed_tracks(15, 8), opened.limits))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: getattr(case, "name", case))
def test_scores_are_those_of_the_version_used_here(
    version: str, case: str | Path, tmp_path: Path
) -> None:
    python = ROOT / f".venv-ort-{version}/bin/python"
    if not python.exists():
        pytest.skip(
            f"no environment with onnxruntime {version}: make it with "
            f"`make .venv-ort-{version}/.installed` (1.18.1 needs Python 3.12 or older)"
        )
    bundle, values = made(case, tmp_path / "bundle")
    np.save(tmp_path / "inputs.npy", values)
    outputs = tmp_path / "outputs.npz"
    subprocess.run([python, SCRIPT, bundle, tmp_path / "inputs.npy", outputs], check=True)
    found = dict(np.load(outputs))
    assert str(found.pop("version")) == version
    sessions = read_bundle(bundle).sessions
    assert len(found) == 3 * len(sessions)
    for name, model in sessions.items():
        here = model.run(None, {"input": values})[0]
        for batch in (1, 7, len(values)):
            assert found[f"{name}:{batch}"] == pytest.approx(here, abs=1e-5)
