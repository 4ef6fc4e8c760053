"""A sample that trained a model does not judge it, in whatever file it comes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_networks import toy_bundle
from toys import toy_responses
from typer.testing import CliRunner

from detcore.bundle import MANIFEST
from detcore.files import sha256
from zdcsim.cli.main import app
from zdcsim.evaluation.held_out import check_held_out
from zdcsim.geometry import ZN
from zdcsim.io import own_file, tree
from zdcsim.io.arrays import ArraySettings
from zdcsim.io.held import opened_samples
from zdcsim.io.legacy import LegacySettings
from zdcsim.io.lineage import MADE_OF, made_of
from zdcsim.io.o2sim import O2Settings
from zdcsim.io.source import Kind, SourceSettings, origin
from zdcsim.response import Responses

REFUSED = "was trained on; judge it on particles that it has not seen"


def run(*arguments: object) -> tuple[int, str]:
    """Exit code of a command, and what it says on the error stream, in one line."""
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return ran.exit_code, " ".join(ran.stderr.split())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that says it was trained on `train.root`, and that sample in other files."""
    folder = tmp_path_factory.mktemp("held_out")
    tree.write(folder / "train.root", toy_responses(6, 4))
    tree.write(folder / "test.root", toy_responses(6, 4, seed=9))
    manifest = toy_bundle(folder / "bundle") / MANIFEST
    said = json.loads(manifest.read_text())
    said["training"] = {"data_sha256": f"another {sha256(folder / 'train.root')}"}
    manifest.write_text(json.dumps(said))
    for out, *sources in (
        ("store.h5", "train.root"),
        ("again.root", "store.h5"),
        ("joined.root", "test.root", "again.root"),
    ):
        assert run("convert", *(folder / each for each in sources), "--out", folder / out)[0] == 0
    return folder


@pytest.mark.parametrize("name", ["train.root", "store.h5", "again.root", "joined.root"])
def test_what_trained_a_bundle_is_refused_in_every_form(place: Path, name: str) -> None:
    code, said = run("evaluate", "--model", place / "bundle", "--reference", place / name)
    assert code == 2
    assert REFUSED in said


def test_what_a_bundle_generated_is_not_judged_by_what_trained_it(place: Path) -> None:
    out, asked = place / "generated.h5", ("--model", place / "bundle", "--copies", 4)
    for name, refused in (("train.root", True), ("test.root", False)):
        particles = ("--particles-from", place / name)
        assert run("generate", *asked, *particles, "--out", place / "generated.root")[0] == 0
        assert run("convert", place / "generated.root", "--out", out)[0] == 0
        for generated in (place / "generated.root", out):
            judged = run(
                "evaluate", "--generated", generated, "--reference", place / name,
                "--floor-repetitions", 2, "--by", "",
            )  # fmt: skip
            assert judged[0] == (2 if refused else 0), judged[1]
            assert (REFUSED in judged[1]) == refused


def test_an_empty_reference_is_named_before_anything_is_generated(place: Path) -> None:
    empty = place / "empty.root"
    tree.write(empty, toy_responses(2, 1).select(np.empty(0, np.int64)))
    code, said = run("evaluate", "--model", place / "bundle", "--reference", empty)
    assert code == 2
    assert "empty.root holds no responses" in said
    empty.unlink()


def test_a_converted_file_names_all_that_it_was_made_of(place: Path) -> None:
    sums = {path.name: sha256(path) for path in place.iterdir() if path.is_file()}
    made = {
        "store.h5": ["train.root"],
        "again.root": ["store.h5", "train.root"],
        "joined.root": ["test.root", "again.root", "store.h5", "train.root"],
    }
    for name, sources in made.items():
        found = own_file.provenance_of(place / name)
        assert found[MADE_OF] == own_file.read(place / name).provenance[MADE_OF]
        assert made_of(found) == {sums[source] for source in sources}


def test_files_that_train_together_are_known_with_all_their_sources(place: Path) -> None:
    paths = place / "test.root", place / "again.root"
    with opened_samples(paths) as sample:
        sources = made_of(sample.provenance)
    names = "test.root", "again.root", "store.h5", "train.root"
    assert sources == {sha256(place / name) for name in names}


def with_sources(*sources: str) -> Responses:
    """Toy responses whose file says that it was made of these."""
    return replace(toy_responses(2, 2), provenance={MADE_OF: list(sources)} if sources else {})


TRAINED = {"data": {"sha256": "trained with", "provenance": {MADE_OF: ["source"]}}}


@pytest.mark.parametrize("key", ["training", "bundle_training"])
@pytest.mark.parametrize("network", ["generator", "classifier"])
@pytest.mark.parametrize(
    ("checksum", "sources", "refused"),
    [
        ("trained", (), True),
        ("with", (), True),
        ("new", ("other", "with"), True),
        ("source", (), True),
        ("new", ("source",), False),
        ("new", (), False),
        ("None", (), False),
    ],
)
def test_the_file_what_is_made_of_it_and_what_it_was_made_of_are_refused(
    key: str, network: str, checksum: str, sources: tuple[str, ...], refused: bool
) -> None:
    """Another part of the training sample's source may hold other particles, and passes."""
    model = {key: {"data_sha256": None, network: TRAINED}}
    reference = with_sources(*sources)
    if refused:
        with pytest.raises(ValueError, match=f"holds what toy {REFUSED}"):
            check_held_out(reference, checksum, model, "toy")
    else:
        check_held_out(reference, checksum, model, "toy")


def test_a_model_that_says_nothing_of_its_training_is_judged() -> None:
    for model in ({}, {"training": None}, {"training": {"data_sha256": "none"}}):
        check_held_out(with_sources(), "a", model, "toy")


def test_sources_of_others_are_named_by_every_file_that_is_read(tmp_path: Path) -> None:
    names = (
        "images.npy",
        "conditions.npy",
        *(f"{stem}_7.txt" for stem in ("non_zero_examples", "neutron_image", "zero_examples")),
    )
    images, conditions, *texts = (tmp_path / name for name in names)
    for path in (images, conditions, *texts):
        path.write_text(path.name)
    settings = SourceSettings(
        O2Settings(ZN), LegacySettings(ZN, "_7"), ArraySettings(ZN), particles=conditions
    )
    without_zeros = replace(settings, text=LegacySettings(ZN, "_7", "none"))

    def files(location: Path | str, kind: Kind, settings: SourceSettings) -> tuple[str, ...]:
        return origin(location, kind, settings).files

    assert files(images, "arrays", settings) == (sha256(images), sha256(conditions))
    assert files(images, "o2sim", settings) == (sha256(images),)
    assert files(tmp_path, "text", settings) == tuple(map(sha256, texts))
    assert files(tmp_path, "text", without_zeros) == tuple(map(sha256, texts[:2]))
    texts[2].unlink()
    assert files(tmp_path, "text", settings) == tuple(map(sha256, texts[:2]))
    assert files("root://server//images.root", "o2sim", settings) == ()


def test_arrays_become_a_file_that_names_them(tmp_path: Path) -> None:
    responses, files = toy_responses(2, 2), (tmp_path / "images.npy", tmp_path / "conditions.npy")
    for path, array in zip(files, (responses.dense(), responses.conditions), strict=True):
        np.save(path, array)
    asked = "--particles", files[1], "--charge-unit", "e/3"
    code, said = run("convert", files[0], *asked, "--out", tmp_path / "out.root")
    assert code == 0, said
    assert own_file.provenance_of(tmp_path / "out.root")[MADE_OF] == list(map(sha256, files))
