"""D.init: does pretraining's advantage last for as long as the theory calls an init small?"""

from __future__ import annotations

from dataclasses import replace

from ...dominoes.measured import small_init
from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...parameters import Parameters
from ..accuracies import GAIN, block_views, resolution, shares, single_view
from ..claim import Claim, Runs
from ..comparison.runs import single_view_gain
from ..legs import SUPERVISED, Legs
from . import arms

SCALES = (0.003, 0.01, 0.02, 0.035, 0.05, 0.1)


def legs(parameters: Parameters) -> Legs:
    """Pretraining from its own init, supervised learning from larger and larger ones."""
    return {
        **arms.compared(parameters),
        **{_name(scale): arms.supervised(parameters, init_scale=scale) for scale in SCALES},
    }


def _name(scale: float) -> str:
    return f"sigma_0 = {scale:g}"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds that gain over supervised learning at every scale that the theory allows.

    Allowed: sigma_0 sqrt(2 log(2k km)) << varrho, so that nothing is held at the start.
    """
    p, tuned = arms.regime(parameters), runs[arms.TUNED]
    allowed = [s for s in SCALES if small_init(replace(p, init_scale=s)).holds]
    parts = {
        f"single-view gain, supervised from {_name(scale)}": above(
            single_view_gain(tuned, runs[_name(scale)]), GAIN
        )
        for scale in allowed
    }
    finest = resolution(p)
    accuracy = {
        f"single-view accuracy, supervised from {_name(scale)}": single_view(runs[_name(scale)])
        for scale in SCALES
    }
    views = {
        f"views learned, supervised from {_name(scale)}": block_views(p, runs[_name(scale)]).mean(
            (1, 2)
        )
        for scale in SCALES
    }
    beside = (
        *shares(accuracy, finest),
        *shares(views),
        Estimate.of_share(f"single-view accuracy, {arms.TUNED}", single_view(tuned), finest),
    )
    return in_each_seed(
        "share of seeds with a gain at every initial scale that the theory calls small",
        parts,
        beside,
    )


CLAIMS = (
    Claim(
        id="D.init",
        name="dominoes.init",
        statement="on real pictures pretraining beats supervised learning from every init that the "
        "theory calls small",
        provenance="[D] section 1: nothing is held at the start",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                arms.instead(
                    "supervised learning in pretraining's place",
                    "supervised learning has no advantage over itself",
                    {arms.TUNED: SUPERVISED},
                ),
            )
        },
        per_seed=True,
        order=7,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
