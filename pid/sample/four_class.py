"""The 46 inputs of the four-class network from the producer's extended table.

Axis key: N tracks.

Source: O2Physics, Tools/PIDFeatureExtractor/pidFeatureExtractor.cxx; Common/Core/PID (TOF mass).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pid.columns import PATTERN_BITS
from pid.features46 import FEATURES46, SIGN
from pid.tracks import Tracks

SAME = {
    "p": "fP",
    "px": "fPx",
    "py": "fPy",
    "pz": "fPz",
    "dcaXY": "fDcaXY",
    "dcaZ": "fDcaZ",
    "tpcSignal": "fTPCSignal",
    "tpcNClsFound": "fTpcNClsFound",
    "tpcChi2NCl": "fTPCChi2NCl",
    "beta": "fBeta",
    "trdSignal": "fTRDSignal",
    "trdChi2": "fTRDChi2",
    "trdPattern": "fTRDPattern",
    **{
        f"{detector.lower()}NSigma{label}": f"f{detector}NSigma{label}"
        for detector in ("TPC", "TOF")
        for label in ("Pi", "Ka", "Pr", "El")
    },
}
"""Inputs that are columns of the producer's table."""


def four_class(tracks: Tracks) -> Tracks:
    """The same tracks with the columns of FEATURES46 and the charge `sign`.

    EMCal and HMPID count as missing, and the ITS's chi-square is NaN: the producer's table has
    none of them. Counts of a missing detector are 0.

    Raises:
        ValueError: If a column of the extended table is absent.
    """
    values = {name: tracks.column(column) for name, column in SAME.items()} | _derived(tracks)
    pattern = tracks.pattern()
    flags = {
        detector: ((pattern & bit) > 0).astype(np.float32) for detector, bit in PATTERN_BITS.items()
    }
    for detector, flag in flags.items():
        values[f"has{detector}"] = values[f"mask{detector}"] = flag
    for always in ("ITS", "Centrality"):
        values[f"mask{always}"] = np.ones(len(tracks), np.float32)
    made = [
        values.get(feature.name, np.full(len(tracks), np.nan, np.float32)) for feature in FEATURES46
    ]
    counts = np.array([feature.count for feature in FEATURES46])
    stacked = np.stack(made, axis=1)
    stacked[:, counts] = np.nan_to_num(stacked[:, counts], nan=0.0)
    columns = (*(feature.name for feature in FEATURES46), SIGN)
    values46 = np.column_stack([stacked, tracks.column("fSign")])
    return replace(tracks, columns=columns, values=values46)


def tof_mass(momentum: NDArray[np.float64], velocity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mass in GeV/c2 from momentum (GeV/c) and velocity (c), shape (N,), as O2 has it above c."""
    return momentum / velocity * np.sqrt(np.abs(1 - velocity**2))


def _derived(tracks: Tracks) -> dict[str, NDArray[np.float32]]:
    momentum, px, py, pz, velocity = (
        tracks.column(name).astype(np.float64) for name in ("fP", "fPx", "fPy", "fPz", "fBeta")
    )
    pt = np.hypot(px, py)
    layers = np.bitwise_count(tracks.column("fITSClusterMap").astype(np.uint8))
    derived = {
        "pt": pt,
        "eta": np.arcsinh(pz / pt),
        "phi": np.remainder(np.arctan2(py, px), 2 * np.pi),
        "tofMass": tof_mass(momentum, velocity),
        "itsNClusters": layers,
    }
    return {name: values.astype(np.float32) for name, values in derived.items()}
