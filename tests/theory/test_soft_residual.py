"""Where a held view rests under smoothed labels, against the direction that a run follows."""

from dataclasses import replace
from itertools import product
from math import exp, inf

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.stats import t as student_t

import mrpverify as mv
from mrpverify.claims.accuracies import own_block
from mrpverify.objectives.distilled import gradient as distilled
from mrpverify.objectives.distilled import held, teachers
from mrpverify.objectives.distilled import residual as theory
from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters
from mrpverify.simulate.sample import sample_images
from mrpverify.simulate.teaching import TaughtImages, taught
from mrpverify.theory.data_law import power_sum, role
from mrpverify.theory.undefined import UndefinedError

P = Parameters(
    framework="distilled", classes=4, kernels_per_class=3, dimension=8, images=2500, patches=4,
    off_class=0.8, single_view=0.0, feature_noise=0.0, patch_noise=0.0, basis="canonical",
    power=3, linear_from=0.7, precision="float64", label_temperature=1.0, teacher_scale=1.0,
    taught_weight=10.0, derivative="exact", soft_labels="smoothed", off_low=0.3, off_high=0.4,
)  # fmt: skip
SEEDS = list(range(8))


def kernels(p, correlation, others, number=1):
    """View 1 of every class in one kernel, that of class 0 in `number`; nothing else is held."""
    m = p.kernels_per_class
    w = torch.zeros(len(SEEDS), p.kernels, p.dimension, dtype=torch.float64)
    for own in range(1, p.classes):
        w[:, own * m, p.views * own] = others
    w[:, :number, 0] = correlation
    return w


def followed(p, correlation, number=1):
    """`followed_at` where the other classes are at rest."""
    return followed_at(p, correlation, number, theory.rest(p).correlation)


def followed_at(p, correlation, number=1, typical=4.0):
    """Drive of a kernel of class 0's view over that by its own images, and the residual [seeds]."""
    images = sample_images(p, "residual", SEEDS)
    hot = torch.nn.functional.one_hot(images.labels, p.classes).double()
    q = teachers.of_another_class(p)
    soft = TaughtImages.of(images, hot * (1 - p.classes * q) + q)
    w = kernels(p, correlation, typical, number)
    state = {"weights": w}
    move, _ = distilled.descent_direction(p, state, soft, torch.zeros(1))
    outputs = supervised.logits(p, state, images.patches)
    wrong = 1 - torch.softmax(outputs, -1)[..., 0]
    mine = images.labels == 0
    residual = ((wrong * mine).sum(1) / mine.sum(1)).numpy()
    pull = hot * (1 - torch.softmax(outputs, -1)) * mine[..., None]
    alone, _ = supervised.direction_by(lambda _, here: pull[:, here], p, w, images)
    return (move["weights"] / alone["weights"])[:, 0, 0].numpy(), residual


