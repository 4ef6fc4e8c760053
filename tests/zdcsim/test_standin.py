"""The stand-in tables against the published numbers they are made of."""

import math
from pathlib import Path

import numpy as np
import pytest

from zdcsim.montecarlo import datasets
from zdcsim.montecarlo.standin import bremsstrahlung, generate, nuclear, table

TUNGSTEN, TUNGSTEN_MASS = 74, 183.84


def test_tungsten_has_the_pdg_interaction_length() -> None:
    at_100_gev = np.argmin(np.abs(nuclear.ENERGY - 1e5))
    barn = nuclear._neutron(TUNGSTEN, TUNGSTEN_MASS)["inel"][at_100_gev]
    length = TUNGSTEN_MASS / (nuclear.AVOGADRO_PER_BARN * barn)
    assert length * nuclear.QUASI_ELASTIC == pytest.approx(191.9, rel=1e-3)


def test_elastic_and_inelastic_make_the_collision_length() -> None:
    at_100_gev = np.argmin(np.abs(nuclear.ENERGY - 1e5))
    found = nuclear._neutron(TUNGSTEN, TUNGSTEN_MASS)
    total = found["inel"][at_100_gev] + found["el"][at_100_gev]
    length = TUNGSTEN_MASS / (nuclear.AVOGADRO_PER_BARN * total)
    assert length == pytest.approx(110.4, rel=1e-3)


def test_giant_dipole_resonance_has_its_sum_rule() -> None:
    # 60 N Z / A MeV mb, times the 1.2 of the table, of a Lorentzian that starts at 6 MeV.
    barn = nuclear._photonuclear(TUNGSTEN, TUNGSTEN_MASS)
    below_30 = nuclear.PHOTON_ENERGY < 30
    strength = np.trapezoid(barn[below_30], nuclear.PHOTON_ENERGY[below_30]) * 1000
    rule = 1.2 * 60 * (TUNGSTEN_MASS - TUNGSTEN) * TUNGSTEN / TUNGSTEN_MASS
    assert strength == pytest.approx(rule, rel=0.15)


def test_bremsstrahlung_gives_the_radiation_length() -> None:
    # In the high-energy limit the mean energy lost per radiation length is the electron's energy:
    # N_A / A times the integral of k dsigma / dk is 1 / X0.
    z_squared_mb = bremsstrahlung._tsai(TUNGSTEN, 1e4)
    k = bremsstrahlung.PHOTON_FRACTION
    integral_barn = TUNGSTEN**2 * np.trapezoid(z_squared_mb, k) / 1000
    length = TUNGSTEN_MASS / (0.602214 * integral_barn)
    assert length == pytest.approx(6.76, rel=0.05)


def test_normalisation_is_interpolated_between_elements() -> None:
    assert bremsstrahlung._normalisation(74, 1.0) == pytest.approx(1.443)
    between = bremsstrahlung._normalisation(62, 10.0)
    assert between == pytest.approx((1.028 + 1.056) / 2)


def test_vectors_are_written_as_geant4_reads_them() -> None:
    lines = list(table.vector_lines(np.array([1.0, 2.0]), np.array([0.5, math.pi])))
    assert lines[0].split() == ["1.00000000e+00", "2.00000000e+00", "2"]
    assert lines[1] == "2"
    assert [float(x) for x in lines[3].split()] == pytest.approx([2.0, math.pi])


def four_folders(parent: Path) -> Path:
    for name in datasets.FOLDERS.values():
        (parent / name).mkdir(parents=True)
    return parent


def test_only_tables_with_level_schemes_and_no_mark_are_official(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in datasets.FOLDERS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(datasets.DATA_DIR, str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    four_folders(tmp_path)
    assert datasets.kind(tmp_path) == "stand-in"  # four empty folders say nothing
    assert datasets.official_folder() is None
    (tmp_path / "PhotonEvaporation6.1.2" / "z74.a184").touch()
    assert datasets.kind(tmp_path) == "official"
    assert datasets.official_folder() == tmp_path
    for mark in ("STAND-IN", "STANDIN"):
        (tmp_path / mark).touch()
        assert datasets.kind(tmp_path) == "stand-in"
        assert datasets.official_folder() is None
        (tmp_path / mark).unlink()
    (tmp_path / "G4ENSDFSTATE3.0").rmdir()
    assert datasets.kind(tmp_path) == "stand-in"


def test_stand_ins_that_lost_their_mark_are_not_taken(tmp_path: Path) -> None:
    folder = generate.ensure(tmp_path / "tables")
    assert datasets.kind(folder) == "stand-in"
    (folder / datasets.STAND_IN_MARK).unlink()
    assert datasets.kind(folder) == "stand-in"
    with pytest.raises(ValueError, match="is in the way of the stand-in tables and has no file"):
        generate.ensure(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
