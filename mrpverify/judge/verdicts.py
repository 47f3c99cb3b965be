"""The six verdicts and their exit codes (section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a claim gets; the first three are also what its measurement alone can say."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    UNINFORMATIVE = "UNINFORMATIVE"
    OUT_OF_REGIME = "OUT_OF_REGIME"
    ERROR = "ERROR"


EXIT_USAGE = 2
EXIT_CODES = {
    Verdict.SUPPORTED: 0,
    Verdict.ERROR: 1,
    Verdict.REFUTED: 3,
    Verdict.INCONCLUSIVE: 4,
    Verdict.UNINFORMATIVE: 5,
    Verdict.OUT_OF_REGIME: 6,
}
_WORST_FIRST = (
    Verdict.ERROR,
    Verdict.REFUTED,
    Verdict.UNINFORMATIVE,
    Verdict.OUT_OF_REGIME,
    Verdict.INCONCLUSIVE,
    Verdict.SUPPORTED,
)


def measured_above(interval: tuple[float, float], threshold: float) -> Verdict:
    """SUPPORTED when the lower bound clears the threshold, REFUTED when the upper is below it."""
    low, high = interval
    if low > threshold:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if high < threshold else Verdict.INCONCLUSIVE


def measured_within(interval: tuple[float, float], band: tuple[float, float]) -> Verdict:
    """SUPPORTED when the whole interval lies in the band, REFUTED when it lies wholly outside.

    Raises ValueError for an interval that ends before it begins.
    """
    (low, high), (bottom, top) = interval, band
    if low > high:
        raise ValueError(f"an interval from {low:g} to {high:g} ends before it begins")
    if bottom <= low and high <= top:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if high < bottom or low > top else Verdict.INCONCLUSIVE


def all_of(parts: Iterable[Verdict]) -> Verdict:
    """What the parts of one statement say together: refuted by one, supported by all of them."""
    found = set(parts)
    if Verdict.REFUTED in found:
        return Verdict.REFUTED
    return Verdict.SUPPORTED if found == {Verdict.SUPPORTED} else Verdict.INCONCLUSIVE


def final_verdict(measured: Verdict, controls_failed: bool, in_regime: bool) -> Verdict:
    """The verdict that is reported: a refutation first, then the doubts, then the measurement."""
    if measured in (Verdict.ERROR, Verdict.REFUTED):
        return measured
    if not controls_failed:
        return Verdict.UNINFORMATIVE
    return measured if in_regime else Verdict.OUT_OF_REGIME


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Exit code of a run: that of its worst verdict, 0 when there is none."""
    present = set(verdicts)
    return next((EXIT_CODES[v] for v in _WORST_FIRST if v in present), 0)
