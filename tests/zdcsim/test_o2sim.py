"""O2's own files, against the numbers that ROOT itself printed of them (tests/fixtures)."""

import json
import shutil
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import numpy as np
import pytest
import uproot
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE, ENERGY, MASS, PZ
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import o2_branches, store
from zdcsim.io.block import Block
from zdcsim.io.numbering import ParticleNumbers
from zdcsim.io.o2_branches import HITS, TRACKS
from zdcsim.io.o2_parity import Parity
from zdcsim.io.o2sim import (
    HIT_MEMBERS,
    INHIBITED,
    MOMENTUM,
    TRACK_MEMBERS,
    O2Settings,
    Sides,
    Zeros,
    blocks,
)
from zdcsim.response import Responses, joined

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
O2SIM = FIXTURES / "o2sim.root"
PRINTED: list[dict[str, Any]] = json.loads(O2SIM.with_suffix(".json").read_text())
SIDES: dict[str, tuple[int, ...]] = {"A": (1, 2), "C": (4, 5), "both": (1, 2, 4, 5)}

ALL_ZEROS: tuple[Zeros, ...] = ("transported", "primaries")


def whole(path: Path | str, settings: O2Settings, megabytes: float = 64) -> Block:
    """All blocks of a file as one."""
    read = list(blocks(path, settings, megabytes))
    return Block(
        joined([block.responses for block in read]),
        np.concatenate([block.missed_pdg for block in read]),
        np.concatenate([block.missed_conditions for block in read]),
        unlisted=np.concatenate([block.unlisted for block in read]),
    )


def printed(calorimeter: Calorimeter, side: Sides) -> list[dict[str, Any]]:
    """What ROOT printed of the responses with light in the calorimeter on that side."""
    name = calorimeter.name.lower()
    recorded = [particle for event in PRINTED for particle in event["recorded"]]
    return [
        {**particle, **particle[name]}
        for particle in recorded
        if particle[name]["photon_sum"] and particle[name]["detector"] in SIDES[side]
    ]


@pytest.mark.parametrize("side", ["A", "C", "both"])
@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_the_numbers_are_those_root_prints(calorimeter: Calorimeter, side: Sides) -> None:
    responses = whole(O2SIM, O2Settings(calorimeter, side)).responses
    expected = printed(calorimeter, side)
    assert len(expected) > 2
    assert responses.pdg.tolist() == [particle["pdg"] for particle in expected]
    conditions = np.array([particle["conditions"] for particle in expected])
    assert np.array_equal(responses.conditions[:, :MASS], conditions[:, :MASS].astype(np.float32))
    assert responses.conditions[:, MASS] == pytest.approx(conditions[:, MASS], rel=1e-5)
    assert np.array_equal(responses.conditions[:, CHARGE], conditions[:, CHARGE])
    assert responses.photon_sum().tolist() == [particle["photon_sum"] for particle in expected]
    images = np.zeros((len(expected), *calorimeter.shape))
    for image, particle in zip(images, expected, strict=True):
        for x, y, count in particle["fibres"]:
            image[x, y] = count
    assert np.array_equal(responses.dense(), images)


@pytest.mark.parametrize("megabytes", [64, 0.01])
@pytest.mark.parametrize("side", ["A", "C"])
def test_responses_of_one_side_keep_their_collision(side: Sides, megabytes: float) -> None:
    read = list(blocks(O2SIM, O2Settings(ZP, side), megabytes))
    found = [number for block in read if block.event is not None for number in block.event.tolist()]
    expected = [
        number
        for number, event in enumerate(PRINTED)
        for particle in event["recorded"]
        if particle["zp"]["photon_sum"] and particle["zp"]["detector"] in SIDES[side]
    ]
    assert len(set(expected)) > 1
    assert found == expected


def test_responses_of_both_sides_name_no_collision() -> None:
    assert all(block.event is None for block in blocks(O2SIM, O2Settings(ZN)))


def dark_tracks(calorimeter: Calorimeter, zeros: Zeros, side: Sides) -> list[tuple[Any, ...]]:
    """The primaries without light, by a slow search through what ROOT printed."""
    found = []
    for event in PRINTED:
        lit = [
            (p["pdg"], *np.array(p["conditions"][4:7], np.float32).tolist())
            for p in event["recorded"]
            if p[calorimeter.name.lower()]["photon_sum"]
        ]
        for track in event["tracks"]:
            bits = track["properties"] % 2**32
            done = bits >> 31 == 1 and not bits >> 30 & 1
            if track["mother"] != -1 or (zeros == "transported" and not done):
                continue
            key = (track["pdg"], *np.array(track["momentum"], np.float32).tolist())
            if key in lit:
                lit.remove(key)
            elif side == "both" or (side == "A") == (key[3] > 0):
                found.append(key)
    return found


