"""Settings of experiments: none is ignored, and each has the range that it has elsewhere."""

import json
from pathlib import Path

import pytest

from zdcsim.training import load_experiment
from zdcsim.training.config import FAMILIES

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs" / "zdcsim"
SHIPPED = sorted(CONFIGS.glob("*.yaml"))
OF_FAMILY = {
    "conv_vae": "objective.ema", "corrvae": "objective.ema", "diffusion": "objective.ema",
    "distilled_flow": "objective.ema", "distilled_latent_flow": "objective.ema",
    "expertsim": "objective.ema", "flow_matching": "objective.ema", "gan": "objective.ema",
    "latent_diffusion": "objective.autoencoder.ema", "latent_flow_matching": "objective.ema",
    "shower_vae": "objective.ema",
}  # fmt: skip
"""A moving average of every family that has one."""


def load(config: str, *overrides: str) -> object:
    return load_experiment(CONFIGS / f"{config}.yaml", overrides)


@pytest.mark.parametrize(
    ("config", "setting", "why"),
    [
        *((path.stem, "data.position=centroid", "there is no position term") for path in SHIPPED
          if not path.stem.startswith(("debug", "expertsim", "sdi_gan_regressor", "signal"))),
        ("corrvae", "generator.hidden=64", "generator.decoder is convolutions"),
        ("corrvae", "generator.kernels=5", "generator.decoder is convolutions"),
        ("corrvae_kernels", "generator.widths=[64, 32, 16]", "generator.decoder is kernels"),
        ("corrvae_kernels", "objective.log_photon_spread=0.2", "generator.decoder is kernels"),
        ("gan", "objective.intensity_form=squared", "there is no intensity term"),
        ("sdi_gan_intensity", "objective.regressor.learning_rate=0.1", "there is no position term"),
        ("sdi_gan", "regressor.hidden=8", "there is no position term"),
    ],
)  # fmt: skip
def test_what_nothing_reads_keeps_its_default(config: str, setting: str, why: str) -> None:
    with pytest.raises(ValueError, match=rf"{setting.split('=')[0]} is .*, but {why}"):
        load(config, setting)


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        ("expertsim", "data.position=centroid"),
        ("sdi_gan_regressor", "objective.regressor.learning_rate=0.1"),
        ("sdi_gan_intensity", "objective.intensity_form=squared"),
        ("corrvae", "objective.log_photon_spread=0.2"),
        ("corrvae_kernels", "generator.kernels=5"),
        ("gan", "data.position=maximum"),
    ],
)
def test_what_is_read_may_be_set(config: str, setting: str) -> None:
    load(config, setting)


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        *((name, f"{key}={bad}") for name, key in OF_FAMILY.items() for bad in (1.0, 1.5, -0.5)),
        *(("sdi_gan", f"objective.{term}=-0.1")
          for term in ("diversity", "intensity", "position", "gradient_penalty")),
        ("expertsim", "objective.router.load=-1"),
        ("conv_vae", "objective.divergence=.inf"),
        ("signal", "objective.classifier.learning_rate=-1"),
        ("gan", "objective.discriminator.learning_rate=-1"),
        ("gan", "objective.generator.betas=[2, 2]"),
        ("gan", "objective.generator.betas=[0.5, 1.0]"),
        ("gan", "objective.generator.clip=-1"),
        ("gan", "objective.generator.half_life=0"),
        ("diffusion", "transport.training_steps=1"),
        ("flow_matching", "transport.spread=0"),
        ("distilled_flow", "teacher.guidance=.nan"),
        ("gan", "seed=-1"),
        ("signal", "seed=-1"),
    ],
)  # fmt: skip
def test_a_setting_out_of_its_range_is_named(config: str, setting: str) -> None:
    with pytest.raises(ValueError, match=rf"{setting.split('=')[0]}(\.\d)? is .*: input should be"):
        load(config, setting)


def test_the_borders_of_the_ranges_are_settings() -> None:
    load("gan", "objective.ema=0.0", "objective.diversity=0.0", "objective.generator.betas=[0, 0]")
    load("diffusion", "transport.training_steps=2", "objective.ema=null")


@pytest.mark.parametrize("config", ["latent_flow_matching", "latent_diffusion_zp"])
def test_a_first_stage_that_ends_before_its_bound_begins_is_refused(config: str) -> None:
    load(config, "objective.autoencoder_steps=2001", "training.validate_from=2001")
    for steps in (2000, 1):
        with pytest.raises(ValueError, match=rf"_steps is {steps}, but .* only from step 2000 \("):
            load(config, f"objective.autoencoder_steps={steps}")


@pytest.mark.parametrize("config", ["latent_flow_matching", "latent_diffusion_zp"])
def test_a_validation_in_the_first_stage_is_refused(config: str) -> None:
    with pytest.raises(ValueError, match=r"validate_from is 3999, in the first .* at step 4000 \("):
        load(config, "training.validate_from=3999")
    load(config, "training.validate_from=4001")


@pytest.mark.parametrize("config", ["corrvae", "corrvae_kernels_zp"])
def test_more_properties_than_latent_numbers_are_refused(config: str) -> None:
    with pytest.raises(ValueError, match=r"properties is 12, but they are the first of the 10 lat"):
        load(config, "generator.properties=12")
    load(config, "generator.properties=12", "generator.noise_size=12")


RECORDED = sorted((ROOT / "data").glob("z[np]-*/manifest.json"))


@pytest.mark.parametrize("manifest", RECORDED, ids=lambda path: path.parent.name)
def test_the_settings_of_committed_bundles_are_readable(manifest: Path, tmp_path: Path) -> None:
    for record in json.loads(manifest.read_text())["training"].values():
        if isinstance(record, dict):
            (tmp_path / "config.yaml").write_text(json.dumps(record["settings"]))
            assert load_experiment(tmp_path / "config.yaml").family in FAMILIES
