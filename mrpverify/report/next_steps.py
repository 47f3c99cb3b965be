"""What to do next about a verdict that is not SUPPORTED, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..claims.claim import INTRODUCTION
from ..claims.evaluate import ClaimResult
from ..judge.deciding import (
    MOST_OF_A_MEAN,
    MOST_SEEDS,
    POWER,
    seeds_that_decide,
    seeds_that_decide_again,
    seeds_that_decide_mean,
)
from ..judge.findings import Note
from ..judge.measurement import Measurement
from ..judge.verdicts import Verdict
from ..parameters import Framework, Parameters
from ..theory.condition import Condition
from ..theory.mending import Mend, mends

RAN_OUT = ("seeds_not_known", "unfinished")
"""Notes about runs that ran out of work: how much more would finish them."""
VARIED = "sigma_0"
"""What a search for the edge varies unless somebody says otherwise: every framework has it, and the
theory's conditions are about it."""


def next_steps(result: ClaimResult) -> list[str]:
    """Lines that say what would decide, or show, or mend what came out; none where it is clear."""
    if result.verdict == Verdict.INCONCLUSIVE:
        return _more_seeds(result)
    if result.verdict == Verdict.UNINFORMATIVE:
        return [
            f"control {item.control.id!r} did not fail: the statistic cannot tell this regime from "
            f"one in which the claim must be false ({item.control.expected}), so that its value "
            f"says nothing"
            for item in result.controls
            if not item.failed_as_it_should
        ]
    return _refuted(result) if result.verdict == Verdict.REFUTED else []


def _refuted(result: ClaimResult) -> list[str]:
    """What a refutation is one of, and where to look for its edge."""
    lines = []
    if result.claim.provenance.startswith(INTRODUCTION):
        lines.append(
            "the paper's introduction reports this of practice and no theorem states it: none is "
            "refuted"
        )
    if result.framework is not None:
        lines.append(
            f"the edge of where it fails: python -m mrpverify.counterexample {result.claim.id} "
            f"--framework {result.framework} --vary {VARIED}; it begins where the claim holds, so "
            f"give such a regime (--set), or another parameter to vary (--list parameters)"
        )
    return lines


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
    return f"; the nearest that mends it: {' or '.join(f'--set {mend}' for mend in found[:3])}"


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
    if fresh is None:
        return [f"a share of {share:.3g} is too near to {m.threshold:g} for {MOST_SEEDS} seeds"]
    again = seeds_that_decide_again(share, m.threshold)
    words = f"more than {MOST_SEEDS}" if again is None else f"{max(again, m.trials + 1)}"
    return [
        f"--seeds {fresh} on another --salt would decide with a chance of {POWER:g} or more, if "
        f"the share of seeds is the measured {share:.3g}; on this one, asked again and judged by "
        f"its e-value, {words}"
    ]


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
    return [(name, row) for name, row in rows if row["measured"] == Verdict.INCONCLUSIVE]
