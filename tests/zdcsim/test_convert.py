"""`zdcsim convert`: every kind of source into a store and into ROOT, and what cannot be told."""

import re
from dataclasses import replace
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import numpy as np
import pytest
import uproot
from toys import toy_missed, toy_responses
from typer.testing import CliRunner, Result

from zdcsim.cli.main import app
from zdcsim.geometry import ZN
from zdcsim.io import store, tree
from zdcsim.io.block import Block
from zdcsim.io.joining import joined
from zdcsim.io.source import kind_of
from zdcsim.io.stream import write_with_missed
from zdcsim.response import REUSE

O2SIM = Path(__file__).resolve().parents[1] / "fixtures" / "o2sim.root"


def convert(source: Path | str, out: Path, *options: str) -> Result:
    """Run the command in this process, on a screen wide enough not to wrap."""
    arguments = ["convert", str(source), "--out", str(out), *options]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


@pytest.mark.parametrize("detector", ["zn", "zp"])
def test_o2_responses_are_the_same_in_a_store_and_in_root(tmp_path: Path, detector: str) -> None:
    for out in (tmp_path / "o2.h5", tmp_path / "o2.root"):
        ran = convert(O2SIM, out, "--detector", detector)
        assert ran.exit_code == 0, ran.output
    stored, root = store.read(tmp_path / "o2.h5"), tree.read(tmp_path / "o2.root")
    assert len(stored) == len(root) > 5
    assert np.array_equal(stored.dense(), root.dense())
    assert np.array_equal(stored.conditions, root.conditions)
    for path, read in ((tmp_path / "o2.h5", store), (tmp_path / "o2.root", tree)):
        pdg, conditions = read.read_missed(path)
        assert len(pdg) == len(conditions) > 5, read.__name__
    assert "without light kept as conditions" in ran.output
    assert stored.provenance["common_fibres"] == "mirrored"


def test_a_store_becomes_the_root_file_it_came_from(tmp_path: Path) -> None:
    first, stored, again = (tmp_path / name for name in ("a.root", "a.h5", "b.root"))
    responses = toy_responses(particles=9, copies=3)
    missed = toy_missed(22, 111)
    event = np.arange(27) // 4
    tree.write(first, responses, missed, event)
    assert convert(first, stored).exit_code == 0
    assert convert(stored, again).exit_code == 0
    found = tree.read(again)
    for name in ("particle", "pdg", "conditions", "offsets", "pixels", "counts", "cpu_seconds"):
        assert np.array_equal(getattr(found, name), getattr(responses, name)), name
    assert np.array_equal(tree.read_missed(again)[1], missed[1])
    assert tree.read_event(again).tolist() == event.tolist()
    assert found.provenance["data_kind"] == "toy"


def test_root_is_written_block_by_block(tmp_path: Path) -> None:
    responses = toy_responses(particles=5, copies=2)
    rows = [range(0), range(4), range(4, 9), range(0), range(9, 10)]
    codes = [(22, 2112, 211)[:n] for n in (0, 2, 0, 3, 1)]
    parts = [
        Block(responses.select(np.array(r, np.int64)), *toy_missed(*each))
        for r, each in zip(rows, codes, strict=True)
    ]
    assert write_with_missed(tmp_path / "blocks.root", parts) == 10
    found = tree.read(tmp_path / "blocks.root")
    assert np.array_equal(found.dense(), responses.dense())
    assert tree.read_missed(tmp_path / "blocks.root")[0].tolist() == [22, 2112, 22, 2112, 211, 22]


def test_arrays_are_converted_with_the_units_given(tmp_path: Path) -> None:
    responses = toy_responses(particles=3, copies=2)
    np.savez(tmp_path / "r.npz", np.log1p(responses.dense().swapaxes(1, 2)))
    np.savez(tmp_path / "p.npz", responses.conditions)
    out = tmp_path / "arrays.h5"
    ran = convert(tmp_path / "r.npz", out, "--particles", str(tmp_path / "p.npz"), "--layout",
                  "yx", "--values", "log1p", "--charge-unit", "e/3")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert np.array_equal(store.read(out).dense(), responses.dense())


