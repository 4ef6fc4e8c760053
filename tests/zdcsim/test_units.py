"""Masses in GeV and charges in e where O2's MeV and e/3 are meant: every way in and out sees it."""

import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot
from numpy.typing import NDArray
from toys import toy_missed, toy_responses
from typer.testing import CliRunner

from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE, ENERGY, MASS, NAMES, PX, PZ
from zdcsim.geometry import ZN
from zdcsim.io import arrays, store, tree
from zdcsim.io.arrays import ArraySettings, MassUnit
from zdcsim.io.block import Block
from zdcsim.io.units import check_masses, check_units, rounding
from zdcsim.response import Responses

SAID = r"row 0: particle 2212 has mass 0\.938272 MeV and charge 1 e/3; the PDG tables say 938\.27"


def protons(mass: float = 938.272, charge: float = 3) -> Responses:
    responses = toy_responses(particles=4, copies=2)
    responses.conditions[:, [MASS, CHARGE]] = mass, charge
    return replace(responses, pdg=np.full(8, 2212, np.int32))


WRONG = protons(0.938272, 1)


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_a_file_of_protons_in_gev_and_e_is_refused(tmp_path: Path, suffix: str) -> None:
    """By the writer, which leaves nothing, and by reader and command where others wrote it."""
    path, out = tmp_path / f"protons{suffix}", tmp_path / "out.h5"

    def write(responses: Responses, missed: tuple[NDArray[np.int32], NDArray[np.float32]]) -> None:
        if suffix == ".root":
            tree.write(path, responses, missed)
        else:
            store.write_blocks(path, [Block(responses, *missed)])

    pdg, right = toy_missed(211, 22)
    wrong = right.copy()
    wrong[0, MASS] /= 1000
    with pytest.raises(ValueError, match=f"responses to be written, {SAID}"):
        write(WRONG, (pdg, right))
    with pytest.raises(ValueError, match=r"primaries to be written, row 0: particle 211 .* 0\.139"):
        write(protons(), (pdg, wrong))
    assert not list(tmp_path.iterdir())
    write(protons(), (pdg, right))
    module = tree if suffix == ".root" else store
    assert len(module.read(path)) == 8 and len(module.read_missed(path)[0]) == 2
    spoiled(path)
    with pytest.raises(ValueError, match=f"{path.name}, {SAID}"):
        module.read(path)
    ran = CliRunner().invoke(app, ["convert", str(path), "--out", str(out)])
    assert ran.exit_code != 0 and "has mass 0.938272 MeV" in str(ran.exception) + ran.output
    assert not out.exists()


