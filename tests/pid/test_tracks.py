"""Tracks: shapes are checked, columns found by name, detector patterns by presence."""

from dataclasses import replace

import numpy as np
import pytest
from toy_tracks import toy_tracks

from pid.columns import MODEL
from pid.tracks import joined


def test_columns_are_found_by_name_in_the_order_asked() -> None:
    tracks = toy_tracks(8)
    taken = tracks.take(("fDcaZ", "fTPCSignal"))
    assert np.array_equal(taken[:, 0], tracks.values[:, 15])
    assert np.array_equal(taken[:, 1], tracks.values[:, 0])
    with pytest.raises(ValueError, match="no column fEta, fTgl; they have fTPCSignal"):
        tracks.take(("fEta", "fP", "fTgl"))


def test_selection_keeps_rows_together() -> None:
    tracks = toy_tracks(20)
    chosen = np.array([7, 3, 3])
    found = tracks.select(chosen)
    assert np.array_equal(found.values, tracks.values[chosen], equal_nan=True)
    assert found.event.tolist() == [1, 0, 0]
    assert found.pdg is not None and tracks.pdg is not None and found.primary is not None
    assert found.pdg.tolist() == tracks.pdg[chosen].tolist()
    assert len(tracks.select(tracks.event == 2)) == 4


def test_patterns_say_which_detectors_are_there() -> None:
    assert toy_tracks(8).pattern().tolist() == [7, 3, 5, 1] * 2
    tracks = toy_tracks(2)
    values = tracks.values.copy()
    values[0, MODEL.index("fBeta")] = np.nan
    values[1, MODEL.index("fTPCSignal")] = np.nan
    assert replace(tracks, values=values).pattern().tolist() == [3, 2]


def test_joining_gives_back_the_parts() -> None:
    tracks = toy_tracks(12)
    found = joined([tracks.select(np.arange(5)), tracks.select(np.arange(5, 12))])
    assert np.array_equal(found.values, tracks.values, equal_nan=True)
    assert np.array_equal(found.truth(), tracks.truth())
    with pytest.raises(ValueError, match="cannot be joined"):
        joined([tracks, replace(tracks, pdg=None, primary=None)])
    with pytest.raises(ValueError, match="no tracks to join"):
        joined([])


def test_tracks_without_truth_say_so() -> None:
    real = replace(toy_tracks(4), pdg=None, primary=None)
    assert not real.labelled
    with pytest.raises(ValueError, match="no true species; use a simulated sample"):
        real.truth()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": ("fP",)}, r"values of shape \(4, 16\) do not fit 1 columns"),
        ({"columns": ("fP",) * 16}, "column names must differ"),
        ({"event": np.zeros(3, np.int64)}, r"event has shape \(3,\); expected one for each of 4"),
        ({"event": np.zeros(4)}, "event must be int64; got float64"),
        ({"pdg": np.zeros(4, np.int64)}, "pdg must be int32; got int64"),
        ({"pdg": None}, "come together; got only one"),
        ({"values": np.zeros((4, 16))}, "values must be float32; got float64"),
        ({"values": np.full((4, 16), np.inf, np.float32)}, "track 0: fTPCSignal is infinite"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], message: str) -> None:
    tracks = toy_tracks(4)
    with pytest.raises(ValueError, match=message):
        replace(tracks, **change)  # type: ignore[arg-type]
