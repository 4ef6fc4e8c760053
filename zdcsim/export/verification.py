"""Proof that a bundle read as O2 reads it gives what the Python pipeline gives.

Three answers to the same particles and noise are compared:

* torch: the trained network, its output rounded to counts, in the package's `[x][y]` layout;
* ONNX Runtime: the exported graph at batch 1, 2 and 7, decoded and brought to `[x][y]`;
* O2: the emulator, one particle at a time, down to channel sums.

The channel sums of O2 must equal `zdcsim.channels` of the ONNX counts exactly. torch and ONNX
Runtime agree to float32 accuracy only, so next to k + 1/2 they may round to either side: every ONNX
count must be the rounding of a number within `TOLERANCE` of torch's. Counts that came out
differently for this reason are counted and reported. A generator that draws its counts inside the
graph is allowed as few differences (`compare_drawn`).

Axis key: N particles, Nx by Ny fibres, 5 channels.
"""

import copy
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from detcore.session import in_batches, session
from zdcsim.channels import CHANNELS, channel_sums
from zdcsim.conditions import PZ
from zdcsim.export.emulator import FastSimulation, detector_of, sector_sums
from zdcsim.export.photon_encoding import MAXIMUM
from zdcsim.io.bundle import CLASSIFIER, GENERATOR, INPUTS, THRESHOLD
from zdcsim.io.session import decoded
from zdcsim.models.generator import Generator
from zdcsim.models.signal import SignalClassifier

BATCHES = (1, 2, 7)
TOLERANCE = 1e-4
"""Relative float32 error of a photo-electron number, of numbers below 1 the absolute one."""

PROBABILITY_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Verification:
    """What was compared, and by how little the two runtimes differed.

    Arguments:
        responses: Particles, each with its own noise.
        photons: Photo-electrons of all of them.
        lit_pixels: Pixels with light, all batch sizes together.
        rounded_apart: Those on which torch and ONNX Runtime round to different counts.
        largest_probability_difference: Of the classifier between torch and ONNX Runtime.
    """

    responses: int
    photons: int
    lit_pixels: int
    rounded_apart: int
    largest_probability_difference: float


def verify(
    folder: Path,
    generator: Generator,
    classifier: SignalClassifier,
    conditions: NDArray[np.float32],
    seed: int = 1,
) -> Verification:
    """Compare a bundle with the networks that it was made from.

    Arguments:
        folder: The bundle's folder; needs no manifest yet.
        generator: The trained generator.
        classifier: The trained signal classifier, with its own `scaler`.
        conditions: Particles in O2's units, shape (N, 9).
        seed: Seed of the noise.

    Raises:
        ValueError: If the bundle gives O2 anything else than the networks give Python.
    """
    shape = (len(conditions), generator.noise_size)
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    o2 = FastSimulation(folder, detector_of(generator.calorimeter.name))
    photons = torch_photons(generator, noise, conditions)
    scaled = o2.generator.scaled(conditions)
    graph = session(folder / GENERATOR, INPUTS[GENERATOR])
    counts = {
        batch: decoded(in_batches(graph, batch, noise, scaled), generator.calorimeter)
        for batch in BATCHES
    }
    compare = compare_drawn if generator.draws_counts else compare_counts
    apart = [compare(photons, counts[batch], batch) for batch in BATCHES]
    visible, difference = compare_classifier(folder, classifier, o2, conditions)
    compare_hits(o2, generator, conditions, noise, counts[1], visible)
    return Verification(
        responses=len(conditions),
        photons=int(counts[1].sum()),
        lit_pixels=sum(int((count > 0).sum()) for count in counts.values()),
        rounded_apart=sum(apart),
        largest_probability_difference=difference,
    )


