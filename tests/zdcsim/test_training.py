"""Experiments end to end on toy showers, through the shipped settings files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import toy_responses

from detcore import checkpoint
from zdcsim.channels import channel_sums
from zdcsim.geometry import ZP, calorimeter
from zdcsim.io import tree
from zdcsim.models.generator import Generator
from zdcsim.response import Responses
from zdcsim.sample.split import split
from zdcsim.training import load_classifier, load_experiment, load_generator, run, train
from zdcsim.training.distance import distance_to
from zdcsim.training.experiment import GeneratorExperiment
from zdcsim.training.parts import response_samples
from zdcsim.training.sdi_gan import SdiGanExperiment
from zdcsim.training.signal import SignalExperiment
from zdcsim.wasserstein import w1

REPOSITORY = Path(__file__).parents[2]
SHIPPED = sorted((REPOSITORY / "configs" / "zdcsim").glob("*.yaml"))
CONFIGS = [path for path in SHIPPED if "teacher_run" not in path.read_text()]
"""Students need a teacher's run first; test_distillation trains them."""

SMALL = ["training.steps=6", "training.checkpoint_every=2", "training.validate_every=3",
         "training.batch=8", "tracking.enabled=false"]  # fmt: skip
STAGES = ["objective.autoencoder_steps=2", "training.validate_from=2",
          "objective.autoencoder={divergence_from: 0, divergence_by: 1}"]  # fmt: skip
TINY = ["generator.hidden=8", "generator.widths=[4, 4, 4]", "discriminator.hidden=8",
        "discriminator.widths=[4, 4, 4]", "regressor.widths=[4, 4, 4]"]  # fmt: skip
FULL = REPOSITORY / "configs" / "zdcsim" / "sdi_gan_regressor.yaml"

