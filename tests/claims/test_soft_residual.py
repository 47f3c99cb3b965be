"""KD.residual: what it says of runs that rest where they should, and of others."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.claims.explanation import soft_residual as claim
from mrpverify.claims.registry import select
from mrpverify.judge.measurement import FEWEST_SEEDS
from mrpverify.judge.verdicts import Verdict
from mrpverify.objectives.distilled import residual as theory
from mrpverify.objectives.distilled.teachers import teacher_correlation
from mrpverify.regime import load_preset
from mrpverify.simulate.sample import sample_features
from mrpverify.theory.undefined import UndefinedError

REGIME = load_preset("quick").regimes["supervised"]
SALT, SEEDS = "made", FEWEST_SEEDS
REGIME_TAUGHT = claim.regime(REGIME, claim.TYPICAL)
START = 0.02
"""c_0 of every lost view."""
FEATURES = {
    case: torch.stack([sample_features(claim.regime(REGIME, case), SALT, s) for s in range(SEEDS)])
    for case in claim.CASES
}


def kernels_in(class_):
    """Half of the classes hold their view in two kernels."""
    return 1 + class_ % 2


def run(case, correlation, crossing=None):
    """A run in which class i holds view 1 at correlation(i's number of kernels)."""
    p = claim.regime(REGIME, case)
    c = np.zeros((SEEDS, p.kernels, p.features))
    times = np.full(c.shape, np.inf)
    for i in range(p.classes):
        own = slice(i * p.kernels_per_class, i * p.kernels_per_class + kernels_in(i))
        c[:, own, p.views * i] = correlation(kernels_in(i))
        c[:, own.start, p.views * i + 1] = START
        times[:, own, p.views * i] = 100.0
        if crossing is not None:
            times[:, own.start, p.views * i + 1] = 100.0 + crossing(kernels_in(i))
    weights = np.einsum("skf,sfd->skd", c, FEATURES[case].double().numpy())
    axes = ("seed", "kernel", "feature")
    return xr.Dataset(
        {
            "final_correlations": (axes, c),
            "crossing_time": (axes, times),
            "final_weights": (("seed", "kernel", "dimension"), weights),
        },
        coords={"seed": np.arange(SEEDS)},
        attrs={"salt": SALT},
    )


def derived(case):
    """As the balance says."""
    return run(case, lambda n: theory.rest(claim.regime(REGIME, case), n).correlation)


def time(n):
    return theory.crossing_time(claim.regime(REGIME, claim.TYPICAL), START, n)


def all_runs(at_rest=derived, taken=time):
    resting = {claim._name(case): at_rest(case) for case in claim.CASES}
    long = run(claim.TYPICAL, lambda n: 4.0 / n, taken)
    alone = run(claim.TYPICAL, lambda _: teacher_correlation(REGIME_TAUGHT))
    labels = run(claim.TYPICAL, lambda _: 6.0)
    return {**resting, claim.LONG: long, claim.ALONE: alone, claim.LABELS: labels}


def found(runs):
    return claim.measure(REGIME, runs)


def rows(measurement):
    (table,) = [f for f in measurement.findings if f.name == "numbers"]
    return {row["name"]: row for row in table.rows}


def test_runs_that_rest_where_the_balance_says_are_supported_and_the_controls_fail():
    runs = all_runs()
    measured = found(runs)
    assert measured.measured is Verdict.SUPPORTED
    for row in rows(measured).values():
        # Test images of a class are some forty; the mean exponential is good to 3 %.
        assert row["value"] == pytest.approx(row["prediction"], abs=0.08)
        assert row["rival_excluded"]
    for control in claim.CONTROLS:
        assert found(control.look(REGIME, runs)).measured is Verdict.REFUTED


def test_labels_that_are_fitted_as_they_are_smoothed_are_refuted():
    def fitted(case):
        p = claim.regime(REGIME, case)
        logit = np.log((p.classes - 1) * (1 / theory.smoothed_residual(p) - 1))
        # F = n (Z c - C_p (1 - 1/q) varrho) at Z = 1.15, where every patch is above varrho.
        below = p.patches_per_feature * (1 - 1 / p.power) * p.linear_from
        return run(case, lambda n: (logit / n + below) / 1.15)

    assert found(all_runs(at_rest=fitted)).measured is Verdict.REFUTED


def test_kernels_that_share_a_view_have_to_share_its_residual():
    """As if the number of kernels did not matter: the same logit in every class."""

    def alike(case):
        c = theory.rest(claim.regime(REGIME, case)).correlation
        p = claim.regime(REGIME, case)
        below = p.patches_per_feature * (1 - 1 / p.power) * p.linear_from / 1.15
        return run(case, lambda n: (c - below) / n + below)

    numbers = rows(found(all_runs(at_rest=alike)))
    (name,) = [name for name in numbers if "two kernels" in name]
    assert numbers[name]["measured"] is Verdict.REFUTED
    assert abs(numbers[name]["value"]) < 0.1


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.2, Verdict.SUPPORTED), (10.0, Verdict.REFUTED), (np.inf, None), (-0.01, None)],
)
def test_times_of_lost_views_are_asked(factor, verdict):
    numbers = rows(found(all_runs(taken=lambda n: factor * time(n))))
    (name,) = [name for name in numbers if "time" in name]
    if verdict is None:
        assert numbers[name]["measured"] is not Verdict.SUPPORTED
        return
    assert numbers[name]["measured"] is verdict
    assert numbers[name]["value"] == pytest.approx(np.log(factor))


def test_every_leg_is_of_one_image_law_and_is_taught_by_itself():
    (own,) = select(["KD.residual"])
    legs = own.runs_needed(REGIME)
    assert {leg.parameters.off_class / leg.parameters.classes for leg in legs.values()} == {
        0.1, 0.2, 0.4,
    }  # fmt: skip
    for leg in legs.values():
        assert leg.parameters.views == 2
        for teacher in leg.taught_by:
            assert teacher.parameters.framework == "supervised"
            assert teacher.parameters.off_class == leg.parameters.off_class
    assert replace(legs[claim.LABELS].parameters, horizon=0.0) == legs[claim.ALONE].parameters
    assert "0.13" in own.prediction(REGIME)


@pytest.mark.parametrize(("field", "value"), [("off_low", 0.95), ("views", 3)])
def test_where_no_view_rests_or_others_are_there_nothing_is_predicted(field, value):
    (own,) = select(["KD.residual"])
    changes = {field: value, "off_high": 1.0} if field == "off_low" else {field: value}
    with pytest.raises(UndefinedError, match=r"rest|two views"):
        own.prediction(replace(REGIME, **changes))


def test_the_median_is_the_lower_one_of_the_views_that_count():
    logs, counted = np.array([[3.0, 1.0, 2.0, 4.0], [1.0] * 4]), np.array([[True] * 4, [False] * 4])
    np.testing.assert_array_equal(claim.distillation.lower_medians(logs, counted), [2.0, np.nan])


def test_a_seed_that_does_not_know_every_case_counts_by_what_it_knows():
    cases = np.array([[-1.0, np.nan, -3.0], [np.nan, np.nan, np.nan], [1.0, 1.0, 4.0]])
    np.testing.assert_array_equal(claim._mean_of_known(cases), [-2.0, np.nan, 2.0])
