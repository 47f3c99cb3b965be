"""One checkable condition on a regime: two sides and the ratio they must keep."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..parameters import STAND_INS


@dataclass(frozen=True)
class Condition:
    """left <= right, left < right (`strict`), or left << right (`needed_ratio` above 1)."""

    id: str
    statement: str
    source: str
    applies_to: tuple[str, ...]
    """Some of "teacher-student", "mae", "supervised", "fine-tuning"."""
    left: float
    right: float
    needed_ratio: float = 1.0
    strict: bool = False

    @property
    def margin(self) -> float:
        """right/left, inf where left is 0: how far the regime is from the condition's edge at 1."""
        return self.right / self.left if self.left else inf

    @property
    def holds(self) -> bool:
        """Whether the margin reaches the needed ratio (exceeds it where strict); false for NaN."""
        if self.strict:
            return self.margin > self.needed_ratio
        return self.margin >= self.needed_ratio


def much_less(
    name: str, statement: str, source: str, applies_to: tuple[str, ...], left: float, right: float
) -> Condition:
    """The condition left << right, with the table's finite meaning of "<<"."""
    ratio = STAND_INS["much_less"].value
    return Condition(name, statement, source, applies_to, left, right, ratio)
