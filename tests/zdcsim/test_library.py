"""Re-used showers: where they land, that they are marked, and where they must never appear."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot
from numpy.typing import NDArray
from toys import toy_conditions, toy_responses
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE, ENERGY, PX, PY, PZ, VX, VY, VZ
from zdcsim.evaluation.judgement import judge
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import store, tree
from zdcsim.montecarlo import library, moves
from zdcsim.montecarlo.arrival import arrival
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.optics import Machine, lead_machine
from zdcsim.response import REUSE, Responses, joined, origin, reused, sparse
from zdcsim.sample.split import split

MARGIN = 3
SEED = 7


def fibre_at(
    conditions: NDArray[np.float32], block: Calorimeter, machine: Machine | None
) -> NDArray[np.int64]:
    """Column and row of the fibre whose cell the particle meets, shape (N, 2)."""
    x, y = arrival(conditions, block, machine)[:, [0, 2]].T
    columns = (x - block.centre_x + block.half_x) // block.pitch
    return np.stack([columns, (y + block.half_y) // block.pitch], axis=1).astype(np.int64)


def pointers(
    conditions: NDArray[np.float32], face: Calorimeter, machine: Machine | None, margin: int
) -> Responses:
    """Showers of one lit fibre, the one that is hit, in a block with a margin."""
    block = face.widened(margin)
    images = np.zeros((len(conditions), *block.shape), np.int32)
    column, row = fibre_at(conditions, block, machine).T
    images[np.arange(len(conditions)), column, row] = 1 + np.arange(len(conditions))
    offsets, pixels, counts = sparse(images)
    source = {"beam_momentum_gev": None if machine is None else machine.beam_momentum_gev}
    n = len(conditions)
    return Responses(
        calorimeter=block,
        particle=np.arange(n),
        pdg=np.where(conditions[:, CHARGE] > 0, 2212, 2112).astype(np.int32),
        conditions=conditions,
        offsets=offsets,
        pixels=pixels,
        counts=counts,
        cpu_seconds=np.ones(n, np.float32),
        provenance={"margin": margin, "source": source, "data_kind": "toy"},
    )


def written(path: Path, responses: Responses) -> Path:
    tree.write(path, responses)
    return path


def all_of(path: Path, reuses: int, seed: int = SEED) -> Responses:
    return joined([block.responses for block in library.blocks(path, reuses, seed)])


def neutrons(rng: np.random.Generator) -> NDArray[np.float32]:
    """Neutrons on both sides with a vertex off the axis."""
    conditions = toy_conditions(40, rng)
    conditions[:, [VX, VY]] = rng.normal(0, 0.05, (40, 2))
    conditions[:, VZ] = rng.normal(0, 5, 40)
    conditions[::2, PZ] *= -1
    return conditions


def lit_where_hit(found: Responses, machine: Machine | None) -> bool:
    """Whether the one lit fibre of each response is where its conditions lead."""
    lit = np.argwhere(found.dense() > 0)
    hit = fibre_at(found.conditions, found.calorimeter, machine)
    return len(lit) == len(found) and np.array_equal(lit[:, 1:], hit)


def test_moved_showers_lie_where_their_conditions_lead(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    conditions = neutrons(rng)
    path = written(tmp_path / "library.root", pointers(conditions, ZN, None, MARGIN))
    found = all_of(path, reuses=6)
    assert found.calorimeter == ZN
    assert len(found) == 7 * 40
    assert lit_where_hit(found, None)
    first = found.select(~reused(found.particle))
    assert np.array_equal(first.conditions, conditions)
    # Energy and momentum stay; the vertex is turned with the shower, not moved.
    size = np.linalg.norm(found.conditions[:, [PX, PY, PZ]], axis=1)
    before = conditions[origin(found.particle)]
    assert size == pytest.approx(np.linalg.norm(before[:, [PX, PY, PZ]], axis=1), rel=1e-6)
    assert np.array_equal(found.conditions[:, ENERGY], before[:, ENERGY])
    turned = np.sort(np.abs(found.conditions[:, [VX, VY]]), axis=1)
    assert np.array_equal(turned, np.sort(np.abs(before[:, [VX, VY]]), axis=1))
    assert np.array_equal(np.sign(found.conditions[:, PZ]), np.sign(before[:, PZ]))


def test_all_symmetries_and_shifts_occur_and_none_twice(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    particles = pointers(neutrons(rng), ZN, None, MARGIN)
    drawn = moves.drawn_moves(particles, None, 12, np.random.default_rng(1))
    assert {int(s) for one in drawn for s in one.symmetry} == set(range(8))
    shifts = np.concatenate([one.shift for one in drawn])
    assert set(shifts.ravel().tolist()) == set(range(-MARGIN, MARGIN + 1))
    keys = [np.concatenate([one.symmetry[:, None], one.shift], axis=1) for one in drawn]
    assert all(len(np.unique(each, axis=0)) == 12 for each in np.stack(keys, axis=1))
    assert not any((each == [0, 0, 0]).all(axis=1).any() for each in keys)


def test_moves_drawn_for_few_particles_at_a_time_are_as_good(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    particles = pointers(neutrons(rng), ZN, None, MARGIN)
    assert len(particles) > 7
    monkeypatch.setattr(moves, "ROWS", 3 * 12 * moves.TRIES)
    drawn = moves.drawn_moves(particles, None, 12, np.random.default_rng(1))
    assert len(drawn) == 12
    for one in drawn:
        again = moves.moved(particles.conditions, one.symmetry, one.shift, ZN, None)
        assert np.array_equal(one.conditions, again.conditions)
        assert np.array_equal(one.valid, again.valid)
    keys = [np.concatenate([one.symmetry[:, None], one.shift], axis=1) for one in drawn]
    assert all(len(np.unique(each, axis=0)) == 12 for each in np.stack(keys, axis=1))
    assert moves.drawn_moves(particles, None, 0, rng) == []


def test_protons_are_mirrored_in_y_and_aimed_through_the_magnets(tmp_path: Path) -> None:
    hits, _ = Spectators().primaries(30, 0, ZP, seed=3)
    machine = lead_machine(2680.0)
    path = written(tmp_path / "zp.root", pointers(hits.conditions, ZP, machine, MARGIN))
    found = all_of(path, reuses=4)
    assert found.calorimeter == ZP
    assert (found.conditions[:, CHARGE] == 3).all()
    assert 30 * 3 < len(found) <= 30 * 5
    assert lit_where_hit(found, machine)
    # Its sign is the symmetry's: magnets do not bend in y, and bend every proton to x > 0.
    assert machine.carried(found.conditions, ZP)[1].all()
    assert set(np.sign(found.conditions[:, VY] * hits.conditions[origin(found.particle), VY])) == {
        -1.0,
        1.0,
    }
    assert np.array_equal(found.conditions[:, VX], hits.conditions[origin(found.particle), VX])


@pytest.mark.parametrize("margin", [0, MARGIN])
def test_a_margin_leaves_the_edge_of_the_face_out(
    margin: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    conditions = neutrons(rng)
    conditions[:, [PX, PY]] *= 1.9  # over the whole face
    path = written(tmp_path / "library.root", pointers(conditions, ZN, None, margin))
    found = all_of(path, reuses=6)
    from_edge = ZN.half_x - np.abs(arrival(found.conditions, ZN, None)[:, [0, 2]]).max(axis=1)
    first = ~reused(found.particle)
    assert found.provenance[library.EDGE_LEFT_OUT] == 40 - first.sum()
    if margin:
        assert (from_edge > library.EDGE_CM["ZN"] - 1e-4).all()
        assert 10 < first.sum() < 40
    else:
        assert first.sum() == 40
        assert from_edge.min() < 0.5


def ways(conditions: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shares of the ZN's length that are flown in groove and fibre, walked step by step, (N, 2)."""
    x, slope_x, y, slope_y = arrival(conditions, ZN, None).T[:, :, None]
    depth = np.linspace(0, 2 * ZN.half_z, 4001)
    to_fibre = [
        np.abs(np.mod(place + half, ZN.pitch) - ZN.pitch / 2)
        for place, half in ((x + depth * slope_x, ZN.half_x), (y + depth * slope_y, ZN.half_y))
    ]
    in_groove = np.logical_and.accumulate(np.maximum(*to_fibre) < ZN.groove_half, axis=1)
    in_fibre = in_groove & (np.hypot(*to_fibre) < ZN.fibre_radius)
    return np.stack([in_groove.mean(axis=1), in_fibre.mean(axis=1)], axis=1)


