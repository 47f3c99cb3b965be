"""The claims about the integrator and about the step, on made runs and on small real ones."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.assumptions import descent, flow
from mrpverify.claims.evaluate import _broken, evaluate
from mrpverify.claims.legs import PRETRAINING, Leg
from mrpverify.claims.registry import select
from mrpverify.claims.unfinished import open_seeds
from mrpverify.judge.verdicts import Verdict
from mrpverify.theory.assumptions import measured_step_size, violated
from mrpverify.theory.curvature import largest_curvature
from tests.claims.small import SEEDS, SMALL

SALT = "judge"
FLOWING = {f: replace(p, method="flow", hold_width=0.1, tolerance=1e-4) for f, p in SMALL.items()}
P = FLOWING["teacher-student"]
VARRHO = P.linear_from
T = 1000.0


def blowing_up(time, end, exponent=5):
    """C of a kernel that would be infinite at `end`, cut at 1.1 varrho where it rests."""
    left = np.maximum(end - time, 1e-9)
    return np.minimum(0.2 * VARRHO * (left / T) ** (-1 / (exponent - 1)), 1.1 * VARRHO)


def made(*ends, last=T, speed=1.0):
    """A run of one seed and one kernel per end, on a fine grid of times."""
    time = np.linspace(0, last, 4001)
    c = np.stack([blowing_up(speed * time, end) for end in ends], 1)[None, :, :, None]
    above = c[0, :, :, 0] >= VARRHO
    crossing = np.where(above.any(0), time[above.argmax(0)], np.inf)
    return xr.Dataset(
        {
            "time": (("seed", "step"), time[None]),
            "correlations": (("seed", "step", "kernel", "feature"), c),
            "final_correlations": (("seed", "kernel", "feature"), c[:, -1]),
            "crossing_time": (("seed", "kernel", "feature"), crossing[None, :, None]),
            "final_time": (("seed",), [last]),
            "reached_horizon": (("seed",), [True]),
            "diverged": (("seed",), [False]),
            "steps": (("seed",), [100]),
        }
    )


# A.flow

IN_MID_CROSSING = 1.001 * T
"""A kernel that has all but arrived at T: it moves by half of varrho in the last hundredth."""


def judged(one, other):
    return flow.measure(P, {PRETRAINING: one, flow.FINER: other})


@pytest.mark.parametrize(("late", "verdict"), [(0.003, "SUPPORTED"), (0.03, "REFUTED")])
def test_a_kernel_in_mid_crossing_may_be_late_by_a_hundredth(late, verdict):
    one, other = made(IN_MID_CROSSING), made(IN_MID_CROSSING, speed=1 - late)
    apart = float(abs(one["final_correlations"] - other["final_correlations"]).max())
    assert apart > 3 * flow.LIMIT * VARRHO  # more than a difference of C(T) would allow
    assert judged(one, other).measured is Verdict[verdict]


def test_of_a_kernel_at_rest_nothing_is_taken_off():
    one, other = made(0.5 * T), made(0.5 * T)
    for wrong, verdict in ((0.005, Verdict.SUPPORTED), (0.02, Verdict.REFUTED)):
        moved = one.assign(final_correlations=one["final_correlations"] + wrong * VARRHO)
        assert judged(moved, other).measured is verdict


@pytest.mark.parametrize(("late", "verdict"), [(0.005, "SUPPORTED"), (0.02, "REFUTED")])
def test_crossing_times_are_compared_relatively(late, verdict):
    one = made(0.5 * T)
    other = one.assign(crossing_time=one["crossing_time"] * (1 + late))
    found = judged(one, other)
    assert found.measured is Verdict[verdict]
    assert found.details["largest_crossing_time_error"] == pytest.approx(late / (1 + late))


def test_what_crosses_in_one_run_alone_counts_as_crossing_at_the_end():
    early, never = made(0.5 * T), made(3 * T)
    assert float(flow.time_error(early, never).max()) == pytest.approx(0.5, abs=0.01)
    assert float(flow.time_error(never, never).max()) == 0


def test_what_is_no_number_is_an_error_and_what_is_not_known_no_verdict():
    one = made(0.5 * T)
    lost = one.assign(final_correlations=one["final_correlations"] * np.nan)
    assert judged(one, lost).measured is Verdict.REFUTED
    short = one.assign(reached_horizon=("seed", [False]))
    assert judged(one, short).measured is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("framework", list(SMALL))
def test_a_small_flow_passes_and_descent_at_eta_does_not(framework, get):
    (result,) = evaluate(select(["A.flow"]), {framework: FLOWING[framework]}, range(2), SALT, get)
    assert result.verdict is Verdict.SUPPORTED, result.measurement
    assert all(control.failed_as_it_should for control in result.controls)


def test_a_coarse_tolerance_is_refuted(get):
    p = replace(FLOWING["mae"], tolerance=0.05)
    (result,) = evaluate(select(["A.flow"]), {"mae": p}, range(2), SALT, get)
    assert result.verdict is Verdict.REFUTED


def test_a_regime_that_descends_is_refuted_by_its_flow(get):
    (result,) = evaluate(select(["A.flow"]), {"mae": SMALL["mae"]}, range(2), SALT, get)
    assert result.verdict is Verdict.REFUTED


# A.descent


@pytest.fixture(scope="module")
def descending(get):
    """A.descent of the masked autoencoder at small size."""
    (found,) = evaluate(select(["A.descent"]), {"mae": FLOWING["mae"]}, range(SEEDS), SALT, get)
    return found


def test_descent_is_late_follows_and_leaves_as_derived(descending):
    assert descending.verdict is Verdict.SUPPORTED, descending.measurement.details["numbers"]
    assert [c.control.id for c in descending.controls if not c.failed_as_it_should] == []


def test_measured_curvature_stands_beside_the_derived_one(descending):
    rows = descending.measurement.details["steps"]
    p = FLOWING["mae"]
    derived = largest_curvature(p, "mae")
    assert [row["descent"] for row in rows][:2] == [descent.WITHIN, descent.BEYOND]
    own = rows[-1]
    assert own["eta"] == p.step
    assert own["derived_after_capture"] == derived
    assert own["eta_times_measured"] == pytest.approx(p.step * own["largest_curvature_measured"])
    # Kernels grow on after capture, and curvature with them (L15).
    assert own["largest_curvature_measured"] > 1.5 * derived


def test_steps_are_within_and_beyond_for_every_seed():
    curvature = np.array([0.5, 2.0, 1.0])
    run = xr.Dataset({"largest_curvature": ("seed", curvature)})
    found = descent.steps(run)
    assert (found[descent.WITHIN] * curvature).max() == 1
    assert (found[descent.BEYOND] * curvature).min() == 4


# The step-size condition


def with_curvature(*values):
    return {PRETRAINING: xr.Dataset({"largest_curvature": ("seed", list(values))})}


def test_a_measured_curvature_takes_the_place_of_the_derived_one():
    (claim,) = select(["T1.capture"])
    p = replace(SMALL["mae"], step=0.9 / largest_curvature(SMALL["mae"], "mae"))
    assert violated(p, "mae") == ()
    (found,) = _broken(claim, p, "mae", with_curvature(1.0, 3.0))
    assert found.id == "step size"
    assert found.left == pytest.approx(3.0 * p.step)
    # and where the derived one is too strict
    fast = replace(p, step=2 / largest_curvature(p, "mae"))
    assert [c.id for c in _broken(claim, fast, "mae", {})] == ["step size"]
    assert _broken(claim, fast, "mae", with_curvature(0.9 / fast.step)) == ()
    assert _broken(claim, fast, "mae", with_curvature(np.inf))[0].margin == 0


def test_a_flow_has_no_step_and_a_gain_that_jumps_no_curvature():
    assert measured_step_size(FLOWING["mae"], 1e6) is None
    jumping = SMALL["teacher-student"]
    assert jumping.hold_width == 0
    assert measured_step_size(jumping, 1e6) is None
    assert measured_step_size(replace(jumping, hold_width=0.1), 1e6).margin < 1


def test_descent_at_the_edge_of_stability_is_out_of_regime(get):
    """eta lambda is next to 2 where the masked autoencoder ends; 1.06 was derived."""
    (result,) = evaluate(select(["T1.noise"]), {"mae": SMALL["mae"]}, range(SEEDS), SALT, get)
    assert result.measurement.measured is Verdict.SUPPORTED
    assert result.verdict is Verdict.OUT_OF_REGIME
    (condition,) = result.violated
    assert condition.id == "step size"
    assert 1.5 < condition.left < 2.2


# Legs of unequal length


def test_an_open_seed_of_a_short_leg_is_that_seed():
    def run(*reached):
        n = len(reached)
        return xr.Dataset(
            {
                "reached_horizon": ("seed", list(reached)),
                "diverged": ("seed", [False] * n),
                "cannot_cover": ("seed", [False] * n),
            }
        )

    legs = {"long": Leg(P), "short": Leg(P, seeds=2)}
    runs = {"long": run(True, True, True, False), "short": run(True, False)}
    assert open_seeds(legs, runs).tolist() == [False, True, False, True]


def test_errors_are_those_of_the_same_seeds():
    """One seed of descent was held against two of the flow: numpy took it for both."""
    runs = xr.Dataset(
        {"final_correlations": (("seed", "kernel", "feature"), np.zeros((2, 1, 1)))},
        coords={"seed": [0, 1]},
    )
    with pytest.raises(ValueError, match="2 and 1 seeds are no pairs"):
        flow.correlation_error(P, runs, runs.isel(seed=slice(1)))
