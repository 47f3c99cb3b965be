"""Where a statement stops holding nearest to a start: a direct search over positive parameters.

It walks outwards along the axes and diagonals of the logarithms of the parameters, halves the
distance between a point that holds and one that fails, and rounds what it found, away from the
start, to few digits. A question costs minutes and its answer is one bit with noise in it, so there
is no slope to follow and no room for the thousands of examples that a property-based shrinker asks
for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

Point = Mapping[str, float]
"""Values > 0 by name."""

FACTORS = (1.5, 2.0, 4.0, 8.0)
"""Distances tried along each direction, as ratios to the start."""

HALVINGS, DIGITS = 4, 2
"""Bisections of a distance (to a sixteenth), and digits a readable value has."""

CLOSER = 15 / 16
"""Another direction must be nearer by this factor to be worth its questions."""


class BudgetError(RuntimeError):
    """No question is left."""


@dataclass
class Budget:
    """A question that may be asked `left` more times; answers are remembered."""

    fails: Callable[[Point], bool]
    left: int
    _known: dict[tuple[tuple[str, float], ...], bool] = field(default_factory=dict)

    def __call__(self, point: Point) -> bool:
        """Whether the statement fails at a point; raises BudgetError when nothing is left."""
        key = tuple(point.items())
        if key not in self._known:
            if self.left == 0:
                raise BudgetError
            self.left -= 1
            self._known[key] = self.fails(point)
        return self._known[key]


def distance(start: Point, point: Point) -> float:
    """Euclidean length of the logarithms of point/start, >= 0."""
    return math.hypot(*(math.log(point[name] / start[name]) for name in start))


def nearest_failure(start: Point, fails: Budget) -> Point | None:
    """The nearest failing point found, readable where that still fails; None where none was.

    Near points are asked before far ones, in every direction. The result is nearest among the
    directions tried, within the budget; nothing is promised between them.
    """
    found: Point | None = None
    held = dict.fromkeys(_directions(len(start)), 0.0)
    try:
        for reach, direction in itertools.product(map(math.log, FACTORS), held):
            limit = math.inf if found is None else CLOSER * distance(start, found)
            tried = min(reach, limit)
            if tried <= held[direction]:
                continue
            if fails(_moved(start, direction, tried)):
                found = _halved(start, direction, fails, held[direction], tried)
            else:
                held[direction] = tried
    except BudgetError:
        pass
    return None if found is None else _readable(start, found, fails)


def _directions(size: int) -> Iterator[tuple[float, ...]]:
    """Unit vectors along the axes, then along the diagonals."""
    steps = [v for v in itertools.product((-1, 0, 1), repeat=size) if any(v)]
    for step in sorted(steps, key=lambda v: sum(map(abs, v))):
        length = math.hypot(*step)
        yield tuple(part / length for part in step)


def _halved(
    start: Point, direction: Sequence[float], fails: Budget, holds: float, fails_at: float
) -> Point:
    """Bisection between a distance that holds and one that fails, as far as the budget goes."""
    try:
        for _ in range(HALVINGS):
            middle = (holds + fails_at) / 2
            if fails(_moved(start, direction, middle)):
                fails_at = middle
            else:
                holds = middle
    except BudgetError:
        pass
    return _moved(start, direction, fails_at)


def _moved(start: Point, direction: Sequence[float], reach: float) -> Point:
    """The point at a distance from the start."""
    return {
        name: value * math.exp(reach * part)
        for (name, value), part in zip(start.items(), direction, strict=True)
    }


def _readable(start: Point, point: Point, fails: Budget) -> Point:
    """The point with few digits, one more as long as the rounded one does not fail."""
    try:
        for digits in (DIGITS, DIGITS + 1):
            rounded = {name: _away(start[name], value, digits) for name, value in point.items()}
            if fails(rounded):
                return rounded
    except BudgetError:
        pass
    return point


def _away(start: float, value: float, digits: int) -> float:
    """The value with so many digits, rounded away from the start: failing should go on there."""
    if value == start:
        return value
    exact = Decimal(value)
    last = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float(exact.quantize(last, ROUND_CEILING if value > start else ROUND_FLOOR))
