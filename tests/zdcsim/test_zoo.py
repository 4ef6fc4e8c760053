"""Models found by name, and what is said when there is none."""

import json
import shutil
from pathlib import Path

import pytest
from toy_networks import toy_bundle
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.evaluation.card import over_floor
from zdcsim.geometry import ZP
from zdcsim.io import zoo


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    toy_bundle(folder / "zp-toy", ZP)
    (folder / "no-bundle").mkdir()
    (folder / "no-bundle" / "manifest.json").write_text("{}")
    return folder


def test_names_are_found_in_the_given_folder_before_the_checkout(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place / "zp-toy", tmp_path / "zn-sdi-gan")
    monkeypatch.setenv(zoo.VARIABLE, f"{place}:{tmp_path}")
    found = {name: (folder, manifest["calorimeter"]) for name, folder, manifest in zoo.models()}
    assert found["zp-toy"] == (place / "zp-toy", "ZP")
    assert found["zn-sdi-gan"] == (tmp_path / "zn-sdi-gan", "ZP")
    assert "no-bundle" not in found
    monkeypatch.delenv(zoo.VARIABLE)
    assert zoo.found(Path("zn-sdi-gan")).parent.name == "data"


def test_a_path_is_taken_before_a_name(place: Path) -> None:
    assert zoo.found(place / "zp-toy") == place / "zp-toy"


def test_an_unknown_model_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"zn-ghost is neither .* known models: .*zn-sdi-gan"):
        zoo.found(Path("zn-ghost"))


def test_the_list_shows_every_model_with_family_and_distance() -> None:
    results = Path(__file__).parents[2] / "benchmarks" / "results"
    shown = CliRunner().invoke(app, ["models"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    assert "…" not in shown.output
    line = next(line for line in shown.output.splitlines() if "zn-sdi-gan" in line)
    assert {"ZN", "sdi_gan", "stand-in"} <= set(line.split())
    judged = json.loads((results / "zn-sdi-gan.json").read_text())
    found = judged["distances"]["o2"]["mean"]
    assert f"{found['ratio']:.2f} ± {found['ratio_drawn']:.2f}" in line


def test_a_card_in_the_folder_is_shown_and_a_bundle_without_gets_one(place: Path) -> None:
    data = Path(__file__).parents[2] / "data"
    shown = CliRunner().invoke(app, ["models", "--card", "zn-shower-vae"])
    assert shown.output == (data / "zn-shower-vae" / "MODEL_CARD.md").read_text()
    shown = CliRunner().invoke(app, ["models", "--card", str(place / "zp-toy")])
    assert "Not judged" in shown.output


def test_a_distance_is_read_off_a_card() -> None:
    row = "| mean channel, agh | 2.35 ± 0.22 | 2.64 ± 0.20 | 1.12 ± 0.11 |"
    other = "| mean channel, o2 | 2.35 ± 0.22 | 2.64 ± 0.20 | 3 ± 1 | ± 2 |"
    assert over_floor(f"# a\n\n{row} ± 0.091 |\n{other}\n") == "1.12 ± 0.091"
    assert over_floor(f"# a\n\n{row}\n{other}\n") == "1.12 ± 0.11"
    assert over_floor("# a\n\nNot judged\n") == ""


GENERATE = ["generate", "--model", "zn-shower-vae", "--particle", "neutron", "--out", "a.root"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["models", "--judgement", "empty"], "give --card MODEL with it"),
        (["models", "--card", "zn-shower-vae", "--judgement", "empty"], "empty is no judgement"),
        (["evaluate", "--model", "zn-shower-vae", "--json", "."], ". is a folder; name a file"),
        (["evaluate", "--model", "zp-shower-vae", "--html", "a", "--json", "a"], "written twice"),
        (["evaluate", "--model", "zp-shower-vae"], "no file data/zp_test.root"),
        (["evaluate", "--generated", "empty"], "no file data/zn_test.root"),
        (["evaluate", "--generated", "empty", "--repetitions", "5", "--batch-size", "9"],
         "--repetitions, --batch-size would be ignored: for --model, to generate from, not --gen"),
        ([*GENERATE, "--share", "1/2", "--scheduler", "slurm", "--workers", "7"],
         "--scheduler, --workers would be ignored: for all shares at once, not --share"),
        ([*GENERATE, "--workers", "7"],
         "--workers would be ignored: for --scheduler local-dask, slurm, htcondor, not local"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_before_the_work(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 2
    assert message in " ".join(ran.stderr.split())


def test_a_model_is_not_judged_on_what_it_was_trained_on() -> None:
    data = Path(__file__).parents[2] / "data"
    asked = ["evaluate", "--model", "zn-shower-vae", "--reference", str(data / "zn_train.root")]
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 2
    assert "was trained on; judge it on particles that it has not seen" in " ".join(
        ran.stderr.split()
    )
