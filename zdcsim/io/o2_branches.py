"""The branches of an o2sim tree that describe ZDC responses, as NumPy arrays.

ROOT splits `ZDCResponseImage` into a branch a member. uproot cannot interpret the image member and
is slow on the particle, whose class it walks through member by member; both are read as records of
fixed length here. All arrays run over the particles of the events together.

Axis key: E events, R recorded particles, T tracks, H hits, Nx by Ny fibres.

Source: AliceO2, SpatialPhotonResponse.h, MCTrack.h and DataFormatsZDC/Hit.h; ROOT, TParticle.h.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray
from uproot.interpretation.jagged import AsJagged
from uproot.interpretation.numerical import AsDtype

from zdcsim.geometry import Calorimeter

TREE = "o2sim"
RESPONSES, HITS, TRACKS = "ZDCResponseImage", "ZDCHit", "MCTrack"
MEMBER = {"ZN": "first", "ZP": "second"}
"""Which of the two responses of a particle is the calorimeter's."""
STREAMED_HEADER = 6
"""Bytes that ROOT writes before the images of an event: their length and the class version."""

PARTICLE_NUMBERS = ("fPx", "fPy", "fPz", "fE", "fVx", "fVy", "fVz")
PARTICLE_BYTES = 0x40000000 | 146
"""What ROOT writes before each TParticle: the length of the rest, with its marker bit."""
PARTICLE = np.dtype(
    [
        ("length", ">u4"),
        ("bases", "V30"),  # version, TObject, TAttLine, TAtt3D
        ("fPdgCode", ">i4"),
        ("family", "V24"),  # status, mothers, daughters, weight
        ("fCalcMass", ">f8"),
        *((name, ">f8") for name in PARTICLE_NUMBERS),
        ("rest", "V24"),  # production time, polarisation
    ]
)


@dataclass(frozen=True)
class Recorded:
    """Particles whose response was recorded, and that response in one calorimeter.

    Arguments:
        event: Event of each particle, counted from the first that was read, shape (R,).
        pdg: PDG codes, shape (R,).
        kinematics: Energy (GeV), vertex (cm) and momentum (GeV/c) in O2's order, shape (R, 7).
        detector: O2's number of the calorimeter that gave light, -1 for none, shape (R,).
        photon_sum: Photo-electrons as O2 counted them, shape (R,).
        images: Photo-electrons per fibre, shape (R, Nx, Ny).
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int32]
    kinematics: NDArray[np.float64]
    detector: NDArray[np.int32]
    photon_sum: NDArray[np.int64]
    images: NDArray[np.int32]


def recorded(tree: Any, calorimeter: Calorimeter, start: int, stop: int) -> Recorded:  # noqa: ANN401
    """The recorded particles of events start to stop.

    Raises:
        ValueError: If an image has another size than the calorimeter.
    """
    particles, lengths = _particles(tree, start, stop)
    member = f"{RESPONSES}/{RESPONSES}.second.{MEMBER[calorimeter.name]}"
    names = ("fE", "fVx", "fVy", "fVz", "fPx", "fPy", "fPz")
    return Recorded(
        event=np.repeat(np.arange(len(lengths)), lengths),
        pdg=particles["fPdgCode"].astype(np.int32),
        kinematics=np.stack([particles[name].astype(np.float64) for name in names], axis=1),
        detector=_flat(tree[f"{member}.mDetectorID"], start, stop).astype(np.int32),
        photon_sum=_flat(tree[f"{member}.mPhotonSum"], start, stop).astype(np.int64),
        images=_images(tree, member, calorimeter, start, stop),
    )


def members(
    tree: Any,  # noqa: ANN401 - uproot has no types
    branch: str,
    names: Sequence[str],
    start: int,
    stop: int,
) -> dict[str, NDArray[Any]]:
    """Members of the objects in a branch of vectors, and `event`, each flat over the events."""
    arrays = {name: tree[f"{branch}/{branch}.{name}"] for name in names}
    read = {name: array.array(entry_start=start, entry_stop=stop) for name, array in arrays.items()}
    lengths = ak.to_numpy(ak.num(read[names[0]]))
    flat = {name: ak.to_numpy(ak.flatten(array)) for name, array in read.items()}
    return {"event": np.repeat(np.arange(len(lengths)), lengths), **flat}


def event_bytes(tree: Any, calorimeter: Calorimeter, members: Mapping[str, Sequence[str]]) -> float:  # noqa: ANN401
    """Mean size of what is read of an event, bytes, as it lies in memory.

    Arguments:
        tree: The tree.
        calorimeter: Whose images are read.
        members: By branch of vectors, the members that are read; what the tree lacks is left out.
    """
    image = f"{RESPONSES}/{RESPONSES}.second.{MEMBER[calorimeter.name]}.mImageData"
    more = [f"{branch}/{branch}.{name}" for branch, names in members.items() for name in names]
    read = [tree[name] for name in (image, *more) if name in tree]
    whole = float(sum(branch.uncompressed_bytes for branch in read))
    return whole / max(int(tree.num_entries), 1)


def _flat(branch: uproot.TBranch, start: int, stop: int) -> NDArray[Any]:
    flat: NDArray[Any] = ak.to_numpy(ak.flatten(branch.array(entry_start=start, entry_stop=stop)))
    return flat


def _records(
    branch: uproot.TBranch, record: np.dtype[Any], header: int, start: int, stop: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Records of fixed length of all events, and their number in each event."""
    interpretation = AsJagged(AsDtype(record, record), header_bytes=header)
    found = branch.array(interpretation, entry_start=start, entry_stop=stop, library="np")
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    return np.concatenate([np.empty(0, record), *found]), lengths


