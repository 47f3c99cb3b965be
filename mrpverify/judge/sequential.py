"""Group-sequential test of a statement that is true or false in every seed (section 6).

Seeds are looked at in their order, at a few sample sizes fixed before the run. The boundaries are
computed, not tabulated: at a true share p0 the chance of ever crossing the upper ones is at most
the level, and so is the chance of ever crossing the lower ones; each bound holds whether or not the
run stops at the other. Binomial recursion (Armitage, McPherson and Rowe 1969), exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil, log
from typing import Any

import numpy as np
from scipy import stats

from .verdicts import Verdict

LEVEL = 0.05
"""Chance of a false SUPPORTED, and of a false REFUTED, at most."""
FIRST_LOOK = 4
"""Seeds of the first look; later ones double."""
USUAL_CAP = 24
"""Seeds at most of the usual design; controls are held to no laxer one."""

ROUNDING = 1e-12
"""Of a probability: 1 - 0.95 is a little more than 0.05."""

Outcome = bool | None
"""What a seed says; None where it is not known."""
Boundary = tuple[int | None, ...]
"""Successes that decide, by look; None where that look decides nothing."""


@dataclass(frozen=True)
class Design:
    """Looks, and the successes that decide at each: at least `support`, at most `refute`."""

    p0: float
    looks: tuple[int, ...]
    support: Boundary
    refute: Boundary
    level: float = LEVEL

    @property
    def cap(self) -> int:
        """Seeds at most."""
        return self.looks[-1]

    def decide(self, outcomes: Sequence[Outcome]) -> tuple[int, Verdict]:
        """Seeds used and the verdict of the first look that decides, seeds in their order.

        A seed that is not known counts as false for support and as true for refutation. Where no
        look decides, all seeds that are there up to the cap are used.
        """
        for look, enough, few in zip(self.looks, self.support, self.refute, strict=True):
            if look > len(outcomes):
                break
            true = sum(seed is True for seed in outcomes[:look])
            possible = true + sum(seed is None for seed in outcomes[:look])
            if enough is not None and true >= enough:
                return look, Verdict.SUPPORTED
            if few is not None and possible <= few:
                return look, Verdict.REFUTED
        return min(len(outcomes), self.cap), Verdict.INCONCLUSIVE

    def after(self, seeds: int) -> int | None:
        """Seeds of the look that follows `seeds` of them, None after the last."""
        return next((look for look in self.looks if look > seeds), None)

    def characteristics(self, p: float) -> Characteristics:
        """Exact chances of the verdicts and the mean number of seeds at a true share `p`."""
        going, before, mean = np.array([1.0]), 0, 0.0
        supported = refuted = 0.0
        for look, enough, few in zip(self.looks, self.support, self.refute, strict=True):
            mean += (look - before) * going.sum()
            going = np.convolve(going, _binomial(look - before, p))
            counts, before = np.arange(look + 1), look
            up = counts >= (np.inf if enough is None else enough)
            down = counts <= (-np.inf if few is None else few)
            supported += float(going[up].sum())
            refuted += float(going[down].sum())
            going = np.where(up | down, 0.0, going)
        return Characteristics(supported, refuted, float(mean))

    def summary(self) -> dict[str, Any]:
        """The design as it stands in a record, with its false rates at p0."""
        at = _at_p0(self)
        return {
            "p0": self.p0,
            "level": self.level,
            "looks": list(self.looks),
            "supported_from": list(self.support),
            "refuted_up_to": list(self.refute),
            "false_supported": at.supported,
            "false_refuted": at.refuted,
        }

    def words(self) -> str:
        """The boundaries in words."""
        up = [f"{n} with {c}" for n, c in zip(self.looks, self.support, strict=True) if c]
        down = [
            f"{n} with {'0' if not c else f'at most {c}'}"
            for n, c in zip(self.looks, self.refute, strict=True)
            if c is not None
        ]
        return (
            f"SUPPORTED at {' or '.join(up) or 'no look'}; "
            f"REFUTED at {' or '.join(down) or 'no look'}"
        )


@dataclass(frozen=True)
class Characteristics:
    """Chances of SUPPORTED and of REFUTED, and the mean number of seeds, at one true share."""

    supported: float
    refuted: float
    seeds: float


@cache
def design(cap: int, p0: float, level: float = LEVEL) -> Design:
    """The design with `cap` seeds at most: looks at 4, 8, 16, ... and at the cap.

    The last look gets the boundary of a test without looks, so that no power is lost; what that
    leaves of the level goes to the first look (refutation at 4 is what a control needs), then to
    the later ones, the latest first. Raises ValueError outside cap >= 1, 0 < p0 < 1, 0 < level < 1.
    """
    if cap < 1 or not 0 < p0 < 1 or not 0 < level < 1:
        raise ValueError(
            f"cap={cap}, p0={p0:g}, level={level:g}: need cap >= 1 and 0 < p0, level < 1"
        )
    looks = [FIRST_LOOK]
    while looks[-1] < cap:
        looks.append(2 * looks[-1])
    chosen = (*(look for look in looks if look < cap), cap)
    support = _boundary(chosen, 1 - p0, level)
    return Design(
        p0,
        chosen,
        tuple(None if c is None else n - c for n, c in zip(chosen, support, strict=True)),
        _boundary(chosen, p0, level),
        level,
    )


@cache
def _at_p0(rule: Design) -> Characteristics:
    """A design's chances of false verdicts."""
    return rule.characteristics(rule.p0)


def seeds_to_support(p0: float, level: float = LEVEL) -> int:
    """Least number of seeds that can support a share above `p0`: all of them true."""
    return ceil(log(level) / log(p0) - ROUNDING)


def seeds_to_refute(p0: float, level: float = LEVEL) -> int:
    """Least number of seeds that can refute it: none of them true."""
    return ceil(log(level) / log(1 - p0) - ROUNDING)


def _boundary(looks: tuple[int, ...], p: float, level: float) -> Boundary:
    """Largest counts, by look, that are ever undercut or met with a chance of at most `level`."""
    bounds: list[int | None] = [None] * len(looks)
    last = len(looks) - 1
    for index in dict.fromkeys((last, 0, *range(last - 1, 0, -1))):
        # A first look of four decides by unanimity alone, whatever the level leaves.
        most = 0 if index == 0 and last else looks[index]

        def exceeds(count: int, at: int = index) -> bool:
            tried = (*bounds[:at], count, *bounds[at + 1 :])
            chances = Design(p, looks, (None,) * len(looks), tried).characteristics(p)
            return chances.refuted > level * (1 + ROUNDING)

        fitting = bisect_left(range(most + 1), True, key=exceeds)
        bounds[index] = fitting - 1 if fitting else None
    return tuple(bounds)


@lru_cache(maxsize=256)
def _binomial(n: int, p: float) -> np.ndarray:
    """Probabilities of 0 to n successes."""
    return np.asarray(stats.binom.pmf(np.arange(n + 1), n, p))
