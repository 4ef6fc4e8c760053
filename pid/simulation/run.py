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
from detcore.share import Share
from pid.columns import N_SIGMA
from pid.detector.matching import PLATEAUS
from pid.io import producer
from pid.io.producer import Compression, Table
from pid.simulation.block import simulate
from pid.simulation.finished import Finished
from pid.simulation.precision import rounded
from pid.simulation.settings import SimulationSettings
from pid.tracks import Tracks

BLOCKS_PER_SEED: Final = 1_000_000
EMPTY_BLOCKS: Final = 9
"""After one more without a track none is expected; a block of the defaults has thousands."""
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
        ValueError: If truth is kept apart of a table that has it, or nowhere of one that has not,
            or shares of another production lie beside the output.
    """
    real = production.table in ("data", "dataml")
    if real and truth is None:
        raise ValueError(
            f"table {production.table} has no truth; say where to keep it, with --truth FILE"
        )
    if truth is not None and not real:
        raise ValueError(
            f"table {production.table} has truth; it cannot be kept apart: leave out --truth"
        )
    record, finished = production.record(), Finished.beside(out)
    if finished.folder.exists():
        finished.claim(json.loads(record))
    kept: list[tuple[str, Tracks]] = []

    def frames() -> Iterator[tuple[str, Tracks]]:
        for frame in _enough(production, workers, progress, finished):
            if truth is not None:
                kept.append((frame[0], _truth_only(frame[1])))
            yield frame

    written = producer.write(out, frames(), production.table, record, production.compression)
    if truth is not None:
        producer.write_truth(truth, kept, record, production.compression)
    finished.remove()
    return written


def run_share(
    production: Production,
    out: Path,
    share: Share,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Simulate every so many blocks and keep them beside the output, for `run` to merge them.

    A share ends when its blocks have their part of the tracks; what the merged file still lacks,
    because blocks differ in size, is simulated with it.

    Arguments:
        production: What.
        out: The ROOT file, which is not written.
        share: Which blocks.
        workers: Processes; 1 simulates in this one.
        progress: Called with the number of tracks so far and of all in this share.

    Returns:
        The number of tracks in the share.

    Raises:
        ValueError: If blocks of another production lie there.
    """
    finished = Finished.beside(out)
    finished.claim(json.loads(production.record()))
    wanted, done = -(-production.tracks // share.of), 0
    numbers = range(share.number - 1, BLOCKS_PER_SEED, share.of)
    for block, tracks in _blocks(production, workers, numbers, finished):
        if not finished.has(block):
            finished.keep(block, tracks)
        done += len(tracks)
        progress(min(done, wanted), wanted)
        if done >= wanted:
            break
    return done


def _enough(
    production: Production,
    workers: int,
    progress: Callable[[int, int], None],
    finished: Finished,
) -> Iterator[tuple[str, Tracks]]:
    """Blocks until there are enough tracks, the last one cut after a collision."""
    done = 0
    for block, tracks in _blocks(production, workers, range(BLOCKS_PER_SEED), finished):
        if block >= EMPTY_BLOCKS and not (done or len(tracks)):
            raise ValueError(
                f"{block + 1} blocks of collisions left no track; the settings of the detector "
                "leave none: see eta_max, pt_min, rows_min and tracking_efficiency"
            )
        left = production.tracks - done
        if len(tracks) >= left:
            tracks = tracks.select(tracks.event <= tracks.event[left - 1])
        done += len(tracks)
        progress(min(done, production.tracks), production.tracks)
        yield production.frame(block), _in_file_precision(tracks, production.mantissa_bits)
        if done >= production.tracks:
            return


def _blocks(
    production: Production, workers: int, numbers: range, finished: Finished
) -> Iterator[tuple[int, Tracks]]:
    """Blocks of these numbers in order, read if finished; processes work on the next ones ahead."""
    if workers == 1:
        for block in numbers:
            yield block, _block(production, block, finished)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=spawn)
    try:
        ahead: deque[tuple[int, Future[Tracks]]] = deque()
        for block in numbers:
            ahead.append((block, pool.submit(_block, production, block, finished)))
            if len(ahead) > 2 * workers:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _block(production: Production, block: int, finished: Finished) -> Tracks:
    if finished.has(block):
        return finished.read(block)
    return simulate(production.settings, production.seed, block)


def _in_file_precision(tracks: Tracks, bits: int) -> Tracks:
    values = rounded(tracks.values, bits)
    deviations = [tracks.columns.index(name) for name in N_SIGMA_NAMES]
    values[:, deviations] = rounded(values[:, deviations], max(1, 2 * bits // 3))
    return replace(tracks, values=values)


def _truth_only(tracks: Tracks) -> Tracks:
    return replace(tracks, columns=(), values=np.empty((len(tracks), 0), np.float32))
