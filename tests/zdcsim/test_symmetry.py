"""The symmetries act on responses and conditions alike."""

import numpy as np
import pytest
from toys import TOY_WIDTH_CM, toy_conditions, toy_images

from zdcsim.conditions import CHARGE, PX, PY, PZ, VX, VY, impact
from zdcsim.geometry import ZN, ZP
from zdcsim.optics import Machine
from zdcsim.sample.position import shower_position
from zdcsim.sample.symmetry import (
    IDENTITY,
    MIRROR_IN_Y,
    SYMMETRIES,
    drawn_symmetries,
    symmetries_of,
    transformed_conditions,
    transformed_photons,
)

ALL = np.arange(8)


def images(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(2.0, (n, 44, 44)).astype(np.float32)


def number_of(matrix: np.ndarray) -> int:
    (found,) = np.flatnonzero((matrix == SYMMETRIES).all(axis=(1, 2)))
    return int(found)


def test_they_form_the_group_of_the_square() -> None:
    assert len({matrix.tobytes() for matrix in SYMMETRIES}) == 8
    assert (SYMMETRIES[IDENTITY] == np.eye(2)).all()
    products = {number_of(a @ b) for a in SYMMETRIES for b in SYMMETRIES}
    assert products == set(range(8))


@pytest.mark.parametrize("first", ALL)
@pytest.mark.parametrize("second", ALL)
def test_responses_follow_the_composition_of_the_matrices(first: int, second: int) -> None:
    photons = images(1)
    both = number_of(SYMMETRIES[second] @ SYMMETRIES[first])
    one_by_one = transformed_photons(
        transformed_photons(photons, np.array([first])), np.array([second])
    )
    assert (one_by_one == transformed_photons(photons, np.array([both]))).all()


def test_every_pixel_goes_where_the_matrix_says() -> None:
    photons = images(8)
    after = transformed_photons(photons, ALL)
    for symmetry in ALL:
        for x, y in ((0, 0), (3, 17), (40, 8), (21, 22)):
            from_centre = np.array([2 * x - 43, 2 * y - 43])
            new_x, new_y = (SYMMETRIES[symmetry] @ from_centre + 43) // 2
            assert after[symmetry, new_x, new_y] == photons[symmetry, x, y]


def test_showers_stay_at_the_impact_point_of_their_conditions() -> None:
    rng = np.random.default_rng(5)
    conditions = toy_conditions(64, rng)
    photons = toy_images(conditions, rng).astype(np.float32)
    symmetry = np.arange(64) % 8
    new_conditions = transformed_conditions(conditions, symmetry)
    place = impact(new_conditions, ZN) / ZN.pitch + 22
    found = shower_position(transformed_photons(photons, symmetry), "centroid")
    error = TOY_WIDTH_CM / ZN.pitch / np.sqrt(photons.sum(axis=(1, 2)))
    # 5 standard errors, and what the edge of the face cuts off a shower 11 pitches from it
    assert (np.abs(found - place) < 5 * error[:, None] + 0.05).all()


def test_vertex_and_momentum_transform_alike_and_the_rest_stays() -> None:
    conditions = toy_conditions(8, np.random.default_rng(2))
    conditions[:, VX], conditions[:, VY] = 0.3, -0.7
    after = transformed_conditions(conditions, ALL)
    others = [i for i in range(9) if i not in (VX, VY, PX, PY)]
    assert (after[:, others] == conditions[:, others]).all()
    for symmetry in ALL:
        for x, y in ((VX, VY), (PX, PY)):
            expected = SYMMETRIES[symmetry] @ conditions[symmetry, [x, y]]
            np.testing.assert_array_equal(after[symmetry, [x, y]], expected)


def test_beside_the_beam_the_mirror_in_y_is_left() -> None:
    assert (symmetries_of(ZN) == ALL).all()
    assert (SYMMETRIES[symmetries_of(ZP)] == [np.eye(2), np.diag([1, -1])]).all()
    drawn = drawn_symmetries(np.random.default_rng(1), 100, symmetries_of(ZP))
    assert set(drawn.tolist()) == {IDENTITY, MIRROR_IN_Y}
    assert (drawn_symmetries(np.random.default_rng(1), 100, None) == IDENTITY).all()


def test_magnets_and_the_zp_look_the_same_above_and_below() -> None:
    rng = np.random.default_rng(7)
    conditions = toy_conditions(200, rng)
    conditions[:, CHARGE], conditions[:, PZ] = 3, rng.choice([-1, 1], 200) * 2500
    conditions[:, VY] = rng.normal(0, 0.1, 200)
    mirrored = transformed_conditions(conditions, np.full(200, MIRROR_IN_Y))
    (at, free), (below, free_too) = (Machine().carried(each, ZP) for each in (conditions, mirrored))
    np.testing.assert_allclose(below, at * [1, 1, -1, -1], rtol=1e-12)
    assert (free == free_too).all()
    images = rng.poisson(2.0, (3, *ZP.shape)).astype(np.float32)
    turned = transformed_photons(images, np.full(3, MIRROR_IN_Y))
    assert (turned == images[:, :, ::-1]).all()
