"""D.baseline: what pretraining adds to random kernels that are as long.

Fine-tuned with all labels such kernels come close to pretrained ones: the honest baseline. What
tells them apart is asked of a linear probe and of few labels.
"""

from __future__ import annotations

from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...parameters import Parameters
from ..accuracies import GAIN, multi_view, resolution, shares, single_view
from ..claim import Claim, Control, Runs
from ..comparison.runs import single_view_gain
from ..laws.exchange import exchange, of_another_seed, swapped
from ..legs import FEW_LABELS, PRETRAINING, Legs
from . import arms

PROBED, FEW, ALL = "linear probe", f"{FEW_LABELS} labels a class", "fine-tuned"
RANDOM = "random, "


def legs(parameters: Parameters) -> Legs:
    """Three heads on pretrained and on random kernels."""
    p = arms.regime(parameters)
    drawn = arms.untrained(p)
    return {
        PRETRAINING: arms.pretrained(p),
        **_heads(p),
        **{RANDOM + name: head for name, head in _heads(drawn).items()},
    }


def _heads(start: Parameters) -> Legs:
    """A probe and fine-tuning with few and with all labels."""
    return {
        PROBED: arms.probed(start),
        FEW: arms.downstream(start, labels=FEW_LABELS),
        ALL: arms.downstream(start),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which a probe and few labels gain more than 0.02 on single-view images."""
    finest = resolution(arms.regime(parameters))
    parts = {
        f"single-view gain, {name}": above(single_view_gain(runs[name], runs[RANDOM + name]), GAIN)
        for name in (PROBED, FEW)
    }
    gain = single_view_gain(runs[ALL], runs[RANDOM + ALL])
    seen = {
        f"{kind} accuracy, {name}": accuracy(runs[name])
        for kind, accuracy in (("single-view", single_view), ("multi-view", multi_view))
        for head in (PROBED, FEW, ALL)
        for name in (head, RANDOM + head)
    }
    return in_each_seed(
        "share of seeds in which a probe and few labels tell pretrained from random kernels",
        parts,
        (
            Estimate.of("single-view gain, fine-tuned with all labels", gain, finest),
            *shares(seen, finest),
        ),
    )


def _other_random_kernels(parameters: Parameters, runs: Runs) -> Runs:
    """Random kernels of another seed in the place of pretrained ones."""
    del parameters
    other = {name: of_another_seed(runs[RANDOM + name]) for name in (PROBED, FEW, ALL)}
    return {**runs, **other}


def _exchanged(parameters: Parameters, runs: Runs) -> Runs:
    """Pretrained and random kernels in each other's place."""
    del parameters
    heads = [PROBED, FEW, ALL]
    return exchange(runs, swapped(heads, [RANDOM + name for name in heads]))


CLAIMS = (
    Claim(
        id="D.baseline",
        name="dominoes.baseline",
        statement="on real pictures a linear probe and few labels tell pretrained kernels from "
        "random ones of their length",
        provenance="[D] the honest baseline of D.gain",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                Control(
                    "other random kernels", "random kernels gain nothing on those of another seed",
                    look=_other_random_kernels,
                ),
                Control(
                    "exchanged", "random kernels gain nothing on pretrained ones", look=_exchanged
                ),
            )
        },
        per_seed=True,
        order=5,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)  # fmt: skip
