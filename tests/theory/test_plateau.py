"""L4: the end of a constant gain, against integration of the scalar equation."""

import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from mrpverify.theory import notation, plateau
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope

LEVEL, FLOOR = 0.5, 2.2


def _run(gain: float, floor: float, power: int, features: int, time: float = 400.0) -> float:
    """u at a late time of a kernel with `features` equal features, one patch each per unit of K."""

    def velocity(_: float, u: list[float]) -> float:
        a = smoothed_relu(u[0], power, LEVEL)
        taught = smoothed_relu(gain * u[0], power, LEVEL)
        bracket = features * (taught - a) - (floor - 1) * a
        return float(bracket * smoothed_relu_slope(u[0], power, LEVEL))

    far = lambda _, u: u[0] - 50.0  # noqa: E731
    far.terminal = True  # type: ignore[attr-defined]
    run = solve_ivp(velocity, (0, time), [0.4], method="LSODA", events=far, rtol=1e-9, atol=1e-12)
    return float(run.y[0, -1])


CASES = [
    (1.25, 3, 1, "decays"),
    (1.35, 3, 1, "stops below varrho"),
    (1.55, 3, 1, "saturates"),
    (1.8, 3, 1, "saturates"),
    (2.3, 3, 1, "diverges"),
    (1.26, 4, 1, "stops below varrho"),
    (1.35, 4, 1, "saturates"),
    (1.55, 3, 2, "saturates"),
    (1.65, 3, 2, "diverges"),
]


@pytest.mark.parametrize(("gain", "power", "features", "expected"), CASES)
def test_fate_is_where_the_equation_ends(
    gain: float, power: int, features: int, expected: plateau.Fate
) -> None:
    assert plateau.fate(gain, FLOOR, power, features) == expected
    end = _run(gain, FLOOR, power, features)
    predicted = plateau.plateau(gain, FLOOR, power, LEVEL, features)
    if expected == "decays":
        assert predicted == 0
        assert end < 0.2
    elif expected == "diverges":
        assert predicted == float("inf")
        assert end >= 49.9
    else:
        assert end == pytest.approx(predicted, rel=1e-4)
        assert (end >= LEVEL) == (expected == "saturates")


def test_boundaries() -> None:
    at = plateau.saturation_gain(FLOOR, 3)
    assert plateau.fate(at - 1e-9, FLOOR, 3) == "stops below varrho"
    assert plateau.fate(at + 1e-9, FLOOR, 3) == "saturates"
    assert plateau.plateau(at, FLOOR, 3, LEVEL) == pytest.approx(LEVEL)
    assert plateau.fate(FLOOR, FLOOR, 3) == "diverges"
    assert plateau.fate(FLOOR ** (1 / 3) - 1e-9, FLOOR, 3) == "decays"
    assert plateau.fate(1.0, 1.0, 3) == "decays"


def test_plateau_expression_is_the_number() -> None:
    n = notation
    values = {
        n.q: 3,
        n.varrho: sp.Rational(1, 2),
        n.K: sp.Rational(11, 5),
        n.tau: sp.Rational(8, 5),
    }
    exact = float(plateau.plateau_expression().subs(values))
    assert plateau.plateau(1.6, 2.2, 3, 0.5) == pytest.approx(exact)
    closed = (1 - 1 / n.q) * n.varrho * (n.K - 1) / (n.K - n.tau)
    assert sp.simplify(plateau.plateau_expression() - closed) == 0


def test_refuses_impossible_floors() -> None:
    with pytest.raises(ValueError, match="K must be >= 1"):
        plateau.fate(1.2, 0.9, 3)
