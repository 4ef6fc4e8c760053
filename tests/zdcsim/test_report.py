"""The report, its figures and the command that makes them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console
from toys import toy_images, toy_responses
from typer.testing import CliRunner, Result

from detcore.wording import ABSENT, number
from zdcsim.cli.evaluate import Batch, evaluate, in_rows, timed
from zdcsim.cli.judgement_table import show
from zdcsim.evaluation.floor import Spread
from zdcsim.evaluation.judgement import Judgement, from_json, judge
from zdcsim.evaluation.plots import figures, png
from zdcsim.evaluation.report import html
from zdcsim.evaluation.settings import Settings
from zdcsim.evaluation.speed import Speed, Stopwatch
from zdcsim.evaluation.wording import (
    BIN_HEADINGS,
    caption,
    conditional_rows,
    drawn_error,
    judged_parts,
    likeness_rows,
    main_rows,
    ratio_text,
    unbinned,
    with_spread,
)
from zdcsim.geometry import ZP
from zdcsim.io.block import Block
from zdcsim.io.store import write_blocks
from zdcsim.io.tree import write
from zdcsim.shower_physics import GEANT4

STAND_IN = "stand-in physics tables (not the official Geant4 data sets)"
SETTINGS = Settings(floor_repetitions=4, energy_edges=(0.0, 10.0, 4000.0))
PIXEL = b"\x89PNG"


def judged(geant4_data: str | None) -> Judgement:
    reference = toy_responses(8, 10)
    provenance = {"data_kind": "toy", "seed": "<b>1</b>"}
    if geant4_data:
        provenance["geant4_data"] = geant4_data
    generated = toy_images(reference.conditions, np.random.default_rng(1)).astype(np.int32)
    return judge(
        replace(reference, provenance=provenance),
        [generated, generated],
        SETTINGS,
        model={"name": "toy model", "files": {"generator.onnx": {"sha256": "abc"}}},
        speed=Speed(5.0, 1e-3, 2e-3, 100, 5000.0),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return html(judged("stand-in"), {"Gallery": PIXEL})


def test_stand_in_tables_are_stated(page: str) -> None:
    assert STAND_IN in page
    official = html(judged("official"), {})
    assert STAND_IN not in official
    assert "official Geant4 data sets; physics of the showers not stated" in official
    assert "not stated in the file (data kind: toy)" in html(judged(None), {})


@pytest.mark.parametrize(
    ("trained", "here", "warned"),
    [
        ({}, {}, False),
        ({}, {"grooves": "air"}, True),
        ({"grooves": "air"}, {}, True),
        ({}, {"transport": {"physics_list": "FTFP_BERT_EMV"}}, True),
        ({}, {"transport": {"fibre_cut_mev": 1.0}}, True),
        ({"grooves": "air"}, {"data_kind": "O2 full simulation"}, False),
        ({"data_kind": "O2 full simulation"}, {"grooves": "air"}, False),
    ],
)
@pytest.mark.parametrize("key", ["training", "bundle_training"])
def test_a_model_that_learnt_with_other_physics_is_said(
    key: str, trained: dict[str, object], here: dict[str, object], warned: bool
) -> None:
    """Of a bundle its manifest says what it learnt with, of a generated file its provenance."""
    judgement = judged("stand-in")
    data = {"provenance": {"data_kind": GEANT4, **trained}}
    found = replace(
        judgement,
        model={**judgement.model, key: {"generator": {"data": data}}},
        reference={**judgement.reference, "data_kind": GEANT4, **here},
    )
    assert ("; the model learnt with" in caption(found)) == warned
    assert "learnt with" not in caption(judgement)


def test_light_has_a_chance_where_halves_are_of_the_same_particles() -> None:
    """Halves of the particles differ by these, whom a generator is told: no chance to stand by."""
    reference = toy_responses(8, 10)
    images = toy_images(reference.conditions, np.random.default_rng(1)).astype(np.int32)
    judgement = judge(reference, [images], replace(SETTINGS, fewest_in_bin=80))
    for floor, known in (("copies", True), ("particles", False)):
        found = replace(judgement, settings=replace(SETTINGS, floor=floor))  # type: ignore[arg-type]
        _, high = conditional_rows(found)["energy"]
        assert high[BIN_HEADINGS.index("by chance")].startswith("± " if known else ABSENT)


def test_responses_in_no_bin_of_energy_are_counted() -> None:
    judgement = judged("stand-in")
    assert unbinned(judgement) == unbinned(replace(judgement, conditional={})) == ""
    low, high = judgement.conditional["energy"]
    fewer = replace(judgement, conditional={"energy": (low, replace(high, responses=50))})
    said = "30 of 80 responses are in no bin: their energy is not from 0 to 4000 GeV."
    assert unbinned(fewer) == said
    console = Console(record=True, width=200, file=StringIO())
    show(fewer, console)
    for shown in (judged_parts(fewer)[-1], html(fewer, {}), console.export_text()):
        assert said in shown


def test_all_digits_are_on_a_screen_of_80_characters() -> None:
    results = Path(__file__).parents[2] / "benchmarks" / "results"
    for model in sorted((results.parents[1] / "data").glob("z*/manifest.json")):
        judgement = from_json((results / f"{model.parent.name}.json").read_text())
        console = Console(record=True, width=80, file=StringIO())
        show(judgement, console)
        shown = console.export_text()
        assert "…" not in shown
        for row in chain(*main_rows(judgement), likeness_rows(judgement)):
            assert all(cell in shown for cell in row[1:])


def test_the_page_needs_nothing_else(page: str) -> None:
    assert "data:image/png;base64,iVBORw==" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "@import" not in page
    assert "<script" not in page


def test_the_page_holds_the_numbers(page: str) -> None:
    judgement = judged("stand-in")
    mean = judgement.distances["o2"]["mean"]
    assert f"<td>{ratio_text(mean)}</td><td>{drawn_error(mean)}</td>" in page
    assert with_spread(mean.floor) in page
    assert with_spread(mean.model) in page
    assert "<b>5,000" in page
    assert "too few responses to judge: 0, at least 100 wanted" in page
    for formula in ("channel MAE", "RMSE, image", "RMSE, per fibre", "diversity", "width"):
        assert f"<dt>{formula}</dt>" in page
    assert "&lt;b&gt;1&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (1.2345, "1.23"), (0.2, "0.200"), (12345.6, "12,346"),
     (0.0123, "0.0123"), (2e-6, "2.00e-06")],
)  # fmt: skip
def test_numbers_are_readable(value: float | None, text: str) -> None:
    assert number(value) == text


def test_spread_fixes_the_decimals() -> None:
    assert with_spread(Spread(4.9512, 0.1099, 5)) == "4.95 ± 0.11"
    assert with_spread(Spread(1234.5, 17.2, 5)) == "1,234 ± 17"
    assert with_spread(Spread(1.0, 0.0, 5)) == "1.00 ± 0"
    assert with_spread(Spread(1.0, 0.0, 1)) == "1.00"


def test_figures_are_drawn_of_a_model_almost_without_light() -> None:
    reference = toy_responses(6, 4, calorimeter=ZP)
    generated = np.zeros((24, *ZP.shape), dtype=np.int32)
    generated[0, 1, 2] = 3
    found = figures(reference, generated, ("o2",))
    assert list(found) == [
        "Responses of the same particles",
        "Channels, convention O2",
        "Features",
        "Energy response",
        "Diversity",
    ]
    assert all(png(figure).startswith(PIXEL) for figure in found.values())


def test_a_single_particle_with_a_single_copy_is_drawn() -> None:
    reference = toy_responses(1, 1)
    assert "Diversity" not in figures(reference, reference.dense(), ("wut",))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_judges_a_generated_file(tmp_path: Path) -> None:
    reference = replace(toy_responses(8, 10), provenance={"geant4_data": "stand-in"})
    write(tmp_path / "reference.root", reference)
    write_blocks(tmp_path / "generated.h5", [Block(reference)])
    result = run(
        "--reference", tmp_path / "reference.root", "--generated", tmp_path / "generated.h5",
        "--json", tmp_path / "out.json", "--html", tmp_path / "out.html",
        "--conventions", "wut,o2", "--bins", "0,4000", "--floor-repetitions", 3,
        "--split", "random", "--markdown", tmp_path / "out.md",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "mean channel, wut" in result.output
    judgement = from_json((tmp_path / "out.json").read_text())
    assert judgement.settings.conventions == ("wut", "o2")
    assert judgement.settings.split == "random"
    assert judgement.distances["o2"]["mean"].pooled == 0
    assert json.loads((tmp_path / "out.json").read_text())["reference"]["geant4_data"] == "stand-in"
    assert STAND_IN in (tmp_path / "out.html").read_text()
    lines = (tmp_path / "out.md").read_text().splitlines()
    assert lines[2:4] == ["|  | floor | model | ratio | ± drawn |", f"|{' --- |' * 5}"]
    mean = judgement.distances["wut"]["mean"]
    cells = with_spread(mean.floor), with_spread(mean.model)
    assert lines[4].startswith(f"| mean channel, wut | {' | '.join(cells)} | 1.00")
    bins = lines.index(f"| species | {' | '.join(BIN_HEADINGS[1:])} |")
    assert lines[bins + 2].startswith("| n | 8 | 80 | too few responses to judge: 80")
    assert "stand-in physics tables" in lines[-1]


def test_the_command_generates_with_seeds_one_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def toys(bundle: Path, conditions: np.ndarray, seed: int, batch_size: int) -> Iterator[Batch]:
        seeds.append(seed)
        for start in range(0, len(conditions), batch_size):
            rows = slice(start, start + batch_size)
            rng = np.random.default_rng([seed, start])
            yield rows, toy_images(conditions[rows], rng).astype(np.int32)

    manifest = {"calorimeter": "ZN"}
    monkeypatch.setattr("zdcsim.generation.batches", toys)
    monkeypatch.setattr("zdcsim.io.bundle.read_bundle", lambda path: path)
    monkeypatch.setattr("zdcsim.io.bundle.read_manifest", lambda path: dict(manifest))
    write_blocks(tmp_path / "reference.h5", [Block(toy_responses(8, 10))])
    arguments = ("--model", tmp_path, "--reference", tmp_path / "reference.h5",
                 "--json", tmp_path / "out.json", "--repetitions", 3, "--seed", 7,
                 "--batch-size", 30)  # fmt: skip
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert seeds == [7, 8, 9]
    assert "Speed-up over the Monte Carlo" in result.output
    judgement = from_json((tmp_path / "out.json").read_text())
    assert judgement.sample.empty_generated is not None
    assert judgement.sample.empty_generated.repetitions == 3
    assert judgement.speed is not None
    assert judgement.speed.monte_carlo_cpu == 1.0
    assert judgement.model == {"bundle": str(tmp_path), "calorimeter": "ZN"}
    manifest["calorimeter"] = "ZP"
    assert "generates ZP responses and the reference holds ZN" in str(run(*arguments).exception)


def test_only_the_generation_is_timed_and_rows_are_those_of_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample, other = toy_responses(5, 2), toy_responses(5, 2, seed=2)
    images, spent, now = other.dense().astype(np.int32), Stopwatch(), [0.0]
    monkeypatch.setattr("zdcsim.evaluation.speed.perf_counter", lambda: now[0])

    def slow() -> Iterator[Batch]:
        for rows in (slice(0, 4), slice(4, 10)):
            now[0] += 1
            yield rows, images[rows]

    def used(batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            now[0] += 100
            yield batch

    made = in_rows(sample, used(timed(slow(), spent)))
    assert (spent.wall, now[0]) == (2, 202)
    assert np.array_equal(made.dense(), images)
    assert np.array_equal(made.conditions, sample.conditions)
    assert np.array_equal(made.particle, sample.particle)


def test_the_command_wants_one_candidate_and_numbers_for_bins(tmp_path: Path) -> None:
    neither = run("--reference", tmp_path / "none.root")
    assert "give either --model" in str(neither.exception)
    bins = run("--generated", tmp_path / "none.root", "--bins", "0,many")
    assert "--bins must be numbers" in str(bins.exception)
