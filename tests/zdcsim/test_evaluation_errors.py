"""MAE and RMSE against closed forms, and their irreducible values."""

import numpy as np
import pytest
from toys import toy_responses

from zdcsim.evaluation.errors import another_copy, channel_mae, errors, rmse_image
from zdcsim.evaluation.quantities import measure
from zdcsim.geometry import ZN


def test_one_photon_too_many_in_every_fibre() -> None:
    reference = toy_responses(4, 3)
    generated = reference.dense() + 1
    measured = measure(reference, ZN, ("o2",))
    found = errors(
        reference, measured, [generated], [measure(generated, ZN, ("o2",))], ("o2",), seed=1
    )
    assert found["channel MAE, o2"].model.mean == pytest.approx(1936 / 5)  # type: ignore[union-attr]
    assert found["RMSE, image"].model.mean == pytest.approx(44.0)  # type: ignore[union-attr]
    assert found["RMSE, per fibre"].model.mean == pytest.approx(1.0)  # type: ignore[union-attr]


def test_mae_and_rmse_equal_a_loop() -> None:
    reference, other = toy_responses(5, 2, seed=1), toy_responses(5, 2, seed=2)
    a, b = reference.dense().astype(float), other.dense().astype(float)
    even = np.indices(ZN.shape).sum(axis=0) % 2 == 0
    total, square = 0.0, 0.0
    for left, right in zip(a, b, strict=True):
        square += ((left - right) ** 2).sum()
        total += abs((left - right)[~even].sum())
        for rows in (slice(0, 22), slice(22, 44)):
            for columns in (slice(0, 22), slice(22, 44)):
                total += abs(((left - right) * even)[rows, columns].sum())
    ours, theirs = (measure(each, ZN, ("agh",)) for each in (reference, other))
    assert channel_mae(ours, theirs, "agh") == pytest.approx(total / (5 * 10))
    assert rmse_image(reference, other) == pytest.approx(np.sqrt(square / 10))


def test_rows_are_compared_as_if_they_had_been_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zdcsim.evaluation.quantities.BLOCK", 4)
    reference, other = toy_responses(5, 2, seed=1), toy_responses(6, 2, seed=2)
    rows = np.random.default_rng(1).permutation(12)[:10]
    expected = np.square(reference.dense() - other.dense(rows), dtype=float).sum() / 10
    for generated in (other, other.dense()):
        assert rmse_image(reference, generated, rows) == pytest.approx(np.sqrt(expected))


@pytest.mark.parametrize("copies", [2, 3, 20])
def test_another_copy_is_another_row_of_the_same_particle(copies: int) -> None:
    particle = np.random.default_rng(1).permutation(np.repeat([4, 9, 2], copies))
    partner = another_copy(particle, np.random.default_rng(2))
    np.testing.assert_array_equal(particle[partner], particle)
    assert (partner != np.arange(len(particle))).all()
    assert len(set(partner)) == len(particle)


def test_irreducible_rmse_of_poisson_copies() -> None:
    reference = toy_responses(6, 40, seed=3)
    measured = measure(reference, ZN, ("o2",))
    found = errors(reference, measured, [reference.dense()], [measured], ("o2",), seed=1)
    # Two Poisson counts of mean m differ by a square of mean 2 m and variance 8 m^2 + 2 m. Each
    # copy is in two pairs, which at most doubles the variance of the mean over responses.
    mean = np.stack([reference.dense()[reference.particle == p].mean(axis=0) for p in range(6)])
    variance = (8 * mean**2 + 2 * mean).sum(axis=(1, 2)).mean()
    irreducible = found["RMSE, image"].monte_carlo
    assert irreducible is not None
    difference = irreducible.mean**2 - 2 * mean.sum(axis=(1, 2)).mean()
    assert abs(difference) < 5 * np.sqrt(2 * variance / len(reference))
    assert found["RMSE, image"].model.mean == 0  # type: ignore[union-attr]


def test_a_single_copy_has_no_irreducible_value() -> None:
    reference = toy_responses(6, 1)
    measured = measure(reference, ZN, ("o2",))
    found = errors(reference, measured, [reference.dense() + 1], [measured], ("o2",), seed=1)
    assert all(each.monte_carlo is None and each.ratio is None for each in found.values())
