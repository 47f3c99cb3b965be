"""When every feature is crossed: of a given start, and of a typical one."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import coverage_time, growth, leak, mae_plateau, supervised

LAW = Parameters(classes=4, kernels_per_class=12, init_scale=0.02, amplification=30.0)


def _drawn(p: Parameters) -> dict[str, np.ndarray]:
    """Moments of drawn images, unlike from feature to feature."""
    share = 1 + 0.3 * np.linspace(-1, 1, p.features)
    square, patch = (
        moment * share
        for moment in (
            growth.mean_power_sum_product(p, p.power, p.power),
            growth.mean_power_sum(p, 2 * p.power),
        )
    )
    own = supervised.own_activity(p) * share
    return {"squared_activity": square, "patch_activity": patch, "own_activity": own}


def _starts(p: Parameters, seed: int) -> np.ndarray:
    return p.init_scale * np.random.default_rng(seed).normal(size=(p.kernels, p.features))


def test_typical_is_the_median_over_inits() -> None:
    """Each kernel crosses for its largest start: 400 inits, of which about half cover later."""
    rate, later = growth.growth_rate(LAW), 0
    for seed in range(400):
        c = _starts(LAW, seed)
        best = [c[c.argmax(1) == v, v].max(initial=0.0) for v in range(LAW.features)]
        slowest = min(best)
        time = growth.hitting_time(slowest, rate, 3, 0.5) if slowest > 0 else inf
        later += time > coverage_time.typical(LAW)
    # Binomial: 3.3 standard deviations of 10.
    assert abs(later - 200) < 33


def test_a_regime_that_rarely_covers_has_no_time() -> None:
    assert coverage_time.slowest_start(replace(LAW, kernels_per_class=1)) == 0
    assert coverage_time.typical(replace(LAW, kernels_per_class=1)) == inf
    assert coverage_time.typical(replace(LAW, amplification=0.0)) == inf


def test_kernels_cross_first_where_the_hitting_time_is_least() -> None:
    p, c = LAW, _starts(LAW, 1)
    drawn = _drawn(p)
    rates = growth.drawn_growth_rates(p, drawn["squared_activity"], drawn["patch_activity"])
    times = coverage_time.kernel_times(p, c, rates)
    for r in (0, 5, 17):
        alone = [
            growth.hitting_time(x, rate, 3, 0.5) if x > 0 else inf
            for x, rate in zip(c[r], rates, strict=True)
        ]
        lead = int(np.argmin(alone))
        assert times[r, lead] == pytest.approx(min(alone))
        sibling = lead ^ 1
        assert np.isinf(np.delete(times[r], [lead, sibling])).all()
        after = leak.sibling_leak_time(p, c[r, sibling])
        missing = leak.level_correction(c[r, sibling] / 0.5, 3)
        expected = min(alone) + after * (1 - missing) if c[r, sibling] > 0 else inf
        assert times[r, sibling] == pytest.approx(expected)


def test_teacher_student_coverage_is_the_slowest_shown_feature() -> None:
    p, c = LAW, _starts(LAW, 2)
    drawn = _drawn(p)
    times = coverage_time.feature_times(p, c, **drawn)
    assert np.isfinite(times).all()
    assert coverage_time.of_seed(p, c, **drawn) == times.max()
    slowest = int(times.argmax())
    drawn["squared_activity"][slowest] = 0.0
    drawn["patch_activity"][slowest] = 0.0
    without = coverage_time.of_seed(p, c, **drawn)
    assert without == np.delete(coverage_time.feature_times(p, c, **drawn), slowest).max()
    assert without < times.max()
    c[:, slowest ^ 1] = -1.0
    assert coverage_time.of_seed(p, c, **drawn) == inf
    drawn["squared_activity"][:] = 0.0
    assert coverage_time.of_seed(p, c, **drawn) == inf


def test_autoencoder_counts_the_largest_start() -> None:
    p = replace(LAW, framework="mae")
    c = np.abs(_starts(p, 3))
    times = coverage_time.feature_times(p, c, **_drawn(p))
    assert times[2] == mae_plateau.crossing_time(p, c[:, 2].max())
    for start in (0.0, -1.0):
        c[:, 2] = start
        assert coverage_time.feature_times(p, c, **_drawn(p))[2] == inf
        assert coverage_time.of_seed(p, c, **_drawn(p)) == inf


def test_supervised_coverage_is_one_view_of_every_class() -> None:
    """The law's own rate gives the hitting time of L2; a class needs its faster view alone."""
    p = replace(LAW, framework="supervised")
    c, drawn = _starts(p, 4), _drawn(p)
    times = coverage_time.feature_times(p, c, **drawn)
    block = c[: p.kernels_per_class, :2].max(0)
    share = drawn["own_activity"][:2] / supervised.own_activity(p)
    expected = [supervised.hitting_time(p, x) / y for x, y in zip(block, share, strict=True)]
    np.testing.assert_allclose(times[:2], expected)
    by_class = times.reshape(-1, 2).min(1)
    assert coverage_time.of_seed(p, c, **drawn) == by_class.max() < times.max()
    unseen = {**drawn, "own_activity": drawn["own_activity"] * (np.arange(p.features) > 0)}
    beyond = np.full_like(c, p.linear_from)
    assert coverage_time.feature_times(p, beyond, **unseen).tolist() == [inf, *[0.0] * 7]
    c[:, :2] = -1.0
    assert coverage_time.of_seed(p, c, **drawn) == inf


def test_only_one_run_and_nan_where_nothing_is_derived() -> None:
    p, c = LAW, _starts(LAW, 5)
    with pytest.raises(ValueError, match="one run only"):
        coverage_time.feature_times(p, c[None], **_drawn(p))
    open_time = coverage_time.feature_times(replace(p, framework="clustering"), abs(c), **_drawn(p))
    assert np.isnan(open_time).all()