def made(folder: Path, *trees: str) -> Path:
    """A ROOT file with empty trees of those names."""
    path = folder / "trees.root"
    with uproot.recreate(path) as file:
        for name in trees:
            file.mktree(name, {"x": "int32"})
    return path


def test_the_kind_is_told_where_there_is_no_doubt(tmp_path: Path) -> None:
    assert kind_of(O2SIM) == "o2sim"
    assert kind_of(made(tmp_path, "responses")) == "zdcsim"
    (tmp_path / "non_zero_examples_run1.txt").touch()
    assert kind_of(tmp_path) == "text"
    for name, kind in (("a.h5", "store"), ("a.npz", "arrays"), ("a.pkl", "arrays")):
        (tmp_path / name).touch()
        assert kind_of(tmp_path / name) == kind


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    tree.write(tmp_path / "zn.root", toy_responses(2, 1))
    (tmp_path / "data.csv").touch()
    (tmp_path / "data.pkl").touch()
    (tmp_path / "half.root").write_bytes(O2SIM.read_bytes()[:20_000])
    np.savez(tmp_path / "r.npz", np.zeros((1, 44, 44)))
    out = tmp_path / "out.h5"
    expected = {
        (made(tmp_path, "responses", "o2sim"),): "has both trees 'responses' (ours) or 'o2sim'",
        (tmp_path / "data.csv",): "cannot be told from its name; say it with --kind",
        (tmp_path / "absent.h5",): "no file",
        (tmp_path / "half.root",): "may be truncated",
        (tmp_path / "zn.root", "--kind", "o2sim"): "has no tree 'o2sim'; found responses",
        (O2SIM.with_stem("o2sim_size"), "--zeros", "none"): "40 fibres along x; the ZN has 44",
        (O2SIM.with_stem("o2sim_nan"), "--zeros", "none"): "condition px is nan",
        (tmp_path / "zn.root", "--detector", "zp"): "holds responses of ZN; ZP was asked for",
        (tmp_path / "r.npz",): "name the file of their conditions too",
        (tmp_path / "data.pkl", "--particles", "x.npz"): "is a pickle",
        (O2SIM, "--parity", "odd"): "choose another parity",
        ("root://server//a.h5", "--kind", "store"): "only o2sim files are read at a URL",
    }
    for (source, *options), sentence in expected.items():
        ran = convert(source, out, *map(str, options))
        assert ran.exit_code == 2, (source, ran.output)
        assert sentence in ran.stderr
        assert ran.stderr.count("zdcsim: ") == 1
        assert "Traceback" not in ran.stderr
    assert not out.exists()
    assert re.search("must end in one of", convert(O2SIM, tmp_path / "out.txt").stderr)
    zn = tmp_path / "zn.root"
    before = zn.read_bytes()
    assert "zn.root is a source; choose another" in convert(zn, zn).stderr
    assert zn.read_bytes() == before
    other = made(tmp_path, "events")
    assert "has no tree 'responses' (ours) or 'o2sim'" in convert(other, out).stderr


