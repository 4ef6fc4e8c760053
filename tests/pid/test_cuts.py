"""Cuts: TOF and TRD below their limits on p are not used, exactly as O2 does it."""

from dataclasses import replace

import numpy as np
import pytest
from pid_bundles import features46_tracks
from toy_tracks import toy_tracks

from pid.columns import MODEL
from pid.cuts import DetectorLimits, apply
from pid.tracks import Tracks


def with_momenta(momenta: list[float]) -> Tracks:
    """Complete tracks of these momenta p in GeV/c and half as large transverse momenta."""
    tracks = toy_tracks(4 * len(momenta))
    tracks = tracks.select(np.arange(0, 4 * len(momenta), 4))
    values = tracks.values.copy()
    values[:, MODEL.index("fP")] = momenta
    values[:, MODEL.index("fPx")] = np.array(momenta) / 2
    values[:, MODEL.index("fPy")] = 0
    values[:, MODEL.index("fPz")] = np.array(momenta) * np.sqrt(0.75)
    return replace(tracks, values=values)


def test_the_limits_are_on_p_and_include_their_ends() -> None:
    found = apply(with_momenta([0.49, 0.5, 0.79, 0.81, 3.0]), DetectorLimits())
    assert found.pattern().tolist() == [1, 5, 5, 7, 7]
    # 0.8 in float32 lies above 0.8 in double precision, so O2 keeps it.
    assert apply(with_momenta([0.8]), DetectorLimits()).pattern().tolist() == [7]


def test_other_limits_and_none() -> None:
    tracks = with_momenta([0.2, 0.6])
    assert apply(tracks, DetectorLimits(0, 0)).pattern().tolist() == [7, 7]
    assert apply(tracks, DetectorLimits(tof=1.0, trd=0.5)).pattern().tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"0 or more; got -1 and 0\.8"):
        DetectorLimits(tof=-1)


def test_the_46_floats_lose_whole_detectors() -> None:
    """By the masks, and below the limits also what counts and n-sigma say of the detector."""
    tracks = features46_tracks()
    found = apply(tracks, DetectorLimits())
    p, seen = tracks.column("p"), tracks.column("maskTOF") > 0
    for name in ("beta", "tofNSigmaPi", "hasTOF"):
        assert np.array_equal(np.isnan(found.column(name)), ~seen | (p < 0.5)), name
    assert np.array_equal(found.column("maskTOF"), tracks.column("maskTOF"))
    assert np.isnan(found.column("trdChi2")[p < 0.8]).all()
    assert np.array_equal(found.column("tpcSignal"), tracks.column("tpcSignal"))


def test_only_tof_and_trd_change_and_the_input_does_not() -> None:
    tracks = with_momenta([0.1, 0.2])
    before = tracks.values.copy()
    found = apply(tracks, DetectorLimits())
    assert np.array_equal(tracks.values, before)
    limited = [MODEL.index(name) for name in ("fTRDPattern", "fTOFSignal", "fBeta")]
    assert np.isnan(found.values[:, limited]).all()
    others = np.delete(np.arange(len(MODEL)), limited)
    assert np.array_equal(found.values[:, others], before[:, others])
