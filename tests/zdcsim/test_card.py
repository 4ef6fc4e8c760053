"""Cards of models: from the manifest and the judgement of the same bundle, and no other."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from toy_networks import toy_bundle
from toys import toy_images, toy_responses
from typer.testing import CliRunner

from detcore.bundle import MANIFEST
from zdcsim.cli.main import app
from zdcsim.evaluation.card import card
from zdcsim.evaluation.judgement import Judgement, from_json, judge, write_json
from zdcsim.evaluation.settings import Settings
from zdcsim.evaluation.wording import with_spread
from zdcsim.io.bundle import read_manifest
from zdcsim.shower_physics import GEANT4, ShowerPhysics, physics_of

ROOT = Path(__file__).parents[2]
FILLED = "absorber up to the fibres, where ALICE has air"
LIST = "physics list FTFP_BERT, where O2 has FTFP_BERT_EMV"
CUT = "tracks in the fibres end at 0 MeV, where O2 ends them at 1 MeV"
PRODUCTION = "absorber production cut 0 MeV, where O2 has 1 MeV"
COMMITTED = sorted(path.parent for path in (ROOT / "data").glob(f"z[np]-*/{MANIFEST}"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_bundle(tmp_path_factory.mktemp("card") / "zn-toy")


def judged(bundle: Path) -> Judgement:
    reference = toy_responses(6, 10)
    generated = toy_images(reference.conditions, np.random.default_rng(1))
    settings = Settings(floor_repetitions=3, fewest_in_bin=20)
    return judge(reference, [generated], settings, model=read_manifest(bundle))


@pytest.mark.parametrize("bundle", COMMITTED, ids=lambda path: path.name)
def test_a_committed_card_is_that_of_its_bundle(bundle: Path) -> None:
    found = (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    judgement = ROOT / "benchmarks" / "results" / f"{bundle.name}.json"
    if judgement.exists():
        numbers = from_json(judgement.read_text(encoding="utf-8"))
        assert found == card(bundle.name, read_manifest(bundle), numbers)
    else:
        about = card(bundle.name, read_manifest(bundle)).split("## Judgement")[0]
        assert found.startswith(about)


def test_the_numbers_of_the_judgement_are_on_the_card(bundle: Path, tmp_path: Path) -> None:
    judgement = judged(bundle)
    write_json(tmp_path / "j.json", judgement)
    command = ["models", "--card", str(bundle), "--judgement", str(tmp_path / "j.json")]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    mean = judgement.distances["o2"]["mean"]
    assert f"| {with_spread(mean.floor)} | {with_spread(mean.model)} |" in shown.output
    assert "| n | 6 | 60 |" in shown.output
    assert shown.output == card("zn-toy", read_manifest(bundle), judgement)


def test_a_card_without_judgement_says_so(bundle: Path) -> None:
    shown = card("zn-toy", read_manifest(bundle))
    assert "Not judged: `zdcsim evaluate --model zn-toy --json judgement.json`" in shown
    assert "10 standard normal numbers" in shown
    assert "stand-in" not in shown


def test_stand_in_tables_are_a_limit(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    manifest["training"] = {**manifest["training"], "geant4_data": "stand-in"}
    limits = card("zn-toy", manifest).split("## Limits")[1]
    assert "The Geant4 tables of its data are stand-ins" in limits


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (ShowerPhysics(), []),
        (ShowerPhysics("filled"), [FILLED]),
        (ShowerPhysics(physics_list="FTFP_BERT"), [LIST]),
        (ShowerPhysics("filled", "FTFP_BERT", 0.0), [FILLED, LIST, CUT]),
        (ShowerPhysics(absorber_production_cut_mev=0.0), [PRODUCTION]),
    ],
)
def test_what_is_not_as_in_o2_is_a_limit(
    said: ShowerPhysics, expected: list[str], bundle: Path
) -> None:
    manifest = read_manifest(bundle)
    transport = {key: value for key, value in asdict(said).items() if key != "grooves"}
    made = {"data_kind": GEANT4, "grooves": said.grooves, "transport": transport}
    assert physics_of(made) == said
    record = {"data": {"provenance": made}}
    training = {"data_kind": GEANT4, "geant4_data": "official", "generator": record}
    manifest["training"] = {**manifest["training"], **training}
    limits = card("zn-toy", manifest).split("## Limits")[1]
    assert [one for one in (FILLED, LIST, CUT, PRODUCTION) if one in limits] == expected
    assert ("not those of O2's Geant4" in limits) == bool(expected)
    assert (FILLED in card("zn-toy", manifest).split("## Limits")[0]) == (FILLED in expected)


def test_the_card_of_a_model_of_other_data_says_nothing_of_our_older_physics(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    made = {"data_kind": "O2 full simulation", "source": "o2sim tree of sim1.root"}
    record = {"data": {"provenance": made}}
    manifest["training"] = {"data_kind": made["data_kind"], "generator": record}
    shown = card("zn-toy", manifest)
    assert not any(one in shown for one in (FILLED, LIST, CUT))
    assert "data sets not stated in the file (data kind: O2 full simulation)" in shown
    assert "the source o2sim tree of sim1.root: energies" in shown


def test_the_judgement_of_another_bundle_is_refused(bundle: Path) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text())
    other = replace(judged(bundle), model={"files": {"generator.onnx": {"sha256": "0"}}})
    with pytest.raises(ValueError, match="the judgement is not of the bundle zn-toy"):
        card("zn-toy", manifest, other)


def test_a_card_names_the_beam_whose_magnets_the_graph_holds() -> None:
    limits = {path.name: card(path.name, read_manifest(path)) for path in COMMITTED}
    assert "set for a beam of 7,000 GeV/c over charge" in limits["zp-shower-vae"]
    assert "magnets" not in limits["zn-shower-vae"]


def test_a_card_names_the_commits_at_which_a_training_went_on(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    resumes = [{"step": 40, "commit": "abc"}, {"step": 60, "commit": "def"}]
    generator = {"commit": "begun", "resumes": resumes}
    training = {**manifest.get("training", {}), "generator": generator}
    text = card(bundle.name, {**manifest, "training": training})
    assert "- resumed: after step 40 at commit abc, after step 60 at commit def\n" in text
    assert "- resumed" not in card(bundle.name, manifest)
