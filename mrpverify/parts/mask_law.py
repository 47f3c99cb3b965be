"""Moments of a random mask eps of P patches: all that losses and laws ask of it (laws2, FIX [D]).

Either every patch is visible with probability theta, independently, or exactly n = theta P are.
With lambda = (1 - theta)/theta, and f = P/(P - 1) for the second kind, f = 1 for the first,

    Var(sum_p eps_p a_p)/theta^2 = own sum_p a_p^2 - shared (sum_p a_p)^2,
    own = lambda f,  shared = lambda f/P (0 for the first kind),

and E (1 - eps_p) eps_p'/theta = (1 - theta) f for p != p'.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb
from typing import Any

ROUNDING = 1e-9
"""Of theta P, relative: one float more or less is no patch."""


@dataclass(frozen=True)
class MaskLaw:
    """The share theta in (0, 1] of the patches is visible."""

    visible: float
    patches: Any = None
    """P where exactly theta P are visible (an array where images have several); None: drawn one by
    one."""

    @property
    def penalty(self) -> float:
        """lambda = (1 - theta)/theta."""
        return (1.0 - self.visible) / self.visible

    @property
    def correction(self) -> Any:
        """f >= 1: masks of fixed size do not hide two patches as often as independent ones."""
        if self.patches is None or self.visible == 1:
            return 1.0
        return self.patches / (self.patches - 1.0)

    @property
    def own(self) -> Any:
        """Weight of sum_p a_p^2 in the variance of what is seen."""
        return self.penalty * self.correction

    @property
    def shared(self) -> Any:
        """Weight of (sum_p a_p)^2, taken off; in [0, 1]."""
        return 0.0 if self.patches is None else self.own / self.patches

    @property
    def across(self) -> Any:
        """E (1 - eps_p) eps_p'/theta of two patches, one the target and the other the input."""
        return (1 - self.visible) * self.correction

    @property
    def both_hidden(self) -> Any:
        """P(two patches are both hidden)."""
        if self.patches is None or self.visible == 1:
            return (1 - self.visible) ** 2
        hidden = (1 - self.visible) * self.patches
        return hidden * (hidden - 1.0) / (self.patches * (self.patches - 1.0))

    def hidden(self, count: int) -> float:
        """P(all of `count` patches are hidden)."""
        if self.patches is None:
            return float((1 - self.visible) ** count)
        return comb(max(self.patches - count, 0), self.shown) / comb(self.patches, self.shown)

    def hidden_beside(self, count: int) -> float:
        """P(`count` patches are all hidden, given that another one is visible)."""
        if self.patches is None:
            return float((1 - self.visible) ** count)
        left, others = self.patches - count - 1, self.patches - 1
        return comb(left, self.shown - 1) / comb(others, self.shown - 1) if left >= 0 else 0.0

    def one_beside(self, count: int) -> float:
        """P(one patch is visible and `count` others are all hidden)."""
        return self.visible * self.hidden_beside(count)

    @property
    def shown(self) -> int:
        """n, of masks of fixed size."""
        shown: int = round(self.visible * self.patches)
        return shown


def is_whole(visible: float, patches: int) -> bool:
    """Whether theta P is a whole number."""
    shown = visible * patches
    return abs(shown - round(shown)) <= ROUNDING * patches


def least_patches(visible: float, least: int) -> int:
    """The smallest P >= least of which theta are a whole number of patches."""
    unit = Fraction(visible).limit_denominator(1000).denominator
    return unit * ceil(least / unit)
