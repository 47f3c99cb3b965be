"""Numbers of a law: bands, rivals, brackets, and several of them together."""

import numpy as np
import pytest

from mrpverify.judge.numbers import (
    Rival,
    all_numbers,
    bracket_number,
    mean_number,
    quarter,
    share_number,
)
from mrpverify.judge.slopes import log_slopes, slopes_in_log
from mrpverify.judge.verdicts import Verdict, measured_within

RIVAL = Rival("the other one", 2.0)


def spread(mean, width, seeds=24):
    return mean + width * np.linspace(-1, 1, seeds)


def number(mean, width=0.01, seeds=24, prediction=1.0):
    return mean_number("n", spread(mean, width, seeds), prediction, RIVAL)


def test_the_band_is_a_quarter_of_the_distance_to_the_rival():
    assert quarter(1.0, RIVAL) == (0.75, 1.25)
    assert quarter(1.0, Rival("below", -1.0)) == (0.5, 1.5)


def test_a_number_in_its_band_supports_and_one_at_the_rival_refutes():
    assert all_numbers([number(1.1)], "s").measured is Verdict.SUPPORTED
    assert all_numbers([number(2.0)], "s").measured is Verdict.REFUTED
    assert all_numbers([number(1.25)], "s").measured is Verdict.INCONCLUSIVE


def test_few_seeds_refute_but_do_not_support():
    assert all_numbers([number(1.0, seeds=8)], "s").measured is Verdict.INCONCLUSIVE
    assert all_numbers([number(2.0, seeds=4)], "s").measured is Verdict.REFUTED


def test_one_number_refutes_all_and_is_the_one_shown():
    measurement = all_numbers([number(1.0), number(2.0), number(1.1)], "s")
    assert measurement.measured is Verdict.REFUTED
    assert measurement.value == pytest.approx(2.0)
    rows = measurement.details["numbers"]
    assert [row["measured"] for row in rows] == [
        Verdict.SUPPORTED,
        Verdict.REFUTED,
        Verdict.SUPPORTED,
    ]
    assert rows[0]["rival_excluded"]
    assert not rows[1]["rival_excluded"]


def test_a_refutation_among_many_needs_a_wider_interval():
    """Just outside at 90 %, inside at the level of one of twenty."""
    near = number(1.25 + 0.05, width=0.2)
    assert near.interval[0] > 1.25
    assert all_numbers([near], "s").measured is Verdict.REFUTED
    assert all_numbers([near] + [number(1.0)] * 19, "s").measured is Verdict.INCONCLUSIVE


def test_a_bracket_spans_what_bisection_left_open():
    same = bracket_number("b", np.full(24, 0.9), np.full(24, 1.1), 1.0, RIVAL)
    assert same.interval == (0.9, 1.1)
    assert same.supported
    missed = bracket_number("b", np.full(24, 3.0), np.full(24, np.inf), 1.0, RIVAL)
    assert missed.interval == (3.0, np.inf)
    assert all_numbers([missed], "s").measured is Verdict.REFUTED


def test_a_share_is_held_against_p0():
    assert share_number("t", np.ones(24, dtype=bool), RIVAL).supported
    assert not share_number("t", np.arange(24) > 2, RIVAL).supported
    assert share_number("t", np.zeros(4, dtype=bool), RIVAL).refuted(1)


def test_an_infinite_band_has_one_edge():
    one_sided = mean_number("n", spread(-9, 0.1), -15.0, Rival("order one", 0.0), (-np.inf, -8.0))
    assert one_sided.supported
    assert np.isfinite(one_sided.slack)


def test_a_law_without_numbers_is_an_error():
    with pytest.raises(ValueError, match="at least one number"):
        all_numbers([], "s")


def test_slopes_are_one_per_seed():
    sizes = np.array([1.0, 2.0, 4.0, 8.0])
    value = np.array([[3.0], [5.0], [7.0]]) * sizes ** np.array([[-4.0], [-2.0], [-1.0]])
    assert log_slopes(sizes, value) == pytest.approx([-4, -2, -1])
    value[1, 2] = np.inf
    assert np.isnan(log_slopes(sizes, value)).tolist() == [False, True, False]


def test_slopes_in_the_logarithm_are_those_of_the_value_itself():
    sizes = np.array([4.0, 8.0, 16.0, 24.0])
    value = 3 + np.array([[-0.5], [0.0], [2.0]]) * np.log(sizes)
    assert slopes_in_log(sizes, value) == pytest.approx([-0.5, 0, 2])
    value[2, 0] = np.nan
    assert np.isnan(slopes_in_log(sizes, value)).tolist() == [False, False, True]


def test_an_exponent_needs_four_sizes():
    with pytest.raises(ValueError, match="needs 4 sizes, got 3"):
        log_slopes(np.array([1.0, 2.0, 4.0]), np.ones((2, 3)))


def test_growth_at_a_point_but_not_at_a_larger_one_supports_no_threshold():
    turned = bracket_number("b", np.full(24, 2.9), np.full(24, 1.1), 1.5, Rival("far", 3.0))
    assert turned.interval == (1.1, 2.9)
    assert all_numbers([turned], "s").measured is Verdict.INCONCLUSIVE


def test_an_interval_ends_after_it_begins():
    with pytest.raises(ValueError, match="ends before it begins"):
        measured_within((2.0, 1.0), (0.0, 3.0))


@pytest.mark.parametrize("prediction", [2.0, float("nan")])
def test_a_rival_that_says_the_same_or_no_prediction_decides_nothing(prediction):
    found = all_numbers([number(2.0, prediction=prediction)], "s")
    assert found.measured is Verdict.INCONCLUSIVE


def test_a_statement_is_predicted_of_all_seeds_and_asked_of_p0():
    holds = np.array([1.0, 1.0, 0.0, 1.0])
    number = share_number("held", holds, Rival("half of the seeds", 0.5))
    assert number.value == pytest.approx(0.75)
    assert number.prediction == number.band[1] == 1.0
    assert number.band[0] < number.prediction
