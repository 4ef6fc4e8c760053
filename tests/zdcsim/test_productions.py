"""Files of one production have the same particles: they are not joined, and do not judge."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toys import toy_responses
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.evaluation.held_out import check_held_out
from zdcsim.io import own_file, tree
from zdcsim.io.held import opened_samples
from zdcsim.io.lineage import GROWN_FROM, MADE_OF, PRODUCTIONS, productions
from zdcsim.response import Responses
from zdcsim.shower_physics import GEANT4

TWICE = "whose showers would count twice"
SOURCE: dict[str, Any] = {"name": "pp14tev", "optics": "neutral", "beam_momentum_gev": None}


def provenance(seed: int = 1, calorimeter: str = "ZN", **source: object) -> dict[str, object]:
    """What a file of `zdcsim simulate` says of itself, as far as it matters here."""
    stated: dict[str, object] = {"data_kind": GEANT4, "calorimeter": calorimeter, "seed": seed}
    return {**stated, "source": {**SOURCE, **source}, "particles": 4}


def sample(seed: int = 1, toys: int = 1) -> Responses:
    """Toy responses in the name of Geant4."""
    return replace(toy_responses(4, 2, seed=toys), provenance=provenance(seed))


def run(*arguments: object) -> tuple[int, str]:
    """Exit code of a command, and what it says on the error stream, in one line."""
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return ran.exit_code, " ".join(ran.stderr.split())


def test_seed_source_and_calorimeter_decide_over_the_particles() -> None:
    known = productions(provenance())
    assert len(known) == 1
    assert productions(provenance(impacts="grooves")) == known
    assert productions({**provenance(), "particles": 9, "copies": 3, "margin": 8}) == known
    others = provenance(2), provenance(calorimeter="ZP"), provenance(optics="linear")
    assert len(known.union(*map(productions, others))) == 4
    silences: list[dict[str, object]] = [
        {"data_kind": "generated"},
        {"source": "O2"},
        {"source": {}, "seed": None},
    ]
    for silent in silences:
        assert not productions({**provenance(), **silent})


@pytest.mark.parametrize("key", ["training", "bundle_training"])
@pytest.mark.parametrize("network", ["generator", "classifier"])
def test_a_reference_of_the_production_that_trained_is_refused(key: str, network: str) -> None:
    taught = {"sha256": "of a file", "provenance": provenance(2)}
    by_teacher = {"teacher_productions": "\n".join(["another", *productions(provenance(2))])}
    for data in (taught, by_teacher):
        model = {key: {network: {"data": data}}}
        with pytest.raises(ValueError, match="simulated with another --seed"):
            check_held_out(sample(2), "new", model, "toy")
        check_held_out(sample(3), "new", model, "toy")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two samples of one production, and one with another seed."""
    paths = tuple(tmp_path / name for name in ("a.root", "b.root", "c.root"))
    for path, responses in zip(paths, (sample(), sample(toys=2), sample(5, toys=3)), strict=True):
        tree.write(path, responses)
    return paths[0], paths[1], paths[2]


def test_one_production_is_not_joined_with_itself(files: tuple[Path, Path, Path]) -> None:
    a, b, c = files
    out = a.with_name("out.h5")
    code, said = run("convert", a, b, "--out", out)
    assert code == 2
    assert TWICE in said
    assert not out.exists()
    with pytest.raises(ValueError, match=TWICE), opened_samples([c, a, b]):
        pass
    assert run("convert", a, c, "--out", out)[0] == 0
    both = productions(provenance()) | productions(provenance(5))
    assert productions(own_file.provenance_of(out)) == both
    assert own_file.provenance_of(out)[PRODUCTIONS] == sorted(both)
    with pytest.raises(ValueError, match=TWICE), opened_samples([out, b]):
        pass
    with opened_samples([a, c]) as together:
        assert productions(together.provenance) == both


def test_a_file_is_not_joined_with_itself_or_what_was_made_of_it(tmp_path: Path) -> None:
    first, store, other = (tmp_path / name for name in ("toys.root", "toys.h5", "other.root"))
    tree.write(first, toy_responses(3, 2))
    tree.write(other, toy_responses(3, 2, seed=2))
    assert run("convert", first, "--out", store)[0] == 0
    for sources in ((first, first), (first, other, store), (store, first)):
        code, said = run("convert", *sources, "--out", tmp_path / "out.h5")
        assert code == 2
        assert "its responses would count twice" in said
    assert run("convert", store, other, "--out", tmp_path / "out.h5")[0] == 0


def test_showers_of_geant4_are_not_replaced_unasked(files: tuple[Path, Path, Path]) -> None:
    a, _, c = files
    toys, before = a.with_name("toys.root"), c.read_bytes()
    tree.write(toys, toy_responses(3, 2))
    code, said = run("convert", toys, "--out", c)
    assert code == 2
    assert "holds showers of Geant4" in said
    assert c.read_bytes() == before
    copy = a.with_name("copy.root")
    for _ in range(2):  # what was converted is made again in no time
        assert run("convert", a, "--out", copy)[0] == 0
    assert run("convert", toys, "--out", c, "--overwrite")[0] == 0
    assert len(tree.read(c)) == 6
    grown = replace(sample(), provenance={**provenance(), MADE_OF: ["smaller"], GROWN_FROM: {}})
    tree.write(c, grown)
    assert run("convert", toys, "--out", c)[0] == 2
    toys.write_bytes(b"notes")
    assert "cannot be read as ours" in run("convert", copy, "--out", toys)[1]
    assert toys.read_bytes() == b"notes"
