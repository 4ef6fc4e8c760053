"""Columns: order of the contract, and sentinels of any production to NaN, by detector."""

import numpy as np
import pytest

from pid.columns import COLUMNS, MODEL, N_SIGMA, PRODUCER, blanked, column, scaled
from pid.features46 import FEATURES46


def test_the_model_reads_the_published_columns_in_order() -> None:
    signals = ("fTPCSignal", "fTRDPattern", "fTOFSignal", "fBeta")
    momenta = ("fP", "fPx", "fPy", "fPz", "fSign")
    position = ("fX", "fY", "fZ", "fAlpha", "fTPCNClsShared", "fDcaXY", "fDcaZ")
    assert (*signals, *momenta, *position) == MODEL
    assert len(PRODUCER) == 19


def test_momenta_sign_and_pattern_are_not_scaled() -> None:
    raw = {name for name in MODEL if not column(name).scaled}
    assert raw == {"fTRDPattern", "fP", "fPx", "fPy", "fPz", "fSign"}


def test_momenta_flags_and_patterns_of_the_46_floats_are_not_scaled() -> None:
    raw = {feature.name for feature in FEATURES46 if not scaled(feature.name)}
    flags = {name for name in raw if name.startswith(("has", "mask"))}
    assert len(flags) == 12
    assert raw - flags == {"p", "pt", "px", "py", "pz", "hmpidMom", "trdPattern"}
    with pytest.raises(ValueError, match="unknown column 'sign'"):
        scaled("sign")


def test_n_sigma_columns_go_from_electron_to_proton() -> None:
    names = [c.name for c in N_SIGMA]
    assert names[:4] == ["fTPCNSigmaEl", "fTOFNSigmaEl", "fTPCNSigmaMu", "fTOFNSigmaMu"]
    assert names[-1] == "fTOFNSigmaPr"
    assert len(COLUMNS) == len(set(COLUMNS)) == 1 + 19 + 18 + 2


@pytest.mark.parametrize(
    ("signal", "pattern", "seen"),
    [(12.0, 3, True), (np.nan, 0, False), (-999.0, 3, False), (0.0, 3, False), (12.0, 0, False)],
)
def test_trd_sentinels_of_all_productions(signal: float, pattern: int, seen: bool) -> None:
    found = blanked(
        {
            "fTRDSignal": np.array([signal], np.float32),
            "fTRDPattern": np.array([pattern], np.uint8),
            "fTPCSignal": np.array([50.0], np.float32),
        }
    )
    assert np.isfinite(found["fTRDSignal"][0]) == seen
    assert np.isfinite(found["fTRDPattern"][0]) == seen
    assert found["fTPCSignal"][0] == 50


def test_one_tof_sentinel_blanks_all_of_tof() -> None:
    found = blanked(
        {
            "fTOFSignal": np.array([14000.0, 14000.0], np.float32),
            "fBeta": np.array([-999.0, 0.9], np.float32),
            "fTOFNSigmaPi": np.array([1.0, 2.0], np.float32),
            "fDcaXY": np.array([-999.0, 0.0], np.float32),
        }
    )
    for name in ("fTOFSignal", "fBeta", "fTOFNSigmaPi"):
        assert np.isnan(found[name]).tolist() == [True, False], name
    assert found["fDcaXY"].tolist() == [-999, 0]


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(ValueError, match="unknown column 'fEta'; known are fIndexCollisions"):
        column("fEta")


def test_the_four_class_network_has_46_inputs_in_order() -> None:
    names = [feature.name for feature in FEATURES46]
    assert len(names) == len(set(names)) == 46
    place = {name: index for index, name in enumerate(names)}
    assert (place["hasTPC"], place["hasTOF"], place["hasTRD"], place["itsNClusters"]) == (
        9,
        17,
        24,
        28,
    )
    assert (place["hasEMCal"], place["hasHMPID"], place["maskTPC"]) == (30, 33, 39)
    assert names[11:15] == ["tpcNSigmaPi", "tpcNSigmaKa", "tpcNSigmaPr", "tpcNSigmaEl"]
