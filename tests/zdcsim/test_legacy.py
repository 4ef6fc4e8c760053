"""The text files of Extract.C, written here as it writes them."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import toy_conditions, toy_images

from zdcsim.conditions import MASS
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import legacy
from zdcsim.io.legacy import LegacySettings, blocks
from zdcsim.response import Responses, joined

N, DARK = 7, 3
HEADER = "Detector,Pdg,Energy,Vx,Vy,Vz,Px,Py,Pz,PhotonSum\n"
Images = dict[str, NDArray[np.int64]]


def row(letter: str, numbers: list[float], photons: int) -> str:
    """One line of Extract.C, whose stream prints six digits."""
    return ",".join([letter, "2112", *(f"{n:.6g}" for n in numbers), str(photons)]) + "\n"


def written(folder: Path, suffix: str = "") -> tuple[NDArray[np.float32], Images]:
    """Files of seven neutrons and three dark ones, all of them twice among the zero examples."""
    rng = np.random.default_rng(3)
    conditions = toy_conditions(N + DARK, rng)
    images = {"ZN": toy_images(conditions[:N], rng), "ZP": np.zeros((N, *ZP.shape), np.int64)}
    images["ZP"][2, 50, 4] = 9
    examples, zeros = HEADER, HEADER
    for i, condition in enumerate(conditions):
        for letter, name in (("N", "ZN"), ("P", "ZP")):
            numbers = condition[:7].tolist()
            zeros += 2 * row(letter, numbers, 0)
            examples += row(letter, numbers, int(images[name][i].sum())) if i < N else ""
    (folder / f"non_zero_examples{suffix}.txt").write_text(examples)
    (folder / f"zero_examples{suffix}.txt").write_text(zeros)
    for stem, name in (("neutron", "ZN"), ("proton", "ZP")):
        lines = ["".join(f"{count} " for count in x) for image in images[name] for x in image]
        (folder / f"{stem}_image{suffix}.txt").write_text("\n".join(lines) + "\n")
    return conditions, images


def whole(folder: Path, settings: LegacySettings) -> tuple[Responses, NDArray[np.float32]]:
    """All responses of a folder, and the conditions of those without light."""
    read = list(blocks(folder, settings, rows=3))
    missed = np.concatenate([block.missed_conditions for block in read])
    return joined([block.responses for block in read]), missed


@pytest.mark.parametrize("suffix", ["", "_run12"])
@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_the_files_are_read(tmp_path: Path, calorimeter: Calorimeter, suffix: str) -> None:
    conditions, images = written(tmp_path, suffix)
    responses, missed = whole(tmp_path, LegacySettings(calorimeter, suffix))
    assert np.array_equal(responses.dense(), images[calorimeter.name])
    assert responses.conditions[:, :MASS] == pytest.approx(conditions[:N, :MASS], rel=1e-5)
    assert responses.conditions[:, MASS] == pytest.approx(939.565, abs=0.001)
    assert responses.pdg.tolist() == [2112] * N
    assert missed[:, :MASS] == pytest.approx(conditions[N:, :MASS], rel=1e-5)


def test_zero_examples_come_in_their_order_some_at_a_time(tmp_path: Path) -> None:
    conditions, _ = written(tmp_path)
    zeros = tmp_path / "zero_examples.txt"
    lines = zeros.read_text().splitlines(keepends=True)
    zeros.write_text("".join([lines[0], *lines[:0:-1], *lines[1:]]))
    read = list(blocks(tmp_path, LegacySettings(ZN), rows=3))
    dark = [len(block.missed_pdg) for block in read]
    assert dark == [0, 0, 0, 2, 1]  # of seven chunks of three rows, two have different dark ones
    missed = np.concatenate([block.missed_conditions for block in read])
    assert missed[:, :MASS] == pytest.approx(conditions[: N - 1 : -1, :MASS], rel=1e-5)


def test_zero_examples_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    kept: list[list[list[str]]] = []
    monkeypatch.setattr(legacy, "_keys", kept.append)  # nothing is kept to compare them with
    assert len(whole(tmp_path, LegacySettings(ZN, zeros="none"))[1]) == 0
    (tmp_path / "zero_examples.txt").unlink()
    assert len(whole(tmp_path, LegacySettings(ZN))[1]) == 0
    assert kept == []


def edited(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[Path], object]:
    """A change of the lines of one file."""

    def edit(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(change(lines)))

    return edit


def with_pdg(lines: list[str]) -> list[str]:
    return [lines[0], lines[1].replace("2112", "99999"), *lines[2:]]


def with_nan(lines: list[str]) -> list[str]:
    cells = lines[1].split(",")
    return [lines[0], ",".join([*cells[:6], "nan", *cells[7:]]), *lines[2:]]


EXAMPLES, IMAGE = "non_zero_examples.txt", "neutron_image.txt"
BAD = {
    "header": (edited(EXAMPLES, lambda x: x[1:]), "must begin with Detector,Pdg,Energy"),
    "row": (edited(EXAMPLES, lambda x: [*x[:-2], x[-2][:20]]), "columns, expected 10"),
    "truncated": (edited(IMAGE, lambda x: x[:-3]), "line 306: the end of the file"),
    "size": (edited(IMAGE, lambda x: [*x[:50], x[50][2:], *x[51:]]), "line 51: 43 numbers"),
    "more": (edited(IMAGE, lambda x: [*x, x[0]]), "has more images than"),
    "text": (edited(IMAGE, lambda x: ["x" + x[0][1:], *x[1:]]), "images from 0: could not convert"),
    "sum": (edited(IMAGE, lambda x: ["9" + x[0], *x[1:]]), "image 0 holds"),
    "pdg": (edited(EXAMPLES, with_pdg), "the PDG tables have no particle 99999"),
    "nan": (edited(EXAMPLES, with_nan), "particle 0: condition px is nan"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_files_are_named_for_what_they_are(tmp_path: Path, fault: str) -> None:
    written(tmp_path)
    spoil, message = BAD[fault]
    spoil(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)):
        whole(tmp_path, LegacySettings(ZN))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / IMAGE).unlink()
    with pytest.raises(FileNotFoundError, match=r"what Extract\.C writes"):
        whole(tmp_path, LegacySettings(ZN))