KILLED = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from toys import toy_responses
from zdcsim.sample.split import split
from zdcsim.training import load_experiment, train
from zdcsim.training.sdi_gan import SdiGanExperiment
from zdcsim.training.signal import SignalExperiment
config, folder, *overrides = sys.argv[1:]
train(load_experiment(Path(config), overrides), toy_responses(12, 3), Path(folder), resume=True)
"""


def experiment(*overrides: str, config: Path = FULL) -> GeneratorExperiment | SignalExperiment:
    return load_experiment(config, [*SMALL, *TINY, *overrides])


@pytest.fixture(autouse=True)
def one_thread() -> object:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_settings_file_trains(config: Path, tmp_path: Path) -> None:
    staged = config.stem.startswith("latent_")
    settings = load_experiment(config, [*SMALL, *STAGES] if staged else SMALL)
    detector = calorimeter(settings.data.calorimeter)
    done = train(settings, toy_responses(12, 3, calorimeter=detector), tmp_path / "run")
    assert done.step == 6
    names = {"config.yaml", "provenance.json", "metrics.jsonl", "last.pt", "best.pt"}
    assert names <= {path.name for path in (tmp_path / "run").iterdir()}
    assert load_experiment(tmp_path / "run" / "config.yaml") == settings


def test_the_four_gans_differ_by_their_terms_only() -> None:
    terms = {"diversity", "intensity", "position"}
    switched_on = []
    rest = []
    for name in ("gan", "sdi_gan", "sdi_gan_intensity", "sdi_gan_regressor"):
        settings = load_experiment(REPOSITORY / "configs" / "zdcsim" / f"{name}.yaml")
        assert isinstance(settings, SdiGanExperiment)
        switched_on.append({term for term in terms if getattr(settings.objective, term)})
        objective = settings.objective.model_copy(update=dict.fromkeys(terms))
        rest.append(settings.model_copy(update={"objective": objective}))
    assert [len(on) for on in switched_on] == [0, 1, 2, 3]
    assert all(other == rest[0] for other in rest)


def test_the_run_folder_alone_rebuilds_the_best_generator(tmp_path: Path) -> None:
    responses, settings = toy_responses(12, 3), experiment()
    assert isinstance(settings, SdiGanExperiment)
    done = train(settings, responses, tmp_path)
    generator = load_generator(tmp_path)
    assert isinstance(generator, Generator)
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["data"]["provenance"] == {"data_kind": "toy"}
    assert sum(record["data"]["responses"].values()) == len(responses)
    _, validation = split(responses, 0.2, seed=1)
    again = distance_to(validation, generator, settings.validation_draws)()
    assert again == pytest.approx(done.best, rel=1e-6)
    with pytest.raises(ValueError, match="holds a sdi_gan run, not a classifier"):
        load_classifier(tmp_path)


def test_weights_of_a_version_with_other_networks_are_named(tmp_path: Path) -> None:
    train(experiment(), toy_responses(12, 3), tmp_path)
    best = tmp_path / checkpoint.BEST
    state = checkpoint.load(best)
    name, weight = next((name, each) for name, each in state["weights"].items() if each.ndim == 2)
    state["weights"][name] = weight[:, 1:]
    checkpoint.save(state, best)
    with pytest.raises(ValueError, match=rf"best\.pt does not fit .* Train anew.*{name}"):
        load_generator(tmp_path)


def test_the_validation_distance_is_that_of_rounded_channel_sums(tmp_path: Path) -> None:
    train(experiment(), toy_responses(12, 3), tmp_path)
    generator, validation = load_generator(tmp_path), toy_responses(5, 2, seed=3)
    rng = torch.Generator().manual_seed(0)
    log_photons = generator.sample(torch.from_numpy(validation.conditions), rng).numpy()
    found = channel_sums(np.rint(np.expm1(log_photons)), validation.calorimeter, "o2")
    truth = channel_sums(validation.dense(), validation.calorimeter, "o2")
    expected = np.mean([w1(found[:, i], truth[:, i]) for i in range(5)])
    assert distance_to(validation, generator, 1)() == pytest.approx(expected, rel=1e-5)


def test_a_run_killed_and_resumed_equals_one_that_was_not(tmp_path: Path) -> None:
    overrides = [*SMALL, *TINY, "training.steps=40", "training.checkpoint_every=5",
                 "training.validate_every=10"]  # fmt: skip
    command = [sys.executable, "-c", KILLED, str(FULL)]
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"}
    killed = subprocess.Popen(
        [*command, str(tmp_path / "killed"), *overrides], env=environment, stdout=subprocess.DEVNULL
    )
    log = tmp_path / "killed" / checkpoint.METRICS
    deadline = time.monotonic() + 600
    while not (log.exists() and log.read_text().count("\n") >= 13):
        assert killed.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert log.read_text().count("\n") < 44
    settings = load_experiment(FULL, overrides)
    for folder in ("killed", "whole"):
        train(settings, toy_responses(12, 3), tmp_path / folder, resume=folder == "killed")
    assert log.read_text() == (tmp_path / "whole" / checkpoint.METRICS).read_text()
    best = [checkpoint.load(tmp_path / f / checkpoint.BEST) for f in ("killed", "whole")]
    assert best[0]["step"] == best[1]["step"]
    assert all(torch.equal(best[0]["weights"][k], w) for k, w in best[1]["weights"].items())


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    train(experiment(), toy_responses(12, 3), tmp_path)
    with pytest.raises(ValueError, match="already holds a run"):
        train(experiment(), toy_responses(12, 3), tmp_path)
    with pytest.raises(ValueError, match=r"objective\.diversity: 0\.02, now 0\.5"):
        train(experiment("objective.diversity=0.5"), toy_responses(12, 3), tmp_path, resume=True)
    longer = experiment("training.steps=8")
    assert train(longer, toy_responses(12, 3), tmp_path, resume=True).step == 8


def test_a_loss_that_is_not_finite_stops_by_name(tmp_path: Path) -> None:
    wild = experiment("objective.generator.learning_rate=1e6", "objective.intensity_form=squared")
    with pytest.raises(FloatingPointError, match=r"^[a-z_]+ is (nan|inf) at step \d"):
        train(wild, toy_responses(12, 3), tmp_path)


def test_settings_and_data_must_be_of_one_calorimeter(tmp_path: Path) -> None:
    proton = toy_responses(12, 3, calorimeter=ZP)
    with pytest.raises(ValueError, match=r"are of ZP but data\.calorimeter is ZN"):
        train(experiment(), proton, tmp_path)
    with pytest.raises(ValueError, match="magnets break the symmetries of the square"):
        experiment("data.beam_momentum_gev=7000")
    settings = experiment("data.calorimeter=ZP", "data.beam_momentum_gev=7000")
    assert train(settings, proton, tmp_path).step == 6
    assert load_generator(tmp_path).calorimeter == ZP


def test_unknown_settings_and_families_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"objective\.diversty is not a setting .*diversity"):
        experiment("objective.diversty=1")
    with pytest.raises(ValueError, match=r"family is 'vae'; expected one of .*shower_vae, signal"):
        experiment("family=vae")


def test_files_in_run_folder_out(tmp_path: Path) -> None:
    responses = toy_responses(12, 3)
    missed = toy_responses(30, 1, seed=5)
    tree.write(tmp_path / "train.root", responses, (missed.pdg, missed.conditions))
    signal_config = REPOSITORY / "configs" / "zdcsim" / "signal.yaml"
    source = f"data.train={tmp_path / 'train.root'}"
    settings = load_experiment(signal_config, [*SMALL, source])
    run(settings, tmp_path / "run", resume=False)
    record = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert sum(record["data"]["responses"].values()) == 36 + 30
    assert len(record["data"]["sha256"]) == 64
    assert load_classifier(tmp_path / "run").calorimeter.name == "ZN"


def test_a_resume_on_a_replaced_file_is_refused(tmp_path: Path) -> None:
    source, folder = tmp_path / "train.root", tmp_path / "run"
    tree.write(source, toy_responses(12, 3))
    run(experiment(f"data.train={source}"), folder)
    record = folder / "provenance.json"
    begun = json.loads(record.read_text())
    run(experiment(f"data.train={source}", "training.steps=8"), folder, resume=True)
    went_on = json.loads(record.read_text())
    assert [each["step"] for each in went_on.pop("resumes")] == [6]
    assert {**went_on, "settings": begun["settings"]} == begun
    tree.write(source, toy_responses(12, 3, seed=7))
    with pytest.raises(ValueError, match=r"was trained on other data \(data\.sha256: '\w{64}'"):
        run(experiment(f"data.train={source}", "training.steps=9"), folder, resume=True)


def test_a_sample_without_light_is_named_for_what_it_is() -> None:
    experiment = load_experiment(Path("configs/zdcsim/debug.yaml"))
    assert isinstance(experiment, GeneratorExperiment)
    responses = toy_responses(6, 2)
    dark: Responses = responses.with_counts(np.zeros((12, 44, 44)), slice(None))
    with pytest.raises(ValueError, match=r"none of 12 responses has data\.minimum_photons, 1 "):
        response_samples(experiment, dark)
