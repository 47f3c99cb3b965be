"""A claim from outside: in most seeds every class has a kernel for each of its views."""

import numpy as np

import mrpverify as mv


def measure(regime, runs):
    """Share of seeds in which every feature was crossed by some kernel before T."""
    crossed = np.isfinite(runs["crossing_time"].values).any(1).all(1)
    return mv.share_of_seeds(crossed, "share of seeds with every feature crossed")


NOTHING_SHOWN = mv.Control(
    id="no features",
    expected="images of noise alone teach no kernel anything",
    change=lambda regime: {"signal": False},
)

CLAIMS = (
    mv.Claim(
        id="my.two_views",
        name="my.two_views",
        statement="every feature of every class is crossed by some kernel",
        provenance="[D] L1",
        role="gate",
        role_reason="an example",
        horizon="T",
        measure=measure,
        controls={"mae": (NOTHING_SHOWN,)},
        per_seed=True,
    ),
)
