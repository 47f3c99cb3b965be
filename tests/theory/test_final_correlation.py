"""Lambda_end of every loss."""

from dataclasses import replace
from math import inf, isnan, log

import pytest

from mrpverify.objectives.mae.theory import final_correlation as mae
from mrpverify.objectives.supervised.theory import final_correlation as supervised
from mrpverify.objectives.teacher_student.theory import final_correlation as teacher_student
from mrpverify.parameters import Parameters
from mrpverify.theory.final_correlation import final_correlation

LAW = Parameters()


def test_mae_number_and_its_two_equations() -> None:
    """1.40 at q = 3, varrho = 0.5, C_p = 2, theta = 0.5, and the balance it solves at others."""
    assert mae(LAW) == pytest.approx(1.4028, abs=1e-4)
    for p in (LAW, replace(LAW, target="masked", power=4, visible=0.3, patches_per_feature=3)):
        final, z = mae(p), 1.15
        h = final * z - p.patches_per_feature * (1 - 1 / p.power) * p.linear_from
        aim = 1.0 if p.target == "all" else (1 - p.visible) * (1 - 1 / p.patches_per_feature)
        assert final / p.power**0.5 * h * p.gain_floor == pytest.approx(aim * z)


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
