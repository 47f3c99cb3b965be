"""What holds at an edge itself: the ends of a range, a start of 0, a time that is just enough.

Docstrings say on which side an edge lies. A test on either side of it does not ask that.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf, log, pi

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr

from mrpverify.objectives.distilled import held, residual, teachers
from mrpverify.objectives.teacher_student import theory as teacher_student
from mrpverify.parameters import Parameters
from mrpverify.theory import (
    activation,
    assumptions,
    cost,
    coverage_time,
    curvature,
    ensemble,
    gaussian,
    growth,
    labelled_view,
    leak,
    leak_race,
    lottery,
    mae_growth,
    mae_plateau,
    plateau,
    reduced_dynamics,
    resting,
    scaling,
    separatrix,
    supervised,
    supervised_flow,
    theorem1,
    theorem2,
    unequal_views,
    wrong_labels,
)
from tests.theory.generic import POINT, mean

MAE = replace(POINT, framework="mae")
LABELLED = replace(POINT, framework="supervised")
ONE_VIEW = {"views": 1}
TIMES = np.array([1.0, 2.0])

REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("power", lambda: activation.smoothed_relu(np.ones(1), 1, 0.7)),
    ("positive", lambda: activation.smoothed_relu(np.ones(1), 3, 0.0)),
    ("gradients", lambda: cost.hours(POINT, -1, 1.0)),
    ("gradients", lambda: cost.hours(POINT, 1, 0.0)),
    ("gradients", lambda: cost.hours(POINT, 1, 1.0, 0.9)),
    ("start", lambda: growth.flow(0.0, 1.0, 3, 1.0)),
    ("start", lambda: growth.hitting_time(0.0, 1.0, 3)),
    ("time", lambda: growth.flow(0.1, 1.0, 3, -1e-9)),
    ("theta = 1", lambda: growth.decay_start(replace(POINT, visible=1.0), 0.3)),
    ("q >= 3", lambda: leak.leak_time(0.1, 1.0, 2, 0.7)),
    ("q >= 3", lambda: leak.level_correction(0.1, 2)),
    ("q >= 3", lambda: scaling.orders(2)),
    ("K must", lambda: plateau.shared_floor(0.99, 1)),
    ("K must", lambda: plateau.shared_floor(1.0, 0)),
    ("needs 0", lambda: separatrix.separatrix(-1e-9, 3)),
    ("needs 0", lambda: separatrix.separatrix(1 + 1e-9, 3)),
    ("needs 0", lambda: separatrix.separatrix(0.5, 1)),
    ("views >= 2", lambda: separatrix.sibling_advantage(replace(POINT, views=1))),
    ("never pull", lambda: separatrix.sibling_advantage(replace(POINT, signal=False))),
    ("increasing", lambda: mae_growth.course(MAE, TIMES, 0.0)),
    ("increasing", lambda: mae_growth.course(MAE, TIMES - 1, 0.1)),
    ("increasing", lambda: mae_growth.course(MAE, TIMES[[0, 0]], 0.1)),
    ("start", lambda: supervised.hitting_time(LABELLED, 0.0)),
    ("it has 3", lambda: supervised.both_views_probability(LABELLED)),
    ("views=3", lambda: resting.rest(POINT, 4)),
    ("views=3", lambda: resting.rest(POINT, 0)),
    ("nu=1", lambda: wrong_labels.margin(POINT, 1.0)),
    ("nu=-1", lambda: wrong_labels.margin(POINT, -1e-9)),
    ("coverage", lambda: theorem2.expected_cover_accuracy(replace(POINT, coverage=1 - 6 / 15))),
]


@pytest.mark.parametrize(("words", "ask"), REFUSED)
def test_what_lies_beyond_is_refused(words, ask):
    with pytest.raises(ValueError, match=words):
        ask()


# At u = 0.25 and q = 5 the flow of rate 1/8 is at infinity at time 4^8, to the last bit.
BLOWN = 0.25**-8
ADMITTED: list[tuple[Callable[[], object], object]] = [
    (lambda: float(activation.smoothed_relu(np.array(0.7), 2, 0.7)), 0.35),
    (lambda: cost.hours(POINT, 0, 1.0), 0.0),
    (lambda: cost.hours(POINT, 1, 1.0) / cost.hours(POINT, 1, 1.0, 2.0), 0.5),
    (lambda: growth.flow(0.3, 1.0, 3, 0.0), 0.3),
    (lambda: growth.flow(0.25, 1 / 8, 5, BLOWN), inf),
    (lambda: growth.flows(np.array([0.25]), 1 / 8, 5, np.array([BLOWN]))[0], inf),
    (lambda: growth.hitting_time(0.3, 0.0, 3), inf),
    (lambda: growth.hitting_time(0.7, 0.0, 3, 0.7), 0.0),
    (lambda: growth.hitting_times(np.array([0.0, 0.3]), np.array([1.0, 0.0]), 3, 0.7).tolist(),
     [inf, inf]),
    (lambda: leak.leak_time(0.0, 1.0, 3, 0.7), inf),
    (lambda: leak.leak_time(0.1, 0.0, 3, 0.7), inf),
    (lambda: leak.leak_time(0.1, 1.0, 3, 0.7), 4.9),
    (lambda: leak.level_correction(0.1, 3), 0.1),
    (lambda: leak.leak_times(POINT, np.array([0.0, 0.7]), 1.0, 0.7).tolist(), [inf, 0.0]),
    (lambda: leak.leak_times(POINT, np.array([0.7, 0.4]), 0.0, 0.7).tolist(), [0.0, inf]),
    (lambda: scaling.orders(3)["init_scale"].power, -1.0),
    (lambda: plateau.shared_floor(1.0, 1), 1.0),
    # 2^3 is the floor 8 itself; a gain that is the floor itself diverges.
    (lambda: plateau.fate(2.0, 8.0, 3), "decays"),
    (lambda: plateau.fate(8.0, 8.0, 3), "diverges"),
    (lambda: plateau.fate(plateau.saturation_gain(4.0, 3), 4.0, 3), "saturates"),
    (lambda: separatrix.separatrix(0.0, 3), 0.0),
    (lambda: separatrix.separatrix(0.0, 2), 1.0),
    (lambda: separatrix.separatrix(1.0, 4), 1 / 3),
    (lambda: separatrix.always_amplification(1.6, 2), inf),
    (lambda: separatrix.separating_ratio(1.0, 2), 0.0),
    (lambda: separatrix.separating_ratio(1.01, 2), 1.0),
    (lambda: separatrix.separating_ratio(0.0, 2), 0.0),
    (lambda: separatrix.separating_ratio(0.6, 3), 1.0),
    (lambda: supervised.hitting_time(LABELLED, 0.7), 0.0),
    (lambda: supervised.hitting_time(replace(LABELLED, signal=False), 0.3), inf),
    (lambda: supervised.both_views_probability(replace(LABELLED, views=1)), 0.0),
    (lambda: supervised.margin_after(LABELLED, 0.0), 0.0),
    (lambda: supervised.refined_single_view_error(replace(LABELLED, views=2, hide=False)), 0.0),
    (lambda: supervised.refined_single_view_error(replace(LABELLED, views=1)), 0.0),
    (lambda: wrong_labels.margin(POINT, 0.0), inf),
    (lambda: wrong_labels.margin(POINT, 0.5), log(4)),
    (lambda: theorem1.expected_coverage(replace(POINT, classes=2, views=1)), 1 - 0.5**22),
    (lambda: theorem1.expected_coverage(replace(POINT, classes=2, views=1, kernels_per_class=1)),
     0.75),
    (lambda: theorem2.expected_cover_accuracy(replace(POINT, coverage=1 - 5 / 15)).covered, 1.0),
    (lambda: leak_race.drift(replace(POINT, gain="constant", tau=9.0)), (0.0, 0.0)),
    (lambda: leak_race.drift(replace(POINT, gain="constant", tau=1.01)), (0.0, 0.0)),
    (lambda: leak_race.typical_leak_time(replace(POINT, power=2)), 0.0),
    (lambda: leak.residual(replace(POINT, gain="constant", tau=9.0)), inf),
    (lambda: unequal_views.first_by(np.array([[[3.0, 2.0]], [[3.0, 2.0]]]),
                                    np.array([2.0, 1.9])).tolist(), [[1], [-1]]),
    (lambda: mae_plateau.crossing_time(replace(MAE, signal=False), 0.1), inf),
    (lambda: mae_plateau.crossing_time(MAE, 0.7), 0.0),
    (lambda: coverage_time.typical(replace(POINT, kernels_per_class=1)), inf),
    (lambda: ensemble.union_share(0.0, 1), 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "expected"), ADMITTED)
def test_an_edge_lies_on_the_side_that_is_said(ask, expected):
    found = ask()
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_a_largest_start_of_zero_is_none():
    """Whoever is asked for the first: no correlation that is not positive grows."""
    c = np.zeros((55, 15))
    rates = np.ones(15)
    assert set(lottery.teacher_student_first_feature(POINT, c, rates).tolist()) == {-1}
    assert set(lottery.mae_first_feature(MAE, c[:3]).tolist()) == {-1}
    assert set(supervised.winning_view(LABELLED, c).tolist()) == {-1}
    assert set(unequal_views.largest_weighted(POINT, c, 0.5).tolist()) == {-1}
    assert np.isinf(coverage_time.kernel_times(POINT, c, rates)).all()
    moments = reduced_dynamics.law_moments(POINT)
    assert reduced_dynamics.course(POINT, moments, c[0]).hitting_time == inf


@pytest.mark.parametrize(
    "changes",
    [{"framework": "teacher-student"}, {"target": "masked"}, {"visible": 1.0}, ONE_VIEW],
)
def test_views_are_linked_where_all_of_four_things_hold(changes: dict):
    assert labelled_view.links_views(MAE)
    assert labelled_view.links_views(replace(MAE, visible=0.99, views=2))
    assert not labelled_view.links_views(replace(MAE, **changes))


@pytest.mark.parametrize(
    ("changes", "holds"),
    [({"gain": "release"}, True), ({"gain": "hold", "visible": 1.0}, True),
     ({"gain": "hold"}, False),
     ({"gain": "constant", "tau": 1.2, "visible": 1.0}, False),
     ({"framework": "mae", "gain": "release"}, False)],
)  # fmt: skip
def test_one_feature_a_kernel_for_ever(changes: dict, holds: bool):
    p: Parameters = replace(POINT, **changes)
    assert theorem1.one_feature_at_horizon(p) == holds


def test_where_nothing_grows_the_race_is_lost():
    """T is never reached: whatever leaks has all the time there is."""
    for p, lost in ((replace(POINT, amplification=0.0), True), (POINT, False)):
        [race] = [c for c in teacher_student.conditions(p) if c.id == "leak race"]
        assert (race.left == inf, race.right == 0.0) == (lost, lost)
        assert not (lost and race.holds)


@pytest.mark.parametrize(
    ("changes", "smooth"),
    [({"gain": "hold", "hold_width": 0.0}, False), ({"gain": "hold", "hold_width": 0.1}, True),
     ({"gain": "constant", "hold_width": 0.0}, True),
     ({"framework": "mae", "hold_width": 0.0}, True)],
)  # fmt: skip
def test_a_loss_has_a_curvature_but_where_a_gain_falls_at_once(changes: dict, smooth: bool):
    p: Parameters = replace(POINT, method="descent", **changes)
    assert curvature.is_smooth(p) is smooth
    found = assumptions.measured_step_size(p, 3.0)
    assert (found is not None) is smooth
    assert assumptions.measured_step_size(replace(p, method="flow"), 3.0) is None
    if found:
        assert (found.left, found.right, found.strict) == (3.0 * p.step, 1.0, True)


def test_a_view_that_no_image_shows_needs_a_drive_without_end_unless_it_has_crossed():
    c, strength = np.array([0.8, 0.7, 0.3, 0.3]), np.array([0.0, 0.5, 0.0, 0.5])
    left = (0.3**-3 - 0.7**-3) / 3
    found = supervised._drive_needed(LABELLED, c, strength)
    assert found.tolist() == [0.0, 0.0, inf, pytest.approx(left / 0.5)]


def test_a_class_without_images_is_as_active_as_the_law_says():
    p = replace(LABELLED, views=2, classes=2)
    kinds = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    shown = mean("shown", lambda z: (z**5).sum(1))
    found = supervised_flow.relative_activity(p, np.array([0.0, 0.0, 2 * shown, shown]), kinds)
    np.testing.assert_allclose(found, [[1.0, 1.0], [2.0, 1.0]])


def test_of_one_view_no_image_hides_another():
    one = replace(LABELLED, views=1)
    assert supervised.extra_drive(one) == supervised.extra_drive(one, 0.0)
    bare = replace(LABELLED, hide=False)
    assert supervised.extra_drive(bare) == supervised.extra_drive(bare, 0.0)
    assert supervised.extra_drive(LABELLED) > supervised.extra_drive(LABELLED, 0.0)
    at_rest = {name: resting.rest(replace(POINT, gain="hold", hold_width=0.3, **changes), 1)
                for name, changes in (("hidden", {}), ("bare", {"hide": False}))}  # fmt: skip
    shown = replace(POINT, gain="hold", hold_width=0.3, single_view=0.0)
    assert at_rest["bare"] == resting.rest(shown, 1) != at_rest["hidden"]


def test_a_class_that_starts_along_none_of_its_views_never_starts():
    p, start = replace(LABELLED, views=2, classes=2), np.full((2, 2, 3), 0.3)
    for largest in (0.0, -0.1):
        start[1] = largest
        assert supervised_flow.at_horizon(p, supervised_flow.expected_draw(p, start)) is None


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_where_nothing_is_hidden_every_image_is_right(lead: tuple):
    """However little is learned, and of however many runs."""
    bare, learned = replace(POINT, hide=False), np.zeros((*lead, 5, 3))
    assert theorem2.accuracy_of_views(bare, learned).tolist() == np.ones(lead).tolist()
    assert theorem2.accuracy_of_views(POINT, learned).tolist() == np.zeros(lead).tolist()


def test_a_rest_may_lie_where_a_teacher_of_the_loudest_feature_is_linear():
    """Just above the gain that escapes: 1.29, less than varrho tau times the strength 1.7."""
    p = replace(POINT, gain="constant", tau=1.15)
    assert 0 < resting.rest(p).correlation < 0.7 * 1.15 * 1.7


def test_of_two_classes_one_is_foreign():
    """A feature of the other one is in half of the images' classes, and in s/2 of their images."""
    p = replace(POINT, classes=2, off_class=0.3, single_view=0.0)
    (found,) = [c.left for c in assumptions.applying(p, "teacher-student")
                if c.id == "sparse presence"]  # fmt: skip
    assert found == pytest.approx(0.15)


