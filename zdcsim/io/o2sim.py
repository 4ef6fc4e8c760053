"""Responses from O2's own files: the o2sim tree that o2-sim-serial writes.

O2 keeps an image of each primary that leaves light in ZN or ZP when it runs with
`ZDCSimParam.recordSpatialResponse=true`. Primaries without light are not among them; they are
rebuilt from the tracks of the same event. Files larger than memory are read in steps.

Axis key: R recorded particles, T tracks, M primaries without light, 9 conditions.

Source: AliceO2, Detectors/ZDC/simulation, Detector::flushSpatialResponse; MCTrack.h for the bits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import NAMES, PZ, VX
from zdcsim.geometry import Calorimeter, Side
from zdcsim.io import o2_branches
from zdcsim.io.block import Block, check_conditions
from zdcsim.io.numbering import ParticleNumbers
from zdcsim.io.o2_branches import HITS, RESPONSES, TRACKS, TREE, Recorded
from zdcsim.io.o2_parity import Disagreement, Parity
from zdcsim.io.rootfile import names, opened
from zdcsim.io.species import in_tables, mass_and_charge
from zdcsim.io.tree import DETECTOR_NUMBERS
from zdcsim.response import Responses, sparse

Sides = Literal["A", "C", "both"]
Zeros = Literal["none", "transported", "primaries"]
SIDES: tuple[Side, Side] = ("A", "C")
PROCESS_BITS, PRIMARY, INHIBITED, TO_BE_DONE = 0b111111 << 1, 0, 1 << 30, 1 << 31
"""Bits of MCTrack's mProp: the process that made the track, and whether it was transported."""
MOMENTUM = tuple(f"mStartVertexMomentum{axis}" for axis in "XYZ")
VERTEX = tuple(f"mStartVertexCoordinates{axis}" for axis in "XYZ")
TRACK_MEMBERS = (*VERTEX, *MOMENTUM, "mPdgCode", "mMotherTrackId", "mSecondMotherTrackId", "mProp")
HIT_MEMBERS = ("mDetectorID", "mSectorID", "mNphePMC")


