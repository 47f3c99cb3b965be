"""T1.induction: the set that may grow, along courses that are known."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.explanation import induction as claim
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.observe import induction as observe
from mrpverify.regime import load_preset
from mrpverify.theory import induction as theory

REGIME = replace(
    load_preset("quick").regimes["teacher-student"], classes=3, dimension=12, kernels_per_class=10
)
SEEDS, STEPS = 16, 80
N = 2 * REGIME.power - 2


def course(p=REGIME, competing=False):
    """Runs whose correlations follow dc/dt = c^{n+1} alone, each kernel for its first feature.

    All other features of a kernel stay. With `competing` all growth of a class ends with its first
    crossing.
    """
    rng = np.random.default_rng(0)
    initial = p.init_scale * rng.standard_normal((SEEDS, p.kernels, p.features))
    mine = initial == initial.max(-1, keepdims=True)
    start = np.where(mine & (initial > 0), initial, np.nan)
    crossing = (start**-N - p.linear_from**-N) / N
    crossing = np.where(np.isfinite(crossing), crossing, np.inf)
    learned = np.repeat(observe.learned_at(crossing, p.views), p.views, -1)[:, None]
    if competing:
        crossing = np.where(crossing <= learned, crossing, np.inf)
    last = 2 * np.where(np.isfinite(learned), learned, 0).max((1, 2))
    time = last[:, None] * np.linspace(0, 1, STEPS) ** 3
    moment = time[:, :, None, None]
    if competing:
        moment = np.minimum(moment, learned[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        left = start[:, None] ** -N - N * moment
        grown = np.maximum(left, p.linear_from**-N) ** (-1 / N)
    correlations = np.where(np.isfinite(grown), grown, initial[:, None])
    axes = ("seed", "step", "kernel", "feature")
    pair = ("seed", "kernel", "feature")
    return xr.Dataset(
        {
            "time": (("seed", "step"), time),
            "correlations": (axes, correlations),
            "initial_correlations": (pair, initial),
            "crossing_time": (pair, crossing),
            "reached_horizon": ("seed", np.ones(SEEDS, dtype=bool)),
            "diverged": ("seed", np.zeros(SEEDS, dtype=bool)),
        }
    )


def test_kernels_that_follow_the_equation_keep_the_invariant_until_the_class_is_learned():
    runs = course()
    found = claim.measure_until_learned(REGIME, runs)
    assert found.measured is Verdict.SUPPORTED
    largest = found.details["parts"][
        "largest correlation outside the set until the class is learned"
    ]
    assert 0.7 < largest["mean"] < 1.0, "it is near its bound, and below it"
    assert 1.5 < found.details["first break over the time of the class"]["earliest"] < 4.1


def test_where_kernels_do_not_interact_it_breaks_after_that_and_where_they_do_it_keeps():
    alone = claim.measure_until_horizon(REGIME, course())
    assert alone.measured is Verdict.REFUTED
    together = claim.measure_until_horizon(REGIME, course(competing=True))
    assert together.measured is Verdict.SUPPORTED
    assert together.details["classes in which it breaks by T"] == 0


@pytest.mark.parametrize("measure", [claim.measure_until_learned, claim.measure_until_horizon])
def test_the_set_of_another_class_breaks_every_part(measure):
    found = measure(REGIME, claim._next_class(REGIME, course(competing=True)))
    assert found.measured is Verdict.REFUTED
    for part in found.details["parts"].values():
        assert sum(part["outcomes"]) <= SEEDS / 4


def test_a_seed_without_growth_or_without_an_outside_is_not_a_true_one():
    runs = course(competing=True)
    flat = runs.assign(crossing_time=xr.full_like(runs["crossing_time"], np.inf))
    assert claim.measure_until_learned(REGIME, flat).measured is Verdict.REFUTED
    equal = runs.assign(initial_correlations=xr.ones_like(runs["initial_correlations"]))
    assert claim.measure_until_horizon(REGIME, equal).measured is Verdict.REFUTED


def test_the_set_starts_where_two_views_that_help_each_other_end_at_the_leader():
    """The worst kernel: just outside with both its views, against a leader alone."""
    x = theory.allowed_from(REGIME)
    assert x == pytest.approx(3 ** (-1 / 4))
    assert (x**-N - REGIME.views) ** (-1 / N) == pytest.approx(1.0)
    assert ((1.05 * x) ** -N - REGIME.views) ** (-1 / N) > 1.2
    mae = load_preset("quick").regimes["mae"]
    assert theory.allowed_from(mae) == pytest.approx(3**-0.5)


def test_a_break_is_found_at_its_first_snapshot_and_of_its_class_alone():
    values = np.array([[[[0.5, 2.0]], [[1.5, 0.1]], [[0.2, 0.1]]]])  # [1, 3, 1, 2]
    time = np.array([[0.0, 1.0, np.nan]])
    which = np.array([[[True, False]]])
    np.testing.assert_array_equal(observe.first_break(values, time, which, 1.0), [[1.0, np.inf]])
    until = np.array([[0.5, 9.0]])
    assert observe.largest_until(values, time, until, which) == [0.5]
    assert np.isneginf(observe.largest_until(values, time, until, ~which & which)).all()


def test_it_is_said_of_both_frameworks_on_two_horizons():
    claims = select(["T1.induction"])
    assert {c.horizon for c in claims} == {"crossing", "T"}
    for own in claims:
        for framework, controls in own.controls.items():
            assert controls
            assert own.prediction(load_preset("quick").regimes[framework])
