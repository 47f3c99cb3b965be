"""L5: phi_q, its limits, and the winner of two features by integrating their equations."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from mrpverify.parameters import Parameters
from mrpverify.theory import separatrix as s


@pytest.mark.parametrize("power", [2, 3, 4, 6])
def test_ratio_drift_has_the_stated_form(power: int) -> None:
    c, x, alpha, beta = sp.symbols("c x alpha beta", positive=True)
    phi = x ** (power - 2) * (1 - x**2) / (1 - x ** (2 * power - 2))
    stated = x * c ** (2 * power - 2) * (1 - x ** (2 * power - 2)) * (beta * phi - alpha)
    assert sp.simplify(s.ratio_drift_expression(power) - stated) == 0


@given(st.floats(0.0, 0.999), st.integers(3, 8))
def test_phi_is_the_quotient_and_increases(x: float, power: int) -> None:
    quotient = x ** (power - 2) * (1 - x**2) / (1 - x ** (2 * power - 2))
    assert s.separatrix(x, power) == pytest.approx(quotient, rel=1e-9, abs=1e-300)
    assert s.separatrix(x, power) <= s.separatrix(min(1.0, x + 0.001), power)


@pytest.mark.parametrize("power", [2, 3, 4, 8])
def test_phi_at_the_ends(power: int) -> None:
    assert s.separatrix(1.0, power) == pytest.approx(1 / (power - 1))
    assert s.separatrix(0.0, power) == (1.0 if power == 2 else 0.0)
    with pytest.raises(ValueError, match="0 <= x <= 1"):
        s.separatrix(1.1, power)


@pytest.mark.parametrize("power", [3, 4])
@pytest.mark.parametrize("amplification", [0.15, 0.6])
@pytest.mark.parametrize("side", [-0.03, 0.03])
def test_winner_by_integration(power: int, amplification: float, side: float) -> None:
    floor = 2.5
    advantage = s.leader_advantage(floor, amplification)
    edge = s.separating_ratio(advantage, power)
    assert 0.03 < edge < 0.97
    alpha, beta = amplification, floor - 1 + amplification
    q, x0 = power, edge + side

    def velocity(_: float, y: np.ndarray) -> list[float]:
        c, d = y
        return [
            alpha * c ** (2 * q - 1) + beta * c ** (q - 1) * d**q,
            alpha * d ** (2 * q - 1) + beta * d ** (q - 1) * c**q,
        ]

    grown = lambda _, y: y[0] - 1e3  # noqa: E731
    grown.terminal = True  # type: ignore[attr-defined]
    run = solve_ivp(velocity, (0, 1e9), [1.0, x0], events=grown, rtol=1e-9, max_step=np.inf)
    wins = run.y[1, -1] / run.y[0, -1] < x0
    assert wins == s.leader_wins(x0, floor, amplification, power) == (side < 0)


def test_amplification_from_which_the_leader_always_wins() -> None:
    edge = s.always_amplification(1.5, 4)
    assert edge == pytest.approx(0.25)
    assert s.leader_wins(1.0, 1.5, edge * 1.01, 4)
    assert not s.leader_wins(1.0, 1.5, edge * 0.99, 4)
    assert s.always_amplification(1.5, 2) == float("inf")
    assert not s.leader_wins(0.01, 1.5, 50.0, 2)


def test_advantage_over_the_law_reduces_to_equal_patches() -> None:
    p = Parameters(split="equal", off_class=0.0, single_view=0.0, amplification=0.4, own_low=1.3)
    assert s.sibling_advantage(p) == pytest.approx(s.leader_advantage(p.gain_floor, 0.4))
    assert s.sibling_advantage(replace(p, off_class=2.0)) > s.sibling_advantage(p)
    with pytest.raises(ValueError, match="views >= 2"):
        s.sibling_advantage(replace(p, views=1))


@pytest.mark.parametrize(
    ("advantage", "power", "edge"), [(0.6, 3, 1.0), (0.0, 3, 0.0), (0.9, 2, 0.0)]
)
def test_separating_ratio_at_its_ends(advantage: float, power: int, edge: float) -> None:
    assert s.separating_ratio(advantage, power) == edge