@pytest.mark.parametrize("zeros", ["transported", "primaries"])
@pytest.mark.parametrize("side", ["A", "both"])
@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_zero_responses_are_the_primaries_without_light(
    calorimeter: Calorimeter, side: Sides, zeros: Zeros
) -> None:
    block = whole(O2SIM, O2Settings(calorimeter, side, zeros=zeros))
    expected = dark_tracks(calorimeter, zeros, side)
    assert len(expected) > 5
    found = [
        (int(pdg), *row.tolist())
        for pdg, row in zip(block.missed_pdg, block.missed_conditions[:, 4:7], strict=True)
    ]
    assert found == expected
    energy, mass = block.missed_conditions[:, ENERGY], block.missed_conditions[:, MASS] / 1000
    momentum = block.missed_conditions[:, 4:7].astype(np.float64)
    assert energy**2 - (momentum**2).sum(axis=1) == pytest.approx(mass**2, abs=5e-7 * 6000**2)


def test_zero_responses_can_be_left_out() -> None:
    assert len(whole(O2SIM, O2Settings(ZN, zeros="none")).missed_pdg) == 0


def test_steps_change_nothing() -> None:
    settings = O2Settings(ZN)
    at_once, stepped = whole(O2SIM, settings), whole(O2SIM, settings, megabytes=0.01)
    assert len(list(blocks(O2SIM, settings, 0.01))) == len(PRINTED)
    for name in ("particle", "pdg", "conditions", "offsets", "pixels", "counts"):
        assert np.array_equal(getattr(at_once.responses, name), getattr(stepped.responses, name))
    assert np.array_equal(at_once.missed_conditions, stepped.missed_conditions)


def test_a_step_has_room_for_images_tracks_and_hits() -> None:
    with uproot.open(O2SIM) as file:
        tree = file["o2sim"]
        images, all_of_it = (
            o2_branches.event_bytes(tree, ZN, members)
            for members in ({}, {HITS: HIT_MEMBERS, TRACKS: TRACK_MEMBERS})
        )
        read = [tree[f"{HITS}/{HITS}.{name}"] for name in HIT_MEMBERS]
        read += [tree[f"{TRACKS}/{TRACKS}.{name}"] for name in TRACK_MEMBERS]
        more = sum(branch.uncompressed_bytes for branch in read) / tree.num_entries
    assert images > ZN.nx * ZN.ny * 4
    assert all_of_it == pytest.approx(images + more)
    room = 5.001 * images / 1e6  # for the images of all five events, and nothing else
    assert len(list(blocks(O2SIM, O2Settings(ZN), room))) == 2


@pytest.mark.parametrize(
    ("calorimeter", "side", "parity", "right"),
    [
        (ZN, "both", "mirrored", True),
        (ZP, "both", "mirrored", True),
        (ZN, "A", "odd", True),
        (ZN, "C", "even", True),
        (ZN, "both", "even", False),
        (ZP, "C", "odd", False),
    ],
)
def test_the_hits_judge_the_parity(
    calorimeter: Calorimeter, side: Sides, parity: Parity, right: bool
) -> None:
    settings = O2Settings(calorimeter, side, parity)
    if right:
        assert whole(O2SIM, settings).responses.provenance["common_fibres_checked"] is True
    else:
        with pytest.raises(ValueError, match="choose another parity"):
            whole(O2SIM, settings)


