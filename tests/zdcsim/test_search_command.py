"""`zdcsim search` on the smallest networks: what it writes trains again to the same validation."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner, Result

from detcore.search.space import SearchSettings, check_names
from zdcsim.cli.main import app
from zdcsim.cli.search import fixed, unseen
from zdcsim.training import load_experiment, run

REPOSITORY = Path(__file__).parents[2]
SPACE = """
base: configs/zdcsim/debug.yaml
set: [training.steps=4, training.validate_every=2, training.batch=8, tracking.enabled=true,
      data.symmetries=false, validation_draws=1, tracking.uri={mlruns}]
space:
  objective.generator.learning_rate: {{low: 1e-4, high: 1e-2, log: true}}
  generator.widths: {{choices: [[8, 4, 4], [4, 4, 4]]}}
trials: 3
startup: 1
"""


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def search(tmp_path: Path, *words: str) -> Result:
    space = tmp_path / "search.yaml"
    space.write_text(SPACE.format(mlruns=tmp_path / "mlruns"))
    return CliRunner().invoke(app, ["search", str(space), "--out", str(tmp_path / "tiny"), *words])


def test_the_best_settings_train_again_to_the_same_validation(tmp_path: Path) -> None:
    done = search(tmp_path)
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "tiny" / "trials.json").read_text())
    values = [trial["validation"] for trial in record["trials"] if trial["state"] == "complete"]
    assert record["commit"]
    again = run(load_experiment(tmp_path / "tiny" / "best.yaml"), tmp_path / "again", False)
    assert again.best == min(values)
    assert f"zdcsim train {tmp_path}/tiny/best.yaml" in done.output

    client = MlflowClient((tmp_path / "mlruns").as_uri())
    group = client.get_experiment_by_name("tiny")
    assert group is not None
    runs = client.search_runs([group.experiment_id])
    tried = {run.info.run_name: run.data.params for run in runs}
    for trial in record["trials"]:
        name = "objective.generator.learning_rate"
        assert float(tried[f"{trial['trial']:04d}"][name]) == trial[name]


def test_a_search_by_the_command_refuses_and_resumes(tmp_path: Path) -> None:
    quiet = ["--set", "set=[training.steps=1, training.batch=8, validation_draws=1]"]
    assert search(tmp_path, "--trials", "1", *quiet).exit_code == 0
    refused = search(tmp_path, "--trials", "2", *quiet)
    assert refused.exit_code == 2
    assert "already holds a study; resume it" in refused.stderr
    resumed = search(tmp_path, "--trials", "2", "--resume", *quiet)
    assert resumed.exit_code == 0, resumed.output
    assert "2 trials (" in resumed.output
    split = "set=[data.validation_fraction=0.3]"
    assert "another set" in search(tmp_path, "--resume", "--set", split).stderr
    space = ["--set", "space={data.validation_fraction: {low: 0.1, high: 0.5}}"]
    assert "space.data.validation_fraction cannot be searched" in search(tmp_path, *space).stderr


@pytest.mark.parametrize(
    ("family", "setting", "refused"),
    [
        ("latent_flow_matching", "encoder.hidden", True),
        ("latent_flow_matching", "transport.spread", True),
        ("flow_matching", "objective.hidden_share", True),
        ("diffusion", "transport.prediction", True),
        ("diffusion", "transport.schedule", True),
        ("latent_diffusion", "transport.training_steps", True),
        ("latent_diffusion", "transport.prediction", True),
        ("distilled_flow", "teacher.steps", True),
        ("distilled_flow", "teacher_run", True),
        ("distilled_flow", "transport.steps", False),
        ("distilled_latent_flow", "teacher.guidance", True),
        ("distilled_latent_flow", "decoder.noise_size", True),
        ("distilled_latent_flow", "objective.optimiser.learning_rate", False),
        ("shower_vae", "encoder.hidden", False),
    ],
)
def test_losses_that_are_not_of_one_kind_are_not_compared(
    family: str, setting: str, refused: bool
) -> None:
    base = load_experiment(REPOSITORY / "configs" / "zdcsim" / f"{family}.yaml")
    settings = SearchSettings.model_validate(
        {"base": Path("x.yaml"), "space": {setting: {"low": 0.1, "high": 0.5}}}
    )
    with pytest.raises(ValueError, match="which it would change") if refused else nullcontext():
        check_names(settings, fixed(base), unseen(base))


@pytest.mark.parametrize("setting", ["steps", "integrator", "guidance"])
@pytest.mark.parametrize(
    ("family", "refused"),
    [
        ("flow_matching", True),
        ("diffusion", True),
        ("latent_flow_matching", True),
        ("latent_diffusion", True),
        ("distilled_flow", False),
        ("distilled_latent_flow", False),
    ],
)
def test_what_the_matching_loss_does_not_see_is_not_searched(
    family: str, refused: bool, setting: str
) -> None:
    base = load_experiment(REPOSITORY / "configs" / "zdcsim" / f"{family}.yaml")
    settings = SearchSettings.model_validate(
        {"base": Path("x.yaml"), "space": {f"transport.{setting}": {"low": 1, "high": 5}}}
    )
    told = rf"space\.transport\.{setting} cannot be searched: .* which it does not enter, so that"
    with pytest.raises(ValueError, match=told) if refused else nullcontext():
        check_names(settings, fixed(base), unseen(base))


def test_the_command_refuses_what_the_validation_does_not_see(tmp_path: Path) -> None:
    small = "training.steps=1, training.batch=2, validation_draws=1, denoiser.hidden=8"
    chosen = ["--trials", "1", "--set", "base=configs/zdcsim/flow_matching.yaml"]
    chosen += ["--set", f"set=[{small}, tracking.enabled=false]"]
    space = ["--set", "space={transport.steps: {low: 1, high: 8}}"]
    assert "which it does not enter" in search(tmp_path, *chosen, *space).stderr
