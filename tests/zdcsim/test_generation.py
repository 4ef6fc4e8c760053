"""Generation from a bundle: reproducible, batched, gated by the classifier, a drop-in in ROOT."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toy_networks import toy_bundle
from toys import toy_conditions, toy_responses
from typer.testing import CliRunner

from zdcsim.channels import channel_sums
from zdcsim.cli.generate import of_gun
from zdcsim.cli.main import app
from zdcsim.conditions import impact
from zdcsim.export.emulator import FastSimulation, sector_sums
from zdcsim.generation import (
    Particles,
    generate,
    generate_responses,
    respond,
    response_blocks,
    stream,
)
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.io.stream import write_blocks
from zdcsim.montecarlo.gun import Gun
from zdcsim.shower_physics import GEANT4

SEED = 5


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_bundle(tmp_path_factory.mktemp("generation") / "bundle")


@pytest.fixture
def conditions(rng: np.random.Generator) -> NDArray[np.float32]:
    return toy_conditions(60, rng)


def particles(conditions: NDArray[np.float32]) -> Particles:
    n = len(conditions)
    return Particles(np.arange(n), np.full(n, 2112, np.int32), conditions)


def test_result_does_not_depend_on_the_batch_size(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    """The noise is the same to the last bit; float32 sums may move a count next to k + 1/2."""
    whole = generate(bundle, conditions, SEED, batch_size=1000)
    for batch_size in (1, 2, 7, 59):
        parts = generate(bundle, conditions, SEED, batch_size)
        differs = parts != whole
        assert np.abs(parts - whole).max() <= 1
        assert differs.mean() < 1e-5


def test_same_seed_same_responses_and_another_seed_others(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    first = generate(bundle, conditions, SEED)
    assert first.dtype == np.int32
    assert first.shape == (60, 44, 44)
    assert np.array_equal(first, generate(bundle, conditions, SEED))
    assert not np.array_equal(first, generate(bundle, conditions, SEED + 1))


def test_copies_of_one_particle_differ(bundle: Path, conditions: NDArray[np.float32]) -> None:
    counts = generate(bundle, np.repeat(conditions[:1], 20, axis=0), SEED)
    sums = counts.sum((1, 2))
    assert len(np.unique(sums)) > 10 or not sums.any()


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_responses_are_those_of_o2_for_the_same_noise(
    calorimeter: Calorimeter, tmp_path: Path, rng: np.random.Generator
) -> None:
    folder = toy_bundle(tmp_path / "bundle", calorimeter)
    conditions = toy_conditions(40, rng, calorimeter)
    noise = rng.standard_normal((40, 10)).astype(np.float32)
    o2 = FastSimulation(folder, "ZP" if calorimeter is ZP else "ZN")
    opened = read_bundle(folder)
    for particle, normals in zip(conditions, noise, strict=True):
        counts = respond(opened, particle[None], normals[None])
        expected = sector_sums(o2.begin_primary(particle, normals))
        assert np.array_equal(channel_sums(counts, calorimeter, "o2")[0], expected)


def test_particles_that_the_classifier_rejects_stay_dark(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    o2 = FastSimulation(bundle, "ZN")
    visible = np.array([o2.leaves_signal(particle) for particle in conditions])
    assert 0 < visible.sum() < len(visible)
    lit = generate(bundle, conditions, SEED).any(axis=(1, 2))
    assert np.array_equal(lit, visible)


def test_a_rejected_particle_does_not_shift_the_noise_of_the_next(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    lit = np.flatnonzero(generate(bundle, conditions, SEED).any(axis=(1, 2)))
    everywhere = np.repeat(conditions[lit[:1]], len(conditions), axis=0)
    everywhere[lit] = conditions[lit]
    assert np.array_equal(
        generate(bundle, everywhere, SEED)[lit], generate(bundle, conditions, SEED)[lit]
    )


def test_no_particles_give_no_responses(bundle: Path) -> None:
    assert generate(bundle, np.empty((0, 9)), SEED).shape == (0, 44, 44)


def test_conditions_that_make_no_sense_are_errors(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(N, 9\); got \(60, 8\)"):
        generate(bundle, conditions[:, :8], SEED)
    conditions[3, 6] = np.nan
    with pytest.raises(ValueError, match="condition pz of particle 3 is not finite"):
        generate(bundle, conditions, SEED)
    with pytest.raises(ValueError, match="batch size must be at least 1; got 0"):
        generate(bundle, conditions[:3], SEED, batch_size=0)


def test_responses_say_what_made_them_and_how_long_it_took(
    bundle: Path, conditions: NDArray[np.float32]
) -> None:
    opened = read_bundle(bundle)
    responses = generate_responses(opened, particles(conditions), SEED, batch_size=7)
    assert np.array_equal(responses.dense(), generate(bundle, conditions, SEED, batch_size=7))
    assert responses.provenance["data_kind"] == "generated"
    assert responses.provenance["bundle_sha256"] == opened.sha256
    assert responses.provenance["bundle_training"] == {"data_kind": "toy"}
    assert responses.provenance["seed"] == SEED
    assert (responses.cpu_seconds > 0).all()


def test_blocks_on_disk_are_the_responses_written_together(
    bundle: Path, conditions: NDArray[np.float32], tmp_path: Path
) -> None:
    opened, chosen = read_bundle(bundle), particles(conditions).repeated(2)
    whole = generate_responses(opened, chosen, SEED, batch_size=11)
    tree.write(tmp_path / "whole.root", whole)
    written = write_blocks(tmp_path / "b.root", response_blocks(opened, chosen, SEED, 11))
    assert written == 120
    together, block_by_block = tree.read(tmp_path / "whole.root"), tree.read(tmp_path / "b.root")
    for field in dataclasses.fields(together):
        if field.name not in ("cpu_seconds", "provenance", "calorimeter"):
            found, expected = getattr(block_by_block, field.name), getattr(together, field.name)
            assert np.array_equal(found, expected), field.name
    created = {"created": None}
    assert {**block_by_block.provenance, **created} == {**together.provenance, **created}


def test_nothing_is_written_when_generation_stops(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no responses to write"):
        write_blocks(tmp_path / "none.root", [])
    assert list(tmp_path.iterdir()) == []


def test_command_makes_copies_of_the_particles_of_a_file(bundle: Path, tmp_path: Path) -> None:
    tree.write(tmp_path / "mc.root", toy_responses(particles=8, copies=3))
    out = tmp_path / "fast.root"
    command = ["generate", "--model", bundle, "--particles-from", tmp_path / "mc.root"]
    options = ["--copies", "4", "--batch-size", "5", "--out", str(out)]
    result = CliRunner().invoke(app, [*map(str, command), *options])
    assert result.exit_code == 0, result.output
    generated = tree.read(out)
    dark = int((generated.photon_sum() == 0).sum())
    assert f"32 responses of 8 particles, {dark} without light" in result.output
    assert np.array_equal(generated.particle, np.repeat(np.arange(8), 4))
    reference = toy_responses(particles=8, copies=3)
    assert np.array_equal(generated.conditions[::4], reference.conditions[::3])


def test_command_does_not_replace_a_monte_carlo(bundle: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "mc.root", tmp_path / "other.root"
    simulated = dataclasses.replace(toy_responses(4, 2), provenance={"data_kind": GEANT4})
    for path in (source, out):
        tree.write(path, simulated)
    before = {path: path.read_bytes() for path in (source, out)}
    asked = ["generate", "--model", str(bundle), "--particles-from", str(source), "--out"]
    for path, said in ((source, "the particles come from"), (out, "holds showers of Geant4")):
        ran = CliRunner().invoke(app, [*asked, str(path)])
        assert ran.exit_code == 2
        assert said in " ".join(ran.stderr.split())
        assert path.read_bytes() == before[path]
    assert CliRunner().invoke(app, [*asked, str(source), "--overwrite"]).exit_code == 2
    for more in (["--overwrite"], []):  # generated responses are replaced unasked
        assert CliRunner().invoke(app, [*asked, str(out), *more]).exit_code == 0
        assert tree.provenance_of(out)["data_kind"] == "generated"


def test_command_shoots_a_gun(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "gun.root"
    shot = ["--particle", "neutron", "--energy", "1000", "--x", "1", "--y", "-0.5", "-n", "6"]
    arguments = ["generate", "--model", str(bundle), *shot, "--side", "C", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    conditions = tree.read(out).conditions
    assert conditions.shape == (6, 9)
    flight = ZN.front_c / conditions[:, 6]
    assert conditions[:, 4] * flight == pytest.approx(1, rel=1e-5)
    assert conditions[:, 5] * flight == pytest.approx(-0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --particles-from"),
        (["--particle", "neutron", "--particles-from", "a.root"], "give either --particles-from"),
        (["--particle", "snark"], "unknown particle 'snark'"),
        (["--particle", "neutron", "--energy", "0.5"], "cannot exist"),
        (["--particle", "neutron", "--x", "9"], "misses the face"),
        (["--particles-from", "absent.root"], "no file absent.root"),
        (["--particles-from", "a.root", "--energy", "5", "-n", "3"], "--energy, -n would be"),
        (["--particle", "neutron", "--out", "a.h5"], "--out a.h5 must end in .root"),
        (["--particle", "neutron", "--property", "center_x=99"], "no response of the ZN has 99"),
    ],
)
def test_command_says_in_one_sentence_what_is_wrong(
    arguments: list[str], message: str, bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.root"
    command = ["generate", "--model", str(bundle), "--out", str(out), *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    assert message in result.output
    assert not out.exists()


def test_generation_loads_no_torch(bundle: Path) -> None:
    code = (
        "import sys, numpy as np, pathlib\n"
        "from zdcsim.generation import generate\n"
        f"generate(pathlib.Path({str(bundle)!r}), np.zeros((2, 9)), 1)\n"
        "print([name for name in ('torch', 'onnx', 'matplotlib') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.replace("'", '"')) == []


def test_the_guns_places_are_drawn_from_another_stream_than_the_noise() -> None:
    gun = Gun("neutron", 1000.0, spread_cm=2.0)
    particles = of_gun(gun, 500, 3, ZN)
    again = of_gun(gun, 500, 3, ZN)
    assert np.array_equal(particles.conditions, again.conditions)
    places = impact(particles.conditions, ZN)
    noise = stream(3, 0).uniform(-2, 2, (500, 2))
    assert np.abs(places).max() == pytest.approx(2, abs=0.1)
    correlation = np.corrcoef(places.ravel(), noise.ravel())[0, 1]
    assert abs(correlation) < 5 / np.sqrt(1000)
