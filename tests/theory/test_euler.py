"""How late descent is: against the recursion itself, and against Euler's error to first order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.theory.euler import delay, growth_per_step

VARRHO = 0.7


def stepped(rate, exponent, start, eta):
    """Time at which c' = rate c^p reaches varrho by steps eta (varrho/c)^{p-1}, interpolated.

    Between two steps the time that is left is that of the geometric series.
    """
    c, time = start, 0.0
    while True:
        step = eta * (VARRHO / c) ** (exponent - 1)
        after = c + step * rate * c**exponent
        if after >= VARRHO:
            ratio = after / c
            share = (1 - (VARRHO / c) ** -(exponent - 1)) / (1 - ratio ** -(exponent - 1))
            return time + share * step
        c, time = after, time + step


@given(
    st.floats(0.1, 10), st.sampled_from([2, 3, 5, 7]), st.floats(0.01, 0.5), st.floats(0.01, 0.8)
)
def test_descent_is_as_late_as_its_own_recursion(rate, exponent, share, per_step):
    start, n = share * VARRHO, exponent - 1
    eta = per_step / (rate * VARRHO**n)
    flow = (start**-n - VARRHO**-n) / (n * rate)
    found = growth_per_step(eta, np.array(flow), np.array(start), VARRHO, exponent)
    assert found == pytest.approx(per_step)
    late = stepped(rate, exponent, start, eta) / flow - 1
    assert late == pytest.approx(float(delay(found, exponent)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("exponent", [2, 3, 5])
def test_for_small_steps_it_is_half_of_eta_times_the_growth_eigenvalue(exponent):
    """Euler's method follows y' = f - (eta/2) f' f: late by (eta/2) log f at a fixed step, here by
    (1/2) int eta p dlog c with the step of the rule."""
    for h in (1e-3, 1e-4):
        assert float(delay(np.array(h), exponent)) / (exponent * h / 2) == pytest.approx(
            1, abs=2 * exponent * h
        )


def test_doubling_c_in_every_step():
    """p = 2: the steps take 1, 1/2, 1/4 ... of the first, the flow half of each."""
    assert float(delay(np.array(1.0), 2)) == pytest.approx(1.0)
    assert float(delay(np.array(1.0), 3)) == pytest.approx(2 / (1 - 1 / 4) - 1)
