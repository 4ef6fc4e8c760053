"""Training: it approaches the best possible classifier, and a killed run goes on exactly."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pid_bundles import features46_tracks
from toy_domains import COLUMNS, best_log_odds, gaussian_tracks
from toy_tracks import toy_tracks

from detcore import checkpoint
from pid.sample.batches import Order, Unlabelled
from pid.species import TARGETS
from pid.tracks import Tracks
from pid.training import adapt, load_experiment, load_trained, train
from pid.training.config import AnyExperiment
from pid.training.data import sample, split_of, unlabelled

CONFIGS = Path(__file__).parents[2] / "configs" / "pid"
KAON = TARGETS.index(321)
QUICK = (
    "tracking.enabled=false",
    "training.steps=6",
    "training.batch=32",
    "training.checkpoint_every=2",
    "training.validate_every=2",
    "training.threads=1",
    "training.device=cpu",
)
TOY = (*QUICK, f"data.columns=[{', '.join(COLUMNS)}]", "data.validation=0.2")
LEARNS = (
    *TOY,
    "training.steps=200",
    "training.batch=256",
    "training.validate_every=50",
    "objective.optimiser.warmup=10",
    "objective.optimiser.learning_rate=0.01",
)
TREES = ("tracking.enabled=false", "boosting.threads=1", "boosting.trees=2")
SMALL = ("model.embedding_hidden=16", "model.width=8", "model.feed_forward=16")
GROUPS = "model.groups=[[fTPCSignal], [fBeta], [fP, fSign]]"
FAMILIES = {
    "feature_set": (*LEARNS, *SMALL, GROUPS),
    "feature_set_published": (*LEARNS, *SMALL, "model.dropout=0.0", "model.blocks=1"),
    "mlp_flags": (*LEARNS, "model.hidden=[32, 16]"),
    "pattern_ensemble": (*LEARNS, "model.dropout=0.0"),
    "trees": (TREES[0], TREES[1], TOY[-2], "boosting.trees=100", "boosting.leaves=8"),
}
ADAPT = (*TOY, *SMALL, GROUPS, "data.output=multi_class")


def experiment(name: str, *overrides: str) -> AnyExperiment:
    return load_experiment(CONFIGS / f"{name}.yaml", overrides)


@pytest.mark.parametrize("name", FAMILIES)
def test_training_approaches_the_best_possible_classifier(
    name: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    train(experiment(name, *FAMILIES[name]), gaussian_tracks(8_000, rng), tmp_path)
    fresh = gaussian_tracks(10_000, rng)
    best = 1 / (1 + np.exp(-best_log_odds(fresh)))
    found = load_trained(tmp_path).score(fresh)[:, KAON].clip(1e-9, 1 - 1e-9)
    divergence = best * np.log(best / found) + (1 - best) * np.log((1 - best) / (1 - found))
    # Guessing the abundance diverges by 0.37, forgetting the velocity by 0.15.
    assert divergence.mean() < 0.01


@pytest.mark.parametrize(("name", "settings"), [("debug", QUICK), ("dann", ADAPT)])
def test_a_killed_run_goes_on_exactly(
    name: str,
    settings: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    chosen = experiment(name, *settings, "model.dropout=0.2")
    tracks = toy_tracks(400) if name == "debug" else gaussian_tracks(400, rng)
    start(chosen, tracks, tmp_path / "whole")
    batch_at = Order.__call__

    def killed(order: Order, step: int) -> torch.Tensor:
        if step == 6:
            raise KeyboardInterrupt
        return batch_at(order, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Order, "__call__", killed)
        start(chosen, tracks, tmp_path / "killed")
    before = checkpoint.load(tmp_path / "killed" / checkpoint.LAST)
    assert before["done"]["step"] == 4
    start(chosen, tracks, tmp_path / "killed", resume=True)
    for file in (checkpoint.BEST, checkpoint.LAST):
        one, other = (checkpoint.load(tmp_path / run / file) for run in ("whole", "killed"))
        assert_equal(one, other)
    texts = [(tmp_path / run / checkpoint.METRICS).read_text() for run in ("whole", "killed")]
    assert texts[0] == texts[1]


def start(chosen: AnyExperiment, tracks: Tracks, folder: Path, resume: bool = False) -> None:
    if getattr(chosen, "adaptation", None) is None:
        train(chosen, tracks, folder, resume)
    else:
        adapt(chosen, folder, resume, source=tracks, target=tracks)


def assert_equal(one: object, other: object) -> None:
    """Tensors, mappings and values are the same to the bit; times may differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in one.keys() - {"seconds", "cpu_seconds"}:
            assert_equal(one[key], other[key])
    elif isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


