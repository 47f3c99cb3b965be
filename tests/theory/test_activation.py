"""The smoothed ReLU: C^1 at both joints, numpy and sympy agree, bad arguments raise."""

import numpy as np
import pytest
import sympy as sp

from mrpverify.theory.activation import (
    offset,
    smoothed_relu,
    smoothed_relu_expression,
    smoothed_relu_slope,
    smoothed_relu_slope_expression,
)

POINTS = np.array([-0.7, -1e-3, 0.0, 1e-3, 0.21, 0.3, 0.31, 0.9, 4.0])


@pytest.mark.parametrize("power", [2, 3, 4, 7])
def test_pieces_meet_in_value_and_slope(power: int) -> None:
    u, varrho = sp.symbols("u varrho", positive=True)
    middle, line = (
        u**power / (power * varrho ** (power - 1)),
        u - (1 - sp.Rational(1, power)) * varrho,
    )
    expression = smoothed_relu_expression(u, sp.Integer(power), varrho)
    assert sp.simplify(expression.args[-2][0] - middle) == 0
    assert sp.simplify(expression.args[-1][0] - line) == 0
    for order in (0, 1):
        gap = sp.diff(middle, u, order) - sp.diff(line, u, order)
        assert sp.simplify(gap.subs(u, varrho)) == 0
        assert sp.diff(middle, u, order).subs(u, 0) == 0


@pytest.mark.parametrize("power", [2, 3, 5])
def test_numpy_equals_sympy(power: int) -> None:
    value, slope = smoothed_relu(POINTS, power, 0.3), smoothed_relu_slope(POINTS, power, 0.3)
    level = sp.Rational(3, 10)
    for point, v, s in zip(POINTS, value, slope, strict=True):
        exact = sp.Float(point, 30)
        assert float(smoothed_relu_expression(exact, sp.Integer(power), level)) == pytest.approx(v)
        expected = smoothed_relu_slope_expression(exact, sp.Integer(power), level)
        assert float(expected) == pytest.approx(s)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_slope_is_the_derivative(power: int) -> None:
    u = np.array([-0.5, 0.1, 0.25, 0.6, 2.0])
    step = 1e-6
    numeric = smoothed_relu(u + step, power, 0.3) - smoothed_relu(u - step, power, 0.3)
    np.testing.assert_allclose(numeric / (2 * step), smoothed_relu_slope(u, power, 0.3), atol=1e-8)


def test_linear_part_lies_offset_below_the_identity() -> None:
    assert 2.0 - smoothed_relu(2.0, 3, 0.3) == pytest.approx(offset(3, 0.3)) == pytest.approx(0.2)


@pytest.mark.parametrize(("power", "level"), [(1, 0.5), (3, 0.0), (3, -1.0)])
def test_refuses_what_is_not_smooth(power: int, level: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        smoothed_relu(0.1, power, level)
