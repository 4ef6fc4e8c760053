"""Simulated files: one seed one file, honest labels, and the command."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import uproot
from typer.testing import CliRunner

from detcore import config
from detcore.share import Share
from pid.cli.main import app
from pid.columns import MODEL
from pid.detector.settings import DetectorSettings
from pid.io import producer
from pid.simulation import run
from pid.simulation.block import simulate
from pid.simulation.finished import Finished
from pid.simulation.precision import rounded
from pid.simulation.run import Production
from pid.simulation.settings import SimulationSettings

pytest.importorskip("chromo", reason="chromo is not installed")
SMALL = SimulationSettings(block_events=60)
CONFIGS = sorted((Path(__file__).resolve().parents[2] / "configs/pid").glob("simulate*.yaml"))


def test_a_block_is_consistent_with_itself() -> None:
    tracks = simulate(SMALL, 3, 0)
    assert 100 < len(tracks) < 2000
    momenta = tracks.take(("fPx", "fPy", "fPz")).astype(np.float64)
    assert np.allclose(np.linalg.norm(momenta, axis=1), tracks.column("fP"), rtol=1e-5)
    assert np.allclose(np.arctan2(momenta[:, 1], momenta[:, 0]), tracks.column("fAlpha"), atol=1e-5)
    assert (np.diff(tracks.event) >= 0).all() and tracks.event.max() < 60
    assert (tracks.column("fTpcNClsFound") <= tracks.column("fTPCNClsFindable")).all()
    count = np.bincount(tracks.event)[tracks.event]
    assert np.array_equal(tracks.column("fMultNTracksPV"), count.astype(np.float32))
    # The local frame turned back gives one vertex for all tracks of a collision.
    x, y, cosine, sine = (
        tracks.column("fX"),
        tracks.column("fY") - tracks.column("fDcaXY"),
        np.cos(tracks.column("fAlpha")),
        np.sin(tracks.column("fAlpha")),
    )
    for vertex in (x * cosine - y * sine, x * sine + y * cosine):
        mean = np.bincount(tracks.event, vertex) / np.maximum(np.bincount(tracks.event), 1)
        assert np.allclose(vertex, mean[tracks.event], atol=1e-5)
        assert vertex.std() > 0.005
    beta = tracks.column("fBeta")
    assert np.array_equal(np.isnan(beta), np.isnan(tracks.column("fTOFNSigmaPi")))


def test_the_file_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    columns = run.N_SIGMA_NAMES + MODEL
    found = []
    for workers in (1, 2):
        path = tmp_path / f"{workers}.root"
        shown: list[int] = []
        written = run.run(
            Production(SMALL, 700, seed=4),
            path,
            workers=workers,
            progress=lambda done, total, shown=shown: shown.append(done),  # type: ignore[misc]
        )
        found.append(producer.read(path, columns))
        assert written == len(found[-1]) >= 700
        assert shown == sorted(shown) and shown[-1] == 700
    assert np.array_equal(found[0].values, found[1].values, equal_nan=True)
    assert np.array_equal(found[0].truth(), found[1].truth())
    assert np.array_equal(found[0].event, found[1].event)
    last = found[0].event == found[0].event[-1]
    assert len(found[0]) - np.count_nonzero(last) < 700


def test_shares_are_merged_into_the_same_file(tmp_path: Path) -> None:
    production = Production(SMALL, 900, seed=4)
    whole, shared = tmp_path / "whole.root", tmp_path / "shared.root"
    number = run.run(production, whole)
    kept = [
        run.run_share(production, shared, Share(k, 3), workers) for k, workers in ((3, 1), (1, 2))
    ]
    assert all(300 <= tracks < 900 for tracks in kept)
    parts = Finished.beside(shared)
    assert not shared.exists() and parts.has(0) and parts.has(2) and not parts.has(1)
    with pytest.raises(ValueError, match="unfinished production with another seed"):
        run.run(Production(SMALL, 900, seed=5), shared)
    kept_at = (parts.folder / "000000.npz").stat().st_mtime_ns
    run.run_share(production, shared, Share(1, 3))
    assert (parts.folder / "000000.npz").stat().st_mtime_ns == kept_at
    assert run.run(production, shared) == number
    found = [producer.read(path, run.N_SIGMA_NAMES + MODEL) for path in (whole, shared)]
    for name in ("values", "event", "pdg", "primary"):
        a, b = (getattr(tracks, name) for tracks in found)
        assert np.array_equal(a, b, equal_nan=name == "values"), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shared.root", "whole.root"]


def test_the_last_collision_is_whole_and_blocks_differ(tmp_path: Path) -> None:
    blocks = [simulate(SMALL, 4, block) for block in (0, 1)]
    assert not np.array_equal(blocks[0].truth()[:50], blocks[1].truth()[:50])
    assert not np.array_equal(blocks[0].truth()[:50], simulate(SMALL, 5, 0).truth()[:50])
    starts = np.flatnonzero(np.diff(blocks[0].event)) + 1
    first, second = next(pair for pair in pairwise(starts) if pair[1] > pair[0] + 2)
    path = tmp_path / "cut.root"
    assert run.run(Production(SMALL, int(first) + 1, seed=4), path) == second


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "small.root"
    run.run(Production(SMALL, 100, seed=2, table="mcml"), path)
    with uproot.open(path) as file:
        record = json.loads(str(file["provenance"]))
    assert "parametric" in record["data_kind"] and record["reused_events"] is False
    assert record["settings"]["detector"]["tof"]["resolution_ps"] == 80
    assert (record["seed"], record["tracks"], record["table"]) == (2, 100, "mcml")


def test_truth_is_apart_or_with_the_tracks_never_both(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="table data has no truth; say where to keep it"):
        run.run(Production(SMALL, 10, table="data"), tmp_path / "a.root")
    with pytest.raises(ValueError, match="table mc has truth; it cannot be kept apart"):
        run.run(Production(SMALL, 10), tmp_path / "a.root", tmp_path / "b.root")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="at least one track"):
        Production(SMALL, 0)


def test_rounding_keeps_the_promised_precision(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1, 10_000).astype(np.float32) * np.float32(1e4)
    values[::100] = np.nan
    for bits in (1, 8, 12, 23):
        found = rounded(values, bits)
        error = np.abs(found / values - 1)
        assert np.nanmax(error) <= 2.0 ** -(bits + 1) * (1 + 1e-6)
        assert np.array_equal(np.isnan(found), np.isnan(values))
        assert np.array_equal(rounded(found, bits), found, equal_nan=True)
    with pytest.raises(ValueError, match="1 to 23 bits of mantissa; got 0"):
        rounded(values, 0)


def test_a_detector_that_leaves_no_track_is_an_error_and_no_endless_search(tmp_path: Path) -> None:
    blind = SMALL.model_copy(
        update={
            "block_events": 2,
            "detector": SMALL.detector.model_copy(update={"pt_min": 1e4}),
        }
    )
    with pytest.raises(ValueError, match="10 blocks of collisions left no track"):
        run.run(Production(blind, 5, seed=4), tmp_path / "none.root")
    for impossible in ({"rows_min": 153}, {"eta_max": 1.5}):
        with pytest.raises(ValueError, match="less than or equal"):
            DetectorSettings(**impossible)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_settings_file_loads(path: Path) -> None:
    settings = config.load(path, SimulationSettings)
    assert (settings == SimulationSettings()) == (path.stem == "simulate")


def test_the_command_writes_data_and_truth(tmp_path: Path) -> None:
    out, truth = tmp_path / "data.root", tmp_path / "truth.root"
    shifted = next(path for path in CONFIGS if path.stem == "simulate_shifted")
    arguments = ["simulate", str(shifted), "--tracks", "200", "--table", "dataml", "--workers", "1"]
    arguments += ["--set", "block_events=50", "--truth", str(truth), "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "parametric detector; truth in" in done.output
    judged = producer.read_truth(truth, producer.read(out, truth=False))
    assert len(judged.truth()) >= 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "block_events=50"], "--set replaces settings of a file"),
        (["missing.yaml"], "there is no settings file missing.yaml"),
        ([str(CONFIGS[0]), "--set", "detector.tpc.gian=1"], "detector.tpc.gian is not a setting"),
        ([str(CONFIGS[0]), "--set", "detector.tpc.gain=-1"], "detector.tpc.gain is -1"),
        (["--table", "data"], "table data has no truth; say where to keep it"),
        (["--table", "data", "--truth", "OUT"], "x.root would be written twice"),
    ],
)
def test_the_command_names_what_is_wrong(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "x.root")
    given = [path if each == "OUT" else each for each in arguments]
    done = CliRunner().invoke(app, ["simulate", *given, "--out", path, "--tracks", "10"])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "x.root").exists()
