"""A simulated sample: blocks shared out over processes, written in order as the producer does.

Each block has seeds made of the sample's seed and its number, so the file does not depend on the
number of processes.
"""

import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from detcore.provenance import provenance
from pid.columns import N_SIGMA
from pid.detector.matching import PLATEAUS
from pid.io import producer
from pid.io.producer import Compression, Table
from pid.simulation.block import simulate
from pid.simulation.precision import rounded
from pid.simulation.settings import SimulationSettings
from pid.tracks import Tracks

BLOCKS_PER_SEED: Final = 1_000_000
N_SIGMA_NAMES: Final = tuple(column.name for column in N_SIGMA)


@dataclass(frozen=True)
class Production:
    """What to simulate and how to write it.

    Arguments:
        settings: Collisions, abundances, detector.
        tracks: Number of tracks wanted; the last collision is kept whole.
        seed: Same seed, same tracks.
        table: `mc` or `mcml` with truth; `data` or `dataml` plays real data.
        mantissa_bits: Of all floats but n-sigma, which keep two thirds as many.
        compression: Of the file.
    """

    settings: SimulationSettings
    tracks: int
    seed: int = 1
    table: Table = "mc"
    mantissa_bits: int = 12
    compression: Compression = "zstd"

    def __post_init__(self) -> None:
        if self.tracks < 1 or self.seed < 0:
            raise ValueError(
                f"a sample needs at least one track and a seed of 0 or more; got {self.tracks} "
                f"tracks and seed {self.seed}"
            )
        rounded(np.zeros(1, np.float32), self.mantissa_bits)

    def record(self) -> str:
        """The provenance, JSON."""
        settings = self.settings.model_dump()
        period = self.settings.detector.matching.period
        return json.dumps(
            {
                "data_kind": "Monte Carlo collisions, parametric detector",
                "detector": "parametric: formulas and resolutions, no transport through material",
                "generator": "Sibyll 2.3d",
                "reused_events": False,
                "matching_plateaus": vars(PLATEAUS[period]),
                "settings": settings,
                "tracks": self.tracks,
                "seed": self.seed,
                "table": self.table,
                "mantissa_bits": self.mantissa_bits,
                **provenance("chromo", "numpy", "uproot"),
            },
            indent=1,
        )

    def frame(self, block: int) -> str:
        """Name of a block's data frame."""
        return f"DF_{self.seed * BLOCKS_PER_SEED + block}"


def run(
    production: Production,
    out: Path,
    truth: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Simulate and write a file, complete or not at all.

    Arguments:
        production: What.
        out: The ROOT file.
        truth: For `data` and `dataml`: where the truth is kept.
        workers: Processes; 1 simulates in this one.
        progress: Called with the number of tracks so far and of all.

    Returns:
        The number of tracks written.

    Raises:
        ValueError: If truth is kept apart of a table that has it, or nowhere of one that has not.
    """
    real = production.table in ("data", "dataml")
    if real != (truth is not None):
        raise ValueError(
            f"table {production.table} has {'no ' if real else ''}truth; "
            f"{'say where to keep it' if real else 'it cannot be kept apart'}"
        )
    record = production.record()
    kept: list[tuple[str, Tracks]] = []

    def frames() -> Iterator[tuple[str, Tracks]]:
        for frame in _enough(production, workers, progress):
            if truth is not None:
                kept.append((frame[0], _truth_only(frame[1])))
            yield frame

    written = producer.write(out, frames(), production.table, record, production.compression)
    if truth is not None:
        producer.write_truth(truth, kept, record, production.compression)
    return written


def _enough(
    production: Production, workers: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, Tracks]]:
    """Blocks until there are enough tracks, the last one cut after a collision."""
    done = 0
    for block, tracks in enumerate(_blocks(production, workers)):
        left = production.tracks - done
        if len(tracks) >= left:
            tracks = tracks.select(tracks.event <= tracks.event[left - 1])
        done += len(tracks)
        progress(min(done, production.tracks), production.tracks)
        yield production.frame(block), _in_file_precision(tracks, production.mantissa_bits)
        if done >= production.tracks:
            return


def _blocks(production: Production, workers: int) -> Iterator[Tracks]:
    """Blocks in order, without end; processes work on the next ones ahead."""
    if workers == 1:
        for block in range(BLOCKS_PER_SEED):
            yield simulate(production.settings, production.seed, block)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=spawn)
    try:
        ahead: deque[Future[Tracks]] = deque()
        for block in range(BLOCKS_PER_SEED):
            ahead.append(pool.submit(simulate, production.settings, production.seed, block))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_file_precision(tracks: Tracks, bits: int) -> Tracks:
    values = rounded(tracks.values, bits)
    deviations = [tracks.columns.index(name) for name in N_SIGMA_NAMES]
    values[:, deviations] = rounded(values[:, deviations], max(1, 2 * bits // 3))
    return replace(tracks, values=values)


def _truth_only(tracks: Tracks) -> Tracks:
    return replace(tracks, columns=(), values=np.empty((len(tracks), 0), np.float32))