def mean_and_error(values):
    """Mean, and what it may be off by in one of 10^4 such tests."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), error * student_t.ppf(1 - 0.5e-4, len(values) - 1)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "changes",
    [{}, {"taught_weight": 3.0}, {"taught_weight": 300.0}, {"off_class": 0.4}, {"off_class": 2.0}],
)
def test_at_rest_the_direction_vanishes_and_leaves_the_residual(number, changes):
    """False alarm 2e-4 a case. Nothing is left for the derivation: it is exact for this law."""
    p = replace(P, **changes)
    rest = theory.rest(p, number)
    drive, residual = followed(p, rest.correlation, number)
    mean, error = mean_and_error(drive)
    assert abs(mean) < error + 2e-3
    mean, error = mean_and_error(residual / rest.residual - 1)
    assert abs(mean) < error + 2e-3
    for factor, sign in ((0.9, 1), (1.1, -1)):
        mean, error = mean_and_error(followed(p, factor * rest.correlation, number)[0])
        assert sign * mean > error


@pytest.mark.parametrize("changes", [{}, {"classes": 2, "off_class": 0.2}, {"taught_weight": 3.0}])
def test_twice_as_many_nodes_change_no_rest(changes, monkeypatch):
    p = replace(P, **changes)
    few = theory.rest.__wrapped__(p)
    for name in ("OWN_POINTS", "LABEL_POINTS", "OTHER_POINTS", "NODES", "GRID"):
        monkeypatch.setattr(held, name, 2 * getattr(held, name))
    twice = theory.rest.__wrapped__(p)
    assert few.correlation == pytest.approx(twice.correlation, rel=1e-3)
    assert few.residual == pytest.approx(twice.residual, rel=1e-3)


@pytest.mark.parametrize(("label", "count"), [(0.0, 3), (20.0, 2), (3.0, 0)])
def test_softmax_weights_are_those_of_every_combination(label, count):
    off, own = np.array([0.2, 0.9, 1.7]), np.array([1.3, 40.0])
    states = [(1.0, 1 - 0.2), *((np.exp(f), 0.2 / 3) for f in off)]
    expected = np.zeros(2)
    for chosen in product(states, repeat=count):
        chance = np.prod([probability for _, probability in chosen])
        expected += chance * own / (own + label + sum(x for x, _ in chosen))
    p = replace(P, off_class=0.2 * P.classes)
    found = held.weight_of(p, own, np.array([label]), off, count)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("changes", [{}, {"off_class": 0.4, "single_view": 0.3}, {"classes": 8}])
def test_teachers_say_on_average_what_is_derived(changes):
    """False alarm 1e-4 a case."""
    p = replace(P, **{"dimension": 16, **changes})
    images = sample_images(p, "teachers", SEEDS)
    weights = kernels(p, teachers.teacher_correlation(p), teachers.teacher_correlation(p))
    said = taught(
        p, images, [supervised.logits(p, {"weights": weights}, images.patches)], "", SEEDS
    )
    hot = torch.nn.functional.one_hot(images.labels, p.classes).double()
    own = (said.soft * hot).sum(-1).mean(-1).numpy()
    mean, error = mean_and_error(own / teachers.of_the_label(p) - 1)
    assert abs(mean) < error + 1e-3
    others = (said.soft * (1 - hot)).sum((1, 2)).numpy() / images.labels.shape[1] / (p.classes - 1)
    mean, error = mean_and_error(others / teachers.of_another_class(p) - 1)
    assert abs(mean) < error + 1e-3
    assert own.mean() < 0.95 * teachers.of_the_label_alone(p)


@pytest.mark.parametrize("asked", [teachers.of_the_label, theory.rest, theory.smoothed_residual])
def test_where_labels_alone_learn_nothing_nobody_teaches(asked):
    with pytest.raises(UndefinedError, match="nobody teaches"):
        asked(replace(P, signal=False))


def test_teachers_end_where_a_run_of_labels_alone_does():
    """The typical class of four runs; they draw their starts, the derivation has one: to 15 %."""
    p = replace(P, framework="supervised", images=400, init_scale=0.014, method="flow")
    run = mv.train(p, salt="teachers", seeds=range(4))
    held_at = own_block(p, run["final_correlations"].values).max((2, 3))
    assert np.median(held_at) == pytest.approx(teachers.teacher_correlation(p), rel=0.15)


@settings(max_examples=15)
@given(st.floats(1.0, 50.0), st.floats(0.1, 0.5), st.integers(2, 30), st.floats(0.7, 1.4))
def test_more_soft_labels_leave_more_and_more_kernels_less(eta, presence, k, tau):
    p = replace(
        P, classes=k, dimension=2 * k, off_class=presence * k, taught_weight=eta,
        label_temperature=tau,
    )  # fmt: skip
    one = theory.rest(p)
    assert 0 <= one.residual < 1
    more = theory.rest(replace(p, taught_weight=1.5 * eta))
    assert more.residual >= one.residual
    assert more.correlation <= one.correlation
    if np.isfinite(one.correlation):
        assert theory.rest(p, 2).residual < one.residual
        assert theory.rest(p, 2).correlation < one.correlation


@pytest.mark.parametrize(
    "changes", [{"taught_weight": 0.0}, {"off_class": 0.0}, {"off_low": 0.0, "off_high": 0.0}]
)
def test_labels_alone_never_rest(changes):
    p = replace(P, **changes)
    assert theory.rest(p) == theory.Rest(inf, 0.0)
    assert theory.crossing_time(p, 0.01) == inf


def test_where_every_class_is_always_shown_soft_labels_ask_for_no_less():
    """s/k = 1: they ask for 1/k of every class, which is more than an answer off class."""
    p = replace(P, off_class=4.0)
    assert theory.rest(p) == theory.Rest(inf, 0.0)
    drive, _ = followed_at(p, 4.0)
    mean, error = mean_and_error(drive)
    assert mean > error


def test_soft_labels_below_the_cap_off_class_are_what_pulls():
    """Where z off class is so large that a rest would lie beyond the cap, nothing pulls."""
    light = replace(P, taught_weight=0.05)
    assert theory.rest(light).correlation == inf
    assert theory.rest(replace(light, off_low=0.05, off_high=0.1)).correlation < inf


def test_a_lost_view_grows_as_its_equation_says():
    rest = theory.rest(P, 2)
    rate = rest.residual / P.classes * power_sum(P, role(P, "shown"), 3) / P.linear_from**2

    def crosses(_, c):
        return c[0] - P.linear_from

    crosses.terminal = True
    found = solve_ivp(
        lambda _, c: rate * c**2, (0, 1e9), [0.03], events=crosses, rtol=1e-9, atol=1e-12
    )
    assert theory.crossing_time(P, 0.03, 2) == pytest.approx(found.t_events[0][0], rel=1e-6)
    assert theory.crossing_time(P, 0.03) < theory.crossing_time(P, 0.03, 2)
    assert theory.off_class_time(P, 0.03) > 20 * theory.crossing_time(P, 0.03)
    assert theory.crossing_time(P, P.linear_from) == 0
    assert theory.crossing_time(P, -0.1) == inf


def test_rivals_and_weights_by_hand():
    assert teachers.of_the_label_alone(P) == pytest.approx(exp(1) / (exp(1) + 3))
    known = teachers.of_the_label(P)
    assert teachers.of_another_class(P) == pytest.approx((1 - known) / 3)
    assert theory.smoothed_residual(P) == pytest.approx(1 - (1 + 10 * known) / 11)


@pytest.mark.parametrize(
    ("changes", "number"),
    [({}, 0), ({"derivative": "truncated"}, 1), ({"soft_labels": "own"}, 1)],
)
def test_what_the_balance_is_not_about_is_refused(changes, number):
    with pytest.raises(ValueError, match=r"kernel|balance"):
        theory.rest(replace(P, **changes), number)


def test_a_view_that_soft_labels_let_nobody_hold_is_said_to_be_none():
    with pytest.raises(UndefinedError, match="no view is held"):
        theory.rest(replace(P, classes=2, off_low=2.0, off_high=3.0))
