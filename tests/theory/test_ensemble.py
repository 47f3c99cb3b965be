"""ENS: what an ensemble knows, against counting in groups drawn at random and by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.theory import ensemble as theory
from mrpverify.theory.supervised import single_view_error

CLASSES = 8
HELD = {
    "first": (True, False), "second": (False, True), "both": (True, True), "none": (False, False),
}  # fmt: skip


def regime(presence):
    return Parameters(classes=CLASSES, off_class=presence * CLASSES)


def union_by_hand(both, members, neither):
    """Distribution of what a class's members hold together, by enumerating every combination."""
    one = (1 - both - neither) / 2
    chance = {"first": one, "second": one, "both": both, "none": neither}
    found = {}
    for combination in product(HELD, repeat=members):
        views = tuple(any(HELD[name][v] for name in combination) for v in (0, 1))
        weight = np.prod([chance[name] for name in combination])
        found[views] = found.get(views, 0.0) + weight
    return found


def error_by_hand(both, members, presence, neither):
    """A hidden view that no member holds, and a foreign class of which a held view is shown.

    Or a class of which no member holds any.
    """
    union = union_by_hand(both, members, neither)
    quiet = sum(w * (1 - presence) ** sum(views) for views, w in union.items())
    missing, unknown = union[False, True], union[False, False]
    return missing * (1 - quiet ** (CLASSES - 1)) + unknown


@pytest.mark.parametrize("neither", [0.0, 0.004, 0.3])
@pytest.mark.parametrize("members", [1, 2, 3, 5])
@pytest.mark.parametrize("both", [0.0, 0.14, 0.6])
@pytest.mark.parametrize("presence", [0.05, 0.2])
def test_union_and_error_agree_with_every_combination_of_members(members, both, presence, neither):
    union = union_by_hand(both, members, neither)
    held = sum(w * sum(views) / 2 for views, w in union.items())
    assert theory.union_share(both, members, neither) == pytest.approx(held, abs=1e-12)
    error = theory.single_view_error(regime(presence), both, members, neither)
    assert error == pytest.approx(error_by_hand(both, members, presence, neither), abs=1e-12)


@given(st.floats(0.0, 0.3))
def test_one_member_that_holds_one_view_is_l12(presence):
    p = regime(presence)
    assert theory.single_view_error(p, 0.0, 1) == pytest.approx(single_view_error(p), abs=1e-12)


@given(st.floats(0, 1), st.integers(1, 20))
def test_more_members_know_more(both, members):
    p = regime(0.2)
    assert theory.union_share(both, members + 1) >= theory.union_share(both, members)
    more = theory.single_view_error(p, both, members + 1)
    assert more <= theory.single_view_error(p, both, members)


def test_as_many_members_as_needed_lack_nothing():
    p = regime(0.2)
    enough = theory.members_needed(p, 0.05)
    assert 1 - (1 - theory.missing_share(0, enough)) ** p.features <= 0.05
    assert 1 - (1 - theory.missing_share(0, enough - 2)) ** p.features > 0.05


def test_the_usual_chance_of_a_missing_view_is_a_twentieth():
    """log2(26/0.05) = 9.02: at a chance of 0.055 nine members would do."""
    assert theory.members_needed(Parameters(classes=13)) == 10
