"""From run folders to what is exported: one run, the mean of several, and runs that do not fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import uproot
from pid_bundles import signed_tracks
from typer.testing import CliRunner

from pid.cli.main import app
from pid.columns import EVENT, PRODUCER
from pid.evaluation.samples import first_run, held_out
from pid.export import verification
from pid.export.candidate import candidate
from pid.export.runs import from_runs
from pid.export.trained import fit
from pid.io import producer
from pid.sample.split import split
from pid.tracks import Tracks
from pid.training import adapt, load_experiment, load_trained, run

CONFIGS = Path(__file__).parents[2] / "configs" / "pid"
COLUMNS = tuple(column.name for column in PRODUCER)
QUICK = ("tracking.enabled=false", "training.steps=4", "training.batch=32", "training.threads=1")


def written(path: Path, seed: int = 1) -> Tracks:
    """Toy tracks in a file of the producer, as they are read."""
    plain = signed_tracks(600, seed)
    values = np.ones((len(plain), len(COLUMNS)), np.float32)
    for name in plain.columns:
        values[:, COLUMNS.index(name)] = plain.column(name)
    producer.write(path, [("DF_1", replace(plain, columns=COLUMNS, values=values))], "mcml", "{}")
    return producer.read(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two seeds, one of other settings and trees, beside the file they trained on."""
    folder = tmp_path_factory.mktemp("runs")
    written(folder / "tracks.root")
    sample = f"data.train={folder / 'tracks.root'}"
    every = ("training.validate_every=2", "training.checkpoint_every=2")
    for name, config, settings in (
        ("a", "debug", (*QUICK, *every, "seed=1")),
        ("b", "debug", (*QUICK, *every, "seed=2")),
        ("c", "mlp_mean", (*QUICK, *every)),
        ("e", "debug", (*QUICK, *every, "seed=3", "data.trd_from=0.9", "model.width=16")),
        ("d", "trees", (QUICK[0], "boosting.trees=2", "boosting.threads=1")),
    ):
        run(load_experiment(CONFIGS / f"{config}.yaml", (*settings, sample)), folder / name / "run")
    return folder


def runs(folder: Path, *names: str) -> list[Path]:
    return [folder / name / "run" for name in names]


def test_several_runs_are_their_mean(folder: Path) -> None:
    found, validation = from_runs(runs(folder, "a", "b"))
    single = [from_runs(runs(folder, name))[0] for name in "ab"]
    values = found.scaled(validation)
    expected = np.mean([each.logits(values) for each in single], axis=0)
    assert np.allclose(found.logits(values), expected, atol=1e-5)
    assert not np.allclose(single[0].logits(values), single[1].logits(values), atol=1e-5)
    assert (found.name, found.seed) == ("feature set, published, mean of 2", None)
    assert list(found.record) == ["seed 1", "seed 2"]
    settings = first_run({"training": found.record})["settings"]
    assert settings["seed"] == 1


def test_validation_tracks_are_those_of_the_training(folder: Path) -> None:
    tracks = producer.read(folder / "tracks.root")
    expected = split(tracks, 0.16, 0.2, 1).validation
    found, validation = from_runs(runs(folder, "d"))
    assert np.array_equal(validation.event, tracks.event[expected])
    assert (found.name, found.seed) == ("trees", 1)
    moved = folder / "moved.root"
    moved.write_bytes((folder / "tracks.root").read_bytes())
    assert len(from_runs(runs(folder, "d"), moved)[1]) == len(validation)


def test_scores_before_export_are_those_of_the_run(folder: Path) -> None:
    found, validation = from_runs(runs(folder, "a"))
    logits = found.logits(found.scaled(validation))
    expected = load_trained(runs(folder, "a")[0]).score(validation)
    assert np.allclose(1 / (1 + np.exp(-logits)), expected, atol=1e-6)
    json.dumps(dict(found.record))


def test_a_candidate_has_scores_and_thresholds_fitted_on_validation(folder: Path) -> None:
    tracks = producer.read(folder / "tracks.root")
    found = candidate(runs(folder, "a", "b"), tracks)
    trained, validation = from_runs(runs(folder, "a", "b"), tracks)
    fitted = fit(trained, validation)
    assert np.array_equal(found.score(tracks), verification.expected(fitted, tracks))
    assert found.working_points == fitted.working_points.bins
    assert len(validation) < len(tracks) and found.probabilistic


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("ac", r"differ in their seed alone; .* differ in .*family"),
        ("ad", "differ in their seed alone; .* include trees"),
        ("dd", "differ in their seed alone; .* include trees"),
        ("ae", r"alone; .* differ in data\.trd_from, model\.width$"),
        ("aa", "need a seed each; got 1, 1"),
    ],
)
def test_runs_that_differ_in_more_than_the_seed_are_refused(
    folder: Path, names: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        from_runs(runs(folder, *names))


def test_a_file_that_does_not_tell_collisions_is_warned_of(tmp_path: Path) -> None:
    """O2's own tables have no fIndexCollisions; those of `pid simulate` do."""
    written(tmp_path / "with.root")
    plain = producer.read(tmp_path / "with.root", COLUMNS)
    bare = producer.branches_of(plain, "mcml")
    del bare[EVENT.name]
    with uproot.recreate(tmp_path / "without.root") as file:
        types = {name: column.dtype for name, column in bare.items()}
        file.mktree("DF_1/O2pidtracksmcml", types).extend(bare)
    for name in ("with", "without"):
        settings = (*QUICK, f"data.train={tmp_path / name}.root")
        words = [word for each in settings for word in ("--set", each)]
        run_folder = tmp_path / name
        command = ["train", str(CONFIGS / "debug.yaml"), "--out", str(run_folder), *words]
        shown = CliRunner().invoke(app, command)
        assert shown.exit_code == 0, shown.output
        assert ("tracks of one collision may both train" in shown.stderr) == (name == "without")
        record = {"training": json.loads((run_folder / "provenance.json").read_text())}
        said = held_out(producer.read(tmp_path / f"{name}.root"), record)[1]
        assert ("test tracks of collisions that may have trained" in said) == (name == "without")


def test_no_run_is_said() -> None:
    with pytest.raises(ValueError, match="name a run folder"):
        from_runs([])


@pytest.mark.parametrize(("name", "table"), [("debug", "train"), ("dann", "target")])
def test_a_resume_on_a_replaced_file_is_refused(name: str, table: str, tmp_path: Path) -> None:
    paths = {each: tmp_path / f"{each}.root" for each in ("train", "target")}
    sources = [f"data.{each}={path}" for each, path in paths.items()]
    chosen = load_experiment(CONFIGS / f"{name}.yaml", [*QUICK, *sources])
    for path in paths.values():
        written(path)
    start = run if name == "debug" else adapt
    start(chosen, tmp_path / "run")
    begun = (tmp_path / "run" / "provenance.json").read_text()
    start(chosen, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "provenance.json").read_text() == begun
    written(paths[table], seed=2)
    with pytest.raises(ValueError, match=r"was trained on other data \(data\.(target_)?sha256: "):
        start(chosen, tmp_path / "run", resume=True)