@dataclass(frozen=True)
class O2Settings:
    """What the file does not say of itself.

    Arguments:
        calorimeter: ZN or ZP; each particle has an image of both.
        side: Responses and primaries of this side only, or of both.
        parity: Which fibres are common; checked where the file has hits, and recorded.
        zeros: Primaries without light: none, those that O2 transported, or all, which also counts
            those cut before the transport, and generator-internal ones; of all, what the PDG tables
            have.
    """

    calorimeter: Calorimeter
    side: Sides = "both"
    parity: Parity = "mirrored"
    zeros: Zeros = "transported"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that are read."""
        return ("A", "C") if self.side == "both" else (self.side,)


def blocks(location: Path | str, settings: O2Settings, megabytes: float = 64) -> Iterator[Block]:
    """The responses of an o2sim file, some events at a time.

    A response whose light lies on the other side than its primary flies to is left out: O2's fast
    simulation takes the side from the sign of pz. Of one side, responses keep the number of their
    collision in the file; of both, they do not: its two sides are not summed. Primaries whose PDG
    code is not in the tables (hypernuclei, remnants of the beam) have no mass to be told: they are
    left out, and `Block.unlisted` names them.

    Arguments:
        location: A path, or a URL as `root://server//path`.
        settings: What the file does not say.
        megabytes: Size of the images, tracks and hits that are in memory together.

    Raises:
        FileNotFoundError: If there is no such local file.
        ValueError: If it is not a complete ROOT file with an o2sim tree and its branches, an image
            has another size than the calorimeter or another sum than O2 counted, a condition is
            not finite, or the hits contradict the parity.
    """
    with opened(location) as file:
        tree = _tree(file, location, settings)
        members = {HITS: HIT_MEMBERS, TRACKS: () if settings.zeros == "none" else TRACK_MEMBERS}
        size = o2_branches.event_bytes(tree, settings.calorimeter, members)
        step = max(1, int(megabytes * 1e6 / max(size, 1)))
        provenance = _provenance(tree, location, settings, step)
        particles = ParticleNumbers()
        disagreements = {side: Disagreement() for side in settings.sides}
        for start in range(0, tree.num_entries, step):
            stop = min(start + step, tree.num_entries)
            place = f"{location}, events {start} to {stop - 1}"
            read = _recorded(tree, settings, start, stop, place)
            if HITS in tree:
                hits = o2_branches.members(tree, HITS, HIT_MEMBERS, start, stop)
                for side, disagreement in disagreements.items():
                    disagreement.add(read, hits, _number(settings.calorimeter, side))
                    disagreement.check(settings.parity, side, str(location))
            missed_pdg, missed, dark = _missed(tree, settings, read, start, stop, place)
            lit = _lit(read, settings)
            rows = lit & in_tables(read.pdg)
            responses = _responses(read, rows, settings, particles, provenance, place)
            event = None if settings.side == "both" else start + read.event[rows]
            unlisted = np.concatenate([read.pdg[lit & ~rows], dark])
            yield Block(responses, missed_pdg, missed, event, unlisted)


def _tree(file: Any, location: Path | str, settings: O2Settings) -> Any:  # noqa: ANN401
    if TREE not in file:
        raise ValueError(f"{location} has no tree {TREE!r}; found {names(file)}")
    tree = file[TREE]
    member = f"second.{o2_branches.MEMBER[settings.calorimeter.name]}.mImageData"
    needed = [f"{RESPONSES}/{RESPONSES}.{name}" for name in ("first", member)]
    needed += [f"{TRACKS}/{TRACKS}.mProp"] if settings.zeros != "none" else []
    absent = [name for name in needed if name not in tree]
    if absent:
        raise ValueError(
            f"tree {TREE!r} of {location} lacks the branch {', '.join(absent)}; run o2-sim-serial "
            "with ZDCSimParam.recordSpatialResponse=true and its default split level"
        )
    return tree


def _recorded(tree: Any, settings: O2Settings, start: int, stop: int, place: str) -> Recorded:  # noqa: ANN401
    try:
        read = o2_branches.recorded(tree, settings.calorimeter, start, stop)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
    differs = np.flatnonzero(read.images.sum(axis=(1, 2)) != read.photon_sum)
    if len(differs):
        row = differs[0]
        raise ValueError(
            f"{place}, particle {row}: O2 counted {read.photon_sum[row]} photo-electrons but the "
            f"fibres hold {read.images[row].sum()}; the file is damaged"
        )
    check_conditions(read.kinematics, place)
    return read


def _lit(read: Recorded, settings: O2Settings) -> NDArray[np.bool_]:
    """Which particles gave light on a side that is read, their own, shape (R,)."""
    numbers = {side: _number(settings.calorimeter, side) for side in SIDES}
    toward = np.where(read.kinematics[:, PZ] > 0, *numbers.values())
    wanted = [numbers[side] for side in settings.sides]
    own = (read.detector == toward) & np.isin(read.detector, wanted)
    lit: NDArray[np.bool_] = (read.photon_sum > 0) & own
    return lit


def _responses(
    read: Recorded,
    rows: NDArray[np.bool_],
    settings: O2Settings,
    particles: ParticleNumbers,
    provenance: Mapping[str, object],
    place: str,
) -> Responses:
    """The responses of the chosen particles, rows of shape (R,)."""
    pdg = read.pdg[rows]
    conditions = _conditions(pdg, read.kinematics[rows], place)
    offsets, pixels, counts = sparse(read.images[rows])
    return Responses(
        calorimeter=settings.calorimeter,
        particle=particles.of(pdg, conditions),
        pdg=pdg,
        conditions=conditions,
        offsets=offsets,
        pixels=pixels,
        counts=counts,
        cpu_seconds=np.full(len(pdg), np.nan, np.float32),
        provenance=provenance,
    )


def _missed(
    tree: Any,  # noqa: ANN401
    settings: O2Settings,
    read: Recorded,
    start: int,
    stop: int,
    place: str,
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
    """Codes and conditions of the primaries without light, and codes that the tables lack."""
    none = np.empty(0, np.int32)
    if settings.zeros == "none":
        return none, np.empty((0, len(NAMES)), np.float32), none
    tracks = o2_branches.members(tree, TRACKS, TRACK_MEMBERS, start, stop)
    rows = np.flatnonzero(_primaries(tracks, settings))
    kinematics = np.stack([tracks[name][rows] for name in (*VERTEX, *MOMENTUM)], axis=1)
    pdg = tracks["mPdgCode"][rows].astype(np.int32)
    lit = read.photon_sum > 0
    dark = _unmatched(
        _keys(tracks["event"][rows], pdg, kinematics),
        _keys(read.event[lit], read.pdg[lit], read.kinematics[lit, VX : PZ + 1]),
    )
    listed = in_tables(pdg[dark])
    unlisted, dark = pdg[dark[~listed]], dark[listed]
    momentum = kinematics[dark, 3:].astype(np.float64)
    mass = mass_and_charge(pdg[dark], place)[:, 0] / 1000
    energy = np.sqrt(mass**2 + (momentum**2).sum(axis=1))
    conditions = np.concatenate([energy[:, None], kinematics[dark]], axis=1)
    return pdg[dark], _conditions(pdg[dark], conditions, place), unlisted


def _primaries(tracks: Mapping[str, NDArray[Any]], settings: O2Settings) -> NDArray[np.bool_]:
    """Which tracks are primaries of the sides that are read, shape (T,).

    Source:
        AliceO2, MCTrackT::isPrimary and isTransported.
    """
    properties = tracks["mProp"].astype(np.int64)
    orphan = (tracks["mMotherTrackId"] < 0) & (tracks["mSecondMotherTrackId"] < 0)
    chosen = ((properties & PROCESS_BITS) == PRIMARY) | orphan
    if settings.zeros == "transported":
        chosen &= ((properties & TO_BE_DONE) != 0) & ((properties & INHIBITED) == 0)
    side = np.where(tracks[MOMENTUM[2]] > 0, *SIDES)
    primaries: NDArray[np.bool_] = chosen & np.isin(side, settings.sides)
    return primaries


def _keys(
    event: NDArray[np.int64], pdg: NDArray[np.int32], kinematics: NDArray[np.floating]
) -> NDArray[Any]:
    """What is equal for a track and the particle of its response, bytes, shape (N,).

    The track has the numbers of the particle rounded to float32.
    """
    numbers = (kinematics.astype(np.float32) + np.float32(0)).view(np.int32)
    rows = np.column_stack([event.astype(np.int32), pdg, numbers])
    return rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel()


def _unmatched(tracks: NDArray[Any], lit: NDArray[Any]) -> NDArray[np.int64]:
    """Tracks without a response; of equal tracks, as many as there are more than responses."""
    _, index = np.unique(np.concatenate([lit, tracks]), return_inverse=True)
    responses = np.bincount(index[: len(lit)], minlength=index.max(initial=-1) + 1)
    of_track = index[len(lit) :]
    order = np.argsort(of_track, kind="stable")
    tally = np.bincount(of_track, minlength=len(responses))
    copy = np.empty(len(of_track), np.int64)
    copy[order] = np.arange(len(order)) - np.repeat(np.cumsum(tally) - tally, tally)
    return np.flatnonzero(copy >= responses[of_track])


def _conditions(
    pdg: NDArray[np.int32], kinematics: NDArray[np.floating], place: str
) -> NDArray[np.float32]:
    """The nine conditions of energy, vertex and momentum, shape (N, 7), and of the PDG tables."""
    of_species = mass_and_charge(pdg, place)
    conditions = np.concatenate([kinematics, of_species], axis=1).astype(np.float32)
    check_conditions(conditions, place)
    return conditions


def _number(calorimeter: Calorimeter, side: Side) -> int:
    return DETECTOR_NUMBERS[calorimeter.name, side]


def _provenance(
    tree: Any,  # noqa: ANN401
    location: Path | str,
    settings: O2Settings,
    step: int,
) -> dict[str, object]:
    numbers = [_number(settings.calorimeter, side) for side in settings.sides]
    return {
        "data_kind": "O2 full simulation",
        "source": f"o2sim tree of {Path(str(location)).name}",
        "side": settings.side,
        "common_fibres": settings.parity,
        "common_fibres_checked": HITS in tree and _any_hit(tree, numbers, step),
        "missed": settings.zeros,
    }


def _any_hit(tree: Any, numbers: list[int], step: int) -> bool:  # noqa: ANN401
    """Whether a hit of one of O2's detector numbers has light; reads until the first."""
    for start in range(0, tree.num_entries, step):
        hits = o2_branches.members(tree, HITS, HIT_MEMBERS, start, start + step)
        if (np.isin(hits["mDetectorID"], numbers) & (hits["mNphePMC"] > 0)).any():
            return True
    return False
