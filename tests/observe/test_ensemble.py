"""One answer of many networks, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mrpverify.observe.ensemble import RULES, by_majority, by_mean_logit, by_mean_softmax

LOGITS = arrays(np.float64, (3, 2, 4), elements=st.floats(-5, 5).map(lambda x: round(x, 2)))


@given(LOGITS, st.lists(st.integers(0, 3), min_size=2, max_size=2))
def test_copies_of_one_answer_as_one(logits, labels):
    one, label = logits[:1], np.array(labels)
    for rule in (by_mean_logit, by_majority):
        assert (rule(np.repeat(one, 5, 0), label) == rule(one, label)).all()


@given(LOGITS, st.lists(st.integers(0, 3), min_size=2, max_size=2), st.permutations(range(3)))
def test_the_order_of_members_does_not_count(logits, labels, order):
    label = np.array(labels)
    for rule in (by_mean_logit, by_majority):
        # Sums of another order may differ in the last digit: exact multiples do not.
        whole = np.round(4 * logits)
        assert (rule(whole[order], label) == rule(whole, label)).all()


@pytest.mark.parametrize(
    ("members", "right"),
    [
        # One that knows outweighs two that are disturbed a little, but not in a vote.
        ([[9, 0, 0], [0, 1, 0], [0, 0.5, 0]], (True, True, False)),
        ([[2, 0, 0], [2, 0, 0], [0, 9, 0]], (False, True, True)),
        # A tie of votes is no answer, and neither is a member's own tie.
        ([[2, 0, 0], [0, 1, 0]], (True, True, False)),
        ([[1, 1, 0], [2, 0, 0]], (True, True, True)),
        ([[0, 0, 0], [0, 0, 0]], (False, False, False)),
    ],
)
def test_rules_by_hand(members, right):
    logits = np.array(members, dtype=float)
    found = tuple(bool(rule(logits, np.array(0))) for rule in RULES.values())
    assert found == right
    assert list(RULES) == ["mean of logits", "mean of softmax", "majority vote"]
    assert bool(by_mean_softmax(logits, np.array(0))) == right[1]
