"""The four-class contract from a user's file to scores: train, export, read back, score."""

import json
from pathlib import Path

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray
from toy_tracks import toy_tracks
from typer.testing import CliRunner

from pid.cli.main import app
from pid.columns import EXTENDED, PRODUCER
from pid.export.runs import from_runs
from pid.export.trained import fit
from pid.features46 import FEATURES46
from pid.io import pid_features, producer
from pid.sample.four_class import four_class
from pid.scoring import score, select
from pid.species import TARGETS, class_of
from pid.tracks import Tracks

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs/pid/features46.yaml"
FULL = tuple(column.name for column in (*PRODUCER, *EXTENDED))
COUNT = 3000


def flat_tree(path: Path) -> Path:
    """A file of the feature extractor in which the TPC signal nearly tells the species."""
    rng = np.random.default_rng(5)
    pdg = rng.choice(np.array(TARGETS, np.int32), COUNT)
    raw: dict[str, NDArray[np.generic]] = {
        name: rng.normal(size=COUNT).astype(np.float32) for name in pid_features.STORED
    }
    raw["p"] = rng.uniform(0.2, 3, COUNT).astype(np.float32)
    raw["tpcSignal"] = (10 * class_of(pdg) + rng.normal(size=COUNT)).astype(np.float32)
    for group in ("TPC", "TOF", "TRD", "EMCal", "HMPID"):
        raw[f"has{group}"] = (rng.random(COUNT) < 0.7) | (group == "TPC")
    raw["sign"] = np.where(np.abs(pdg) == 11, -np.sign(pdg), np.sign(pdg)).astype(np.int32)
    raw["itsClusterSizes"] = rng.integers(0, 2**28, COUNT, dtype=np.int32)
    raw["vz"] = np.repeat(rng.normal(size=COUNT // 4), 4).astype(np.float32)
    raw["mcPdg"], raw["mcIsPhysicalPrimary"] = pdg, np.ones(COUNT, np.uint8)
    with uproot.recreate(path) as file:
        file.mktree(pid_features.TREE, {n: c.dtype for n, c in raw.items()}).extend(raw)
    return path


def extended_table(path: Path) -> Path:
    """A file of the producer with n-sigma columns, from toy tracks."""
    tracks = toy_tracks(COUNT, columns=FULL)
    values = tracks.values.copy()
    for name, low, high in (("fITSClusterMap", 0, 128), ("fTPCNClsFindable", 80, 160)):
        values[:, FULL.index(name)] = np.random.default_rng(2).integers(low, high, COUNT)
    velocity = FULL.index("fBeta")
    values[:, velocity] /= 120
    codes = tracks.truth()
    sign = np.where(np.abs(codes) == 11, -np.sign(codes), np.sign(codes))
    values[:, FULL.index("fSign")] = sign
    made = Tracks(FULL, values, tracks.event, tracks.pdg, tracks.primary)
    producer.write(path, [("DF_1", made)], "mc", "{}")
    return path


def told(*arguments: str) -> str:
    shown = CliRunner().invoke(app, list(arguments))
    assert shown.exit_code == 0, shown.output
    return shown.output


def trained(sample: Path, folder: Path) -> Path:
    settings = ("tracking.enabled=false", "training.threads=1", "training.device=cpu",
                "training.steps=150", "training.batch=256", "training.validate_every=50",
                "model.dropout=0", "objective.optimiser.warmup=5", f"data.train={sample}",
                "objective.optimiser.learning_rate=0.01")  # fmt: skip
    chosen = [word for each in settings for word in ("--set", each)]
    told("train", str(CONFIG), "--out", str(folder / "run"), *chosen)
    told("export", str(folder / "run"), "--target", "features46", "--out", str(folder / "bundle"))
    return folder / "bundle"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree and the bundle that a user makes of it."""
    folder = tmp_path_factory.mktemp("four")
    tree = flat_tree(folder / "tree.root")
    return tree, trained(tree, folder)


def test_a_tree_is_trained_on_exported_and_scored(made: tuple[Path, Path]) -> None:
    tracks = pid_features.read(made[0])
    found = score(made[1], tracks)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    truth = np.array([TARGETS.index(int(code)) for code in tracks.truth()])
    assert (found.argmax(axis=1) == truth).mean() > 0.95
    wrong = found[:, np.array([code > 0 for code in TARGETS])][tracks.column("sign") < 0]
    assert (wrong[:, :3] == 0).all(), "positive hadrons of negative tracks"
    kaons = select(made[1], tracks, 321)
    assert (tracks.truth()[kaons] == 321).mean() > 0.95


def test_a_threshold_of_a_class_is_that_of_both_charges(made: tuple[Path, Path]) -> None:
    """It cuts on the score of a class, which says nothing of the charge."""
    run, bundle = made[1].with_name("run"), made[1]
    classifier, validation = from_runs([run])
    fitted = fit(classifier, validation)
    kind = class_of(validation.truth())
    for place, name in enumerate(("pi", "K", "p", "e")):
        point = fitted.classes[place]
        assert sum(point.signal) == (kind == place).sum()
        cuts = json.loads((bundle / f"mlresponse_{name}.json").read_text())["cutsMl"]["values"]
        assert [float(row[place]) for row in cuts] == list(point.thresholds)


def test_the_producer_s_extended_table_trains_it_too(tmp_path: Path) -> None:
    sample = extended_table(tmp_path / "mc.root")
    bundle = trained(sample, tmp_path)
    tracks = four_class(producer.read(sample, FULL))
    assert tracks.columns == (*(feature.name for feature in FEATURES46), "sign")
    assert score(bundle, tracks).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_columns_of_the_other_inputs_are_refused(made: tuple[Path, Path]) -> None:
    shown = refused("train", str(CONFIG), "--out", "x", "--set", "data.columns=[fP]")
    assert "data.columns holds fP; data.inputs features46 has p, pt, px" in shown
    run = str(made[1].with_name("run"))
    shown = refused("export", run, "--out", "x", "--target", "pidml")
    assert "has columns of pid_features, which pidml does not know" in shown


def refused(*arguments: str) -> str:
    shown = CliRunner().invoke(app, list(arguments))
    assert shown.exit_code == 2
    return " ".join(shown.stderr.split())
