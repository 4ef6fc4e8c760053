"""Exporting trained networks as a bundle: complete and verified, or not at all.

The bundle for O2 takes ten noise numbers; the one with noise of any size is the same in all else,
and is proved as if O2 drew more.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.bundle import MANIFEST, described, replacing_bundle
from detcore.compact import Storage, compact, rounded
from detcore.files import write_text
from detcore.graph import IR_VERSION, OPSET
from detcore.provenance import provenance as made_by
from zdcsim.export.contract import LICENCE, classifier_contract, generator_contract
from zdcsim.export.graph import write_classifier, write_generator
from zdcsim.export.properties import properties_contract, write_properties
from zdcsim.export.verification import Verification, verify
from zdcsim.io import scales
from zdcsim.io.bundle import (
    CLASSIFIER,
    CLASSIFIER_SCALES,
    FORMAT_VERSION,
    FORMATS,
    GENERATOR,
    GENERATOR_SCALES,
    NOISE_SIZE,
    PROPERTIES,
    Target,
    o2_options,
)
from zdcsim.io.scales import Scales
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.free_noise import freed
from zdcsim.models.generator import Generator
from zdcsim.models.scale import FittedScale, scaled
from zdcsim.models.scaler import ConditionScaler
from zdcsim.models.signal import SignalClassifier


def write_bundle(
    generator: Generator,
    classifier: SignalClassifier,
    out_dir: Path,
    provenance: Mapping[str, object],
    reference_conditions: NDArray[np.float32],
    scale: FittedScale | None = None,
    target: Target = "o2",
    weights: Storage = "float32",
) -> Verification:
    """Write a bundle after proving that O2 would read from it what Python computes.

    It is built in a folder beside `out_dir` and takes its place only when the proof succeeds, so a
    bundle that stands there already stays when it does not.

    Arguments:
        generator: Trained; for O2 with ten noise numbers.
        classifier: Trained, for the same detector.
        out_dir: The bundle's folder; an existing bundle is replaced.
        provenance: What the networks were trained on and how; JSON values. By convention
            `data_kind` and `data_sha256` name the training sample.
        reference_conditions: Particles to compare, in O2's units, shape (N, 9).
        scale: Written into the graph and the manifest; None leaves the light as it is.
        target: Who draws the noise.
        weights: What the generator's weights are stored as; the proof is that of the generator
            with weights rounded so.

    Raises:
        ValueError: If O2 cannot use the networks, would read something else than Python computes,
            or `out_dir` holds something that is not a bundle. Nothing is written then.
    """
    if target == "free":
        generator = freed(generator)
    _check(generator, classifier, target)
    generator = rounded(generator, weights)
    if scale is not None:
        generator = scaled(generator, scale.factor)
        provenance = {**provenance, "scale": asdict(scale)}
    with replacing_bundle(out_dir, FORMATS.values()) as partial:
        contract = _write_models(partial, generator, classifier, provenance)
        compact(partial / GENERATOR, weights)
        result = verify(partial, generator, classifier, reference_conditions)
        manifest = _manifest(partial, generator, {**contract, "weights": weights}, result, target)
        write_text(partial / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return result


def _check(generator: Generator, classifier: SignalClassifier, target: Target) -> None:
    if target == "o2" and generator.noise_size != NOISE_SIZE:
        raise ValueError(
            f"O2 draws {NOISE_SIZE} noise numbers; the generator takes {generator.noise_size}: "
            "choose the target `free`"
        )
    if classifier.calorimeter != generator.calorimeter:
        raise ValueError(
            f"the classifier is for {classifier.calorimeter.name}, the generator for "
            f"{generator.calorimeter.name}; train both for one detector"
        )


def _write_models(
    folder: Path,
    generator: Generator,
    classifier: SignalClassifier,
    provenance: Mapping[str, object],
) -> dict[str, object]:
    """Write the four files; returns what each model and the manifest say about them."""
    generator_scales, classifier_scales = _scales(generator.scaler), _scales(classifier.scaler)
    to_generator = generator_contract(generator, generator_scales)
    to_classifier = classifier_contract(classifier_scales)
    origin: dict[str, object] = {
        "toolkit": made_by("zdcsim", "torch", "onnx", "onnxruntime"),
        "training": dict(provenance),
        "licence": LICENCE,
    }
    write_generator(folder / GENERATOR, generator, {**to_generator, **origin})
    write_classifier(folder / CLASSIFIER, classifier, {**to_classifier, **origin})
    scales.write(folder / GENERATOR_SCALES, generator_scales)
    scales.write(folder / CLASSIFIER_SCALES, classifier_scales)
    written: dict[str, object] = {"generator": to_generator, "classifier": to_classifier}
    if isinstance(generator, CorrVaeGenerator):
        write_properties(folder / PROPERTIES, generator.head, origin)
        written["properties"] = properties_contract(generator.head)
    return {**written, **origin}


def _scales(scaler: ConditionScaler) -> Scales:
    return Scales(
        scaler.mean.detach().cpu().numpy().astype(np.float32),
        scaler.scale.detach().cpu().numpy().astype(np.float32),
    )


def _manifest(
    folder: Path,
    generator: Generator,
    contract: Mapping[str, object],
    result: Verification,
    target: Target,
) -> dict[str, object]:
    calorimeter = generator.calorimeter
    use = {"o2_sim_configKeyValues": o2_options(calorimeter, "$ZDCSIM_BUNDLE")}
    return {
        "format": FORMATS[target],
        "format_version": FORMAT_VERSION,
        "calorimeter": calorimeter.name,
        "noise_size": generator.noise_size,
        "files": described(folder, sorted(path.name for path in folder.iterdir())),
        "onnx": {"opset": OPSET, "ir_version": IR_VERSION},
        **contract,
        "verification": asdict(result),
        **(use if target == "o2" else {}),
    }