def test_an_epoch_meets_every_track_once_whatever_came_before() -> None:
    order = Order(10, 3, seed=1)
    epochs = [torch.cat([order(step) for step in steps]) for steps in ((1, 2, 3), (4, 5, 6))]
    assert [len(set(epoch.tolist())) for epoch in epochs] == [9, 9]
    assert not torch.equal(*epochs)
    assert torch.equal(Order(10, 3, seed=1)(5), epochs[1][3:6])
    assert not torch.equal(Order(10, 3, seed=2)(5), epochs[1][3:6])
    shares = [Order(10, 4, 1, rank, 2)(1) for rank in (0, 1)]
    assert torch.equal(torch.cat(shares), Order(10, 4, 1)(1))
    with pytest.raises(ValueError, match="2 training tracks do not fill a batch of 3"):
        Order(2, 3, 1)
    with pytest.raises(ValueError, match="cannot be shared equally by 2"):
        Order(9, 3, 1, 0, 2)


def test_only_training_tracks_fit_the_scaler(rng: np.random.Generator) -> None:
    tracks = gaussian_tracks(1000, rng)
    chosen = experiment("debug", *TOY)
    first = sample(tracks, chosen)
    moved = tracks.values.copy()
    divided = split_of(tracks, chosen).train
    moved[~divided] += 50
    changed = sample(Tracks(COLUMNS, moved, tracks.event, tracks.pdg, tracks.primary), chosen)
    assert np.array_equal(first.scaler.mean, changed.scaler.mean)
    assert torch.equal(first.train.values.nan_to_num(9), changed.train.values.nan_to_num(9))
    assert not torch.equal(first.validation.values, changed.validation.values)


def test_limits_of_the_detectors_are_those_of_o2(rng: np.random.Generator) -> None:
    tracks = gaussian_tracks(200, rng)
    tracks.values[::2, 2] = 0.49
    seen = sample(tracks, experiment("debug", *TOY)).train.values
    assert seen[seen[:, 2] < 0.5, 1].isnan().all()
    seen = sample(tracks, experiment("debug", *TOY, "data.tof_from=0.3")).train.values
    assert not seen[seen[:, 2] < 0.5, 1].isnan().all()


def test_rare_species_are_favoured_only_when_asked(rng: np.random.Generator) -> None:
    tracks = gaussian_tracks(4000, rng)
    natural = sample(tracks, experiment("debug", *TOY))
    thin = sample(tracks, experiment("debug", *TOY, "data.balance=undersample"))
    assert natural.weight is None
    counts = thin.train.labels.sum(0)
    assert counts[TARGETS.index(211)] == counts[KAON] == natural.train.labels[:, KAON].sum()
    assert torch.equal(thin.validation.labels, natural.validation.labels)
    settings = (*QUICK, "data.output=multi_class", "data.balance=weights")
    balanced = sample(toy_tracks(800), experiment("debug", *settings))
    share = balanced.train.labels.numpy().mean(axis=0)
    assert balanced.weight == pytest.approx(1 / (4 * share), rel=1e-5)
    shares = (*TOY, "data.output=multi_class", "data.balance=weights")
    with pytest.raises(ValueError, match=r"no training track is of target \[2, 3\]"):
        sample(tracks, experiment("debug", *shares))


def test_case_deletion_trains_on_complete_tracks_alone(rng: np.random.Generator) -> None:
    tracks = gaussian_tracks(1000, rng)
    complete = sample(tracks, experiment("complete_cases", *TOY))
    assert not complete.train.values.isnan().any()
    assert not complete.validation.values.isnan().any()
    blind = Tracks(COLUMNS, tracks.values.copy(), tracks.event, tracks.pdg, tracks.primary)
    blind.values[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"no track is left to train with data\.rows complete"):
        sample(blind, experiment("complete_cases", *TOY))


def test_truth_of_the_target_stays_behind(rng: np.random.Generator) -> None:
    chosen = experiment("dann", *ADAPT)
    source = gaussian_tracks(600, rng)
    fitted = sample(source, chosen).scaler
    found = unlabelled(gaussian_tracks(100, rng, shift=1.0), chosen.data, fitted)
    assert vars(found).keys() == {"values"}
    assert isinstance(found, Unlabelled)


