"""D.mask: on real pictures, does pretraining gain anything over masks with labels?"""

from __future__ import annotations

from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...parameters import Parameters
from ..accuracies import GAIN, multi_view, resolution, shares, single_view
from ..claim import Claim, Control, Runs
from ..comparison.runs import single_view_gain
from ..laws.exchange import of_another_seed
from ..legs import SUPERVISED, Legs
from . import arms

AS_LONG, LONGER = "masked, as long", "masked, five times as long"


def legs(parameters: Parameters) -> Legs:
    """Fine-tuned pretraining, and masked supervised learning for two times."""
    p = arms.regime(parameters)
    return {
        **arms.compared(p),
        AS_LONG: arms.masked(p),
        LONGER: arms.masked(p, 5.0),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which pretraining gains more than 0.02 over both, single-view images.

    After five times the time masked supervised learning is as right on its training images as
    fine-tuning is (it stands beside): that is the comparison at equal training error.
    """
    finest, tuned = resolution(arms.regime(parameters)), runs[arms.TUNED]
    parts = {
        f"single-view gain over {name}": above(single_view_gain(tuned, runs[name]), GAIN)
        for name in (AS_LONG, LONGER)
    }
    seen = {
        f"{kind}, {name}": values(runs[name])
        for name in (arms.TUNED, AS_LONG, LONGER, SUPERVISED)
        for kind, values in (
            ("single-view accuracy", single_view),
            ("multi-view accuracy", multi_view),
            ("training accuracy, multi-view images", lambda r: r["train_accuracy"].values[:, 0]),
        )
    }
    return in_each_seed(
        "share of seeds that gain over masks with labels", parts, shares(seen, finest)
    )


def _masked_of_another_seed(parameters: Parameters, runs: Runs) -> Runs:
    """Masks of another seed in the place of pretraining, tested against them for as long."""
    del parameters
    return {**runs, arms.TUNED: of_another_seed(runs[AS_LONG])}


CLAIMS = (
    Claim(
        id="D.mask",
        name="dominoes.mask",
        statement="on real pictures pretraining is better on single-view images than supervised "
        "learning on masked images that takes as long, and five times as long",
        provenance="[D] laws2, AUG: the rival explanation",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                arms.instead(
                    "supervised learning in pretraining's place",
                    "without pretraining nothing is gained over masks",
                    {arms.TUNED: SUPERVISED},
                ),
                Control(
                    "masks of another seed in pretraining's place",
                    "masks gain nothing over themselves",
                    look=_masked_of_another_seed,
                ),
            )
        },
        per_seed=True,
        order=6,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
