"""The one-kernel plateau dynamics: drive matrix, velocity against the full loss, balance, times."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from mrpverify.parameters import Parameters
from mrpverify.theory import mae_plateau, masking, theorem1
from mrpverify.theory.activation import smoothed_relu
from mrpverify.theory.co_occurrence import covariances

LAW = Parameters(
    framework="mae", classes=3, off_class=0.6, single_view=0.2, patches_per_feature=2, visible=0.4
)
VARIANTS = [("all", True), ("all", False), ("masked", True), ("masked", False)]


def _empirical_matrix(p: Parameters, z: np.ndarray) -> np.ndarray:
    """M of a finite set of images z [images, features, C_p], straight from its definition."""
    activity, total = (z**p.power).sum(-1), z.sum(-1)
    joint = activity.T @ total / len(z)
    if p.bias:
        joint -= np.outer(activity.mean(0), total.mean(0))
    if p.target == "masked":
        joint -= np.diag((z ** (p.power + 1)).sum(-1).mean(0))
        joint *= 1 - p.visible
    return joint


def _mean_loss(p: Parameters, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
    a = smoothed_relu(x @ w[:, None], p.power, p.linear_from)
    scale = 1.0 if p.target == "all" else 1 - p.visible
    residual = scale * x.sum(1) - a.sum(1) @ b[None]
    bias = residual.mean(0) if p.bias else np.zeros(x.shape[-1])
    return float(masking.mae_loss(x, a, b[None], bias, p.visible, p.target).mean())


def _gradient(loss, point: np.ndarray, step: float) -> np.ndarray:
    result = np.empty_like(point)
    for i in range(len(point)):
        up, down = point.copy(), point.copy()
        up[i] += step
        down[i] -= step
        result[i] = (loss(up) - loss(down)) / (2 * step)
    return result


@pytest.mark.parametrize(("target", "bias"), VARIANTS)
def test_velocity_is_the_gradient_of_the_loss_on_the_plateau(draw, target, bias) -> None:
    """w of ordinary size below varrho and a small decoder: only the linear term in B h is left."""
    p = replace(LAW, target=target, bias=bias)
    z = draw(p, 60, 5)
    features = np.eye(p.features)
    x = (z[..., None] * features[:, None, :]).reshape(len(z), -1, p.features)
    random = np.random.default_rng(2)
    c, e = random.uniform(-0.3, 0.4, p.features), 1e-4 * random.normal(size=p.features)
    c_dot, e_dot = mae_plateau.velocity(p, _empirical_matrix(p, z), c[None], e[None])
    down_w = -_gradient(lambda w: _mean_loss(p, x, w, e), c, 1e-5)
    down_b = -_gradient(lambda b: _mean_loss(p, x, c, b), e, 1e-5)
    np.testing.assert_allclose(c_dot[0], down_w, atol=3e-3 * np.abs(down_w).max())
    np.testing.assert_allclose(e_dot[0], down_b, atol=3e-3 * np.abs(down_b).max())
    assert np.abs(down_w).max() > 0
    assert np.abs(down_b).max() > 0


@pytest.mark.parametrize(("target", "bias"), VARIANTS)
def test_drive_matrix_agrees_with_sampling(draw, target, bias) -> None:
    """Twenty batches; |t| <= 7 with 19 degrees of freedom: false alarm about 1e-6 an entry."""
    p = replace(LAW, target=target, bias=bias)
    batches = np.stack([_empirical_matrix(p, draw(p, 400, seed)) for seed in range(20)])
    exact = mae_plateau.drive_matrix(p)
    # A batch's covariance is low by the share 1/400, far below its spread.
    t = (batches.mean(0) - exact) / (batches.std(0, ddof=1) / np.sqrt(20))
    assert np.abs(t).max() <= 7
    own_pull_is_larger = exact[0, 0] > exact[0, 1]
    assert own_pull_is_larger == (target == "all"), "a masked patch does not predict itself"
    assert exact[0, 1] > abs(exact[0, 2])


def test_drive_of_the_masked_target_scales_with_the_mask() -> None:
    """L8: proportional to 1 - theta, nothing at theta = 1, no self drive at C_p = 1, no bias."""
    p = replace(LAW, target="masked")
    at = {theta: mae_plateau.drive_matrix(replace(p, visible=theta)) for theta in (0.2, 0.6, 1.0)}
    np.testing.assert_allclose(at[0.2], 2 * at[0.6])
    assert not at[1.0].any()
    single = mae_plateau.drive_matrix(replace(p, patches_per_feature=1, bias=False))
    assert single[0, 0] == pytest.approx(0.0, abs=1e-15)
    assert single[0, 1] > 0
    plain = mae_plateau.drive_matrix(replace(LAW, visible=0.2))
    np.testing.assert_allclose(plain, covariances(LAW, 3, 1))


def test_balance_is_conserved() -> None:
    """L9: sum over positive c of c^2 less q e^2 does not change."""
    matrix = mae_plateau.drive_matrix(LAW)
    random = np.random.default_rng(4)
    c, e = random.normal(size=(5, 6)), random.normal(size=(5, 6))
    c_dot, e_dot = mae_plateau.velocity(LAW, matrix, c, e)
    np.testing.assert_allclose((c * c_dot).sum(1), 3 * (e * e_dot).sum(1), rtol=1e-10)
    assert not c_dot[c < 0].any()


def test_tied_decoder_moves_with_the_kernel() -> None:
    p = replace(LAW, decoder="tied")
    matrix, c = mae_plateau.drive_matrix(p), np.random.default_rng(4).normal(size=(5, 6))
    free = mae_plateau.velocity(LAW, matrix, c, c)
    tied = mae_plateau.velocity(p, matrix, c, c)
    np.testing.assert_allclose(tied[0], free[0] + free[1])
    np.testing.assert_array_equal(tied[0], tied[1])


def _integrate(p: Parameters, c: np.ndarray, e: np.ndarray) -> tuple[int, float]:
    """First feature at varrho and its time, by an adaptive scheme with event location."""
    matrix = mae_plateau.drive_matrix(p)

    def velocity(_: float, y: np.ndarray) -> np.ndarray:
        parts = mae_plateau.velocity(p, matrix, y[None, : len(c)], y[None, len(c) :])
        return np.concatenate([part[0] for part in parts])

    reach = lambda _, y: y[: len(c)].max() - p.linear_from  # noqa: E731
    reach.terminal = True  # type: ignore[attr-defined]
    start = np.concatenate([c, e])
    run = solve_ivp(velocity, (0, 1e6), start, events=reach, rtol=1e-8, atol=1e-11)
    crossed = len(run.t_events[0]) > 0
    return (int(run.y[: len(c), -1].argmax()) if crossed else -1), float(run.t[-1])


@pytest.mark.parametrize(("target", "bias"), VARIANTS)
def test_first_crossing_equals_an_adaptive_integration(target: str, bias: bool) -> None:
    p = replace(LAW, target=target, bias=bias)
    c = 0.05 * np.random.default_rng(7).normal(size=(12, p.features))
    c[0] = -np.abs(c[0])
    first = mae_plateau.first_crossing(p, c, c.copy())
    expected = [_integrate(p, row, row)[0] for row in c]
    assert first.tolist() == expected
    assert first[0] == -1
    assert len(set(first.tolist())) > 2


def test_crossing_time_of_one_feature() -> None:
    p = replace(LAW, classes=2, views=1, off_class=0.0)
    c = np.array([0.06, 0.0])
    matrix_row = mae_plateau.drive_matrix(replace(p, bias=False))
    assert matrix_row[0, 1] == 0
    quadrature = mae_plateau.crossing_time(replace(p, bias=False), 0.06)
    assert quadrature == pytest.approx(_integrate(replace(p, bias=False), c, c)[1], rel=1e-5)
    assert mae_plateau.crossing_time(replace(p, target="masked", visible=1.0), 0.06) == float("inf")
    assert mae_plateau.crossing_time(p, 0.7) == 0.0


CROSS = Parameters(
    framework="mae",
    classes=3,
    dimension=12,
    patches_per_feature=1,
    target="masked",
    init_scale=0.05,
)
"""Masked patches as targets, one a feature: none predicts its own, each that of its sibling."""


def test_a_kernel_without_a_drive_of_its_own_crosses_by_what_stands_beside_it() -> None:
    """It was foretold that nothing is captured; all features were, in every seed."""
    matrix, start = mae_plateau.drive_matrix(CROSS), 0.09
    assert matrix[0, 0] < 0 < matrix[0, 1]
    assert mae_plateau.grows_by_others(CROSS)

    def flow(time: float, state: np.ndarray) -> np.ndarray:
        c, e = state.reshape(2, 1, -1)
        return np.concatenate(mae_plateau.velocity(CROSS, matrix, c, e), axis=None)

    def level(time: float, state: np.ndarray) -> float:
        return float(state[: CROSS.features].max() - CROSS.linear_from)

    level.terminal = True  # type: ignore[attr-defined]
    begin = np.zeros(2 * CROSS.features)
    begin[0] = begin[CROSS.features] = start
    found = solve_ivp(flow, (0, 1e5), begin, events=level, rtol=1e-9, atol=1e-12)
    assert mae_plateau.crossing_time(CROSS, start) == pytest.approx(found.t_events[0][0], rel=0.01)


def test_what_no_feature_drives_never_crosses() -> None:
    nothing_hidden = replace(CROSS, visible=1.0)
    assert not mae_plateau.grows_by_others(nothing_hidden)
    assert mae_plateau.crossing_time(nothing_hidden, 0.09) == np.inf
    assert not mae_plateau.grows_by_others(replace(CROSS, patches_per_feature=2))


def test_sentences_about_it_say_what_drives_it() -> None:
    assert "held, together with another one" in theorem1.predict_capture(CROSS)
    assert theorem1.predict_bounded(CROSS).startswith("open")
    assert theorem1.predict_monosemantic_at_crossing(CROSS).startswith("open")
    assert "nothing is captured" in theorem1.predict_capture(replace(CROSS, visible=1.0))


def test_step_size_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    c = 0.05 * np.random.default_rng(8).normal(size=(200, LAW.features))
    coarse = mae_plateau.first_crossing(LAW, c, c.copy())
    monkeypatch.setattr(mae_plateau, "RELATIVE_STEP", 0.005)
    fine = mae_plateau.first_crossing(LAW, c, c.copy())
    assert (coarse == fine).mean() >= 0.99


@given(st.floats(-300.0, -1.0), st.integers(2, 5))
def test_the_crossing_time_of_any_start_is_that_of_another_substitution(
    digits: float, q: int
) -> None:
    """In v = c_0/c the time is (varrho/c_0)^{q-1} times a bounded integral over [c_0/varrho, 1]."""
    p = replace(Parameters(framework="mae"), power=q, bias=False)
    start = 10.0**digits
    found = mae_plateau.crossing_time(p, start)
    drive = float(mae_plateau.drive_matrix(p)[0, 0])
    ratio = start / p.linear_from
    whole = quad(lambda v: v ** (q - 2) / np.sqrt((1 + (q - 1) * v**2) / q), 0.0, 1.0)[0]
    rest = quad(lambda v: v ** (q - 2) / np.sqrt((1 + (q - 1) * v**2) / q), 0.0, ratio)[0]
    with np.errstate(over="ignore"):
        expected = (whole - rest) / drive * np.float64(ratio) ** (1 - q)
    assert found > 0
    assert found == pytest.approx(expected, rel=1e-8)