def spoiled(path: Path) -> None:
    """The file with masses in GeV and charges in e, as a program of others would write it."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file["conditions"][:] = WRONG.conditions
        return
    columns = tree.columns(protons())
    for number in (MASS, CHARGE):
        columns[NAMES[number]] = WRONG.conditions[:, number]
    with uproot.recreate(path) as file:
        tree.write_into(file, protons().select(np.arange(0)))
        file[tree.TREE].extend(columns)


def test_missed_primaries_in_gev_are_refused(tmp_path: Path) -> None:
    store.write_blocks(tmp_path / "a.h5", [Block(protons(), *toy_missed(22, 211))])
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["missed_conditions"][1, MASS] /= 1000
    with pytest.raises(ValueError, match=r"missed primaries, row 1: particle 211 has mass 0\.139"):
        store.read_missed(tmp_path / "a.h5")


def test_a_million_rows_take_a_fraction_of_a_second() -> None:
    rows = 1_000_000
    pdg = np.tile(np.array([2212, 2112, 22, 3122, 1010010030, 0], np.int32), rows // 6 + 1)[:rows]
    conditions = np.zeros((rows, 9), np.float32)
    table = {2212: (938.27, 3), 2112: (939.57, 0), 3122: (1115.7, 0)}
    for code, numbers in table.items():
        conditions[pdg == code, MASS : CHARGE + 1] = numbers
    conditions[pdg == 0, MASS] = 0.94  # of unknown codes nothing is known
    check_units(pdg[:6], conditions[:6], "here")
    before = time.process_time()
    check_units(pdg, conditions, "here")
    assert time.process_time() - before < 0.5
    conditions[-1, CHARGE] = -3
    assert pdg[-1] != 0
    with pytest.raises(ValueError, match=r"here, row 1999999: particle 22 .* charge -3 e/3"):
        conditions[-1, MASS], pdg[-1] = 0, 22
        check_units(pdg, conditions, "here", first=rows)


def flying(low: float, high: float, rows: int = 200, mass: float = 939.565) -> NDArray[np.float32]:
    """Particles of known mass (MeV) on their mass shell, energy in GeV, shape (rows, 9)."""
    rng = np.random.default_rng(3)
    found = np.zeros((rows, 9))
    found[:, ENERGY], found[:, MASS] = np.geomspace(low, high, rows), mass
    momentum = np.sqrt(found[:, ENERGY] ** 2 - (mass / 1000) ** 2)
    slope = rng.normal(0, 1e-3, (2, rows))
    found[:, PZ] = momentum / np.sqrt(1 + (slope**2).sum(axis=0))
    found[:, PX : PX + 2] = (slope * found[:, PZ]).T
    return found.astype(np.float32)


def read(tmp_path: Path, rows: NDArray[np.floating], unit: MassUnit) -> NDArray[np.float32]:
    responses = toy_responses(particles=len(rows) // 2, copies=2)
    for name, array in (("images", responses.dense()), ("rows", rows)):
        np.save(tmp_path / f"{name}.npy", array)
    (block,) = arrays.blocks(tmp_path / "images.npy", tmp_path / "rows.npy",
                             ArraySettings(ZN, mass_unit=unit))  # fmt: skip
    return block.responses.conditions


@pytest.mark.parametrize(("low", "high"), [(50, 3000), (300, 900)])
def test_masses_that_energy_and_momentum_contradict_are_refused(
    tmp_path: Path, low: float, high: float
) -> None:
    in_mev = flying(low, high)
    in_gev = in_mev.copy()
    in_gev[:, MASS] /= 1000
    assert read(tmp_path, in_mev, "MeV")[:, MASS] == pytest.approx(939.565)
    assert read(tmp_path, in_gev, "GeV")[:, MASS] == pytest.approx(939.565)
    with pytest.raises(ValueError, match=r"mass 0\.939565 MeV, with mass_unit MeV, but its energy"):
        read(tmp_path, in_gev, "MeV")
    with pytest.raises(ValueError, match=r"mass 939565 MeV, with mass_unit GeV, but its energy"):
        read(tmp_path, in_mev, "GeV")


def test_the_mass_is_told_where_the_digits_tell_it() -> None:
    def gev(low: float, high: float, digits: int | None = None) -> NDArray[np.float64]:
        rows = flying(low, high).astype(np.float64)
        if digits:
            rows = np.array([[float(f"{x:.{digits}g}") for x in row] for row in rows])
        rows[:, MASS] /= 1000
        return rows

    for told in (gev(300, 900), gev(20, 80, 6), gev(50, 400, 7)):
        with pytest.raises(ValueError, match=r"give 9\d\d MeV|give 8\d\d MeV|give 1.+03 MeV"):
            check_masses(told, "here", "")
    # Float32 shows a neutron's mass below 960 GeV, six digits below 105: beyond, nothing is said.
    for hidden in (gev(1000, 3000), gev(120, 1000, 6), gev(400, 1000, 7)):
        check_masses(hidden, "here", "")
    for right in (flying(50, 3000), flying(1, 9, mass=139.57), flying(5, 50, mass=0.511),
                  flying(1, 50, mass=0.0), flying(1, 3, mass=0.0005)):  # fmt: skip
        check_masses(right.astype(np.float64), "here", "")


def test_the_digits_of_a_source_are_seen() -> None:
    numbers = np.geomspace(1e-4, 3000, 997)
    printed = np.array([float(f"{x:.6g}") for x in numbers])
    assert rounding(printed) == rounding(printed.astype(np.float32).astype(np.float64)) == 5e-6
    assert rounding(numbers.astype(np.float32).astype(np.float64)) == rounding(numbers) == 2.0**-24
    assert rounding(np.array([0.0, 100.0, 2500.0])) == 5e-3