@pytest.mark.parametrize("grooves", ["air", "filled"])
def test_in_air_no_move_changes_the_way_in_the_groove(
    grooves: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    """The moved shower began where that of the particle would that it stands for."""
    margin, n = 8, 120
    conditions = toy_conditions(n, rng)
    x, y = arrival(conditions, ZN, None)[:, [0, 2]].T
    for axis, place in ((PX, x), (PY, y)):
        fibre = ZN.pitch * (np.floor(place / ZN.pitch) + 0.5)
        aside = fibre + rng.uniform(-0.9, 0.9, n) * ZN.groove_half
        conditions[:, axis] = aside / ZN.front_a * conditions[:, PZ]
    shot = pointers(conditions, ZN, None, margin)
    ours = {"data_kind": "geant4 simulation", "grooves": grooves}
    shot = replace(shot, provenance={**shot.provenance, **ours})
    found = all_of(written(tmp_path / "library.root", shot), reuses=6)
    moved = found.select(reused(found.particle))
    before, after = ways(conditions[origin(moved.particle)]), ways(moved.conditions)
    assert (before[:, 0] > 0.05).all()
    assert np.ptp(before[:, 0]) > 0.5
    assert np.ptp(before[:, 1]) > 0.5
    walked = 1 / 4000
    if grooves == "air":
        assert np.abs(after - before).max() < moves.SAME_WAY + 4 * walked
        assert n < len(moved) < 6 * n
        # Not symmetries alone: those keep the distances from the middle.
        away = [
            np.sort(np.abs(arrival(each, ZN, None)[:, [0, 2]]), axis=1)
            for each in (moved.conditions, conditions[origin(moved.particle)])
        ]
        assert (np.abs(away[0] - away[1]).max(axis=1) > ZN.pitch / 2).mean() > 0.3
    else:
        assert (np.abs(after - before).max(axis=1) > 2 * moves.SAME_WAY).mean() > 0.3
        assert len(moved) == 6 * n


def test_light_moves_in_from_the_margin() -> None:
    wide = ZN.widened(2)
    image = np.arange(48 * 48).reshape(1, 48, 48)
    offsets, pixels, counts = sparse(image)
    shower = replace(
        toy_responses(1, 1), calorimeter=wide, offsets=offsets, pixels=pixels, counts=counts
    )
    still = moves.unmoved(shower.conditions)
    assert np.array_equal(library.window(shower, still, 0).dense()[0], image[0, 2:46, 2:46])
    right = replace(still, shift=np.array([[2, -1]]))
    assert np.array_equal(library.window(shower, right, 1).dense()[0], image[0, 0:44, 3:47])


def test_without_margin_there_are_symmetries_only(tmp_path: Path) -> None:
    toy = toy_responses(particles=5, copies=3)
    found = all_of(written(tmp_path / "plain.root", toy), reuses=7)
    assert len(found) == 8 * 15
    assert np.array_equal(np.unique(found.photon_sum()), np.unique(toy.photon_sum()))
    # Copies of a particle move together: they keep equal conditions.
    for particle in np.unique(found.particle):
        assert len(np.unique(found.conditions[found.particle == particle], axis=0)) == 1
        assert (found.particle == particle).sum() == 3


def test_re_used_showers_are_marked_in_every_file(tmp_path: Path, rng: np.random.Generator) -> None:
    path = written(tmp_path / "library.root", pointers(neutrons(rng), ZN, None, MARGIN))
    with pytest.raises(ValueError, match="is a shower library, recorded with a margin of 3 fibres"):
        tree.read(path)
    for name in ("used.root", "used.h5"):
        chosen = ["convert", str(path), "--reuses", "2", "--out", str(tmp_path / name)]
        result = CliRunner().invoke(app, chosen)
        assert result.exit_code == 0, result.output
    found = tree.read(tmp_path / "used.root")
    marked = np.repeat([False, True], [40, 80])
    with uproot.open(tmp_path / "used.root") as file:
        assert np.array_equal(file["responses"]["reused"].array(library="np"), marked)
    with h5py.File(tmp_path / "used.h5") as file:
        assert np.array_equal(file["reused"][:], marked)
    assert np.array_equal(found.particle >= REUSE, marked)
    assert np.array_equal(found.cpu_seconds > 0, ~marked)
    assert np.array_equal(store.read(tmp_path / "used.h5").dense(), found.dense())
    assert found.provenance["reused_showers"] is True
    assert found.provenance["recorded_margin"] == MARGIN
    with pytest.raises(ValueError, match="holds re-used showers; use those it was made of"):
        all_of(tmp_path / "used.root", 1)


def test_re_used_showers_never_validate_nor_judge(tmp_path: Path) -> None:
    toy = toy_responses(particles=40, copies=3)
    found = all_of(written(tmp_path / "plain.root", toy), reuses=3)
    train, validation = split(found, 0.3, seed=1)
    assert not reused(validation.particle).any()
    assert not set(origin(train.particle)) & set(validation.particle)
    assert set(validation.particle) == set(split(toy, 0.3, seed=1)[1].particle)
    assert reused(train.particle).mean() == 0.75
    with pytest.raises(ValueError, match="360 of 480 responses are re-used showers, which a rand"):
        split(found, 0.3, seed=1, by="random")
    with pytest.raises(ValueError, match="360 of the reference's 480 responses are re-used"):
        judge(found, [found.dense()])


@pytest.mark.geant4
def test_a_library_keeps_the_primaries_of_the_plain_production(tmp_path: Path) -> None:
    gun = ["--source", "gun", "--energy", "120", "--x", "1.2", "--y", "-0.8"]
    gun += ["--particles", "5", "--workers", "1"]
    for name, margin in (("plain", "0"), ("wide", "4")):
        out = str(tmp_path / f"{name}.root")
        result = CliRunner().invoke(app, ["simulate", *gun, "--margin", margin, "--out", out])
        assert result.exit_code == 0, result.output
    plain, wide = tree.read(tmp_path / "plain.root"), tree.read_library(tmp_path / "wide.root")
    assert wide.calorimeter.shape == (52, 52)
    assert wide.calorimeter.pitch == pytest.approx(ZN.pitch)
    assert np.array_equal(plain.conditions, wide.conditions)
    assert np.array_equal(plain.particle, wide.particle)
    # The showers are others, but lie in the same place, not four fibres beside it.
    still = library.window(wide, moves.unmoved(wide.conditions), 0)
    for found in (plain, still):
        column, row = np.repeat(found.pixels, found.counts)[None] // [[44], [1]] % 44
        assert np.median(column) == pytest.approx(29, abs=2)
        assert np.median(row) == pytest.approx(16.5, abs=2)
