"""Features of single responses against closed forms and a literal loop."""

import numpy as np
import pytest

from zdcsim.evaluation.features import FEATURES, features
from zdcsim.evaluation.quantities import BLOCK, measure
from zdcsim.geometry import ZN, ZP, Calorimeter


def of(image: np.ndarray, calorimeter: Calorimeter = ZN) -> dict[str, float]:
    return dict(zip(FEATURES, features(image[None], calorimeter)[0], strict=True))


def test_a_single_photon() -> None:
    image = np.zeros(ZN.shape)
    image[30, 3] = 1
    found = of(image)
    assert found["photon sum"] == found["occupancy"] == found["maximum"] == 1
    assert found["centroid x"] == pytest.approx((30 + 0.5 - 22) * 0.16)
    assert found["centroid y"] == pytest.approx((3 + 0.5 - 22) * 0.16)
    assert found["width"] == pytest.approx(0.0, abs=1e-7)


def test_two_fibres_are_half_their_distance_wide() -> None:
    image = np.zeros(ZP.shape)
    image[10, 5] = image[20, 5] = 7
    found = of(image, ZP)
    assert found["width"] == pytest.approx(5 * 0.4)
    assert found["centroid x"] == pytest.approx((15.5 - 28) * 0.4)
    assert (found["photon sum"], found["occupancy"], found["maximum"]) == (14, 2, 7)


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=lambda c: c.name)
def test_equals_a_loop(calorimeter: Calorimeter) -> None:
    image = np.random.default_rng(1).poisson(0.3, calorimeter.shape)
    points = [
        (
            -calorimeter.half_x + (i + 0.5) * calorimeter.pitch,
            -calorimeter.half_y + (j + 0.5) * calorimeter.pitch,
        )
        for i in range(calorimeter.nx)
        for j in range(calorimeter.ny)
        for _ in range(image[i, j])
    ]
    x, y = np.array(points).T
    found = of(image, calorimeter)
    assert found["photon sum"] == len(points)
    assert found["centroid x"] == pytest.approx(x.mean())
    assert found["centroid y"] == pytest.approx(y.mean())
    assert found["width"] == pytest.approx(np.hypot(x.std(), y.std()))
    assert found["occupancy"] == len(set(points))
    assert found["maximum"] == image.max()


def test_an_empty_response_has_no_centroid_and_no_width() -> None:
    found = of(np.zeros(ZN.shape))
    assert all(np.isnan(found[name]) for name in ("centroid x", "centroid y", "width"))
    assert all(found[name] == 0 for name in ("photon sum", "occupancy", "maximum"))


def test_blocks_join_without_a_seam() -> None:
    images = np.zeros((BLOCK + 3, *ZN.shape), dtype=np.int32)
    images[:, 5, 6] = np.arange(len(images))
    measured = measure(images, ZN, ("o2", "wut"))
    np.testing.assert_array_equal(measured.feature("photon sum"), np.arange(len(images)))
    np.testing.assert_array_equal(measured.group("o2")[:, 1], np.arange(len(images)))
    np.testing.assert_array_equal(measured.group("wut")[:, 2], np.arange(len(images)))
    assert measured.empty_fraction() == pytest.approx(1 / len(images))
