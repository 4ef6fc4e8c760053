"""Generation in shares gives the file of one process, whichever shares were made before."""

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
from zdcsim.response import Responses, joined
from zdcsim.shares import generate_share, merged


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


def kept(shared: list[Shard], out: Path, number: int) -> int:
    return sum(map(len, generate_share(shared, out, Share(number, 3))))


def test_merged_shares_are_the_responses_of_one_process(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    shared, out = shards(bundle, particles, 3, 10), tmp_path / "fast.root"
    assert [kept(shared, out, number) for number in (3, 1, 2)] == [25, 25 + 15, 25]
    assert kept(shared, out, 1) == 0  # a task that runs again repeats nothing
    assert same(joined(list(merged(shared, out))), whole)


def test_a_share_that_is_missing_is_generated_with_the_rest(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    whole = joined(list(response_blocks(bundle, particles, 3, 10)))
    shared, out = shards(bundle, particles, 3, 10), tmp_path / "fast.root"
    kept(shared, out, 2)
    assert same(joined(list(merged(shared, out))), whole)


def test_shares_of_another_generation_are_not_mixed(
    bundle: Bundle, particles: Particles, tmp_path: Path
) -> None:
    out = tmp_path / "fast.root"
    kept(shards(bundle, particles, 3, 10), out, 1)
    with pytest.raises(ValueError, match="unfinished production with another seed"):
        kept(shards(bundle, particles, 4, 10), out, 2)
    with pytest.raises(ValueError, match="another particles_sha256"):
        list(merged(shards(bundle, particles[slice(0, 60)], 3, 10), out))


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
