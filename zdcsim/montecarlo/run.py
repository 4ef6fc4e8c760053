"""Running a production: showers shared out over processes or a cluster, merged into one ROOT file.

The seed of a shower is made of the production's seed, its particle and its copy, so the
responses do not depend on who simulates them, on their order or on interruptions.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.cluster import RETRIES, Cluster
from detcore.provenance import provenance
from detcore.share import Share
from zdcsim.io import tree
from zdcsim.io.lineage import GROWN_FROM, MADE_OF, checksums, file_origin
from zdcsim.montecarlo import growth
from zdcsim.montecarlo.finished import Finished
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.production import Production, Shower
from zdcsim.montecarlo.shard import Shard, Simulator, simulated
from zdcsim.montecarlo.shootable import CannotSimulate, check_shootable
from zdcsim.response import Responses

SHOWERS_PER_SHARD = 16
"""Geant4 takes a second to start, a shower of a TeV takes three."""
SHARDS_AT_LEAST = 8


Progress = Callable[[int, int], None]
"""Called with the number of finished showers and of all."""


@dataclass(frozen=True)
class Work:
    """A production that has begun: its primaries, its showers and where they are kept.

    Arguments:
        production: What is simulated.
        finished: The showers that are done.
        record: What the file says of its origin, with the time when it was begun.
        hits: Primaries that reach the calorimeter.
        misses: Primaries that do not.
    """

    production: Production
    finished: Finished
    record: dict[str, object]
    hits: Primaries
    misses: Primaries

    @property
    def showers(self) -> list[Shower]:
        """All showers, in the order of the file."""
        return [(i, c) for i in range(len(self.hits)) for c in range(self.production.copies)]


def run(
    production: Production,
    out: Path,
    where: int | Cluster,
    progress: Progress = lambda done, total: None,
    earlier: Path | None = None,
) -> Responses:
    """Simulate, or go on simulating, and write the ROOT file.

    Arguments:
        production: What to simulate.
        out: The ROOT file.
        where: A number of local processes, or a Dask cluster.
        progress: See there.
        earlier: A smaller sample of the same production, whose showers are kept; may be `out`.

    Returns:
        What was written.

    Raises:
        ValueError: If an unfinished production with other settings or of another commit lies
            there, the earlier sample does not fit, no primary reaches the calorimeter, Geant4
            does not have one or refuses a cut, or showers fail again and again.
    """
    work = _begun(production, out, earlier)
    _simulate(work, work.showers, where, progress)
    responses = work.finished.merged(production, work.hits, work.showers, work.record)
    event = work.hits.event[[i for i, _ in work.showers]]
    misses = work.misses.pdg, work.misses.conditions
    tree.write(out, responses, misses, event, tree.ARCHIVE)
    work.finished.remove()
    return responses


def run_share(
    production: Production,
    out: Path,
    where: int | Cluster,
    share: Share,
    progress: Progress = lambda done, total: None,
    earlier: Path | None = None,
) -> int:
    """Simulate some of the showers and keep them beside the output, for `run` to merge them.

    Arguments and errors are those of `run`; other shares may be simulated at the same time.

    Returns:
        The number of showers in the share.
    """
    work = _begun(production, out, earlier)
    showers = share.part(work.showers)
    _simulate(work, showers, where, progress)
    return len(showers)


def _begun(production: Production, out: Path, earlier: Path | None) -> Work:
    finished = Finished.beside(out)
    record = {**production.record(), **provenance("zdcsim", "geant4-pybind", "chromo", "numpy")}
    smaller = None if earlier is None else tree.read_library(earlier)
    if earlier is not None and smaller is not None:
        record[GROWN_FROM] = growth.origin_of(smaller, production)
        record[MADE_OF] = checksums([file_origin(earlier, smaller.provenance)])
    created = finished.claim(record)
    try:
        hits, misses = finished.primaries(production)
        if len(hits) == 0:
            raise ValueError(
                f"no primary of these collisions reaches the {production.calorimeter.name}; ask "
                "for more events or another centrality"
            )
        check_shootable(hits.pdg)
    except ValueError:
        finished.withdraw()
        raise
    if smaller is not None:
        growth.keep(smaller, hits, finished)
    return Work(production, finished, {**record, "created": created}, hits, misses)


def _simulate(work: Work, showers: list[Shower], where: int | Cluster, progress: Progress) -> None:
    """Simulate those of the showers that are not finished."""
    if not showers:
        return
    left = [shower for shower in showers if not work.finished.has(shower)]
    done = len(showers) - len(left)
    progress(done, len(showers))
    if isinstance(where, Cluster):
        came = _on_cluster(work.production, work.hits, left, work.finished, where)
    else:
        came = _in_processes(work.production, work.hits, left, work.finished, where)
    try:
        for number in came:
            done += number
            progress(done, len(showers))
    except CannotSimulate:
        work.finished.withdraw()
        raise


def _on_cluster(
    production: Production,
    hits: Primaries,
    left: list[Shower],
    finished: Finished,
    cluster: Cluster,
) -> Iterator[int]:
    """Simulate the showers that are left on a cluster; gives how many came together."""
    size = max(1, min(SHOWERS_PER_SHARD, len(left) // SHARDS_AT_LEAST))
    showers = [left[start : start + size] for start in range(0, len(left), size)]
    shards = [
        Shard(production, production.tables, hits.pdg[index], hits.conditions[index], shard)
        for shard in showers
        for index in [np.array([i for i, _ in shard])]
    ]
    for number, light in cluster.completed(simulated, shards):
        if isinstance(light, CannotSimulate):
            raise light
        for shower, one in zip(showers[number], light, strict=True):
            finished.keep(shower, one)
        yield len(light)


def _in_processes(
    production: Production,
    hits: Primaries,
    left: list[Shower],
    finished: Finished,
    workers: int,
) -> Iterator[int]:
    """Simulate the showers that are left in processes, which are started anew if one dies."""
    for _ in range(RETRIES + 1):
        left = [shower for shower in left if not finished.has(shower)]
        if not left:
            return
        counted = 0
        try:
            for _ in _pooled(production, hits, left, finished, workers):
                counted += 1
                yield 1
            return
        except BrokenProcessPool:
            # A shower may have been kept by a process that died before it could say so.
            yield sum(map(finished.has, left)) - counted
    raise ValueError(
        f"processes died {RETRIES + 1} times while {len(left)} showers were left, the first "
        f"of particle {left[0][0]}; the same command goes on, with fewer --workers if memory is "
        "short"
    )


def _pooled(
    production: Production,
    hits: Primaries,
    left: list[Shower],
    finished: Finished,
    workers: int,
) -> Iterator[None]:
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(left)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(production,),
    )
    with pool:
        futures = [
            pool.submit(_shower, int(hits.pdg[i]), hits.conditions[i], (i, c), finished)
            for i, c in left
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_simulator: Simulator | Exception
"""Of a worker; or why it has none."""


def _start_worker(production: Production) -> None:
    """Bring up Geant4 in a worker, silently.

    What is raised here would be lost: the pool says only that a process ended.
    """
    global _simulator
    end_with_parent()
    try:
        _simulator = Simulator(production)
    except Exception as error:
        _simulator = error


def end_with_parent() -> None:
    """Have this process end at once when its parent is gone, even killed.

    An orphaned worker would go on with what it has been handed, into a folder that a resumed
    production uses again.
    """
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _shower(pdg: int, conditions: NDArray[np.float32], shower: Shower, finished: Finished) -> None:
    """Simulate one shower in a worker and keep it; raises what kept the worker from starting."""
    if isinstance(_simulator, Exception):
        raise _simulator
    finished.keep(shower, _simulator.light(pdg, conditions, shower))
