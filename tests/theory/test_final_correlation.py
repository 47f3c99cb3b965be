"""Lambda_end of every loss."""

from dataclasses import replace
from math import inf, isnan, log

import numpy as np
import pytest

from mrpverify.objectives.mae import theory as mae_theory
from mrpverify.objectives.mae.theory import balance
from mrpverify.objectives.mae.theory import final_correlation as mae
from mrpverify.objectives.supervised.theory import final_correlation as supervised
from mrpverify.objectives.teacher_student.theory import final_correlation as teacher_student
from mrpverify.parameters import Parameters, changed
from mrpverify.regime import load_preset
from mrpverify.theory.assumptions import violated
from mrpverify.theory.coverage_time import covering_start, slowest_start
from mrpverify.theory.final_correlation import final_correlation
from mrpverify.theory.hitting import crossing_time
from mrpverify.theory.mae_growth import course, rise
from mrpverify.theory.supervised import own_activity

LAW = Parameters()


def test_mae_balance_and_its_two_equations() -> None:
    """1.40 at q = 3, varrho = 0.5, C_p = 2, theta = 0.5, and the balance it solves at others."""
    assert balance(LAW) == pytest.approx(1.4028, abs=1e-4)
    for p in (LAW, replace(LAW, target="masked", power=4, visible=0.3, patches_per_feature=3)):
        final, z = balance(p), 1.15
        h = final * z - p.patches_per_feature * (1 - 1 / p.power) * p.linear_from
        aim = 1.0 if p.target == "all" else (1 - p.visible) * (1 - 1 / p.patches_per_feature)
        assert final / p.power**0.5 * h * p.gain_floor == pytest.approx(aim * z)


SMALL = replace(
    load_preset("quick").regimes["mae"], classes=2, dimension=20, images=60, kernels_per_class=6,
    off_class=0.1, init_scale=0.08, patch_noise=0.05,
)  # fmt: skip


@pytest.mark.parametrize(
    ("p", "measured"), [(load_preset("quick").regimes["mae"], 4.2), (SMALL, 2.3)]
)
def test_mae_kernels_end_where_they_are_at_the_horizon(p, measured) -> None:
    """Medians of runs at T (salt a): 4.0 to 4.4 at `quick`, 1.8 to 3.0 at the small one.

    And the whole course on all images, a thousand times closer.
    """
    assert mae(p) == pytest.approx(measured, rel=0.1)
    time = 2 * crossing_time(p, slowest_start(p))
    (whole,) = course(p, np.array([time]), covering_start(p))
    assert mae(p) == pytest.approx(whole, rel=2e-2)
    assert mae(p) > balance(p)


def test_far_beyond_varrho_the_law_at_late_times_is_taken_and_agrees_with_the_course(monkeypatch):
    """The solver gives up there, after seconds for every regime that a search for a mend tries."""
    p = replace(load_preset("quick").regimes["mae"], init_scale=1e-5)
    time = p.horizon_factor * crossing_time(p, slowest_start(p))
    grown = time - crossing_time(p, covering_start(p))
    late = rise(p).amplitude * grown ** rise(p).exponent
    assert 300 < late / p.linear_from < mae_theory.LATE
    (whole,) = course(p, np.array([time]), covering_start(p), tolerance=1e-6)
    assert late == pytest.approx(whole, rel=1e-2)
    monkeypatch.setattr(mae_theory, "course", lambda *_: pytest.fail("it was followed"))
    assert mae(replace(p, init_scale=1e-7)) > mae_theory.LATE * p.linear_from


def test_mae_ends_by_balance_where_no_course_is_known() -> None:
    for changes in ({"target": "masked"}, {"signal": False}, {"init_scale": 2.0}):
        p = replace(LAW, **changes)
        assert mae(p) == balance(p)
    late, soon = (replace(LAW, horizon=time) for time in (1e5, 1.0))
    assert mae(late) > 2 * mae(soon)
    assert mae(soon) == balance(soon)


def test_a_late_end_is_what_noise_reaches() -> None:
    """T1.noise was REFUTED there while "noise reach" held at a margin of 2.6."""
    assert "noise reach" in {c.id for c in violated(SMALL, "mae")}
    assert SMALL.linear_from / (SMALL.patch_noise * balance(SMALL)) > 8


def test_teacher_student_ends() -> None:
    """Under hold between varrho and (1 + delta_h) varrho; the plateau of L4 at one strength."""
    assert teacher_student(LAW) == 0.5
    assert 0.53 < teacher_student(replace(LAW, hold_width=0.1)) < 0.55
    assert teacher_student(replace(LAW, gain="release")) == 0.5
    one = {"own_low": 1.15, "own_high": 1.15, "split": "equal", "single_view": 0.0}
    constant = replace(LAW, gain="constant", tau=1.3, **one)
    u = (2 / 3) * 0.5 * 0.5 / (1.5 - 1.3)
    assert teacher_student(constant) == pytest.approx(u / (1.15 / 2))
    assert teacher_student(replace(constant, tau=1.6)) == inf
    assert teacher_student(replace(constant, tau=1.0)) == 0.5


def test_supervised_margin() -> None:
    h = supervised(LAW) * 1.15 - 2 * (2 / 3) * 0.5
    assert h == pytest.approx(log(300 * 7))


def test_names() -> None:
    assert final_correlation(LAW, "mae") == mae(LAW)
    assert isnan(final_correlation(LAW, "contrastive"))
    with pytest.raises(ValueError, match="'nobody'"):
        final_correlation(LAW, "nobody")


@pytest.mark.parametrize("changes", [{"power": 8}, {"power": 5, "init_scale": 1e-3}])
def test_a_course_that_no_solver_follows_ends_by_its_law_at_late_times(changes) -> None:
    p = replace(load_preset("quick").regimes["mae"], **changes)
    time = 2 * crossing_time(p, slowest_start(p))
    late = rise(p).amplitude * time ** rise(p).exponent
    assert mae(p) == pytest.approx(late, rel=0.05)


def test_views_that_hardly_differ_end_as_equal_ones() -> None:
    """Shares of a feature were taken for its probability: T of supervised learning doubled."""
    equal = load_preset("quick").regimes["mae"]
    nearly = changed(equal, law="imperfect", faintness=1 - 1e-9)
    assert mae(nearly) == pytest.approx(mae(equal), rel=1e-4)
    assert own_activity(nearly) == pytest.approx(own_activity(equal), rel=1e-6)
