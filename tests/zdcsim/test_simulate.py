"""`zdcsim simulate` with every source and both calorimeters."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE
from zdcsim.geometry import Calorimeter, calorimeter
from zdcsim.io import tree
from zdcsim.light.coupling import calibration
from zdcsim.montecarlo.arrival import arrival
from zdcsim.optics import Machine, lead_machine
from zdcsim.response import Responses
from zdcsim.shower_physics import ShowerPhysics

pytestmark = pytest.mark.geant4

FAST = ["--absorber-cut", "1000", "--workers", "1"]
"""Tracks end below 1 GeV in the absorber: dim showers in a tenth of the time."""


def simulated(*arguments: str) -> Responses:
    result = CliRunner().invoke(app, ["simulate", *FAST, *arguments])
    assert result.exit_code == 0, result.output
    return tree.read(Path(result.output.splitlines()[-1].partition(":")[0]))


def on_face(responses: Responses, block: Calorimeter, machine: Machine | None) -> bool:
    x, _, y, _ = arrival(responses.conditions, block, machine).T
    return bool(block.contains(x, y).all())


@pytest.mark.parametrize(
    ("detector", "source", "charge"),
    [("zp", "pp14tev", 3), ("zp", "pbpb", 3), ("zn", "pbpb", 0)],
)
def test_collisions_make_showers_in_both_calorimeters(
    detector: str, source: str, charge: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    block = calorimeter(detector)
    chosen = ["--detector", detector, "--source", source, "--particles", "5", "--copies", "2"]
    responses = simulated(*chosen)
    assert [path.name for path in tmp_path.iterdir()] == [f"{detector}_{source}.root"]
    assert responses.calorimeter == block
    assert np.unique(responses.particle, return_counts=True)[1].tolist() == [2] * 5
    assert (responses.conditions[:, CHARGE] == charge).all()
    assert on_face(responses, block, lead_machine(2680.0) if source == "pbpb" else Machine(7000.0))
    assert responses.photon_sum().max() > 0
    recorded = responses.provenance["light"]
    assert isinstance(recorded, dict)
    assert recorded["coupling"] == calibration(block, ShowerPhysics()).coupling
    assert "absorber cut 1000 MeV (measured with 1 MeV)" in recorded["calibration"]


GUN = ["--source", "gun", "--energy", "5", "--out"]


def test_a_finished_sample_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "gun.root"
    first = simulated(*GUN, str(out))
    kept = out.read_bytes()

    def again(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["simulate", *FAST, *GUN, str(out), *arguments])
        return result.exit_code, " ".join(result.output.split())

    assert again() == (0, f"{out}: these 10 showers are there already")
    code, said = again("--seed", "2")
    assert code == 2
    assert "is another sample (seed: 1 there, 2 now)" in said
    assert out.read_bytes() == kept
    code, said = again("--copies", "2", "--extend", str(out))
    assert code == 0, said
    assert len(tree.read(out)) == 2 * len(first)
    code, said = again("--seed", "2", "--overwrite")
    assert code == 0, said
    assert tree.read(out).provenance["seed"] == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--energy", "nan"], "finite numbers"),
        (["--missed", "5"], "--missed would be ignored: for collisions"),
        (["--events", "5"], "--events would be ignored: for --source pbpb, not gun"),
        (["--production-cut", "inf"], "cuts must be finite"),
        (["--production-cut", "0"], "the production cut above 0"),
        (["--fibre-cut", "-1"], "--fibre-cut"),
    ],
)
def test_a_refused_command_does_not_block_the_right_one(
    wrong: list[str], message: str, tmp_path: Path
) -> None:
    out = tmp_path / "gun.root"
    result = CliRunner().invoke(app, ["simulate", *FAST, *GUN, str(out), *wrong])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []
    if wrong[0] == "--energy":
        assert len(simulated(*GUN, str(out), "--particles", "1")) == 1


@pytest.mark.parametrize(
    ("place", "through_air"),
    [(0.055, True), (0.045, False), (0.0, False)],
    ids=["corner of a groove", "beside it", "between four fibres"],
)
def test_photons_fly_through_air_grooves(place: float, through_air: bool, tmp_path: Path) -> None:
    # A fibre stands at (0.08, 0.08) cm, its groove reaches from 0.05 to 0.11 cm: in its corner a
    # photon meets a metre of air, three thousandths of a radiation length.
    shot = ["--source", "gun", "--particle", "gamma", "--energy", "10", "--spread", "0"]
    aimed = [*shot, "--x", str(place), "--y", str(place), "--particles", "3"]
    # Filled grooves are calibrated for the list and the fibre cut of their time alone.
    for grooves, dark in (("air", through_air), ("filled", False)):
        out = ["--grooves", grooves, "--out", str(tmp_path / f"{grooves}.root")]
        of_then = ["--physics-list", "FTFP_BERT", "--fibre-cut", "0", "--absorber-cut", "1"]
        responses = simulated(*aimed, *out, *of_then)
        assert responses.provenance["grooves"] == grooves
        assert ((responses.photon_sum() == 0) == dark).all()
