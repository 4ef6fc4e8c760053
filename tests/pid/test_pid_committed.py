"""The committed bundles: whole, small, proved in O2Physics' emulator, and as good as they claim."""

from pathlib import Path

import numpy as np
import pytest

from detcore.bundle import MANIFEST
from detcore.files import sha256
from pid import cuts
from pid.cli.evaluate import committed
from pid.columns import COLUMNS
from pid.evaluation.campaign import Files, judge_all
from pid.evaluation.comparison import Comparison, compare
from pid.export.emulator import PidOnnxModel, row_of
from pid.io import producer
from pid.io.bundle import Bundle, read_bundle
from pid.patterns import PATTERNS
from pid.scoring import score, select
from pid.species import TARGETS
from pid.tracks import Tracks

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
OURS = DATA / "pid-feature-set"
IMPUTED = ("mlp, mean", "mlp, regression")
EACH = 6
"""Tracks of every pattern that go through the emulator."""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(OURS)


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return producer.read(DATA / "pid_simulation.root")


def test_all_species_in_little_space_with_their_checksums(bundle: Bundle) -> None:
    assert bundle.targets == TARGETS
    found = committed(DATA)
    assert OURS in found
    size = sum(path.stat().st_size for folder in found for path in folder.iterdir())
    assert size < 6_000_000
    lines = (DATA / "PID_CHECKSUMS").read_text().splitlines()
    named = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    for folder in found:
        name = str((folder / MANIFEST).relative_to(ROOT))
        assert named[name] == sha256(ROOT / name)


def test_their_origin_is_known() -> None:
    for folder in committed(DATA):
        manifest = read_bundle(folder).manifest
        for record in (manifest["training"], manifest["toolkit"]):
            assert len(record["commit"]) == 40, "a clean commit"
        assert "parametric" in manifest["training"]["data"]["provenance"]["provenance"]


def stored(tracks: Tracks, row: int) -> dict[str, float]:
    """A track as the producer stored it: NaN, or 0 in integer columns, where nothing was seen."""
    values = zip(tracks.columns, tracks.values[row].tolist(), strict=True)
    whole = {name for name in tracks.columns if np.dtype(COLUMNS[name].dtype).kind in "iu"}
    return {name: 0.0 if np.isnan(value) and name in whole else value for name, value in values}


def test_all_patterns_pass_the_emulator(bundle: Bundle, tracks: Tracks) -> None:
    pattern = cuts.apply(tracks, bundle.limits).pattern()
    rows = np.concatenate([np.flatnonzero(pattern == bits)[:EACH] for bits in PATTERNS])
    assert len(rows) == EACH * len(PATTERNS)
    wanted = score(bundle, tracks.select(rows))
    table = [row_of(stored(tracks, int(row))) for row in rows]
    for place, pdg in enumerate(TARGETS):
        cut = bundle.working_points.certainty[pdg]
        model = PidOnnxModel(OURS, pdg, cut, (0.0, bundle.limits.tof, bundle.limits.trd))
        found = np.array([model.apply(track) for track in table])
        assert np.abs(found - wanted[:, place]).max() < 2e-5
        assert found.max() > 0


@pytest.fixture(scope="module")
def compared() -> Comparison:
    files = Files(tuple(committed(DATA)), DATA / "pid_simulation.root")
    return compare(judge_all(files))


def f1(compared: Comparison, name: str) -> dict[int, float]:
    row = next(row for row in compared.rows if row.name == name)
    return {pdg: numbers["F1"].mean or 0.0 for pdg, numbers in row.targets.items()}


def test_the_feature_set_is_better_than_imputation_for_every_species(compared: Comparison) -> None:
    ours = f1(compared, "feature set")
    for name in IMPUTED:
        theirs = f1(compared, name)
        assert all(ours[pdg] >= theirs[pdg] for pdg in TARGETS), (name, ours, theirs)


def test_kaons_are_selected_at_the_thresholds(bundle: Bundle, tracks: Tracks) -> None:
    chosen = select(bundle, tracks, 321)
    assert 0.7 < (tracks.truth()[chosen] == 321).mean() < 0.95