@pytest.mark.parametrize("parity", ["odd", "mirrored"])
def test_hits_without_light_judge_no_parity(
    parity: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = o2_branches.members

    def without_hits(tree: Any, branch: str, *arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        read = original(tree, branch, *arguments)
        keep = len(read["event"]) if branch != o2_branches.HITS else 0
        return {name: values[:keep] for name, values in read.items()}

    monkeypatch.setattr(o2_branches, "members", without_hits)
    found = whole(O2SIM, O2Settings(ZN, "both", parity)).responses
    assert found.provenance["common_fibres_checked"] is False


HYPERTRITON = 1010010030


def renamed(
    monkeypatch: pytest.MonkeyPatch, lit: int | None, dark: tuple[bool, ...], code: int
) -> None:
    """Give another code to a recorded particle, and to tracks without response, transported or not.

    Arguments:
        monkeypatch: Of the test.
        lit: Index of the particle; its track goes with it.
        dark: For each track without light that is renamed, whether O2 transported it.
        code: The code.
    """
    recorded, members = o2_branches.recorded, o2_branches.members
    pz: list[float] = []

    def with_code(*arguments: Any) -> o2_branches.Recorded:  # noqa: ANN401
        read = recorded(*arguments)
        if lit is not None:
            read.pdg[lit] = code
            pz[:] = [float(np.float32(read.kinematics[lit, PZ]))]
        return read

    def with_codes(tree: Any, branch: str, *arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        read = members(tree, branch, *arguments)
        if branch == TRACKS:
            codes = read["mPdgCode"] = read["mPdgCode"].copy()
            codes[np.isin(read[MOMENTUM[2]], np.array(pz, np.float32))] = code
            first = read["mMotherTrackId"] < 0
            done = (read["mProp"].astype(np.int64) & INHIBITED) == 0
            answered = [p["conditions"][6] for event in PRINTED for p in event["recorded"]]
            seen = np.isin(read[MOMENTUM[2]], np.array(answered, np.float32))
            for transported in dark:
                rows = np.flatnonzero(first & ~seen & (done == transported))
                codes[rows[0]] = code
        return read

    monkeypatch.setattr(o2_branches, "recorded", with_code)
    monkeypatch.setattr(o2_branches, "members", with_codes)


@pytest.mark.parametrize("zeros", ALL_ZEROS)
def test_dark_primaries_of_unlisted_codes_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch, zeros: Zeros
) -> None:
    before = whole(O2SIM, O2Settings(ZN, zeros=zeros))
    renamed(monkeypatch, None, (True, False), HYPERTRITON)
    after = whole(O2SIM, O2Settings(ZN, zeros=zeros))
    dropped = 1 if zeros == "transported" else 2
    assert after.unlisted.tolist() == [HYPERTRITON] * dropped
    assert len(after.missed_pdg) == len(before.missed_pdg) - dropped
    assert HYPERTRITON not in after.missed_pdg
    assert np.array_equal(after.responses.dense(), before.responses.dense())


@pytest.mark.parametrize("side", ["A", "C", "both"])
def test_a_lit_primary_of_an_unlisted_code_is_left_out_of_its_side_alone(
    monkeypatch: pytest.MonkeyPatch, side: Sides
) -> None:
    """Counted once, though it is a track as well; nothing of it is said of the other side."""
    before = whole(O2SIM, O2Settings(ZN, side))
    renamed(monkeypatch, 1, (), HYPERTRITON)
    after = whole(O2SIM, O2Settings(ZN, side))
    response = PRINTED[0]["recorded"][1]["zn"]
    assert response["photon_sum"] > 0, "else it is dark"
    dropped = int(response["detector"] in SIDES[side])
    assert after.unlisted.tolist() == [HYPERTRITON] * dropped
    assert len(after.responses) == len(before.responses) - dropped
    assert np.array_equal(after.missed_pdg, before.missed_pdg)


def test_the_command_reports_primaries_that_were_left_out(tmp_path: Path) -> None:
    out = tmp_path / "out.h5"
    arguments = ["convert", str(FIXTURES / "o2sim_pdg.root"), "--zeros", "none"]
    ran = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    said = "primaries left out, as the PDG tables do not have their codes: 9900999 (1)"
    assert said in " ".join(ran.output.split())
    assert 9900999 not in store.read(out).pdg


def test_particles_that_root_wrote_at_another_length_are_walked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = whole(O2SIM, O2Settings(ZN)).responses
    monkeypatch.setattr(o2_branches, "PARTICLE_BYTES", 0)
    slow = whole(O2SIM, O2Settings(ZN)).responses
    assert np.array_equal(fast.conditions, slow.conditions)
    assert np.array_equal(fast.pdg, slow.pdg)


def test_light_on_the_other_side_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = o2_branches.recorded

    def turned(*arguments: Any) -> o2_branches.Recorded:  # noqa: ANN401
        read = original(*arguments)
        read.kinematics[0, PZ] *= -1
        return read

    everything = whole(O2SIM, O2Settings(ZN))
    monkeypatch.setattr(o2_branches, "recorded", turned)
    fewer = whole(O2SIM, O2Settings(ZN, zeros="none"))
    assert len(fewer.responses) == len(everything.responses) - 1


BAD = {
    "size": "an image has 40 fibres along x; the ZN has 44",
    "nan": "condition px is nan; expected a finite number",
    "sum": "O2 counted 1. photo-electrons but the fibres hold",
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_named_for_what_it_is(fault: str) -> None:
    path = FIXTURES / f"o2sim_{fault}.root"
    with pytest.raises(ValueError, match=BAD[fault]) as raised:
        whole(path, O2Settings(ZN, zeros="none"))
    assert path.name in str(raised.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    truncated = tmp_path / "truncated.root"
    truncated.write_bytes(O2SIM.read_bytes()[:20_000])
    with pytest.raises(ValueError, match="may be truncated"):
        whole(truncated, O2Settings(ZN))
    with pytest.raises(ValueError, match="lacks the branch MCTrack"):
        whole(FIXTURES / "o2sim_nan.root", O2Settings(ZN))
    other = tmp_path / "other.root"
    with uproot.recreate(other) as file:
        file.mktree("events", {"x": "float32"})
    with pytest.raises(ValueError, match="has no tree 'o2sim'; found events"):
        whole(other, O2Settings(ZN))
    with pytest.raises(FileNotFoundError, match="no file"):
        whole(tmp_path / "absent.root", O2Settings(ZN))


def test_urls_are_read_through_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    with fsspec.open("memory://o2sim.root", "wb") as target, O2SIM.open("rb") as source:
        shutil.copyfileobj(source, target)
    remote = whole("memory://o2sim.root", O2Settings(ZN)).responses
    assert np.array_equal(remote.dense(), whole(O2SIM, O2Settings(ZN)).responses.dense())

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"zdcsim\[xrootd\]"):
        whole("root://eospublic.cern.ch//eos/o2sim.root", O2Settings(ZN))


def test_copies_share_a_particle() -> None:
    twice: list[Responses] = [whole(O2SIM, O2Settings(ZN)).responses] * 2
    both = joined(twice)
    numbers = ParticleNumbers().of(both.pdg, both.conditions)
    assert np.array_equal(numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :])
