"""What to do next about a verdict that is not SUPPORTED, in words."""

from __future__ import annotations

from ..claims.evaluate import ClaimResult
from ..judge.deciding import MOST_SEEDS, POWER, seeds_that_decide
from ..judge.verdicts import Verdict


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
    if result.verdict == Verdict.REFUTED and result.framework is not None:
        return [
            f"the edge of where it fails: python -m mrpverify.counterexample {result.claim.id} "
            f"--framework {result.framework} --vary NAME, from a regime in which it holds"
        ]
    return []


def _more_seeds(result: ClaimResult) -> list[str]:
    """How many seeds would decide a count of seeds, if their share is the measured one."""
    m = result.measurement
    if m.trials is None or m.successes is None or m.details.get("seeds_not_known"):
        return []
    if m.details.get("unit", "seeds") != "seeds" or m.band is not None:
        return []
    share = m.successes / m.trials
    needed = seeds_that_decide(share, m.threshold)
    if needed is None:
        return [f"a share of {share:.3g} is too near to {m.threshold:g} for {MOST_SEEDS} seeds"]
    if needed <= m.trials:  # bad luck: this many do decide most of the time
        needed = m.trials + 1
    return [
        f"--seeds {needed} would decide with a chance of {POWER:g} or more, if the share of seeds "
        f"is the measured {share:.3g}"
    ]
