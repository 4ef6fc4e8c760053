"""Shards of work on a Dask cluster: of this machine, of a batch system, or at an address.

Dask hands the shards of a worker that died to the others. A shard that raises is tried again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

RETRIES = 3
LOCAL_DASK = "local-dask"
JOB_QUEUES = {"slurm": "SLURMCluster", "htcondor": "HTCondorCluster"}
"""Batch systems, and dask-jobqueue's class for each."""
CONNECT_SECONDS = 20
PATIENCE_SECONDS = 60
"""How long nothing may come before it is seen whether any worker is left."""
AHEAD = 2
"""Shards in flight per worker where results are wanted in order."""

Shard = TypeVar("Shard")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Cluster:
    """A cluster that is connected.

    Arguments:
        client: Dask's client.
        of_this_machine: Whether its workers are processes of this one, of which some should be
            there at any time; jobs of a batch system may wait for theirs.
    """

    client: Any
    of_this_machine: bool = False

    def completed(
        self, task: Callable[[Shard], Result], shards: Sequence[Shard]
    ) -> Iterator[tuple[int, Result]]:
        """Number and result of every shard, as they come.

        Arguments:
            task: A function of a module that the workers can import.
            shards: Its arguments.

        Raises:
            ValueError: If a shard fails more often than `RETRIES`, or its workers keep dying.
        """
        numbers = {self._submitted(task, shard): number for number, shard in enumerate(shards)}
        for future in self._as_they_come(list(numbers)):
            number = numbers.pop(future)
            yield number, _result(future, number)

    def _as_they_come(self, futures: list[Any]) -> Iterator[Any]:
        from distributed import TimeoutError as NothingCame
        from distributed import as_completed

        left = set(futures)
        while left:
            coming = as_completed(list(left), timeout=PATIENCE_SECONDS)
            while left:
                try:  # around nothing else: a shard may raise the same error
                    future = next(coming)
                except NothingCame:
                    self._check_workers()
                    break
                left.discard(future)
                yield future

    def ordered(self, task: Callable[[Shard], Result], shards: Sequence[Shard]) -> Iterator[Result]:
        """Result of every shard, in their order, with few of them in memory; see `completed`."""
        waiting: list[Any] = []
        for number, shard in enumerate(shards):
            ahead = AHEAD * max(1, len(self.client.nthreads()))
            if len(waiting) >= ahead:
                yield self._awaited(waiting.pop(0), number - ahead)
            waiting.append(self._submitted(task, shard))
        for number, future in enumerate(waiting, len(shards) - len(waiting)):
            yield self._awaited(future, number)

    def _awaited(self, future: Any, number: int) -> Any:  # noqa: ANN401 - Dask's have no type
        from distributed import TimeoutError as NothingCame
        from distributed import wait

        while not future.done():
            try:
                wait([future], timeout=PATIENCE_SECONDS)
            except NothingCame:
                self._check_workers()
        return _result(future, number)

    def _check_workers(self) -> None:
        """Dask starts a local worker that died again, but not one that died while it started."""
        if self.of_this_machine and not self.client.nthreads():
            raise ValueError(
                "the shards that are left were given up: no worker is left, all died; look at what "
                "they wrote, they may be short of memory"
            )

    def _submitted(self, task: Callable[[Shard], Result], shard: Shard) -> Any:  # noqa: ANN401
        return self.client.submit(task, shard, pure=False, retries=RETRIES)


@contextmanager
def connected(scheduler: str, workers: int) -> Iterator[Cluster]:
    """The cluster while the block runs.

    Arguments:
        scheduler: Address of a Dask scheduler, as tcp://host:8786; `local-dask` for a new cluster
            of processes of this machine; or a batch system of `JOB_QUEUES`, whose jobs have one
            process each and are described in dask-jobqueue's own configuration.
        workers: How many processes a new cluster has.

    Raises:
        ValueError: If no scheduler answers at the address, or the batch system's jobs are not
            configured.
    """
    from distributed import Client, LocalCluster

    if scheduler == LOCAL_DASK:
        new = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
    elif scheduler in JOB_QUEUES:
        new = _job_queue(scheduler, workers)
    else:
        with _at_address(scheduler) as client:
            yield Cluster(client)
        return
    with new as cluster, Client(cluster) as client:
        yield Cluster(client, of_this_machine=scheduler == LOCAL_DASK)


def _job_queue(scheduler: str, workers: int) -> Any:  # noqa: ANN401
    import dask
    import dask_jobqueue

    if dask.config.get(f"jobqueue.{scheduler}.memory", None) is None:
        raise ValueError(
            f"the jobs of {scheduler} are not configured; write memory, and what else your site "
            "wants, into ~/.config/dask/jobqueue.yaml"
        )
    options = {"dashboard_address": ":0"}
    cluster = getattr(dask_jobqueue, JOB_QUEUES[scheduler])(
        cores=1, processes=1, scheduler_options=options
    )
    cluster.scale(jobs=workers)
    return cluster


def _at_address(scheduler: str) -> Any:  # noqa: ANN401
    from distributed import Client

    try:
        return Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {scheduler!r}; give its address as tcp://host:8786, "
            f"{LOCAL_DASK}, {' or '.join(JOB_QUEUES)} ({' '.join(str(error).split())})"
        ) from error


def _result(future: Any, number: int) -> Any:  # noqa: ANN401 - Dask's futures have no type
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise ValueError(
            f"shard {number} was given up: every worker that had it died; look at the workers' "
            "logs, they may be short of memory"
        ) from error
    except (ValueError, OSError):
        raise
    except Exception as error:
        raise ValueError(
            f"shard {number} failed {RETRIES + 1} times, the last time with "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        future.release()
