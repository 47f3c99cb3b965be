"""One checkable condition on a regime: two sides and the ratio they must keep."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..parameters import STAND_INS, Parameters


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
        """right/left: how far the regime is from the condition's edge at 1.

        inf where only left is 0. Two zeros lie at the edge: nothing is less than itself.
        """
        if self.left:
            return self.right / self.left
        return inf if self.right > 0 else 1.0

    @property
    def holds(self) -> bool:
        """Whether the margin reaches the needed ratio (exceeds it where strict); false for NaN."""
        if self.strict:
            return self.margin > self.needed_ratio
        return self.margin >= self.needed_ratio


def chosen(
    name: str, statement: str, source: str, applies_to: tuple[str, ...], holds: bool
) -> Condition:
    """A condition on an option, which has no order: it holds or does not."""
    return Condition(name, statement, source, applies_to, 1.0, float(holds))


NOTHING = 1e-12
"""An expected number below it is 0: a margin of 1e175 says no more than inf."""


def expected(number: float) -> float:
    """An expected number >= 0 as a side of a condition, 0 where it is next to nothing."""
    return number if number > NOTHING else 0.0


def given_labels(parameters: Parameters, applies_to: tuple[str, ...]) -> Condition:
    """Labels are those of the images; shuffled ones are a control."""
    return chosen(
        "given labels",
        "true_labels = true: a label is that of its image",
        "section 2 [R]",
        applies_to,
        parameters.true_labels,
    )


def much_less(
    name: str, statement: str, source: str, applies_to: tuple[str, ...], left: float, right: float
) -> Condition:
    """The condition left << right, with the table's finite meaning of "<<"."""
    ratio = STAND_INS["much_less"].value
    return Condition(name, statement, source, applies_to, left, right, ratio)
