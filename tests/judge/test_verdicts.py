"""Verdicts and exit codes against the written rules."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mrpverify.judge.verdicts import (
    EXIT_CODES,
    EXIT_USAGE,
    Verdict,
    all_of,
    exit_code,
    final_verdict,
    measured_above,
    measured_within,
)


def test_exit_codes_are_those_of_the_documented_contract():
    """docs/command_line.md; scripts branch on them."""
    names = ("SUPPORTED", "ERROR", "REFUTED", "INCONCLUSIVE", "UNINFORMATIVE", "OUT_OF_REGIME")
    assert {v.value: code for v, code in EXIT_CODES.items()} == dict(
        zip(names, (0, 1, 3, 4, 5, 6), strict=True)
    )
    assert EXIT_USAGE == 2


def test_measured_by_interval():
    assert measured_above((0.51, 0.9), 0.5) is Verdict.SUPPORTED
    assert measured_above((0.1, 0.49), 0.5) is Verdict.REFUTED
    assert measured_above((0.4, 0.6), 0.5) is Verdict.INCONCLUSIVE


def test_final_verdict_follows_the_order_of_the_rules():
    for measured, failed, inside in itertools.product(
        (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE), (True, False), (True, False)
    ):
        verdict = final_verdict(measured, controls_failed=failed, in_regime=inside)
        if measured is Verdict.REFUTED:
            assert verdict is Verdict.REFUTED
        elif not failed:
            assert verdict is Verdict.UNINFORMATIVE
        elif not inside:
            assert verdict is Verdict.OUT_OF_REGIME
        else:
            assert verdict is measured


def test_exit_codes_take_the_worst_three_before_five_before_six_before_four():
    order = ["ERROR", "REFUTED", "UNINFORMATIVE", "OUT_OF_REGIME", "INCONCLUSIVE", "SUPPORTED"]
    codes = [1, 3, 5, 6, 4, 0]
    for position in range(len(order)):
        assert exit_code(map(Verdict, order[position:])) == codes[position]
    assert exit_code([]) == 0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_band_supports_what_lies_in_it_and_refutes_what_lies_outside(a, b, c, d):
    (low, high), band = sorted((a, b)), tuple(sorted((c, d)))
    found = measured_within((low, high), band)
    assert (found is Verdict.SUPPORTED) == (band[0] <= low and high <= band[1])
    assert (found is Verdict.REFUTED) == (high < band[0] or low > band[1])


def test_several_parts_are_refuted_by_one_and_supported_by_all():
    yes, no, open_ = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
    assert all_of([yes, yes]) is yes
    assert all_of([yes, open_]) is open_
    assert all_of([yes, open_, no]) is no
    assert all_of([]) is open_