@pytest.mark.parametrize("masks", ["bernoulli", "fixed"])
def test_of_one_patch_a_feature_masked_ones_are_driven_by_others_alone(masks: str):
    """No patch predicts itself: without a bias the feature's own drive is 0 itself, not nearly."""
    p = replace(MAE, target="masked", patches_per_feature=1, bias=False, masks=masks)
    assert mae_plateau.drive_matrix(p)[0, 0] == 0
    assert mae_plateau.grows_by_others(p)
    assert mae_plateau.drive_matrix(p)[0, 1] > 0
    assert theorem1._sibling_share(p) == 0.0
    assert 0 < mae_plateau.crossing_time(p, 0.1) < inf
    assert not mae_plateau.grows_by_others(replace(p, patches_per_feature=2))


def test_a_sibling_that_is_always_there_adds_as_much_as_the_feature_itself():
    """However small both drives are; of one view there is none."""
    p = replace(MAE, bias=False, hide=False, off_class=0.0, split="equal", own_high=1.1)
    drive = mae_plateau.drive_matrix(p)[0, 0]
    assert drive == pytest.approx(1.1**6 / 3**4 / 5)  # sum z^5 times sum z, shown in a class of 5
    assert theorem1._sibling_share(p) == pytest.approx(1.0)
    assert theorem1._sibling_share(replace(p, views=1)) == 0.0
    # Of views that are never shown together, each in one image of 15, with a bias: -1/15^2 over
    # 1/15 - 1/15^2.
    apart = replace(p, bias=True, hide=True, single_view=1.0, weak_view=0.0)
    assert theorem1._sibling_share(apart) == pytest.approx(-1 / 14)


