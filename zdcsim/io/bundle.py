"""A bundle: the folder of files that simulate one calorimeter, in O2 or here, and its manifest.

Reading and running a bundle needs numpy and ONNX Runtime, not torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnxruntime

from detcore import bundle
from detcore.bundle import MANIFEST, check_file
from detcore.files import sha256
from detcore.session import session
from zdcsim.geometry import Calorimeter, calorimeter
from zdcsim.io import scales
from zdcsim.io.scales import Scales
from zdcsim.io.steering import Steering
from zdcsim.optics import Machine

GENERATOR = "generator.onnx"
GENERATOR_SCALES = "generator_scales.txt"
CLASSIFIER = "classifier.onnx"
CLASSIFIER_SCALES = "classifier_scales.txt"
PROPERTIES = "properties.onnx"
"""Only of generators whose properties can be chosen."""

FILES = (GENERATOR, GENERATOR_SCALES, CLASSIFIER, CLASSIFIER_SCALES)

Target = Literal["o2", "free"]
"""Who draws the noise: O2, ten numbers, or a caller who asks how many there must be."""

FORMATS: dict[Target, str] = {
    "o2": "zdcsim bundle for AliceO2",
    "free": "zdcsim bundle with noise of any size",
}
FORMAT_VERSION = 1
INPUTS = {GENERATOR: 2, CLASSIFIER: 1, PROPERTIES: 2}
NOISE_SIZE = 10
"""Standard normal numbers that O2 draws for every response; fixed in its code."""
THRESHOLD = 0.5
"""O2 takes a particle for visible when the classifier's answer rounds to 1."""
BUNDLE_TRAINING: Final = "bundle_training"
"""Entry of the provenance of generated responses: the manifest's `training`."""
SPECIES = {"ZN": "Neutron", "ZP": "Proton"}


@dataclass(frozen=True)
class Bundle:
    """An opened bundle.

    Arguments:
        path: Its folder.
        sha256: Digest of the manifest, which holds the digests of all other files.
        calorimeter: The detector that the generator stands for.
        manifest: The manifest as read.
        generator: Session with inputs noise (N, Z) and scaled conditions (N, 9).
        generator_scales: What scales its conditions.
        classifier: Session with the input scaled conditions (N, 9).
        classifier_scales: What scales its conditions.
        steering: None if the properties of its responses cannot be chosen.
    """

    path: Path
    sha256: str
    calorimeter: Calorimeter
    manifest: Mapping[str, Any]
    generator: onnxruntime.InferenceSession
    generator_scales: Scales
    classifier: onnxruntime.InferenceSession
    classifier_scales: Scales
    steering: Steering | None = None

    @property
    def noise_size(self) -> int:
        """Z, standard normal numbers for every response."""
        return int(self.manifest.get("noise_size", NOISE_SIZE))

    @property
    def machine(self) -> Machine | None:
        """The magnets that its graph carries particles through; without, they fly straight."""
        beam = settings_of(self.manifest).get("data", {}).get("beam_momentum_gev")
        return None if beam is None else Machine(float(beam))


def training_of(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the networks of a bundle came about; empty if not stated.

    Arguments:
        model: The manifest, or the provenance of responses that the bundle generated.
    """
    stated = (model.get(key) for key in ("training", BUNDLE_TRAINING))
    return next((found for found in stated if isinstance(found, Mapping)), {})


def settings_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings that the generator was trained with; empty if not stated."""
    found: Mapping[str, Any] = training_of(manifest).get("generator", {}).get("settings", {})
    return found


def read_bundle(path: Path, threads: int = 1) -> Bundle:
    """Open a bundle after checking every file against the manifest.

    Arguments:
        path: The bundle's folder.
        threads: Threads of ONNX Runtime; O2 uses one.

    Raises:
        ValueError: If the folder is not a bundle, a file is missing or changed, or a model has
            another number of inputs than O2 fills.
    """
    manifest = read_manifest(path)
    for name in {*FILES, *manifest["files"]}:
        check_file(path / name, manifest["files"].get(name, {}).get("sha256"))
    generator_scales = scales.read(path / GENERATOR_SCALES)
    return Bundle(
        path=path,
        sha256=sha256(path / MANIFEST),
        calorimeter=calorimeter(manifest["calorimeter"]),
        manifest=manifest,
        generator=session(path / GENERATOR, INPUTS[GENERATOR], threads),
        generator_scales=generator_scales,
        classifier=session(path / CLASSIFIER, INPUTS[CLASSIFIER], threads),
        classifier_scales=scales.read(path / CLASSIFIER_SCALES),
        steering=_steering(path, manifest, threads, generator_scales),
    )


def _steering(
    path: Path, manifest: Mapping[str, Any], threads: int, conditions: Scales
) -> Steering | None:
    if "properties" not in manifest:
        return None
    described = manifest["properties"]
    numbers = session(path / PROPERTIES, INPUTS[PROPERTIES], threads)
    bridge = np.array(described["bridge"])
    return Steering(tuple(described["names"]), bridge, numbers, conditions)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the bundle in folder `path`.

    Raises:
        ValueError: If there is none that this version can read.
    """
    return bundle.read_manifest(path, list(FORMATS.values()), FORMAT_VERSION)


def o2_options(detector: Calorimeter, folder: str) -> str:
    """The value of o2-sim's `--configKeyValues` that makes O2 use a bundle in `folder`."""
    return configuration(folder, {SPECIES[detector.name]: Path(GENERATOR).stem})


def configuration(folder: str, generators: Mapping[str, str]) -> str:
    """The value of o2-sim's `--configKeyValues` for a folder with a classifier and generators.

    The last setting stops the transport before the ZDC; without it full and fast simulation both
    make hits.

    Arguments:
        folder: Where the files are.
        generators: Name of the files of each generator, by O2's name of it, Neutron or Proton.

    Source:
        AliceO2, Detectors/ZDC/simulation/include/ZDCSimulation/ZDCSimParam.h.
    """
    paths = {"ClassifierPath": CLASSIFIER, "ClassifierScales": CLASSIFIER_SCALES}
    for species, name in generators.items():
        paths[f"ModelPath{species}"] = f"{name}.onnx"
        paths[f"ModelScales{species}"] = f"{name}_scales.txt"
    files = [f"ZDCSimParam.ZDCFastSim{key}={folder}/{name}" for key, name in paths.items()]
    return ";".join(["ZDCSimParam.useZDCFastSim=true", *files, "SimCutParams.maxAbsZTracking=1200"])
