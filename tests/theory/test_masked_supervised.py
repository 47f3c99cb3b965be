"""AUG: growth of the second view under masks, against the enumeration of every mask."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from mrpverify.objectives.masked_supervised import theory
from mrpverify.parameters import Parameters
from mrpverify.theory.activation import smoothed_relu

LEARNED = 40.0
"""Correlation of view 1: its residual vanishes wherever one of its patches is seen."""


def regime(**changes):
    plain = Parameters(split="equal", own_low=1.0, own_high=1.0, off_class=0.0, single_view=0.0)
    return replace(plain, **changes)


def enumerated(p, c, first=LEARNED):
    """dc/dt of view 2 of one class: all masks of its 2 C_p patches, by hand."""
    count, z = p.patches_per_feature, 1 / p.patches_per_feature
    a = {v: float(smoothed_relu(v * z, p.power, p.linear_from)) for v in (first, c)}
    slope = (min(max(c * z, 0.0), p.linear_from) / p.linear_from) ** (p.power - 1)
    total = 0.0
    for mask in product((0, 1), repeat=2 * count):
        seen = sum(mask)
        weight = p.visible**seen * (1 - p.visible) ** (2 * count - seen)
        own = sum(mask[:count]) * a[first] + sum(mask[count:]) * a[c]
        residual = (p.classes - 1) / (p.classes - 1 + np.exp(own))
        total += weight * residual * sum(mask[count:]) * slope * z
    return total / p.classes


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("visible", [0.1, 1 / 3, 0.5, 0.9])
def test_the_rate_is_that_of_all_masks(count, visible):
    p = regime(patches_per_feature=count, visible=visible)
    c = 0.01 * p.linear_from
    assert theory.second_view_rate(p, c) == pytest.approx(enumerated(p, c), rel=2e-3)


def test_without_a_mask_nothing_grows_and_the_rival_with_one_patch_is_excluded():
    p = regime(visible=1.0)
    assert theory.second_view_rate(p, 0.01) == 0 > -enumerated(p, 0.01) > -1e-12
    assert theory.second_view_time(p, 0.01) == np.inf
    half, most = (regime(visible=v) for v in (0.5, 0.9))
    ratio = enumerated(half, 0.01) / enumerated(most, 0.01)
    assert ratio == pytest.approx(0.5 * 0.5**2 / (0.9 * 0.1**2), rel=5e-3)
    assert abs(ratio - 0.5 * 0.5 / (0.9 * 0.1)) > 5  # hidden patches counted once


@given(st.integers(1, 4), st.floats(0.05, 0.95))
def test_no_share_is_better_than_the_best(count, visible):
    p = regime(patches_per_feature=count, visible=visible)
    best = replace(p, visible=theory.best_visible_share(p))
    assert theory.hidden_share(p) <= theory.hidden_share(best) + 1e-15


@pytest.mark.parametrize("power", [3, 4])
def test_the_time_is_that_of_the_rate_integrated(power):
    p, start = regime(power=power, visible=0.4), 0.02
    end = theory.second_view_time(p, start)
    found = solve_ivp(
        lambda t, c: [theory.second_view_rate(p, float(c[0]))],
        (0, 2 * end), [start], rtol=1e-10, atol=1e-14,
        events=lambda t, c: c[0] - p.linear_from,
    )  # fmt: skip
    assert found.t_events[0][0] == pytest.approx(end, rel=1e-6)
