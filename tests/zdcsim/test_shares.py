"""Generation in shares gives the file of one process, whichever shares were made before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from toy_networks import toy_bundle
from toys import toy_conditions
from typer.testing import CliRunner

from detcore.share import Share
from zdcsim import generation
from zdcsim.cli.main import app
from zdcsim.generation import Particles, Shard, response_blocks, shards
from zdcsim.io import tree
from zdcsim.io.bundle import Bundle, read_bundle
from zdcsim.io.stream import write_blocks
from zdcsim.response import Responses, joined
from zdcsim.shares import every_shard, generate_share, in_this_process


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(toy_bundle(tmp_path_factory.mktemp("toy") / "bundle"))


@pytest.fixture
def particles(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Particles:
    monkeypatch.setattr(generation, "SHARD", 25)
    return Particles(np.arange(90), np.full(90, 2112, np.int32), toy_conditions(90, rng))


def same(a: Responses, b: Responses) -> bool:
    names = ("particle", "pdg", "conditions", "offsets", "pixels", "counts")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def merged(bundle: Bundle, shared: list[Shard], out: Path) -> Responses:
    return joined(list(every_shard(shared, out, partial(in_this_process, bundle))))


def kept(shared: list[Shard], out: Path, number: int) -> int:
    return sum(map(len, generate_share(shared, out, Share(number, 3))))


def test_merged_shares_are_the_responses_of_one_process(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    shared, out = shards(bundle, particles, 3, 10), tmp_path / "fast.root"
    assert [kept(shared, out, number) for number in (3, 1, 2)] == [25, 25 + 15, 25]
    assert kept(shared, out, 1) == 0  # a task that runs again repeats nothing
    assert same(merged(bundle, shared, out), whole)


def test_a_share_that_is_missing_is_generated_with_the_rest(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    shared, out = shards(bundle, particles, 3, 10), tmp_path / "fast.root"
    kept(shared, out, 2)
    assert same(merged(bundle, shared, out), whole)


def test_shares_of_another_generation_are_not_mixed(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    out = tmp_path / "fast.root"
    kept(shards(bundle, particles, 3, 10), out, 1)
    with pytest.raises(ValueError, match="unfinished production with another seed"):
        kept(shards(bundle, particles, 4, 10), out, 2)
    with pytest.raises(ValueError, match="another particles_sha256"):
        merged(bundle, shards(bundle, particles[slice(0, 60)], 3, 10), out)


def test_a_generation_that_ends_early_goes_on_with_what_is_missing(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    shared, out = shards(bundle, particles, 3, 10), tmp_path / "fast.root"
    asked: list[int] = []

    def ends_in_the_third(missing: Sequence[Shard]) -> Iterator[Iterator[Responses]]:
        for shard, batches in zip(missing, in_this_process(bundle, missing), strict=True):
            if shard.number == 2:
                raise KeyboardInterrupt
            yield batches

    def noted(missing: Sequence[Shard]) -> Iterator[Iterator[Responses]]:
        asked.extend(shard.number for shard in missing)
        return in_this_process(bundle, missing)

    with pytest.raises(KeyboardInterrupt):
        write_blocks(out, every_shard(shared, out, ends_in_the_third))
    assert not out.exists()
    write_blocks(out, every_shard(shared, out, noted))
    assert asked == [2, 3]
    assert same(tree.read(out), whole)


def test_a_generation_of_one_shard_keeps_nothing(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    shared = shards(bundle, particles[slice(0, 25)], 3, 10)
    assert len(merged(bundle, shared, tmp_path / "fast.root")) == 25
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_same_file_in_shares(bundle: Bundle, tmp_path: Path) -> None:
    chosen = ["generate", "--model", str(bundle.path), "--particle", "neutron", "-n", "20005"]
    chosen += ["--spread", "1", "--energy", "100"]
    for name, shares in (("whole.root", ()), ("parts.root", ("1/2", "2/2"))):
        out = ["--out", str(tmp_path / name)]
        for share in shares:
            done = CliRunner().invoke(app, [*chosen, *out, "--share", share])
            assert done.exit_code == 0, done.output
            assert not (tmp_path / name).exists()
        done = CliRunner().invoke(app, [*chosen, *out])
        assert done.exit_code == 0, done.output
    assert same(tree.read(tmp_path / "whole.root"), tree.read(tmp_path / "parts.root"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.root", "whole.root"]


def test_the_command_that_was_killed_goes_on(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ["generate", "--model", str(bundle.path), "--particle", "neutron", "-n", "30005"]
    chosen += ["--spread", "1", "--energy", "100"]
    out, undisturbed = tmp_path / "killed.root", tmp_path / "whole.root"
    first = out.with_name(f".{out.name}.parts") / "000000.root"
    running = subprocess.Popen([sys.executable, "-m", "zdcsim", *chosen, "--out", str(out)])
    while not first.exists() and running.poll() is None:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert first.exists()
    assert not out.exists()
    generated: list[int] = []
    original = response_blocks

    def noted(bundle: Bundle, particles: Particles, *settings: object) -> Iterator[Responses]:
        generated.append(len(particles))
        return original(bundle, particles, *settings)  # type: ignore[arg-type]

    monkeypatch.setattr("zdcsim.shares.response_blocks", noted)
    for path, shards_made in ((out, 3), (undisturbed, 4)):
        done = CliRunner().invoke(app, [*chosen, "--out", str(path)])
        assert done.exit_code == 0, done.output
        assert len(generated) <= shards_made
        assert generated.pop() == 5
        generated.clear()
    assert same(tree.read(out), tree.read(undisturbed))
    assert not first.parent.exists()
