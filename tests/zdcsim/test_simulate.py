"""`zdcsim simulate` with every source and both calorimeters."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from detcore.cluster import Cluster, Result
from detcore.cluster import Shard as Asked
from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE, MASS
from zdcsim.geometry import ZN, Calorimeter, calorimeter
from zdcsim.io import tree
from zdcsim.light.coupling import calibration
from zdcsim.montecarlo import run
from zdcsim.montecarlo.arrival import arrival
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.production import Production, geant4_folder
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.shootable import LIGHT_NUCLEI, CannotSimulate, check_shootable
from zdcsim.montecarlo.source import Source
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
    code, said = again("--copies", "2", "--extend", os.path.relpath(out))  # spelt otherwise
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
    ("particle", "said"),
    [
        ("1000060120", r"Geant4 has no nucleus 1000060120 to shoot; .* 1000020040 \(alpha\)"),
        ("413", "Geant4 has no particle to shoot with the PDG code 413"),  # only a worker knows
        ("1", "Geant4 has no particle to shoot with the PDG code 1;"),  # a quark, which ends Geant4
    ],
)
def test_what_geant4_cannot_shoot_ends_the_run_at_once(
    particle: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RETRIES", 0)
    shot = ["--source", "gun", "--particle", particle, "--energy", "100", "--particles", "1"]
    out = tmp_path / "gun.root"
    result = CliRunner().invoke(app, ["simulate", *shot, "--out", str(out), "--workers", "1"])
    assert result.exit_code == 2
    assert re.search(said, " ".join(result.output.split()))
    assert list(tmp_path.iterdir()) == []  # so that the right command is not refused


def test_a_cut_that_geant4_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RETRIES", 0)
    arguments = [*GUN, str(tmp_path / "gun.root"), "--absorber-production-cut", "1e6"]
    result = CliRunner().invoke(app, ["simulate", *FAST, *arguments])
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert re.search(r"no production cut of 1000000\.0 MeV for gamma in .*; expected between", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("particle", "cut", "said"),
    [("413", 1.0, "PDG code 413"), ("neutron", 1e6, r"no production cut of 1000000\.0 MeV")],
)
def test_a_shard_that_geant4_refuses_is_not_tried_again(
    particle: str, cut: float, said: str, tmp_path: Path
) -> None:
    tried = []

    class Here(Cluster):
        def completed(
            self, task: Callable[[Asked], Result], shards: Sequence[Asked]
        ) -> Iterator[tuple[int, Result]]:
            for number, shard in enumerate(shards):
                tried.append(number)
                yield number, task(shard)

    gun, cuts = Source(Gun(particle, 100.0)), Transport(absorber_production_cut_mev=cut)
    one = Production(ZN, gun, 1, 1, 0, 1, cuts, geant4_folder("auto"))
    with pytest.raises(CannotSimulate, match=said):
        run.run(one, tmp_path / "gun.root", Here(None))
    assert tried == [0]
    assert list(tmp_path.iterdir()) == []


def test_the_gun_shoots_light_nuclei(tmp_path: Path) -> None:
    check_shootable(np.array([2112, 22, -211, *LIGHT_NUCLEI, *(-code for code in LIGHT_NUCLEI)]))
    chosen = [*GUN, str(tmp_path / "gun.root"), "--particle", "-1000020040", "--particles", "1"]
    (shot,) = simulated(*chosen).conditions
    assert shot[[MASS, CHARGE]] == pytest.approx([3727.379, -6])


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