def torch_photons(
    generator: Generator, noise: NDArray[np.float32], conditions: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The generator's photo-electrons before rounding, at most `MAXIMUM`, shape (N, Nx, Ny).

    Raises:
        ValueError: If one is not finite; names the particle.
    """
    network = copy.deepcopy(generator).cpu().float().eval()
    with torch.no_grad():
        scaled = network.scaler(torch.from_numpy(conditions))
        log_photons = network(torch.from_numpy(noise), scaled).double().numpy()
    finite = np.isfinite(log_photons).all((1, 2))
    if not finite.all():
        particle = conditions[int(np.argmin(finite))].tolist()
        raise ValueError(f"the generator's answer to the particle {particle} is not finite")
    photons: NDArray[np.float64] = np.clip(np.expm1(log_photons), 0, MAXIMUM)
    return photons


def compare_counts(photons: NDArray[np.float64], counts: NDArray[np.int32], batch: int) -> int:
    """Number of counts that are rounded differently by torch and ONNX Runtime.

    Arguments:
        photons: torch's photo-electrons before rounding, shape (N, Nx, Ny).
        counts: Counts of the ONNX graph, shape (N, Nx, Ny).
        batch: Its batch size, for the message.

    Raises:
        ValueError: If a count is not the rounding of any number that agrees with torch's.
    """
    reach = 0.5 + TOLERANCE * np.maximum(photons, 1)
    wrong = np.abs(counts - photons) > reach
    if wrong.any():
        row, x, y = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"torch and ONNX Runtime differ at batch {batch} in {int(wrong.sum())} of "
            f"{wrong.size} pixels, first in response {row} at ({x}, {y}): "
            f"{photons[row, x, y]:.6g} photo-electrons became {counts[row, x, y]}"
        )
    return int((counts != np.rint(photons)).sum())


def compare_drawn(photons: NDArray[np.float64], counts: NDArray[np.int32], batch: int) -> int:
    """Number of counts that torch and ONNX Runtime draw differently, of a generator that draws.

    A relative error e of the expected light moves a count n by one with a probability of about
    e n, so at most `TOLERANCE` of all photo-electrons may differ, by one in a fibre.

    Arguments:
        photons: torch's whole photo-electrons, shape (N, Nx, Ny).
        counts: Counts of the ONNX graph, shape (N, Nx, Ny).
        batch: Its batch size, for the message.

    Raises:
        ValueError: If more of them, or one by more, differ.
    """
    difference = np.abs(counts - np.rint(photons))
    apart, allowed = int((difference > 0).sum()), math.ceil(TOLERANCE * photons.sum())
    if difference.max(initial=0) > 1 or apart > allowed:
        raise ValueError(
            f"torch and ONNX Runtime draw different counts at batch {batch}: {apart} of "
            f"{difference.size} fibres differ, by up to {difference.max():.0f}; at most {allowed} "
            "by 1 are float32 rounding"
        )
    return apart


def compare_classifier(
    folder: Path, classifier: SignalClassifier, o2: FastSimulation, conditions: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], float]:
    """Which particles O2 takes for visible, shape (N,), and the largest difference to torch.

    Raises:
        ValueError: If a probability, or O2's decision, differs from torch's.
    """
    network = copy.deepcopy(classifier).cpu().float().eval()
    with torch.no_grad():
        expected = network(network.scaler(torch.from_numpy(conditions))).numpy()
    graph = session(folder / CLASSIFIER, INPUTS[CLASSIFIER])
    scaled = o2.classifier.scaled(conditions)
    found = np.stack([in_batches(graph, batch, scaled) for batch in BATCHES])
    difference = float(np.max(np.abs(found - expected), initial=0.0))
    if not difference <= PROBABILITY_TOLERANCE:
        raise ValueError(
            f"torch and ONNX Runtime differ by {difference:.3g} in the classifier's probability; "
            f"at most {PROBABILITY_TOLERANCE:g} is float32 rounding"
        )
    visible = np.array([o2.leaves_signal(particle) for particle in conditions])
    undecided = np.abs(expected[:, 0] - THRESHOLD) <= PROBABILITY_TOLERANCE
    wrong = (visible != (expected[:, 0] >= THRESHOLD)) & ~undecided
    if wrong.any():
        raise ValueError(
            f"O2 and torch disagree on whether {int(wrong.sum())} of {len(wrong)} particles "
            f"leave light, first for {conditions[int(np.argmax(wrong))].tolist()}"
        )
    return visible, difference


def compare_hits(
    o2: FastSimulation,
    generator: Generator,
    conditions: NDArray[np.float32],
    noise: NDArray[np.float32],
    counts: NDArray[np.int32],
    visible: NDArray[np.bool_],
) -> None:
    """Refuse a bundle whose hits in O2 do not carry the channel sums of its counts.

    Particles that the classifier rejects must give no hit; the generator is compared for them too.

    Raises:
        ValueError: If a sum, a side or the number of hits differs.
    """
    expected = channel_sums(counts, generator.calorimeter, "o2")
    for row, (particle, normals) in enumerate(zip(conditions, noise, strict=True)):
        hits = o2.begin_primary(particle, normals)
        if not visible[row]:
            if hits:
                raise ValueError(f"O2 makes hits of the rejected particle {particle.tolist()}")
            hits = o2.hits(particle, normals)
        found = sector_sums(hits)
        if not np.array_equal(found, expected[row]):
            raise ValueError(
                f"O2 reads the channel sums {found.tolist()} for the particle "
                f"{particle.tolist()}; Python gives {expected[row].astype(int).tolist()}"
            )
        detector = generator.calorimeter.name + ("A" if particle[PZ] > 0 else "C")
        if len(hits) > CHANNELS or any(hit.detector != detector for hit in hits):
            raise ValueError(f"O2 makes the hits {hits}; expected at most {CHANNELS} in {detector}")
