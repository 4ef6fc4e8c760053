"""The array sets of other groups: their units and axes, and what is refused."""

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import toy_responses

from zdcsim.conditions import CHARGE, MASS, VX
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io.arrays import ArraySettings, Layout, blocks
from zdcsim.io.species import mass_and_charge
from zdcsim.response import Responses, joined, sparse

N = 12


def sample(calorimeter: Calorimeter = ZN) -> Responses:
    """Toy responses of charged particles off the origin."""
    responses = toy_responses(particles=4, copies=3, calorimeter=calorimeter)
    responses.conditions[:, CHARGE] = 3
    responses.conditions[:, VX] = 0.5
    return responses


def saved(folder: Path, *arrays: NDArray[np.generic]) -> tuple[Path, Path]:
    """A pair of compressed files, as the groups make them."""
    paths = folder / "data_nonrandom_responses.npz", folder / "data_nonrandom_particles.npz"
    for path, array in zip(paths, arrays, strict=True):
        np.savez_compressed(path, array)
    return paths


def whole(images: Path, particles: Path, settings: ArraySettings, rows: int = 5) -> Responses:
    return joined([block.responses for block in blocks(images, particles, settings, rows)])


@pytest.mark.parametrize("layout", ["xy", "yx"])
@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_images_come_back_in_either_layout(
    tmp_path: Path, calorimeter: Calorimeter, layout: Layout
) -> None:
    responses = sample(calorimeter)
    images = responses.dense()
    paths = saved(tmp_path, images.swapaxes(1, 2) if layout == "yx" else images,
                  responses.conditions)  # fmt: skip
    found = whole(*paths, ArraySettings(calorimeter, layout, charge_unit="e/3"))
    assert np.array_equal(found.dense(), images)
    assert np.array_equal(found.conditions, responses.conditions)
    assert np.array_equal(found.particle, responses.particle)
    assert (found.pdg == 0).all()


def test_units_are_converted_to_those_of_o2(tmp_path: Path) -> None:
    responses = sample()
    rows = responses.conditions.astype(np.float64)
    rows[:, CHARGE] /= 3
    rows[:, MASS] /= 1000
    rows[:, VX : VX + 3] /= 100
    protons = np.full((N, 1), 2212)
    paths = saved(tmp_path, responses.dense()[..., None], np.concatenate([rows, protons], axis=1))
    settings = ArraySettings(ZN, charge_unit="e", mass_unit="GeV", vertex_unit="m")
    found = whole(*paths, settings)
    assert found.conditions == pytest.approx(responses.conditions, rel=1e-6)
    assert (found.pdg == 2212).all()


def test_logarithms_become_counts(tmp_path: Path) -> None:
    responses = sample()
    logs = np.log1p(responses.dense()).astype(np.float32)
    paths = saved(tmp_path, logs, responses.conditions)
    found = whole(*paths, ArraySettings(ZN, values="log1p"))
    assert np.array_equal(found.dense(), responses.dense())
    with pytest.raises(ValueError, match="counts or log1p of counts"):
        whole(*paths, ArraySettings(ZN))


def test_plain_npy_files_are_read_too(tmp_path: Path) -> None:
    responses = sample()
    np.save(tmp_path / "images.npy", responses.dense().astype(np.uint16))
    np.save(tmp_path / "rows.npy", responses.conditions)
    found = whole(tmp_path / "images.npy", tmp_path / "rows.npy", ArraySettings(ZN))
    assert np.array_equal(found.counts, responses.counts)


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "data_proton_photonsum.pkl"

    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "exploded",)

    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="is a pickle, which may run any program"):
        whole(path, path, ArraySettings(ZP))
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="holds Python objects"):
        whole(objects, objects, ArraySettings(ZP))
    assert not (tmp_path / "exploded").exists()


