"""The shipped search spaces are accepted by the experiments that they search."""

from pathlib import Path

import pytest

import pid.cli.search
import zdcsim.cli.search
from detcore import config
from detcore.search.space import SearchSettings, check_names, corners, overrides
from detcore.search.study import Study
from zdcsim.training import load_experiment
from zdcsim.training.shower_vae import ShowerVaeExperiment

ROOT = Path(__file__).resolve().parent.parent
SPACES = sorted((ROOT / "configs" / "search").glob("*.yaml"))


@pytest.mark.parametrize("space", SPACES, ids=lambda path: path.stem)
def test_a_shipped_space_is_accepted(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    settings = config.load(space, SearchSettings)
    searched = {"zdcsim": zdcsim.cli.search, "pid": pid.cli.search}[settings.base.parent.name]
    study = Study(settings, tmp_path / "study", searched.training())
    base = study.experiment({})
    check_names(settings, searched.SEARCHED.fixed(base), searched.SEARCHED.unseen(base))
    assert len(corners(settings)) >= 2 * len(settings.space)
    study.open(resume=False)


def test_the_autoencoder_that_is_searched_comes_to_the_bound_that_validates_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In most of its steps; with the base's it paid a third of its divergence at the end."""
    monkeypatch.chdir(ROOT)
    settings = config.load(ROOT / "configs" / "search" / "shower_vae.yaml", SearchSettings)
    for values in corners(settings):
        tried = load_experiment(settings.base, overrides(settings, values))
        assert isinstance(tried, ShowerVaeExperiment)
        assert tried.objective.divergence_by < tried.training.steps / 2
