"""What would mend a violated regime condition: the nearest value of one parameter that meets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from math import ceil, floor
from typing import Any

from ..admissible import RegimeError
from ..judgeable import unjudgeable
from ..parameters import DOMAINS, Parameters, relevant
from ..parts.mask_law import least_patches
from .assumptions import applying, applying_one
from .condition import Condition

NUDGE = 1.05
"""Factor by which a parameter is moved to see whether a condition depends on it."""
DOUBLINGS = 5
"""How far a parameter is moved at most, up and down: what lies farther is another regime."""
HALVINGS = 6
"""Of the last doubling, on a log scale."""
DIGITS = 2
"""Of a value that is proposed."""


@dataclass(frozen=True)
class Mend:
    """A parameter by its symbol, and a value of it."""

    symbol: str
    value: float

    def __str__(self) -> str:
        """As ``--set`` takes it."""
        short = f"{self.value:g}"
        return f"{self.symbol}={short if float(short) == self.value else repr(self.value)}"


@lru_cache(maxsize=64)
def mends(parameters: Parameters, framework: str, condition: str) -> tuple[Mend, ...]:
    """Values, one parameter each, that meet the condition of that id; the nearest one first.

    Every other condition that holds goes on holding. Near is a small ratio to the value of now;
    others much farther than the nearest are not looked for. Empty where no parameter does it alone
    within a factor of 2^DOUBLINGS. Raises ValueError for an unknown framework and KeyError for a
    condition it does not have.
    """
    p, violated = parameters, _one(parameters, framework, condition)
    if violated is None:
        raise KeyError(condition)
    found: list[tuple[float, Mend]] = []
    for name in _numbers(p):
        for up in (True, False):
            if _margin(p, framework, name, up, condition) > violated.margin:
                farthest = min((factor for factor, _ in found), default=2.0**DOUBLINGS)
                factor = _least_factor(p, framework, name, up, condition, farthest)
                if factor is not None:
                    value = _value(p, name, factor, up)
                    found.append((factor, Mend(DOMAINS[name].symbol, float(value))))
    return tuple(mend for _, mend in sorted(found, key=lambda pair: pair[0]))


def _numbers(p: Parameters) -> Iterator[str]:
    """Parameters of the run that can be multiplied; how many views there are is the theory's."""
    for name in relevant(p):
        domain = DOMAINS[name]
        if (
            name != "views"
            and not domain.choices
            and domain.kind in (int, float)
            and getattr(p, name) > 0
        ):
            yield name


@lru_cache(maxsize=256)
def _held(p: Parameters, framework: str) -> frozenset[str]:
    """Conditions that hold; none where some have no value."""
    try:
        return frozenset(c.id for c in applying(p, framework) if c.holds)
    except ArithmeticError:
        return frozenset()


@lru_cache(maxsize=256)
def _one(p: Parameters, framework: str, condition: str) -> Condition | None:
    """One condition; what costs more than it is not computed.

    None for no such one, and where it has no value, as with masks of which one patch is visible.
    """
    try:
        return applying_one(p, framework, condition)
    except ArithmeticError:
        return None


def _margin(p: Parameters, framework: str, name: str, up: bool, condition: str) -> float:
    """Margin of a condition with one parameter a little larger or smaller; -inf for no such one."""
    moved = _moved(p, name, NUDGE, up)
    found = None if moved is None else _one(moved, framework, condition)
    return float("-inf") if found is None else found.margin


def _least_factor(
    p: Parameters, framework: str, name: str, up: bool, condition: str, farthest: float
) -> float | None:
    """Least factor >= 1, up to `farthest`, by which it holds with all that hold now, or None."""
    needed = _held(p, framework)

    def fits(factor: float) -> bool:
        moved = _moved(p, name, factor, up)
        own = None if moved is None else _one(moved, framework, condition)
        if moved is None or own is None or not own.holds:
            return False
        return needed <= _held(moved, framework)

    bad, good = 1.0, 2.0
    while not fits(good):
        bad, good = good, 2 * good
        if bad >= farthest:
            return None
    for _ in range(HALVINGS):
        middle = (bad * good) ** 0.5
        bad, good = (bad, middle) if fits(middle) else (middle, good)
    return good


def _moved(p: Parameters, name: str, factor: float, up: bool) -> Parameters | None:
    """The regime with one parameter moved; None where that is not admissible, or not for a user."""
    changed: dict[str, Any] = {name: _value(p, name, factor, up)}
    try:
        moved = replace(p, **changed)
    except RegimeError:
        return None
    return None if set(unjudgeable(moved)) - set(unjudgeable(p)) else moved


def _value(p: Parameters, name: str, factor: float, up: bool) -> float | int:
    """The parameter times (or over) the factor, in few digits, rounded away from its value now.

    Masks of fixed size have a whole number of visible patches.
    """
    exact = float(getattr(p, name)) * (factor if up else 1 / factor)
    whole = ceil if up else floor
    if p.masks == "fixed" and name == "visible":
        return whole(exact * p.patches) / p.patches
    if p.masks == "fixed" and name == "patches":
        unit = least_patches(p.visible, 1)
        return unit * whole(exact / unit)
    if DOMAINS[name].kind is int:
        return whole(exact)
    number = Decimal(exact)
    digit = Decimal(1).scaleb(number.adjusted() - DIGITS + 1)
    return float((number / digit).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * digit)
