"""Does supervised learning learn every view, once parts of its images are masked?"""

import numpy as np

import mrpverify as mv


def measure(regime, runs):
    """Share of seeds in which every feature was crossed by some kernel of its class."""
    crossed = np.isfinite(runs["crossing_time"].values).any(1).all(1)
    return mv.share_of_seeds(crossed, "share of seeds with every feature crossed")


NOTHING_MASKED = mv.Control(
    id="nothing masked",
    expected="whole images: one view of a class wins, the others stay where they are",
    change=lambda regime: {"visible": 1.0},
)

CLAIMS = (
    mv.Claim(
        id="EX.every_view",
        name="example.every_view",
        statement="supervised learning on masked images learns every view of every class",
        provenance="an example",
        role="gate",
        role_reason="an example",
        horizon="T",
        measure=measure,
        controls={"dropped-patches": (NOTHING_MASKED,)},
        per_seed=True,
    ),
)
