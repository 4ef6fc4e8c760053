"""Scaler: measured training values only, in float32 as O2 computes it."""

from dataclasses import replace

import numpy as np
import pytest
from toy_tracks import toy_tracks

from pid.columns import MODEL, column
from pid.scaler import Scaler, fit


def test_training_values_get_zero_mean_and_unit_variance_without_the_missing() -> None:
    tracks = toy_tracks(400)
    scaled = fit(tracks, MODEL).apply(tracks.take(MODEL)).astype(np.float64)
    for index, name in enumerate(MODEL):
        values = scaled[:, index][~np.isnan(scaled[:, index])]
        if column(name).scaled:
            assert abs(values.mean()) < 1e-5, name
            assert values.std() == pytest.approx(1, abs=1e-5), name
        else:
            raw = tracks.column(name)
            assert np.array_equal(values, raw[~np.isnan(raw)]), name
    assert np.array_equal(np.isnan(scaled), np.isnan(tracks.values))


def test_it_subtracts_and_divides_in_single_precision() -> None:
    scaler = Scaler(("fTOFSignal",), np.array([15254.712345678]), np.array([13518.7654321]))
    values = np.array([[12345.678]], np.float32)
    expected = (np.float32(12345.678) - np.float32(15254.712345678)) / np.float32(13518.7654321)
    found = scaler.apply(values)
    assert found.dtype == np.float32
    assert found[0, 0] == expected


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_a_column_without_spread_is_named(value: float) -> None:
    tracks = toy_tracks(8)
    values = tracks.values.copy()
    values[:, MODEL.index("fDcaXY")] = value
    with pytest.raises(ValueError, match=r"fDcaXY cannot be scaled .* two different measured"):
        fit(replace(tracks, values=values), MODEL)


def test_shapes_are_checked() -> None:
    scaler = fit(toy_tracks(8), MODEL)
    with pytest.raises(ValueError, match=r"\(2, 3\) do not fit the 16 columns of"):
        scaler.apply(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="needs as many means"):
        Scaler(("fP", "fX"), np.zeros(1), np.ones(1))