def bad(name: str) -> tuple[NDArray[np.generic], NDArray[np.generic], str]:
    """Images and rows with one fault, and what is said of it."""
    responses = sample()
    images, rows = responses.dense(), responses.conditions.astype(np.float64)
    if name == "size":
        return images[:, :40], rows, "has images of shape (40, 44); the ZN in layout xy has (44,"
    if name == "columns":
        return images, rows[:, :7], "expected a row of nine conditions"
    if name == "length":
        return images, rows[:5], "has 5 rows for the 12 responses"
    if name == "negative":
        images[7, 3, 3] = -1
        return images, rows, "rows from 5: photo-electron counts must be finite, whole and not neg"
    if name == "nan":
        rows[8, 4] = np.nan
        return images, rows, "rows 5 to 9, particle 3: condition px is nan"
    codes = np.full((N, 1), 99999)
    return images, np.concatenate([rows, codes], axis=1), "the PDG tables have no particle 99999"


@pytest.mark.parametrize(
    ("column", "settings", "said"),
    [
        (MASS, {"mass_unit": "GeV"}, "mass 939565 MeV"),
        (CHARGE, {"charge_unit": "e"}, "charge 9 e/3"),
    ],
)
def test_units_that_contradict_the_code_are_refused(
    tmp_path: Path, column: int, settings: dict[str, Any], said: str
) -> None:
    responses = sample()
    rows = np.concatenate([responses.conditions, np.full((N, 1), 2212)], axis=1)
    if column == MASS:
        rows[:, [CHARGE, -1]] = 0, 2112
    paths = saved(tmp_path, responses.dense(), rows)
    chosen = {"charge_unit": "e/3"} | settings
    with pytest.raises(ValueError, match=f"row 0: particle .* {said}"):
        whole(*paths, ArraySettings(ZN, **chosen))
    rows[:, MASS] *= 1.01  # of other tables
    whole(*saved(tmp_path, responses.dense(), rows), ArraySettings(ZN, charge_unit="e/3"))


@pytest.mark.parametrize("name", ["size", "columns", "length", "negative", "nan", "pdg"])
def test_bad_arrays_are_named_for_what_they_are(tmp_path: Path, name: str) -> None:
    images, rows, message = bad(name)
    with pytest.raises(ValueError, match=re.escape(message)):
        whole(*saved(tmp_path, images, rows), ArraySettings(ZN))


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_truncated_files_are_named(tmp_path: Path, suffix: str) -> None:
    responses = sample()
    images, rows = saved(tmp_path, responses.dense(), responses.conditions)
    if suffix == ".npy":
        images = tmp_path / "images.npy"
        np.save(images, responses.dense())
    images.write_bytes(images.read_bytes()[:-500])
    with pytest.raises(ValueError, match="may be truncated"):
        whole(images, rows, ArraySettings(ZN))
    images.write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"truncated|not a NumPy array file"):
        whole(images, rows, ArraySettings(ZN))
    with pytest.raises(FileNotFoundError, match="no file"):
        whole(tmp_path / "absent.npz", rows, ArraySettings(ZN))


def test_only_images_of_the_calorimeter_become_sparse() -> None:
    for shape in ((2, 30, 56), (2, 1680), (56, 30)):
        with pytest.raises(
            ValueError, match=r"expected \(responses, 56, 30\), \[x\]\[y\]: transpose"
        ):
            sparse(np.zeros(shape, np.int32), ZP)
    with pytest.raises(ValueError, match=r"expected \(responses, Nx, Ny\)"):
        sparse(np.zeros((2, 1680), np.int32))
    assert sparse(np.zeros((2, 56, 30), np.int32), ZP)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.5, -1.0])
def test_only_whole_counts_become_sparse(wrong: float) -> None:
    images = np.ones((2, 3, 3))
    images[1, 2, 2] = wrong
    with pytest.raises(ValueError, match="finite, whole and not negative"):
        sparse(images)
    assert sparse(images[:0])[0].tolist() == [0]
    assert sparse(images[:1].astype(np.int32))[0].tolist() == [0, 9]


def test_nuclei_have_the_mass_of_the_nucleus_and_not_of_the_atom() -> None:
    codes = np.array([1000010020, 1000020040, 2112, 12])
    # CODATA: deuteron and alpha particle.
    expected = [[1875.61294, 3], [3727.37941, 6], [939.56542, 0], [0, 0]]
    assert mass_and_charge(codes, "here") == pytest.approx(np.array(expected), rel=1e-7)
