"""What to do next about a verdict that is not SUPPORTED, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from ..claims.claim import INTRODUCTION
from ..claims.concluded import ClaimResult, ControlResult
from ..judge.deciding import (
    MOST_OF_A_MEAN,
    MOST_SEEDS,
    POWER,
    seeds_beyond,
    seeds_that_decide,
    seeds_that_decide_again,
    seeds_that_decide_mean,
)
from ..judge.findings import Note
from ..judge.measurement import Measurement
from ..judge.sequential import seeds_to_support
from ..judge.verdicts import Verdict
from ..parameters import Framework, Parameters
from ..theory.condition import Condition
from ..theory.mending import Mend, mends
from .edge import edge
from .run import Run
from .shown import seen

RAN_OUT = ("seeds_not_known", "unfinished")
"""Notes about runs that ran out of work: how much more would finish them."""
MOST_MENDS = 3
"""Of the values that mend a condition so many are said, the nearest first."""
TRACEBACK = (
    "its traceback is in the record (--json FILE, details), and the verdicts of other claims stand"
)


def next_steps(result: ClaimResult, run: Run) -> list[str]:
    """Lines that say what would decide, or show, or mend what came out; none where it holds.

    `run` is what was asked: its regimes, and the options that commands take over.
    """
    match result.verdict:
        case Verdict.INCONCLUSIVE:
            return _more_seeds(result)
        case Verdict.UNINFORMATIVE:
            passed = [item for item in result.controls if not item.failed_as_it_should]
            return [_passed(item, result.measurement.trials) for item in passed]
        case Verdict.REFUTED:
            return _refuted(result, run)
        case Verdict.OUT_OF_REGIME:
            return [_back_inside(result, run, condition) for condition in result.violated]
        case Verdict.ERROR:
            return [_broke(result)]
    return []


def _broke(result: ClaimResult) -> str:
    """What broke: the claim itself, or a control, without which its numbers say nothing."""
    if result.measurement.measured is Verdict.ERROR:
        return f"it broke before it could say anything; {TRACEBACK}"
    names = [
        repr(item.control.id)
        for item in result.controls
        if item.measurement.measured is Verdict.ERROR
    ]
    return f"control {', '.join(names)} broke, so that what was measured is not judged; {TRACEBACK}"


def _passed(item: ControlResult, trials: int | None) -> str:
    """A control that did not fail, of a claim with so many seeds: what that means for the claim."""
    m = item.measurement
    if m.trials is not None and m.successes == 0 and m.trials < item.control.seeds:
        return (
            f"control {item.control.id!r} looked at {m.trials} of the {item.control.seeds} seeds "
            f"that it needs ({seen(item)} true): --seeds {item.control.seeds} or more tells"
        )
    cannot = (
        f"the statistic cannot tell this regime from one in which the claim must be false "
        f"({item.control.expected}), so that its value says nothing, for or against"
    )
    if m.measured is Verdict.SUPPORTED:
        return f"control {item.control.id!r} passed ({seen(item)}): {cannot}"
    if m.trials is not None and item.control.look is not None and m.trials < (trials or 0):
        return (
            f"control {item.control.id!r} did not fail ({seen(item)}), and has not passed: it has "
            f"{m.trials} seeds, whatever --seeds says; another --salt may refute it, or {cannot}"
        )
    more = "more work (--set work)" if m.details.get("seeds_not_known") else "more --seeds"
    return (
        f"control {item.control.id!r} did not fail ({seen(item)}), and has not passed: {more} "
        f"may refute it, or {cannot}"
    )


def _refuted(result: ClaimResult, run: Run) -> list[str]:
    """What a refutation is one of, and where to look for its edge."""
    introduced = result.claim.provenance.startswith(INTRODUCTION)
    said = (
        "the paper's introduction reports this of practice and no theorem states it: none is "
        "refuted"
    )
    return [*([said] if introduced else []), *edge(result, run)]


def _back_inside(result: ClaimResult, run: Run, condition: Condition) -> str:
    """What brings a regime back inside one condition."""
    found = what_mends(run.regimes, result.framework, condition)
    if found is None:
        return f"its own regime has to meet {condition.id!r}: {condition.statement}"
    return f"{_settings(found) or 'no one parameter alone'} brings it back inside {condition.id!r}"


def what_mends(
    regimes: Mapping[Framework, Parameters], framework: Framework | None, condition: Condition
) -> tuple[Mend, ...] | None:
    """Values of one parameter each that would bring a regime into a condition, nearest first.

    None where nothing was looked for: the condition is a claim's own, of no stage of training.
    """
    if framework is None or framework not in regimes:
        return None
    stage = framework if framework in condition.applies_to else condition.applies_to[0]
    try:
        return mends(regimes[framework], stage, condition.id)
    except (KeyError, ValueError):
        return None


def mended(found: Sequence[Mend] | None) -> str:
    """What mends a condition, as the end of a line about it; nothing where it was not asked."""
    if found is None:
        return ""
    if not found:
        return "; no one parameter alone mends it"
    return f"; the nearest that mends it: {_settings(found)}"


def _settings(found: Sequence[Mend]) -> str:
    """The nearest values that mend a condition, as ``--set`` takes them."""
    return " or ".join(f"--set {mend}" for mend in found[:MOST_MENDS])


def _more_seeds(result: ClaimResult) -> list[str]:
    """What would decide: the work of runs that ran out of it, or the number of seeds."""
    m = result.measurement
    if m.details.get("seeds_not_known"):
        return [line for item in m.findings if isinstance(item, Note) and item.name in RAN_OUT
                for line in item.lines]  # fmt: skip
    if m.trials is None or m.successes is None:
        return _more_of_means(m)
    if m.details.get("unit", "seeds") != "seeds" or m.band is not None:
        return []
    share = m.successes / m.trials
    fresh = seeds_that_decide(share, m.threshold)
    least = seeds_to_support(m.threshold)
    if fresh is None and m.trials < least:
        return [
            f"{m.trials} seeds cannot support a claim at p0 = {m.threshold:g}: --seeds {least} or "
            "more on another --salt"
        ]
    if fresh is None:
        return [_too_near(share, m.threshold)]
    again = seeds_that_decide_again(share, m.threshold)
    words = f"more than {MOST_SEEDS}" if again is None else f"{max(again, m.trials + 1)}"
    return [
        f"--seeds {fresh} on another --salt would decide with a chance of {POWER:g} or more, if "
        f"the share of seeds is the measured {share:.3g}; on this one, asked again and judged by "
        f"its e-value, {words}"
    ]


def _too_near(share: float, threshold: float) -> str:
    """How near a share is to the threshold, in seeds, to two digits."""
    seeds = seeds_beyond(share, threshold)
    many = (
        f"about {float(f'{seeds:.2g}'):,.0f} seeds would" if isfinite(seeds) else "no number will"
    )
    return f"a share of {share:.3g} is too near to {threshold:g}: {many} decide at this share"


def _more_of_means(measurement: Measurement) -> list[str]:
    """How many seeds would decide the open means of a claim, one line each."""
    lines = []
    for name, row in _open_means(measurement):
        value = row.get("value", row.get("mean"))
        seeds = row.get("seeds") or len(row.get("over_seeds", {}).get("values", ()))
        if value is None or not seeds or None in row["interval"]:
            continue
        ends = [e for e in row.get("band") or [row.get("threshold")] if e is not None]
        needed = seeds_that_decide_mean(value, tuple(row["interval"]), seeds, ends)
        if needed is None:
            lines.append(
                f"{name}: {value:.3g} is too near to an end of what is needed for "
                f"{MOST_OF_A_MEAN} seeds"
            )
            continue
        lines.append(
            f"{name}: about --seeds {max(needed, row.get('fewest', 0))} on another --salt would "
            f"decide with a chance of {POWER:g}, if mean and spread over seeds are the measured "
            f"ones ({value:.3g} over {seeds})"
        )
    return lines


def _open_means(measurement: Measurement) -> list[tuple[str, Mapping[str, Any]]]:
    """Means of a claim that are not decided, by name, as they stand in a record."""
    details = measurement.details
    rows = [(row["name"], row) for row in details.get("numbers", ())]
    rows += [(name, row) for name, row in details.get("parts", {}).items() if "mean" in row]
    rows += [(row["difference"], row) for row in details.get("differences", ())]
    return [(name, row) for name, row in rows if row["measured"] == Verdict.INCONCLUSIVE]