@pytest.mark.parametrize("options", [(), ("--reuses", "1")])
def test_a_file_of_ours_is_not_read_at_a_url(tmp_path: Path, options: tuple[str, ...]) -> None:
    tree.write(tmp_path / "ours.root", toy_responses(particles=1, copies=1))
    with fsspec.open("memory://ours.root", "wb") as target:
        target.write((tmp_path / "ours.root").read_bytes())
    for kind in ("auto", "zdcsim"):
        ran = convert("memory://ours.root", tmp_path / "a.h5", "--kind", kind, *options)
        assert ran.exit_code == 2
        said = "only o2sim files are read at a URL; copy memory://ours.root here first"
        assert said in " ".join(ran.stderr.split())


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("zn.root", ("--zeros", "none"), "--zeros would be ignored: for sources of kind o2sim and "
         "text, not zdcsim; leave it out"),
        ("zn.h5", ("--side", "A", "--parity", "odd"), "--side, --parity would be ignored: for "
         "sources of kind o2sim, not store"),
        ("o2sim.root", ("--suffix", "_7"), "--suffix would be ignored: for sources of kind text, "
         "not o2sim"),
        ("o2sim.root", ("--layout", "xy", "--mass-unit", "GeV"), "--layout, --mass-unit would be "
         "ignored: for sources of kind arrays, not o2sim"),
        ("zn.h5", ("--seed", "3"), "--seed would be ignored: for sources of kind zdcsim, not st"),
        ("zn.root", ("--seed", "3"), "--seed would be ignored: for --reuses"),
    ],
)  # fmt: skip
def test_options_of_other_kinds_are_refused(
    name: str, options: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    tree.write(tmp_path / "zn.root", toy_responses(2, 1))
    store.write_blocks(tmp_path / "zn.h5", [Block(toy_responses(2, 1))])
    source, out = O2SIM if name == O2SIM.name else tmp_path / name, tmp_path / "out.h5"
    ran = convert(source, out, *options)
    assert ran.exit_code == 2, ran.output
    assert told in " ".join(ran.stderr.split())
    assert not out.exists()


def test_options_of_one_of_several_kinds_are_taken(tmp_path: Path) -> None:
    tree.write(tmp_path / "zn.root", toy_responses(2, 1))
    ran = convert(tmp_path / "zn.root", tmp_path / "out.h5", str(O2SIM), "--zeros", "none")
    assert "would be ignored" not in ran.stderr


def test_several_files_are_joined_with_their_particles_numbered_through(tmp_path: Path) -> None:
    parts = toy_responses(particles=4, copies=2), toy_responses(particles=3, copies=5, seed=9)
    missed = toy_missed(22)
    for name, part in zip("ab", parts, strict=True):
        tree.write(tmp_path / f"{name}.root", part, missed, np.arange(len(part)))
    again = tmp_path / "again.root"  # other copies of the first file's last two particles
    tree.write(again, parts[0].select(np.arange(4, 8)))
    out = tmp_path / "out.root"
    ran = convert(tmp_path / "a.root", out, str(tmp_path / "b.root"), str(again))
    assert ran.exit_code == 0, ran.output
    found = tree.read(out)
    expected = np.repeat([0, 1, 2, 3, 4, 5, 6, 2, 3], [2, 2, 2, 2, 5, 5, 5, 2, 2])
    assert found.particle.tolist() == expected.tolist()
    assert np.array_equal(found.dense()[:8], parts[0].dense())
    assert np.array_equal(found.dense()[8:23], parts[1].dense())
    assert len(tree.read_missed(out)[0]) == 2
    assert found.provenance["joined"] == [str(tmp_path / f"{n}.root") for n in ("a", "b", "again")]
    assert "27 ZN responses of 3 sources" in ran.output
    with pytest.raises(ValueError, match="does not say which event"):
        tree.read_event(out)  # each file counts its collisions from nought


def test_re_used_showers_keep_their_particle_when_joined(tmp_path: Path) -> None:
    responses = toy_responses(particles=2, copies=2)
    for name in "ab":
        tree.write(tmp_path / f"{name}.root", responses)
    other = toy_responses(particles=2, copies=1, seed=3)
    tree.write(tmp_path / "b.root", other)
    out = tmp_path / "out.h5"
    assert (
        convert(tmp_path / "a.root", out, str(tmp_path / "b.root"), "--reuses", "2").exit_code == 0
    )
    particle = store.read(out).particle
    simulated = particle < REUSE
    assert set((particle % REUSE).tolist()) == {0, 1, 2, 3}
    assert particle[simulated].tolist() == [0, 0, 1, 1, 2, 3]
    assert np.bincount(particle[~simulated] % REUSE).tolist() == [4, 4, 2, 2]

    again = store.read(out).select(~simulated)
    with pytest.raises(ValueError, match="re-used showers of 4 particles come before or without"):
        list(joined([("again", [Block(again)]), ("again", [Block(again)])]))


@pytest.mark.parametrize(
    "other",
    [
        {"data_kind": "generated"},
        {"bundle_sha256": "ab12"},
        {"grooves": "air"},
        {"transport": {"absorber_production_cut_mev": 1.0}},
    ],
)
def test_samples_of_two_kinds_are_not_joined(other: dict[str, object], tmp_path: Path) -> None:
    responses = toy_responses(particles=2, copies=2)
    tree.write(tmp_path / "a.root", responses)
    tree.write(
        tmp_path / "b.root", replace(responses, provenance={**responses.provenance, **other})
    )
    out = tmp_path / "out.h5"
    ran = convert(tmp_path / "a.root", out, str(tmp_path / "b.root"))
    assert ran.exit_code == 2
    assert "only samples of one kind are joined" in ran.stderr
    assert not out.exists()


LIGHT = {"coupling": 0.869, "coupling_relative_error": 0.0118, "numerical_aperture": 0.22}


@pytest.mark.parametrize(
    ("lights", "refused"),
    [
        ((LIGHT, LIGHT), ""),
        ((LIGHT, None, LIGHT), ""),
        ((LIGHT, {**LIGHT, "coupling_relative_error": 0.02}), ""),
        ((LIGHT, {"coupling": 0.869}), ""),
        ((LIGHT, {**LIGHT, "coupling": 0.5}), "1.root has light coupling 0.5, but {}0.root 0.869"),
        ((None, LIGHT, {"numerical_aperture": 0.5}), "aperture 0.5, but {}1.root 0.22"),
    ],
)
def test_light_models_are_compared_where_they_are_stated(
    lights: tuple[dict[str, float] | None, ...], refused: str, tmp_path: Path
) -> None:
    responses, files = toy_responses(particles=2, copies=2), []
    for number, light in enumerate(lights):
        stated = {} if light is None else {"light": light}
        files.append(tmp_path / f"{number}.root")
        found = replace(responses, provenance={**responses.provenance, **stated})
        tree.write(files[-1], found)
    ran = convert(files[0], tmp_path / "out.h5", *map(str, files[1:]))
    assert ran.exit_code == (2 if refused else 0), ran.output
    assert refused.format(f"{tmp_path}/") in " ".join(ran.stderr.split())


def test_a_library_says_whose_responses_it_gives(tmp_path: Path) -> None:
    library = Path(__file__).parents[2] / "data" / "zp_library.root"
    ran = CliRunner().invoke(
        app, ["convert", str(library), "--reuses", "1", "--out", str(tmp_path / "zp.h5")]
    )
    assert ran.exit_code == 0, ran.output
    assert "264 ZP responses" in ran.output  # 132 lie far enough from the edge


def test_joined_libraries_say_how_many_showers_were_left_out_of_all(tmp_path: Path) -> None:
    parts = [toy_responses(30, 2, seed, ZN.widened(3)) for seed in (1, 2)]
    alone = []
    for name, part in zip("ab", parts, strict=True):
        wide = part.conditions * np.array([1, 1, 1, 1, 1.8, 1.8, 1, 1, 1], np.float32)
        made = {**part.provenance, "margin": 3}
        tree.write(tmp_path / f"{name}.root", replace(part, conditions=wide, provenance=made))
        assert convert(tmp_path / f"{name}.root", tmp_path / f"{name}.h5").exit_code == 0
        alone.append(int(str(store.provenance_of(tmp_path / f"{name}.h5")["edge_left_out"])))
        assert len(store.read(tmp_path / f"{name}.h5")) == 60 - alone[-1]
    assert min(alone) > 0
    out = tmp_path / "out.h5"
    for suffix in ("root", "h5"):
        ran = convert(tmp_path / f"a.{suffix}", out, str(tmp_path / f"b.{suffix}"))
        assert ran.exit_code == 0, ran.output
        assert f"{sum(alone)} showers near the edge of the face were left out" in ran.output
        assert store.provenance_of(out)["edge_left_out"] == sum(alone)


def test_re_uses_that_find_no_place_are_said(tmp_path: Path) -> None:
    tree.write(tmp_path / "plain.root", toy_responses(particles=2, copies=2))
    out = tmp_path / "out.h5"
    ran = convert(tmp_path / "plain.root", out, "--reuses", "9")
    assert np.count_nonzero(store.read(out).particle >= REUSE) == 28  # seven symmetries of four
    assert "8 of 36 re-uses were not made" in ran.output
    assert "re-uses" not in convert(tmp_path / "plain.root", out, "--reuses", "2").output
