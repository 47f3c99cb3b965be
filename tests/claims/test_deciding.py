"""Each part of what a claim of Theorem 1 asks decides: made runs that fail in one part alone.

A seed learns everything (`good`); one thing is broken in half of the seeds, and exactly those count
as false. Whoever deletes that part from a measure is told here.
"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.theorem1 import bounded, capture, lottery, noise, specialise
from mrpverify.parameters import Parameters

P = Parameters(classes=2, kernels_per_class=2, dimension=6)
SEEDS, KERNELS, FEATURES = 8, P.kernels, P.features
HALF = np.arange(SEEDS) % 2 == 0
AXES = ("seed", "kernel", "feature")


def good() -> xr.Dataset:
    """Kernel r holds feature r alone, at 1.2 varrho; nothing else has happened."""
    final = np.tile(0.6 * np.eye(KERNELS, FEATURES), (SEEDS, 1, 1))
    features = np.tile(np.eye(FEATURES, P.dimension), (SEEDS, 1, 1))
    initial = np.tile(0.01 * np.arange(1, 1 + KERNELS * FEATURES), (SEEDS, 1))
    return xr.Dataset(
        {
            "final_correlations": (AXES, final.copy()),
            "reference_correlations": (AXES, 0.9 * final),
            "initial_correlations": (AXES, initial.reshape(SEEDS, KERNELS, FEATURES)),
            "crossing_time": (AXES, np.where(final > 0, 5.0, np.inf)),
            "crossing_correlations": (AXES, final.copy()),
            "final_weights": (("seed", "kernel", "dimension"), final @ features),
            "initial_weights": (
                ("seed", "kernel", "dimension"),
                np.zeros((SEEDS, KERNELS, P.dimension)),
            ),
            "features": (("seed", "feature", "dimension"), features),
            "background_response": (("seed", "kernel"), np.full((SEEDS, KERNELS), 0.1)),
            "reached_horizon": ("seed", np.ones(SEEDS, dtype=bool)),
            "diverged": ("seed", np.zeros(SEEDS, dtype=bool)),
            "coverage_time": ("seed", np.full(SEEDS, 5.0)),
            "final_time": ("seed", np.full(SEEDS, 10.0)),
            "squared_activity": (("seed", "feature"), np.ones((SEEDS, FEATURES))),
            "patch_activity": (("seed", "feature"), np.ones((SEEDS, FEATURES))),
        },
        coords={"seed": np.arange(SEEDS)},
        attrs={"salt": "made"},
    )


def too_large(runs):
    runs["final_correlations"].values[HALF, 0, 0] = 4.1
    runs["reference_correlations"].values[HALF, 0, 0] = 4.0


def grown(runs):
    """0.6 against 0.39: 1.54 times the reference, far below the bound itself."""
    runs["reference_correlations"].values[HALF] = 0.65 * runs["final_correlations"].values[HALF]


def lost(runs):
    """One feature is no longer held by anyone; its kernel is inactive and fuses nothing."""
    runs["final_correlations"].values[HALF, 1, 1] = 0.24


def fused(runs):
    runs["final_correlations"].values[HALF, 0, 2] = 0.31


def loud(runs):
    runs["background_response"].values[HALF, 3] = 0.26


def memorised(runs):
    runs["final_weights"].values[HALF, 2, FEATURES] = 0.61


def nothing_held(runs):
    runs["crossing_time"].values[HALF] = np.inf


def not_finite(runs):
    runs["final_weights"].values[HALF, 0, 0] = np.nan


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        (bounded, too_large), (bounded, grown), (bounded, nothing_held), (bounded, not_finite),
        (specialise, lost), (specialise, fused), (specialise, nothing_held),
        (noise, loud), (noise, memorised), (noise, nothing_held),
        (capture, lost), (capture, fused), (capture, nothing_held),
    ],
)  # fmt: skip
def test_what_fails_in_one_part_is_false(claim, broken):
    assert claim.measure(P, good()).successes == SEEDS
    runs = good()
    broken(runs)
    found = claim.measure(P, runs)
    assert (found.successes, found.trials) == (SEEDS // 2, SEEDS)


@pytest.mark.parametrize(
    ("claim", "harmless"),
    [
        (bounded, lambda r: r["reference_correlations"].values.__imul__(0.76)),  # 1.46 times
        (noise, lambda r: r["background_response"].values.__iadd__(0.14)),  # 0.24
        (noise, lambda r: r["final_weights"].values[:, 2].__setitem__((slice(None), 4), 0.59)),
        (specialise, lambda r: r["final_correlations"].values.__iadd__(0.2)),  # 0.2 beside 0.8
        (capture, lambda r: r["final_correlations"].values.__iadd__(0.2)),
    ],
)
def test_what_is_just_inside_is_true(claim, harmless):
    runs = good()
    harmless(runs)
    assert claim.measure(P, runs).successes == SEEDS


@pytest.mark.parametrize("claim", [bounded, specialise, noise, capture])
def test_out_of_steps_is_not_known_and_diverged_is_false(claim):
    runs = good()
    runs["reached_horizon"].values[HALF] = False
    found = claim.measure(P, runs)
    assert found.details["seeds_not_known"] == HALF.sum()
    # As if every open seed were true and as if every one were false: both stay possible.
    low = claim.measure(P, good().isel(seed=~HALF))
    assert found.interval[0] < low.interval[0]
    assert found.interval[1] == 1.0
    runs["diverged"].values[HALF] = True
    found = claim.measure(P, runs)
    assert found.details["seeds_not_known"] == 0
    assert (found.successes, found.trials) == (SEEDS // 2, SEEDS)


def test_a_feature_is_captured_only_where_the_run_reached_the_horizon():
    runs = good()
    runs["final_correlations"].values[HALF, 0, 0] = 0.9
    runs["final_correlations"].values[0, 1, 1] = 0.24
    runs["reached_horizon"].values[2] = False
    rows = capture.measure(P, runs).details["features"]
    assert [row["captured_share"] for row in rows] == [7 / 8, 6 / 8, 7 / 8, 7 / 8]
    # The median is over the seeds that captured it: three at 0.9 of seven; none lost, none open.
    assert rows[0]["median_correlation"] == pytest.approx(0.6)
    runs["final_correlations"].values[~HALF, 0, 0] = 0.24
    rows = capture.measure(P, runs).details["features"]
    assert rows[0]["captured_share"] == pytest.approx(3 / 8)
    assert rows[0]["median_correlation"] == pytest.approx(0.9)


def test_the_median_is_of_the_best_class_pure_holder():
    runs = good()
    runs["final_correlations"].values[:, 1] = [0.8, 0.7, 0.6, 0.0]  # fused, and larger
    rows = capture.measure(P, runs).details["features"]
    assert rows[0]["median_correlation"] == pytest.approx(0.6)
    assert rows[1]["median_correlation"] is None


def test_the_permuted_control_moves_correlations_within_a_kernel_and_nowhere_else():
    runs = good()
    before = runs["initial_correlations"].values.copy()
    seen = lottery.PERMUTED.look(P, runs)
    after = seen["initial_correlations"].values
    np.testing.assert_array_equal(runs["initial_correlations"].values, before)
    np.testing.assert_array_equal(np.sort(after, -1), before)
    moved = (after != before).any(-1)
    # Of 24 orders one is the old one: 32 kernels keep theirs 1.3 times on average.
    assert moved.mean() > 0.75
    orders = {tuple(np.argsort(row)) for row in after.reshape(-1, FEATURES)}
    assert len(orders) > 8, "one order for all kernels would be a relabelling"
    for name in set(runs) - {"initial_correlations"}:
        np.testing.assert_array_equal(seen[name], runs[name])


def predicted(regime, runs):
    """Share of kernels whose first feature is the predicted one, mean over seeds."""
    return lottery.measure(regime, runs).details["share of kernels"]["mean"]


def test_the_lottery_is_told_by_initial_correlations():
    """Kernel r starts with feature r ahead and crosses for it: all predicted; then every second."""
    runs = good()
    runs["initial_correlations"].values[:] = 0.01
    runs["initial_correlations"].values[:] += 0.05 * np.eye(KERNELS, FEATURES)
    assert predicted(P, runs) == pytest.approx(1.0)
    runs["initial_correlations"].values[HALF] = runs["initial_correlations"].values[HALF][:, ::-1]
    assert predicted(P, runs) == pytest.approx(0.5)
    assert lottery.measure(P, runs).value == pytest.approx(0.5)  # in half of the seeds
    rated = replace(P, amplification=1.0)
    runs = good()
    runs["initial_correlations"].values[:] = 0.01 + 0.002 * np.eye(KERNELS, FEATURES)
    runs["squared_activity"].values[:, 0] = 8.0  # 8^(1/4) = 1.7: feature 0 overtakes
    assert predicted(rated, runs) == pytest.approx(0.25)
