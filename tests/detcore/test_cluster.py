"""Shards on a Dask cluster of two processes, whose workers fail and die."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from detcore.cluster import LOCAL_DASK, RETRIES, Cluster, connected


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with connected(LOCAL_DASK, 2) as connection:
        yield connection


def square(number: int) -> int:
    return number**2


def dies_once(marker: Path) -> int:
    """Kill the worker the first time, answer the second."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def fails(marker: Path) -> int:
    """Fail until as many files as it is named for lie beside the marker."""
    tries = len(list(marker.parent.iterdir()))
    (marker.parent / str(tries)).touch()
    if tries < int(marker.name):
        raise OverflowError("too much")
    return tries


def dies(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_every_shard_comes_once_with_its_number(cluster: Cluster) -> None:
    found = dict(cluster.completed(square, range(20)))
    assert found == {number: number**2 for number in range(20)}


def test_ordered_results_keep_the_order_of_the_shards(cluster: Cluster) -> None:
    assert list(cluster.ordered(square, range(20))) == [number**2 for number in range(20)]
    assert list(cluster.ordered(square, [])) == []


def test_shards_of_a_worker_that_dies_go_to_others(cluster: Cluster, tmp_path: Path) -> None:
    markers = [tmp_path / str(number) for number in range(3)]
    found = dict(cluster.completed(dies_once, markers))
    assert sorted(found) == [0, 1, 2]
    assert all(marker.exists() for marker in markers)


def test_a_shard_that_raises_is_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    assert list(cluster.ordered(fails, [tmp_path / "few" / str(RETRIES)])) == [RETRIES]
    (tmp_path / "many").mkdir()
    with pytest.raises(ValueError, match=r"shard 0 failed 4 times, .* OverflowError: too much"):
        list(cluster.ordered(fails, [tmp_path / "many" / str(RETRIES + 1)]))


def takes_too_long(_: int) -> None:
    raise TimeoutError("no answer")


def test_a_shard_may_time_out_itself(cluster: Cluster) -> None:
    with pytest.raises(TimeoutError, match="no answer"):
        list(cluster.completed(takes_too_long, [0]))


def test_a_shard_that_kills_its_workers_is_given_up(cluster: Cluster) -> None:
    # A worker that dies while it starts is not started again, so that none may be left.
    with pytest.raises(ValueError, match=r"given up: (every worker that had it died|no worker)"):
        list(cluster.completed(dies, [0]))


def test_shards_without_a_worker_do_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detcore.cluster.PATIENCE_SECONDS", 0.5)
    with connected(LOCAL_DASK, 1) as alone:
        alone.client.cluster.scale(0)
        with pytest.raises(ValueError, match="left were given up: no worker is left"):
            list(alone.completed(square, range(3)))
        with pytest.raises(ValueError, match="left were given up: no worker is left"):
            list(alone.ordered(square, range(3)))


def test_no_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detcore.cluster.CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(ValueError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"),
        connected("tcp://127.0.0.1:1", 1),
    ):
        pass
    with (
        pytest.raises(ValueError, match="no Dask scheduler answers at 'nobody'"),
        connected("nobody", 1),
    ):
        pass
