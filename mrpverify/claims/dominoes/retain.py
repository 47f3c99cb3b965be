"""D.retain: on real pictures fine-tuning loses no feature that pretraining captured."""

from __future__ import annotations

from ...judge.measurement import Measurement
from ...parameters import Parameters
from ..claim import Claim, Runs
from ..legs import PRETRAINING, Legs
from ..theorem2 import retain
from ..theorem2.runs import FINE_TUNED
from . import arms


def legs(parameters: Parameters) -> Legs:
    """Pretraining and fine-tuning, also of kernels that were fused into their mean."""
    p = arms.regime(parameters)
    return {
        PRETRAINING: arms.pretrained(p),
        FINE_TUNED: arms.downstream(p),
        **arms.few({"fused": arms.downstream(p, fused=True)}),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """T2.retain's statistic: every captured feature stays, at half its start or more."""
    return retain.measure(arms.regime(parameters), runs)


CLAIMS = (
    Claim(
        id="D.retain",
        name="dominoes.retain",
        statement="on real pictures no feature captured by pretraining is lost in fine-tuning",
        provenance="[A] Theorem 2; pictures [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                arms.instead(
                    "kernels fused before fine-tuning",
                    "what was captured is lost where every kernel is their mean",
                    {FINE_TUNED: "fused"},
                ),
            )
        },
        per_seed=True,
        order=4,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
