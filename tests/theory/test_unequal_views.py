"""Views of unequal strength: weights from hitting times, chances from drawn starts.

Monte Carlo from fixed seeds; |z| <= 5 is a false alarm with probability 6e-7 each.
"""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import growth, mae_plateau, supervised
from mrpverify.theory import unequal_views as theory
from mrpverify.theory.unequal_views import faintness_of

P = Parameters(framework="teacher-student", classes=3, kernels_per_class=4, init_scale=1e-4)
DRAWS = 200_000


def z_score(holds: np.ndarray, chance: float) -> float:
    return abs(holds.mean() - chance) / np.sqrt(chance * (1 - chance) / len(holds))


@pytest.mark.parametrize("q", [3, 4])
@pytest.mark.parametrize("zeta", [0.9, 0.6])
def test_a_weighted_start_takes_as_long_as_an_equally_loud_one(q: int, zeta: float) -> None:
    """From starts so small that the level does not matter."""
    start, far = 1e-5, 1e6
    slow = growth.hitting_time(start, zeta ** (2 * q), q)
    fast = growth.hitting_time(start * zeta ** theory.exponent("teacher-student", q), 1.0, q)
    assert slow == pytest.approx(fast, rel=1e-9)
    p = replace(P, framework="supervised", power=q, linear_from=far)
    slow = supervised.hitting_time(p, start) / zeta**q
    fast = supervised.hitting_time(p, start * zeta ** theory.exponent("supervised", q))
    assert slow == pytest.approx(fast, rel=1e-3)
    p = replace(P, framework="mae", power=q, linear_from=0.5)
    slow = mae_plateau.crossing_time(p, start) / zeta ** (q + 1)
    fast = mae_plateau.crossing_time(p, start * zeta ** theory.exponent("mae", q))
    assert slow == pytest.approx(fast, rel=1e-2)


@pytest.mark.parametrize("zeta", [1.0, 0.8, 0.5])
def test_chances_are_those_of_drawn_starts(zeta: float) -> None:
    random = np.random.default_rng(1)
    own = random.standard_normal((DRAWS, 2, P.kernels_per_class)).max(-1)
    weight = zeta ** theory.exponent("supervised", P.power)
    won = (weight * own[:, 1] > own[:, 0]) & (own[:, 1] > 0)
    # Where neither view has a start the formula counts the tie as no win.
    assert z_score(won, theory.faint_wins(P, zeta)) < 5
    starts = random.standard_normal((DRAWS, P.features))
    first = theory.largest_weighted(P, starts, zeta)
    assert z_score(first == 1, theory.faint_first(P, zeta)) < 5
    groups = first[: DRAWS // P.kernels * P.kernels].reshape(-1, P.kernels)
    kept = theory.some_kernel(groups, P.features)[:, 1]
    assert z_score(kept, theory.faint_kept(P, zeta)) < 5


def test_the_quadrature_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = theory.faint_wins(P, 0.6), theory.faint_first(P, 0.6)
    monkeypatch.setattr(theory, "NODES", 800)
    monkeypatch.setattr(theory, "FAR_OUT", 18.0)
    fine = theory.faint_wins(P, 0.6), theory.faint_first(P, 0.6)
    np.testing.assert_allclose(coarse, fine, atol=1e-8)


def test_equal_views_are_alike() -> None:
    assert theory.faint_wins(P, 1.0) == pytest.approx((1 - 2.0 ** (-2 * P.kernels_per_class)) / 2)
    assert theory.faint_first(P, 1.0) == pytest.approx((1 - 2.0**-P.features) / P.features)


def test_down_to_the_bound_every_view_is_some_kernels() -> None:
    p = replace(P, classes=8, kernels_per_class=20)
    zeta = theory.least_faintness(p)
    assert 0.05 < zeta < 1
    assert theory.faint_kept(p, zeta) ** p.classes == pytest.approx(0.8, abs=0.01)
    assert theory.least_faintness(replace(p, kernels_per_class=40)) < zeta
    assert theory.least_faintness(replace(p, kernels_per_class=1)) == 1.0
    assert theory.least_faintness(replace(P, classes=2, kernels_per_class=40)) == 0.0


def test_first_by_a_horizon() -> None:
    times = np.array([[[3.0, 2.0], [np.inf, 9.0]], [[1.0, 5.0], [4.0, 4.5]]])
    assert theory.first_by(times, np.array([5.0, 2.0])).tolist() == [[1, -1], [0, -1]]


def test_what_has_no_exponent_is_named() -> None:
    with pytest.raises(ValueError, match="contrastive"):
        theory.exponent("contrastive", 3)
    with pytest.raises(ValueError, match="q=2"):
        theory.exponent("supervised", 2)


def test_predictions_are_sentences_with_numbers() -> None:
    assert "0.05 of the classes" not in theory.predict_labels(P, (0.6,))
    assert f"{theory.faint_wins(P, faintness_of(P, 0.6)):.2f}" in theory.predict_labels(P, (0.6,))
    assert f"{theory.least_faintness(P) ** 3:.2f}" in theory.predict_keep(P, 0.3)
