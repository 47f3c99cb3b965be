"""A claim from outside that asks twice: what was crossed by T is still crossed at twice T."""

from dataclasses import replace

import numpy as np

import mrpverify as mv

T, LATE = "until T", "until 2 T"


def measure(regime):
    """Share of seeds that lose no crossed feature between T and 2 T; T is known once it was run."""
    runs = yield {T: mv.Leg(regime)}
    end = float(runs[T]["final_time"].max())
    runs = yield {LATE: mv.Leg(replace(regime, horizon=2 * end))}
    before, after = (np.isfinite(runs[name]["crossing_time"].values).any(1) for name in (T, LATE))
    holds = before.any(1) & (after | ~before).all(1)  # [seeds]; false where nothing was crossed
    return mv.share_of_seeds(
        holds,
        "share of seeds that lose nothing between T and 2 T",
        [
            mv.Estimate("T", end),
            mv.Estimate.of_share("features crossed by T", before.mean(1)),
            mv.Estimate.of_share("features crossed by 2 T", after.mean(1)),
            mv.Note("horizon", ("the second leg was asked for when the first was there",)),
        ],
    )


def nothing_late(regime, runs):
    """The late run without a crossing."""
    return {**runs, LATE: runs[LATE].assign(crossing_time=runs[LATE]["crossing_time"] * np.nan)}


CLAIMS = (
    mv.Claim(
        id="my.twice",
        name="my.twice",
        statement="what was crossed by T is crossed at 2 T too",
        provenance="[D] a crossing is the first one",
        role="gate",
        role_reason="an example",
        horizon="T",
        measure=measure,
        controls={"mae": (mv.Control("forgotten", "nothing is left to count", look=nothing_late),)},
        per_seed=True,
    ),
)
