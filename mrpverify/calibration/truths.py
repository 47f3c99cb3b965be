"""Simulated truths: numbers of seeds whose mean, and share of true statements, is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Draw = Callable[[np.random.Generator, int], np.ndarray]
"""Values of so many independent seeds [seeds]."""

TARGET = 1.0
"""What the numbers of a law predict here."""
EDGE = 1.25
"""Upper end of their band: a quarter of the way to the rival at 2."""
GRID = 0.05
"""Distance of two points between which a bisection ends."""
GOOD = 0.99
"""The least accuracy of a seed in which a statement about accuracy is true."""


@dataclass(frozen=True)
class Truth:
    """A law of the seeds' values with its exact mean."""

    name: str
    draw: Draw
    mean: float
    """Of the values; of a statement's truth where they are 0 and 1."""
    bounded: bool = True
    """Whether all values lie in [0, 1]."""
    good: float = 1.0
    """Share of the seeds whose accuracy is at least GOOD, where the values are accuracies."""


def collapse(share: float, to: float) -> Truth:
    """Accuracies of 1, but in a `share` of the seeds, where they collapse `to` less."""

    def draw(random: np.random.Generator, seeds: int) -> np.ndarray:
        return np.where(random.random(seeds) < share, to, 1.0)

    return Truth(
        f"{share:.0%} of seeds collapse to {to:g}", draw, 1 - share * (1 - to), good=1 - share
    )


def statement(share: float) -> Truth:
    """A statement that is true in a `share` of the seeds."""

    def draw(random: np.random.Generator, seeds: int) -> np.ndarray:
        return (random.random(seeds) < share).astype(float)

    return Truth(f"Bernoulli, p = {share:g}", draw, share)


def classes(number: int, share: float) -> Truth:
    """The share of `number` classes of a seed in which something holds, each by itself."""

    def draw(random: np.random.Generator, seeds: int) -> np.ndarray:
        return random.binomial(number, share, seeds) / number

    return Truth(f"share of {number} classes, p = {share:g}", draw, share)


def beta(a: float, b: float) -> Truth:
    """A share with the law Beta(a, b)."""
    return Truth(f"Beta({a:g}, {b:g})", lambda random, seeds: random.beta(a, b, seeds), a / (a + b))


def constant(value: float) -> Truth:
    """No spread at all."""
    return Truth(f"no spread, {value:g}", lambda random, seeds: np.full(seeds, value), value)


def normal(mean: float, spread: float) -> Truth:
    """What a t-interval is made for."""
    return Truth(
        f"normal, spread {spread:g}",
        lambda random, seeds: random.normal(mean, spread, seeds),
        mean,
        bounded=False,
    )


def heavy(mean: float, power: float, scale: float) -> Truth:
    """Pareto (Lomax) tails that fall with `power` > 1, moved to a mean."""

    def draw(random: np.random.Generator, seeds: int) -> np.ndarray:
        return mean + scale * (1 / (power - 1) - random.pareto(power, seeds))

    return Truth(f"heavy tail below, power {power:g}", draw, mean, bounded=False)


STATEMENTS = tuple(statement(share) for share in (0.7, 0.8, 0.85, 0.95))
"""Below p0 = 0.8, at it, and beyond."""
ACCURACIES = (
    collapse(0.04, 0.75),
    collapse(0.02, 0.5),
    collapse(0.05, 0.8),
    collapse(0.2, 0.75),
    collapse(0.3, 0.75),
)
CONSTANT = constant(0.875)
SHARES = (
    *ACCURACIES[:3],
    classes(8, 0.95),
    beta(9, 1),
    beta(0.1, 0.9),
    statement(0.8),
    CONSTANT,
)
"""Bounded; the mean of each is taken as the threshold, so that both verdicts are false."""
NUMBERS = (normal(EDGE, 0.1), heavy(EDGE, 2.5, 0.1), heavy(EDGE, 1.5, 0.05))
"""Unbounded, at the upper edge of a band."""