def _particles(tree: Any, start: int, stop: int) -> tuple[NDArray[Any], NDArray[np.int64]]:  # noqa: ANN401
    branch = tree[f"{RESPONSES}/{RESPONSES}.first"]
    try:
        particles, lengths = _records(branch, PARTICLE, 0, start, stop)
    except ValueError:
        return _walked(branch, start, stop)
    if (particles["length"] != PARTICLE_BYTES).any():
        return _walked(branch, start, stop)
    return particles, lengths


def _walked(
    branch: uproot.TBranch, start: int, stop: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Particles that ROOT gave another length, by uproot's own slow way."""
    found = branch.array(entry_start=start, entry_stop=stop)
    flat = ak.flatten(found)
    particles = np.zeros(len(flat), PARTICLE)
    for name in ("fPdgCode", *PARTICLE_NUMBERS):
        particles[name] = ak.to_numpy(flat[name])
    return particles, ak.to_numpy(ak.num(found)).astype(np.int64)


def _images(
    tree: Any,  # noqa: ANN401
    member: str,
    calorimeter: Calorimeter,
    start: int,
    stop: int,
) -> NDArray[np.int32]:
    nx, ny = (_flat(tree[f"{member}.{name}"], start, stop) for name in ("mNx", "mNy"))
    _check_size(nx, ny, calorimeter)
    column = np.dtype([("ny", ">i4"), ("photons", ">i4", (calorimeter.ny,))])
    image = np.dtype([("nx", ">i4"), ("columns", column, (calorimeter.nx,))])
    found, _ = _records(tree[f"{member}.mImageData"], image, STREAMED_HEADER, start, stop)
    _check_size(found["nx"], found["columns"]["ny"].ravel(), calorimeter)
    photons: NDArray[np.int32] = found["columns"]["photons"].astype(np.int32)
    return photons


def _check_size(nx: NDArray[Any], ny: NDArray[Any], calorimeter: Calorimeter) -> None:
    for axis, found, expected in (("x", nx, calorimeter.nx), ("y", ny, calorimeter.ny)):
        wrong = found[found != expected]
        if len(wrong):
            raise ValueError(
                f"an image has {wrong[0]} fibres along {axis}; the {calorimeter.name} has "
                f"{expected}: is the detector right?"
            )
