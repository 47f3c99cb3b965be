"""Evidence about a share that may be looked at as often as one likes: e-values (Ville 1939).

A bettor against "the share is at most p0" is paid the likelihood ratio of a mixture of shares above
p0 to p0 itself. While the bet's hypothesis is true their wealth gains nothing on average, however
long they go on, so the chance that it ever reaches 1/level is at most `level`. The other side bets
on shares below p0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, log

from scipy import special

from .sequential import LEVEL, Outcome
from .verdicts import Verdict

MIXED = ((0.5, 0.5), (1.0, 1.0), (12.0, 1.0))
"""Betas (a, b) of the mixture, equal parts, each cut off at p0: flat, near 0 and 1, and near 1."""


@dataclass(frozen=True)
class EValues:
    """Wealth of both bettors after so many seeds, and the verdict of the first that was enough."""

    support: float
    refute: float
    seeds: int
    verdict: Verdict


@cache
def wealth(successes: int, failures: int, p0: float, above: bool) -> float:
    """E-value against "share <= p0" (`above`) or "share >= p0", exact.

    Raises ValueError for negative counts or p0 outside (0, 1).
    """
    if min(successes, failures) < 0 or not 0 < p0 < 1:
        raise ValueError(f"successes={successes}, failures={failures}, p0={p0}: not a count")
    null = successes * log(p0) + failures * log(1 - p0)
    return sum(
        exp(
            _part(a + successes, b + failures, p0, above)
            - _part(a, b, p0, above)
            - null
        )
        for a, b in MIXED
    ) / len(MIXED)  # fmt: skip


def _part(a: float, b: float, p0: float, above: bool) -> float:
    """Log of the integral of p^(a-1) (1-p)^(b-1) over the shares of one side."""
    side = special.betaincc(a, b, p0) if above else special.betainc(a, b, p0)
    # Below all numbers on one side: the other side has all of the evidence.
    return float(special.betaln(a, b) + (log(side) if side > 0 else -inf))


def decide(outcomes: Sequence[Outcome], p0: float, level: float = LEVEL) -> EValues:
    """Seeds in their order until one side's wealth has reached 1/level; else all of them.

    A seed that is not known counts as false for support and as true for refutation.
    """
    true = possible = 0
    up = down = 1.0
    for seeds, outcome in enumerate(outcomes, 1):
        true += outcome is True
        possible += outcome is not False
        up = wealth(true, seeds - true, p0, above=True)
        down = wealth(possible, seeds - possible, p0, above=False)
        if max(up, down) >= 1 / level:
            verdict = Verdict.SUPPORTED if up >= down else Verdict.REFUTED
            return EValues(up, down, seeds, verdict)
    return EValues(up, down, len(outcomes), Verdict.INCONCLUSIVE)