def test_half_of_the_starts_that_grow_lie_below_their_median():
    """P(0 < g < x) = 1/4; of one kernel the largest start is as often negative."""
    assert ndtr(gaussian.MEDIAN_POSITIVE) - 0.5 == pytest.approx(0.25)
    for count in (1, 2, 7, 10**6):
        assert ndtr(gaussian.median_maximum(count)) ** count == pytest.approx(0.5)
    # E g_+ and E g_+^2, and of one group of one the same.
    assert gaussian.positive_moment(1) == pytest.approx((2 * pi) ** -0.5)
    assert gaussian.positive_moment(2) == pytest.approx(0.5)
    assert gaussian.smallest_of_maxima(1, 1) == pytest.approx((2 * pi) ** -0.5)


@pytest.mark.parametrize("left", [-1.0, 0.0, 0.01, 0.5])
def test_a_teacher_grows_on_for_the_time_that_labels_leave_it(monkeypatch, left: float):
    """From varrho at its crossing: the flow of one kernel, however short."""
    p = replace(POINT, framework="distilled")
    monkeypatch.setattr(teachers, "horizon", lambda p: 7.0)
    monkeypatch.setattr(teachers, "hitting_time", lambda p, start: 7.0 - left)
    found = teachers.teacher_correlation.__wrapped__(p)
    at = held.Held(p.linear_from)
    pull = held.lift_by_label(p, at, at)
    pull -= held.loss_off_class(p, at, held.answer_off_class(p, at, at))
    assert pull > 0
    assert found == pytest.approx(p.linear_from + pull * max(left, 0.0), rel=0.02)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 3.0])
