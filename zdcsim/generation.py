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
from zdcsim.io.bundle import BUNDLE_TRAINING, THRESHOLD, Bundle, read_bundle
from zdcsim.io.session import decoded
from zdcsim.io.steering import Steering
from zdcsim.response import Responses, joined, sparse
from zdcsim.steering import Bounds

DATA_KIND = "generated"
SHARD = 10_000
"""Responses whose noise comes from one stream; another worker may generate the next."""


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

    def __getitem__(self, rows: slice) -> "Particles":
        """The particles of those rows."""
        return Particles(self.particle[rows], self.pdg[rows], self.conditions[rows])

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
    bundle: Path,
    conditions: NDArray[np.floating],
    seed: int,
    batch_size: int = 1000,
    wanted: Bounds | None = None,
) -> NDArray[np.int32]:
    """One response for every row of conditions.

    The noise of row i depends on the seed and i alone, not on the batch size or on who generates.
    ONNX Runtime may differ in the last float32 digit between batch sizes, which moves the rounding
    of single pixels that lie next to k + 1/2.

    Arguments:
        bundle: Folder of the bundle.
        conditions: In O2's order and units, shape (N, 9).
        seed: Of the noise.
        batch_size: Responses generated together.
        wanted: Bounds of properties, see `zdcsim.steering`.

    Returns:
        Photo-electron counts, shape (N, Nx, Ny).

    Raises:
        ValueError: If the bundle or the conditions cannot be used, or the bundle cannot choose
            properties.
    """
    check_conditions(conditions)
    opened = read_bundle(bundle)
    counts = np.empty((len(conditions), *opened.calorimeter.shape), np.int32)
    for rows, batch in batches(opened, conditions, seed, batch_size, wanted=wanted):
        counts[rows] = batch
    return counts


def respond(
    bundle: Bundle, conditions: NDArray[np.floating], noise: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Responses of one batch, empty where the classifier expects no light.

    Arguments:
        bundle: An opened bundle.
        conditions: In O2's order and units, shape (N, 9).
        noise: Standard normal, shape (N, `bundle.noise_size`).

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
    bundle: Bundle,
    particles: Particles,
    seed: int,
    batch_size: int = 1000,
    first_shard: int = 0,
    wanted: Bounds | None = None,
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
        BUNDLE_TRAINING: bundle.manifest.get("training", {}),
        "seed": seed,
        "wanted_properties": {
            name: [edge if np.isfinite(edge) else None for edge in edges]
            for name, edges in (wanted or {}).items()
        },
    }
    start = time.process_time()
    for rows, counts in batches(
        bundle, particles.conditions, seed, batch_size, first_shard, wanted
    ):
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


def batches(
    bundle: Bundle,
    conditions: NDArray[np.floating],
    seed: int,
    batch_size: int,
    first_shard: int = 0,
    wanted: Bounds | None = None,
) -> Iterator[tuple[slice, NDArray[np.int32]]]:
    """Rows and photo-electron counts (B, Nx, Ny) of one batch after the other; see `generate`."""
    for number, shard in enumerate(blocks(len(conditions), SHARD), first_shard):
        rng, bounded = stream(seed, number), stream(seed, number, 1)
        for batch in blocks(shard.stop - shard.start, batch_size):
            size = (batch.stop - batch.start, bundle.noise_size)
            noise = rng.standard_normal(size).astype(np.float32)
            rows = slice(shard.start + batch.start, shard.start + batch.stop)
            if wanted:
                noise = steering(bundle).noise(conditions[rows], noise, wanted, bounded)
            yield rows, respond(bundle, conditions[rows], noise)


def steering(bundle: Bundle) -> Steering:
    """What chooses properties.

    Raises:
        ValueError: If the bundle cannot.
    """
    if bundle.steering is None:
        raise ValueError(
            f"the generator of {bundle.path} cannot choose properties; take a corrvae bundle"
        )
    return bundle.steering


def stream(seed: int, shard: int, *child: int) -> np.random.Generator:
    """The noise of a shard: of the first the seed's own stream, of the others its children's.

    A child of it draws the values of properties that are only bounded, batch by batch.
    """
    key = (shard, *child) if shard or child else ()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@dataclass(frozen=True)
class Shard:
    """At most `SHARD` particles, for a worker that opens the bundle itself.

    Arguments:
        bundle: The folder, which the worker must see.
        sha256: Digest of the bundle that is meant.
        threads: Threads of ONNX Runtime.
        particles: The particles.
        seed: As in `generate`.
        number: Which shard; fixes the stream of noise.
        batch_size: Responses generated together.
        wanted: Bounds of properties.
    """

    bundle: Path
    sha256: str
    threads: int
    particles: Particles
    seed: int
    number: int
    batch_size: int
    wanted: Bounds


def shards(
    bundle: Bundle,
    particles: Particles,
    seed: int,
    batch_size: int,
    threads: int = 1,
    wanted: Bounds | None = None,
) -> list[Shard]:
    """What `response_blocks` generates, in shards for a cluster."""
    return [
        Shard(
            bundle.path.resolve(),
            bundle.sha256,
            threads,
            particles[rows],
            seed,
            number,
            batch_size,
            wanted or {},
        )
        for number, rows in enumerate(blocks(len(particles), SHARD))
    ]


def generated(shard: Shard) -> Responses:
    """The responses of a shard.

    Raises:
        ValueError: If the folder holds another bundle here than where the shard was made.
    """
    bundle = read_bundle(shard.bundle, shard.threads)
    if bundle.sha256 != shard.sha256:
        raise ValueError(
            f"the bundle {shard.bundle} of a worker is not the one that was asked for; all "
            "workers must see the same files"
        )
    made = response_blocks(
        bundle, shard.particles, shard.seed, shard.batch_size, shard.number, shard.wanted
    )
    return joined(list(made))