def test_adapting_without_looking_at_the_truth(tmp_path: Path, rng: np.random.Generator) -> None:
    """Wrong labels in the target change nothing; simulation without labels is refused."""
    source, target = gaussian_tracks(600, rng), gaussian_tracks(600, rng, shift=1.0)
    wrong = Tracks(COLUMNS, target.values, target.event, np.roll(target.truth(), 1), target.primary)
    bare = Tracks(COLUMNS, target.values, target.event)
    for name, seen in (("right", target), ("wrong", wrong), ("none", bare)):
        adapt(experiment("coral", *ADAPT), tmp_path / name, source=source, target=seen)
    scores = [load_trained(tmp_path / name).score(target) for name in ("right", "wrong", "none")]
    assert np.array_equal(scores[0], scores[1])
    assert np.array_equal(scores[0], scores[2])
    with pytest.raises(ValueError, match="these tracks have no true species"):
        adapt(experiment("coral", *ADAPT), tmp_path / "x", source=bare, target=target)


def test_settings_and_runs_must_fit_together(tmp_path: Path) -> None:
    tracks = toy_tracks(400)
    train(experiment("debug", *QUICK), tracks, tmp_path)
    with pytest.raises(ValueError, match="already holds a run; resume it"):
        train(experiment("debug", *QUICK), tracks, tmp_path)
    with pytest.raises(ValueError, match=r"other settings \(seed: 1, now 2\)"):
        train(experiment("debug", *QUICK, "seed=2"), tracks, tmp_path, resume=True)
    with pytest.raises(ValueError, match="use `pid adapt`"):
        train(experiment("dann", *QUICK), tracks, tmp_path / "x")
    with pytest.raises(ValueError, match="use `pid train`"):
        adapt(experiment("trees", "tracking.enabled=false"), tmp_path / "x")
    with pytest.raises(ValueError, match=r"model\.groups must hold each of data\.columns once"):
        train(experiment("debug", *QUICK, "model.groups=[[fP]]"), tracks, tmp_path / "x")
    with pytest.raises(ValueError, match="family is 'forest'; expected one of feature_set, mlp"):
        experiment("debug", "family=forest")
    with pytest.raises(ValueError, match=r"model\.bin is not a setting .*bins"):
        experiment("debug", "model.bin=2")


SHIPPED = sorted(path for path in CONFIGS.glob("*.yaml") if "family:" in path.read_text())


@pytest.mark.parametrize("config", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_config_trains(config: Path, tmp_path: Path) -> None:
    quick = TREES if "trees" in config.stem else QUICK
    chosen = load_experiment(config, quick)
    toys = features46_tracks if chosen.data.inputs == "features46" else toy_tracks
    start(chosen, toys(800), tmp_path)
    scores = load_trained(tmp_path).score(toys(16))
    assert scores.shape == (16, 8 if chosen.data.output == "one_vs_rest" else 4)
    assert np.isfinite(scores).all()
    assert json.loads((tmp_path / "provenance.json").read_text())["data"]["tracks"]["training"] > 99


def test_an_embedding_is_what_the_logits_follow_from(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    tracks = gaussian_tracks(400, rng)
    train(experiment("feature_set", *TOY, *SMALL, GROUPS, "training.steps=2"), tracks, tmp_path)
    found = load_trained(tmp_path)
    embedding = found.embed(tracks)
    assert embedding.shape == (400, 8)
    with torch.inference_mode():
        logits = found.classifier.classify(torch.from_numpy(embedding))  # type: ignore[union-attr]
    assert np.allclose(torch.sigmoid(logits).numpy(), found.score(tracks), atol=1e-6)


def test_weights_of_a_version_with_other_networks_are_named(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    tracks = gaussian_tracks(400, rng)
    train(experiment("feature_set", *TOY, *SMALL, GROUPS, "training.steps=2"), tracks, tmp_path)
    best = tmp_path / checkpoint.BEST
    state = checkpoint.load(best)
    name = next(iter(state["weights"]))
    del state["weights"][name]
    checkpoint.save(state, best)
    with pytest.raises(ValueError, match=rf"best\.pt does not fit .* Train anew.*{name}"):
        load_trained(tmp_path)


def test_trees_have_no_embedding(tmp_path: Path, rng: np.random.Generator) -> None:
    tracks = gaussian_tracks(400, rng)
    train(experiment("trees", *TREES, *TOY[-2:]), tracks, tmp_path)
    with pytest.raises(ValueError, match="use a network"):
        load_trained(tmp_path).embed(tracks)