def test_soft_labels_ask_for_less_as_long_as_a_logit_is_below_their_cap(temperature: float):
    """F below 1/tau^2 on some image of another class, of a kernel that answers it at all."""
    p = replace(POINT, framework="distilled", label_temperature=temperature)

    def least(c: float) -> float:
        return float(held.Held(c).logit(p, "off").min())

    met = brentq(lambda c: least(c) - temperature**-2, 1e-3, 1e4)
    assert residual._asks_for_less(p, held.Held(0.999 * met))
    assert not residual._asks_for_less(p, held.Held(1.001 * met))
    assert not residual._asks_for_less(p, held.Held(-1.0))


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("split", "exponent"), [("random", 1 / 3), ("equal", 1 / 4)])
def test_patches_are_equal_or_not_in_any_unit_of_their_strengths(unit, split, exponent):
    p = replace(MAE, split=split, bias=False)
    seen = resting.images_in_role(p, "shown")
    scaled = resting.Images(seen.weight, unit * seen.strength)
    assert mae_growth.rise(p, scaled).exponent == exponent


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_what_is_captured_first_does_not_depend_on_the_unit_of_time(unit: float):
    p, rates = replace(POINT, horizon=1e6), np.linspace(0.0, 2.0, 15)
    found = scaling.preferences(replace(p, horizon=1e6 / unit), unit * rates)
    np.testing.assert_allclose(found, scaling.preferences(p, rates), rtol=1e-6)
    assert (found > 0).tolist() == [False] + [True] * 14


def test_just_after_its_crossing_a_class_gains_as_fast_as_all_its_images_pull():
    """dM/dt = (Z^2/k)(k - 1)/k at M = 0."""
    speed = 1.4**2 / 5 * 4 / 5
    assert supervised.margin_after(LABELLED, 1e-5) == pytest.approx(1e-5 * speed, rel=1e-4)


def test_where_no_image_hides_a_view_both_are_learned_as_often_as_where_hardly_any_does():
    p = replace(LABELLED, views=2, init_scale=0.3)
    bare, few = (supervised.both_views_probability(replace(p, single_view=mu)) for mu in (0, 1e-9))
    assert 0 < bare < 1
    assert bare == pytest.approx(few, rel=1e-5)
