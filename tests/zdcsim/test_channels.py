"""Channel sums against literal double loops, and the conservation of photons."""

import numpy as np
import pytest

from zdcsim.channels import CHANNEL_NAMES, CONVENTIONS, Convention, channel_masks, channel_sums
from zdcsim.geometry import ZN, ZP, Calorimeter

BOTH = pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=lambda c: c.name)
ALL = pytest.mark.parametrize("convention", CONVENTIONS)


def photons(calorimeter: Calorimeter, n: int = 4) -> np.ndarray:
    return np.random.default_rng(7).poisson(3.0, (n, *calorimeter.shape)).astype(np.float32)


def o2_channel(x: int, y: int, calorimeter: Calorimeter) -> int:
    if (x + y) % 2 == 0:
        return 0
    if calorimeter is ZP:
        return int(4 * x / 56) + 1
    if y < 22:
        return 1 if x < 22 else 2
    return 3 if x < 22 else 4


def agh_channel(x: int, y: int, calorimeter: Calorimeter) -> int:
    rows, columns = calorimeter.shape
    if (x + y) % 2 == 1:
        return 4
    if x < rows / 2:
        return 0 if y < columns / 2 else 1
    return 2 if y < columns / 2 else 3


def wut_channel(x: int, y: int, calorimeter: Calorimeter) -> int:
    rows, columns = calorimeter.shape
    if (x + y) % 2 == 0:
        return 4
    if x >= rows / 2:
        return 0 if y < columns / 2 else 1
    return 2 if y < columns / 2 else 3


LOOPS = {"o2": o2_channel, "agh": agh_channel, "wut": wut_channel}


@BOTH
@ALL
def test_equals_a_double_loop(calorimeter: Calorimeter, convention: Convention) -> None:
    images = photons(calorimeter)
    expected = np.zeros((len(images), 5))
    for x in range(calorimeter.nx):
        for y in range(calorimeter.ny):
            expected[:, LOOPS[convention](x, y, calorimeter)] += images[:, x, y]
    np.testing.assert_array_equal(channel_sums(images, calorimeter, convention), expected)


@BOTH
@ALL
def test_masks_partition_the_grid(calorimeter: Calorimeter, convention: Convention) -> None:
    masks = channel_masks(calorimeter, convention)
    assert masks.shape == (5, *calorimeter.shape)
    np.testing.assert_array_equal(masks.sum(axis=0), 1)
    common = CHANNEL_NAMES[convention].index("common")
    assert masks[common].sum() == calorimeter.nx * calorimeter.ny // 2


@BOTH
@ALL
def test_photons_are_conserved(calorimeter: Calorimeter, convention: Convention) -> None:
    images = photons(calorimeter)
    sums = channel_sums(images, calorimeter, convention)
    np.testing.assert_array_equal(sums.sum(axis=1), images.sum(axis=(1, 2)))


def test_zp_towers_of_o2_are_slabs() -> None:
    images = np.zeros((1, *ZP.shape))
    images[0, 14:28, :] = 1.0
    np.testing.assert_array_equal(channel_sums(images, ZP, "o2"), [[210, 0, 210, 0, 0]])


def test_large_sums_are_exact() -> None:
    images = np.full((1, *ZN.shape), 2.0**20 + 1, dtype=np.float32)
    assert channel_sums(images, ZN, "o2")[0, 0] == 968 * (2**20 + 1)


def test_rejects_another_grid_and_an_unknown_convention() -> None:
    with pytest.raises(ValueError, match=r"ZN responses have shape \(N, 44, 44\); got"):
        channel_sums(photons(ZP), ZN, "o2")
    with pytest.raises(ValueError, match="unknown channel convention 'O2'; expected one of o2"):
        channel_masks(ZN, "O2")
