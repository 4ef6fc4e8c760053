"""Real ALICE tracks: the reader opens them, and they lie on the energy-loss curve we simulate."""

import os
from pathlib import Path

import numpy as np
import pytest
import uproot

from pid.detector.bethe_bloch import expected_signal
from pid.io import ud_skim
from pid.species import ELECTRON, HYPOTHESES, PION

REAL = Path(os.environ.get("PID_REAL_SKIM", "AO2D.root"))


def toy_skim(path: Path, rows: int = 3) -> None:
    """A skim of one frame with pions of 1 GeV/c at the expected signal; the last one has no TPC."""
    with uproot.recreate(path) as file:
        for tree, names in ud_skim.TREES.items():
            columns = {name: np.ones(rows, np.float32) for name in names}
            if tree == "O2udtrack":
                columns["fPy"][:] = columns["fPz"][:] = 0
            if tree == "O2udtrackextra":
                columns["fTPCSignal"][:] = [50.0, 50.0, -999.0][:rows]
                columns["fTPCNClsFindable"][:] = 100
                columns["fTRDPattern"][:] = 0
            if tree == "O2udtrackpid":
                for name in names:
                    columns[name][:] = -999 if "TOF" in name else 0
            types = {name: column.dtype for name, column in columns.items()}
            file.mktree(f"DF_1/{tree}", types).extend(columns)


def test_a_skim_is_read_with_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "skim.root"
    toy_skim(path)
    tracks = ud_skim.read(path)
    assert tracks.pattern().tolist() == [1, 1, 0]
    assert tracks.column("fP").tolist() == [1, 1, 1]
    assert tracks.column("fTpcNClsFound")[:2].tolist() == [99, 99]
    assert np.isnan(tracks.column("fTOFNSigmaPi")).all()
    assert tracks.pdg is None and len(np.unique(tracks.event)) == 1


def test_other_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.root"
    with uproot.recreate(path) as file:
        file.mktree("DF_1/O2udtrack", {"fPx": np.dtype("f4")})
    with pytest.raises(ValueError, match="DF_1 lacks O2udtrackextra, O2udtrackpid; no skim"):
        ud_skim.read(path)
    with uproot.recreate(path) as file:
        file.mktree("tracks", {"fPx": np.dtype("f4")})
    with pytest.raises(ValueError, match="no tracks of a UD skim"):
        ud_skim.read(path)


@pytest.mark.skipif(not REAL.exists(), reason="PID_REAL_SKIM names no real file")
def test_real_tracks_lie_near_the_simulated_energy_loss() -> None:
    tracks = ud_skim.read(REAL)
    assert len(tracks) == 551
    signal, momentum = tracks.column("fTPCSignal"), tracks.column("fP").astype(np.float64)
    measured = ~np.isnan(signal)
    assert np.count_nonzero(measured) == 461
    assert not (tracks.pattern() & 4).any()
    curves = np.stack([expected_signal(momentum, species.mass) for species in HYPOTHESES])
    # The file is of another calibration: within 40 % of some particle's curve.
    near = np.abs(signal / curves - 1).min(axis=0) < 0.4
    assert near[measured].mean() > 0.85
    fast = measured & (momentum > 0.3) & (momentum < 0.8)
    between = signal[fast] / expected_signal(momentum[fast], PION.mass)
    assert 0.8 < np.median(between) < 1.6
    assert (signal[fast] < 1.5 * expected_signal(momentum[fast], ELECTRON.mass)).mean() > 0.7
