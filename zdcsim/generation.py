"""Responses from a bundle, with ONNX Runtime alone.

What O2 does one particle at a time happens here in batches: scale the conditions, ask the
classifier, draw noise, run the generator, decode its counts.

Axis key: N particles, 9 conditions, Nx by Ny fibres.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.provenance import provenance
from detcore.session import blocks, run
from zdcsim.conditions import NAMES
from zdcsim.io.bundle import NOISE_SIZE, THRESHOLD, Bundle, read_bundle
from zdcsim.io.session import decoded
from zdcsim.response import Responses, sparse

DATA_KIND = "generated"


@dataclass(frozen=True)
class Particles:
    """Particles to be simulated.

    Arguments:
        particle: Identifier; copies of one particle share it, shape (N,).
        pdg: PDG code, shape (N,).
        conditions: In O2's order and units, shape (N, 9).

    Raises:
        ValueError: If the shapes differ or a condition is not finite.
    """

    particle: NDArray[np.int64]
    pdg: NDArray[np.int32]
    conditions: NDArray[np.float32]

    def __post_init__(self) -> None:
        check_conditions(self.conditions)
        if not len(self.particle) == len(self.pdg) == len(self.conditions):
            raise ValueError("particle, pdg and conditions differ in length")

    def __len__(self) -> int:
        return len(self.particle)

    def repeated(self, copies: int) -> "Particles":
        """Every particle `copies` times in a row."""
        return Particles(
            np.repeat(self.particle, copies),
            np.repeat(self.pdg, copies),
            np.repeat(self.conditions, copies, axis=0),
        )


def check_conditions(conditions: NDArray[np.floating]) -> None:
    """Refuse conditions that a generator cannot take.

    Raises:
        ValueError: If the shape is not (N, 9) or a number is not finite; names the first such.
    """
    if conditions.ndim != 2 or conditions.shape[1] != len(NAMES):
        raise ValueError(f"conditions must have shape (N, {len(NAMES)}); got {conditions.shape}")
    broken = np.argwhere(~np.isfinite(conditions))
    if len(broken):
        row, column = broken[0].tolist()
        raise ValueError(f"condition {NAMES[column]} of particle {row} is not finite")


def generate(
    bundle: Path, conditions: NDArray[np.floating], seed: int, batch_size: int = 1000
) -> NDArray[np.int32]:
    """One response for every row of conditions.

    The noise of row i depends on the seed and i alone, not on the batch size. ONNX Runtime may
    differ in the last float32 digit between batch sizes, which moves the rounding of single pixels
    that lie next to k + 1/2.

    Arguments:
        bundle: Folder of the bundle.
        conditions: In O2's order and units, shape (N, 9).
        seed: Of the noise.
        batch_size: Responses generated together.

    Returns:
        Photo-electron counts, shape (N, Nx, Ny).

    Raises:
        ValueError: If the bundle or the conditions cannot be used.
    """
    check_conditions(conditions)
    opened = read_bundle(bundle)
    counts = np.empty((len(conditions), *opened.calorimeter.shape), np.int32)
    for rows, batch in batches(opened, conditions, seed, batch_size):
        counts[rows] = batch
    return counts


def respond(
    bundle: Bundle, conditions: NDArray[np.floating], noise: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Responses of one batch, empty where the classifier expects no light.

    Arguments:
        bundle: An opened bundle.
        conditions: In O2's order and units, shape (N, 9).
        noise: Standard normal, shape (N, 10).

    Returns:
        Photo-electron counts, shape (N, Nx, Ny).
    """
    probability = run(bundle.classifier, bundle.classifier_scales.apply(conditions))
    visible = probability[:, 0] >= THRESHOLD
    counts = np.zeros((len(conditions), *bundle.calorimeter.shape), np.int32)
    if visible.any():
        scaled = bundle.generator_scales.apply(conditions[visible])
        encoded = run(bundle.generator, noise[visible], scaled)
        counts[visible] = decoded(encoded, bundle.calorimeter)
    return counts


def response_blocks(
    bundle: Bundle, particles: Particles, seed: int, batch_size: int = 1000
) -> Iterator[Responses]:
    """Responses of `batch_size` particles at a time, for samples that do not fit in memory.

    Their `cpu_seconds` are the CPU time of the batch, from raw conditions to sparse counts, divided
    by its size.
    """
    described = {
        **provenance("zdcsim", "onnxruntime", "numpy"),
        "data_kind": DATA_KIND,
        "bundle": bundle.path.resolve().name,
        "bundle_sha256": bundle.sha256,
        "bundle_training": bundle.manifest.get("training", {}),
        "seed": seed,
    }
    start = time.process_time()
    for rows, counts in batches(bundle, particles.conditions, seed, batch_size):
        offsets, pixels, photons = sparse(counts)
        spent = (time.process_time() - start) / len(counts)
        yield Responses(
            calorimeter=bundle.calorimeter,
            particle=particles.particle[rows],
            pdg=particles.pdg[rows],
            conditions=particles.conditions[rows],
            offsets=offsets,
            pixels=pixels,
            counts=photons,
            cpu_seconds=np.full(len(counts), spent, np.float32),
            provenance=described,
        )
        start = time.process_time()


def generate_responses(
    bundle: Bundle, particles: Particles, seed: int, batch_size: int = 1000
) -> Responses:
    """One response for every particle; see `response_blocks`."""
    return joined(list(response_blocks(bundle, particles, seed, batch_size)))


def joined(parts: list[Responses]) -> Responses:
    """The responses of all parts in order, with the provenance of the first.

    Raises:
        ValueError: If there are none.
    """
    if not parts:
        raise ValueError("there are no particles to generate responses for")
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Responses(
        calorimeter=parts[0].calorimeter,
        particle=np.concatenate([part.particle for part in parts]),
        pdg=np.concatenate([part.pdg for part in parts]),
        conditions=np.concatenate([part.conditions for part in parts]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        pixels=np.concatenate([part.pixels for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        cpu_seconds=np.concatenate([part.cpu_seconds for part in parts]),
        provenance=parts[0].provenance,
    )


def batches(
    bundle: Bundle, conditions: NDArray[np.floating], seed: int, batch_size: int
) -> Iterator[tuple[slice, NDArray[np.int32]]]:
    """Rows and photo-electron counts (B, Nx, Ny) of one batch after the other; see `generate`."""
    rng = np.random.default_rng(seed)
    for rows in blocks(len(conditions), batch_size):
        noise = rng.standard_normal((rows.stop - rows.start, NOISE_SIZE)).astype(np.float32)
        yield rows, respond(bundle, conditions[rows], noise)
