"""T1.bounded at 2 to 16 times coverage: what a made Lambda(t) gives, and small real runs."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.laws.bounded_later import HORIZONS, SEEDS, legs, longest_at, measure
from mrpverify.claims.laws.regimes import drawn_at
from mrpverify.claims.legs import PRETRAINING
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import Parameters
from tests.claims.small import SMALL

COVERED = np.array([100.0, 150.0, 240.0, 90.0])
MAE = Parameters(framework="mae")


def made(length, cover=COVERED, until=16.0, reached=True):
    """Runs whose largest correlation is length(t/coverage), as far as `until` times coverage."""
    grid = np.concatenate([[0.0], np.geomspace(1e-2, until, 60)])
    with np.errstate(divide="ignore"):
        largest = length(grid)
    seeds, steps = len(cover), len(grid)
    c = np.zeros((seeds, steps, 2, 2))
    c[..., 0, 0], c[..., 1, 1] = largest, 0.5 * largest
    return xr.Dataset(
        {
            "time": (("seed", "step"), cover[:, None] * grid),
            "correlations": (("seed", "step", "kernel", "feature"), c),
            "final_correlations": (("seed", "kernel", "feature"), c[:, -1]),
            "crossing_time": (("seed", "kernel", "feature"), np.full((seeds, 2, 2), 10.0)),
            "coverage_time": ("seed", cover),
            "final_time": ("seed", until * cover),
            "reached_horizon": ("seed", np.full(seeds, reached)),
            "diverged": ("seed", np.zeros(seeds, dtype=bool)),
        }
    )


def rows(run, parameters=MAE):
    return measure(parameters, {PRETRAINING: run}).details["horizons"]


def growing(exponent, at_coverage):
    return lambda t: at_coverage * np.maximum(t, 1e-9) ** exponent


def test_a_power_of_time_is_read_at_every_horizon():
    """3 t^{1/3} passes 4 at (4/3)^3 = 2.4 times coverage."""
    run = made(growing(1 / 3, 3.0))
    for factor in (1, *HORIZONS):
        np.testing.assert_allclose(longest_at(run, factor), 3 * factor ** (1 / 3), rtol=1e-6)
    found = rows(run)
    assert [row["times_coverage"] for row in found] == [2, 4, 8, 16]
    assert [row["bounded"] for row in found] == ["4/4", "0/4", "0/4", "0/4"]
    assert [row["verdict"] for row in found] == ["INCONCLUSIVE", *3 * ["REFUTED"]]
    for row in found:
        assert row["local_exponent"] == pytest.approx(1 / 3, abs=1e-6)
        low, high = row["interval_of_exponent"]
        assert low <= row["local_exponent"] <= high


def test_the_verdict_is_that_of_the_last_horizon():
    refuted = measure(MAE, {PRETRAINING: made(growing(1 / 3, 3.0))})
    assert refuted.measured is Verdict.REFUTED
    assert (refuted.successes, refuted.trials) == (0, 4)
    few = measure(MAE, {PRETRAINING: made(growing(0.0, 0.8))})
    assert few.measured is Verdict.INCONCLUSIVE  # four seeds support nothing
    many = made(growing(0.0, 0.8), np.full(SEEDS["teacher-student"], 100.0))
    assert measure(SMALL["teacher-student"], {PRETRAINING: many}).measured is Verdict.SUPPORTED


def test_growth_alone_is_not_bounded():
    """1.6 times from one horizon to the next, though far below 4."""
    found = rows(made(growing(np.log2(1.6), 0.3)))
    assert [row["bounded"] for row in found] == 4 * ["0/4"]
    found = rows(made(growing(np.log2(1.4), 0.3)))
    assert [row["bounded"] for row in found] == 4 * ["4/4"]


def test_a_run_without_work_is_known_as_far_as_it_got():
    found = measure(MAE, {PRETRAINING: made(growing(0.0, 0.8), until=5.0, reached=False)})
    assert [row["bounded"] for row in found.details["horizons"]] == ["4/4", "4/4", "0/4", "0/4"]
    assert found.measured is Verdict.INCONCLUSIVE
    assert found.interval[1] == 1.0  # all four may yet be bounded
    assert found.details["horizons"][-1]["Lambda_median"] is None
    assert found.details["seeds_not_known"] == 4


def test_what_is_never_covered_and_ended_is_false():
    run = made(growing(0.0, 0.8)).assign(coverage_time=("seed", np.full(4, np.inf)))
    run = run.assign(diverged=("seed", np.ones(4, dtype=bool)))
    found = measure(MAE, {PRETRAINING: run})
    assert found.measured is Verdict.REFUTED
    assert found.details["horizons"][0]["local_exponent"] is None


def test_the_run_goes_on_to_the_last_horizon_with_work_for_it():
    p = replace(MAE, method="flow", work=1000, deadline=50.0)
    (leg,) = legs(p).values()
    assert leg.seeds == SEEDS["mae"]
    longest = {"horizon_factor": 16.0, "work": 8000, "max_steps": 8 * p.max_steps, "deadline": 0.0}
    assert leg.parameters == replace(p, **drawn_at(p), **longest)


@pytest.fixture(scope="module")
def small(get):
    """The claim on small regimes, four seeds, by framework."""
    regimes = {f: replace(p, method="flow", hold_width=0.1) for f, p in SMALL.items()}
    found = evaluate(select(["laws.bounded"]), regimes, range(4), "b", get)
    return {result.framework: result for result in found}


def test_a_teacher_student_kernel_rests_at_every_horizon(small):
    result = small["teacher-student"]
    assert result.measurement.successes == 4
    assert all(control.failed_as_it_should for control in result.controls)
    for row in result.measurement.details["horizons"]:
        assert abs(row["local_exponent"]) < 0.01
        assert row["Lambda_median"] == pytest.approx(row["Lambda_predicted"], rel=0.03)
        assert row["exponent_predicted"] == 0


def test_a_kernel_of_the_masked_autoencoder_grows_at_every_horizon(small):
    """Between no growth and t^{1/2}, at about the length of one kernel on one feature (L15)."""
    result = small["mae"]
    assert result.measurement.trials == SEEDS["mae"]
    for row in result.measurement.details["horizons"]:
        low, high = row["interval_of_exponent"]
        assert low > 0
        assert high < 0.5
        assert row["Lambda_median"] == pytest.approx(row["Lambda_predicted"], rel=0.4)
    assert all(control.failed_as_it_should for control in result.controls)
