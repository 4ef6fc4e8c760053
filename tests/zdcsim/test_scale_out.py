"""Simulation and generation on a Dask cluster of two processes: the same file as without."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from toy_networks import toy_bundle
from toys import toy_conditions
from typer.testing import CliRunner

from detcore.cluster import LOCAL_DASK, Cluster, connected
from zdcsim import generation
from zdcsim.cli.main import app
from zdcsim.generation import Particles, generated, response_blocks, shards
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.production import Production, geant4_folder
from zdcsim.montecarlo.run import run
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.source import Source
from zdcsim.response import Responses, joined
from zdcsim.shares import every_shard, on_cluster

GUN = ["--source", "gun", "--energy", "20", "--spread", "0.5", "--seed", "11"]
GUN += ["--particles", "4", "--copies", "4"]


def production() -> Production:
    return Production(
        calorimeter=ZN,
        source=Source(Gun("neutron", 20.0, spread_cm=0.5)),
        particles=4,
        copies=4,
        missed=0,
        seed=11,
        transport=Transport(),
        geant4_data=geant4_folder("auto"),
    )


def same(a: Responses, b: Responses) -> bool:
    names = ("particle", "pdg", "conditions", "offsets", "pixels", "counts")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with connected(LOCAL_DASK, 2) as connection:
        yield connection


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Responses:
    return run(production(), tmp_path_factory.mktemp("local") / "zn.root", 1)


@pytest.mark.slow
@pytest.mark.geant4
def test_a_worker_of_the_cluster_that_is_killed_changes_nothing(
    reference: Responses, cluster: Cluster, tmp_path: Path
) -> None:
    workers = cluster.client.run(os.getpid)
    shown = []

    def kill(done: int, total: int) -> None:
        shown.append(done)
        if len(shown) == 2:
            os.kill(next(iter(workers.values())), signal.SIGKILL)

    out = tmp_path / "cluster.root"
    assert same(run(production(), out, cluster, kill), reference)
    assert same(tree.read(out), reference)
    assert shown == list(range(0, 17, 2))
    assert list(tmp_path.iterdir()) == [out]
    assert set(cluster.client.run(os.getpid).values()) != set(workers.values())


@pytest.mark.slow
@pytest.mark.geant4
def test_a_local_process_that_is_killed_changes_nothing(
    reference: Responses, tmp_path: Path
) -> None:
    shown = []

    def kill(done: int, total: int) -> None:
        shown.append(done)
        if len(shown) == 2:
            os.kill(min(child.pid or 0 for child in multiprocessing.active_children()), 9)

    assert same(run(production(), tmp_path / "local.root", 2, kill), reference)
    assert shown[-1] == 16
    assert shown == sorted(shown)


@pytest.mark.slow
@pytest.mark.geant4
def test_the_commands_run_on_a_cluster(
    reference: Responses, cluster: Cluster, tmp_path: Path
) -> None:
    address = cluster.client.scheduler.address
    out, fast = tmp_path / "zn.root", tmp_path / "fast.root"
    simulated = CliRunner().invoke(
        app, ["simulate", *GUN, "--out", str(out), "--scheduler", address]
    )
    assert simulated.exit_code == 0, simulated.output
    assert same(tree.read(out), reference)
    chosen = ["--model", str(toy_bundle(tmp_path / "bundle")), "--particles-from", str(out)]
    made = CliRunner().invoke(
        app, ["generate", *chosen, "--out", str(fast), "--scheduler", address]
    )
    assert made.exit_code == 0, made.output
    assert len(tree.read(fast)) == 4


def test_generation_is_the_same_in_shards(
    cluster: Cluster,
    tmp_path: Path,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generation, "SHARD", 25)
    bundle = read_bundle(toy_bundle(tmp_path / "bundle"))
    conditions = toy_conditions(60, rng)
    particles = Particles(np.arange(60), np.full(60, 2112, np.int32), conditions)
    shared = shards(bundle, particles, 3, 10)
    assert [len(shard.particles) for shard in shared] == [25, 25, 10]
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    assert same(joined(list(cluster.ordered(generated, shared))), whole)
    out = tmp_path / "fast.root"
    reading = every_shard(shared, out, partial(on_cluster, cluster))
    assert [len(next(reading)), len(next(reading))] == [25, 25]
    del reading  # as a command that ends when the first shard is kept, the second not yet
    kept = [path.name for path in sorted(out.with_name(".fast.root.parts").glob("*.root"))]
    assert kept == ["000000.root"]
    assert same(joined(list(every_shard(shared, out, partial(on_cluster, cluster)))), whole)


def test_shards_have_streams_of_their_own() -> None:
    first = [generation.stream(1, shard).standard_normal(100) for shard in range(4)]
    assert np.array_equal(first[0], np.random.default_rng(1).standard_normal(100))
    assert len(np.unique(first)) == 400


def test_a_worker_with_another_bundle_refuses(tmp_path: Path, rng: np.random.Generator) -> None:
    folder = toy_bundle(tmp_path / "bundle")
    particles = Particles(np.arange(3), np.full(3, 2112, np.int32), toy_conditions(3, rng))
    shared = shards(read_bundle(folder), particles, 3, 10)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(ValueError, match="is not the one that was asked for"):
        generated(shared[0])
