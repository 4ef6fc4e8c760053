"""Bundles in the versions of ONNX Runtime that O2 uses, each in an environment of its own.

`make test` makes the environments from constraints/ort-VERSION.txt.
"""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from toy_networks import toy_classifier, toy_generator

from detcore.bundle import MANIFEST
from detcore.compact import Storage, compact, rounded
from detcore.session import in_batches, session
from zdcsim.export.deployment import stem, write_deployment
from zdcsim.export.graph import write_classifier, write_generator
from zdcsim.export.photon_encoding import MAXIMUM
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter, calorimeter
from zdcsim.io import scales, tree
from zdcsim.io.bundle import CLASSIFIER_SCALES, GENERATOR_SCALES, read_manifest
from zdcsim.io.session import decoded
from zdcsim.models.generator import Generator
from zdcsim.models.sdi_gan import SdiGanGenerator

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/ort/run_bundle.py"
VERSIONS = ("1.22.0", "1.18.1")
"""O2's version, and its version of 2024."""
COMMITTED = sorted(path.parent for path in (ROOT / "data").glob(f"z[np]-*/{MANIFEST}"))
ROUNDED_APART = 1e-4
"""Largest share of the lit pixels that kernels of two versions may round to different sides."""


def run_in(
    version: str, folder: Path, **inputs: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """What the two models in a folder return in that version of ONNX Runtime."""
    python = ROOT / f".venv-ort-{version}/bin/python"
    if not python.exists():
        pytest.skip(
            f"no environment with onnxruntime {version}: make it with "
            f"`make .venv-ort-{version}/.installed` (1.18.1 needs Python 3.12 or older)"
        )
    outputs = folder / f"outputs-{version}.npz"
    np.savez(folder / "inputs.npz", **inputs)  # type: ignore[arg-type]
    subprocess.run([python, SCRIPT, folder, folder / "inputs.npz", outputs], check=True)
    found = dict(np.load(outputs))
    assert str(found.pop("version")) == version
    return found


def untrained(folder: Path, storage: Storage) -> Path:
    """The models of an untrained SDI-GAN that lights most pixels, with their scales files."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        generator = SdiGanGenerator(ZN)
    with torch.no_grad():
        generator.light.weight.mul_(5)
    folder.mkdir()
    scaler = toy_generator().scaler
    fitted = scales.Scales(scaler.mean.numpy(), scaler.scale.numpy())
    for name in (GENERATOR_SCALES, CLASSIFIER_SCALES):
        scales.write(folder / name, fitted)
    generator.scaler.load_state_dict(scaler.state_dict())
    write_generator(folder / "generator.onnx", rounded(generator, storage), {})
    compact(folder / "generator.onnx", storage)
    write_classifier(folder / "classifier.onnx", toy_classifier(), {})
    return folder


class Here(NamedTuple):
    """What a bundle is given and gives in the version that is used here."""

    folder: Path
    detector: Calorimeter
    given: dict[str, NDArray[np.float32]]
    counts: dict[str, NDArray[np.int32]]
    probability: NDArray[np.float32]


@pytest.fixture(scope="module", params=[*get_args(Storage), *COMMITTED], ids=str)
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Here:
    """One bundle, run with the batches of the other versions."""
    bundle: Path | Storage = request.param
    folder = tmp_path_factory.mktemp("here") / "bundle"
    if isinstance(bundle, str):
        untrained(folder, bundle)
        detector = ZN
    else:
        shutil.copytree(bundle, folder)
        detector = calorimeter(read_manifest(bundle)["calorimeter"])
    conditions = reference_conditions(detector)[::3]
    noise = np.random.default_rng(2).standard_normal((len(conditions), 10)).astype(np.float32)
    scaled = scales.read(folder / GENERATOR_SCALES).apply(conditions)
    to_classify = scales.read(folder / CLASSIFIER_SCALES).apply(conditions)
    model = session(folder / "generator.onnx", inputs=2)
    probability = in_batches(session(folder / "classifier.onnx", inputs=1), 1, to_classify)
    counts = {
        name: decoded(in_batches(model, batch, noise, scaled), detector)
        for name, batch in (("one", 1), ("all", len(noise)))
    }
    given = {"noise": noise, "generator": scaled, "classifier": to_classify}
    return Here(folder, detector, given, counts, probability)


@pytest.mark.parametrize("version", VERSIONS)
def test_counts_are_those_of_the_version_used_here(version: str, here: Here) -> None:
    found = run_in(version, here.folder, **here.given)
    for name, counts in here.counts.items():
        check_counts(decoded(found[f"log_photons_{name}"], here.detector), counts)
        assert found[f"probability_{name}"] == pytest.approx(here.probability, abs=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("detector", [ZN, ZP], ids=["ZN", "ZP"])
def test_deployments_are_those_of_the_version_used_here(
    version: str, detector: Calorimeter, tmp_path: Path, rng: np.random.Generator
) -> None:
    bundles = [ROOT / "data/zn-shower-vae", ROOT / "data/zp-shower-vae"]
    write_deployment(bundles, tmp_path / "zdc")
    shutil.copy(tmp_path / f"zdc/{stem(detector.name)}.onnx", tmp_path / "zdc/generator.onnx")
    # Few of the reference particles reach the ZP; those of the test sample all do.
    sample = tree.read(ROOT / f"data/{detector.name.lower()}_test.root")
    simulated = sample.conditions[np.unique(sample.particle, return_index=True)[1]]
    conditions = np.concatenate([reference_conditions(detector)[::3], simulated])
    noise = rng.standard_normal((len(conditions), 10)).astype(np.float32)
    given = {"noise": noise, "generator": conditions, "classifier": conditions}
    found = run_in(version, tmp_path / "zdc", **given)
    model = session(tmp_path / "zdc/generator.onnx", inputs=2)
    for name, batch in (("one", 1), ("all", len(noise))):
        here = decoded(in_batches(model, batch, noise, conditions), detector)
        check_counts(decoded(found[f"log_photons_{name}"], detector), here)
    signal = in_batches(session(tmp_path / "zdc/classifier.onnx", inputs=1), 1, conditions)
    assert np.array_equal(found["probability_one"], signal)
    assert np.array_equal(found["probability_all"], signal)


def check_counts(found: NDArray[np.int32], expected: NDArray[np.int32]) -> None:
    """Equal but for the rounding of a few pixels next to k + 1/2."""
    assert (expected > 0).sum() > 1000
    assert (found != expected).sum() <= ROUNDED_APART * (expected > 0).sum()
    assert np.abs(found - expected).max() <= 1


class Ramp(Generator):
    """Every count once: fibre i of a particle of E GeV has E * Nx * Ny + i photo-electrons."""

    ramp: Tensor

    def __init__(self, calorimeter: Calorimeter) -> None:
        super().__init__(calorimeter)
        fibres = calorimeter.nx * calorimeter.ny
        self.register_buffer("ramp", torch.arange(fibres).float().view(calorimeter.shape))

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        first = conditions[:, 0].view(-1, 1, 1) * self.ramp.numel()
        return torch.log1p(first + self.ramp + 0 * noise[:, :1, None])


@pytest.mark.parametrize("version", [onnxruntime.__version__, *VERSIONS])
def test_truncation_returns_every_count_in_every_version(version: str, tmp_path: Path) -> None:
    write_generator(tmp_path / "generator.onnx", Ramp(ZN), {})
    write_classifier(tmp_path / "classifier.onnx", toy_classifier(), {})
    conditions = np.zeros((11, 9), np.float32)
    conditions[:, 0] = np.arange(11)
    noise = np.zeros((11, 10), np.float32)
    if version == onnxruntime.__version__:
        encoded = in_batches(session(tmp_path / "generator.onnx", 2), 11, noise, conditions)
    else:
        found = run_in(version, tmp_path, noise=noise, generator=conditions, classifier=conditions)
        encoded = found["log_photons_all"]
    truncated = np.expm1(encoded).astype(np.int64).transpose(0, 2, 1).ravel()
    assert np.array_equal(truncated, np.arange(11 * 44 * 44).clip(max=MAXIMUM))
