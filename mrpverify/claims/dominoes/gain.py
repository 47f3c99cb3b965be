"""D.gain: on real pictures pretraining gains on single-view images, and only there."""

from __future__ import annotations

from typing import Any

from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed, within
from ...parameters import Parameters
from ..accuracies import (
    EQUAL,
    GAIN,
    accuracies,
    block_views,
    captured_views,
    estimates,
    resolution,
    table,
)
from ..claim import Claim, Runs
from ..comparison.runs import multi_view_gain, single_view_gain
from ..legs import SUPERVISED, Legs
from . import arms

LONGER = (5.0, 50.0)
SEEDS = 8
"""Of the controls: one seed of four that gains a little by chance decides nothing."""


def legs(parameters: Parameters) -> Legs:
    """Both arms; a probe and longer supervised learning beside; what takes the gain away."""
    p = arms.regime(parameters)
    unhidden: dict[str, Any] = {"hide": False}
    mixed: dict[str, Any] = {"pairing": "image"}
    without = {
        "gain 1": arms.downstream(arms.gain_one(p)),
        "nothing hidden": arms.downstream(p, **unhidden),
        "supervised, nothing hidden": arms.supervised(p, **unhidden),
        "shuffled pairing": arms.downstream(arms.pretrained(p, **mixed).parameters),
        "supervised, shuffled pairing": arms.supervised(p, **mixed),
    }
    return {
        **arms.compared(p),
        arms.PROBE: arms.probed(p),
        **{_longer(factor): arms.supervised(p, factor) for factor in LONGER},
        **arms.few(without, SEEDS),
    }


def _longer(factor: float) -> str:
    return f"supervised, {factor:g} times as long"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds with a paired gain above 0.02 on single-view images, and none of 0.01 else."""
    p = arms.regime(parameters)
    tuned, scratch, finest = runs[arms.TUNED], runs[SUPERVISED], resolution(p)
    parts = {
        "single-view gain": above(single_view_gain(tuned, scratch), GAIN),
        "multi-view gain": within(multi_view_gain(tuned, scratch), 0.0, EQUAL),
    }
    beside = {
        f"single-view gain over {_longer(factor)}": single_view_gain(
            tuned, runs[_longer(factor)].isel(seed=slice(tuned.sizes["seed"]))
        )
        for factor in LONGER
    }
    legs = {
        arms.TUNED: table(p, tuned, captured_views(p, tuned)),
        arms.PROBE: table(p, runs[arms.PROBE], captured_views(p, runs[arms.PROBE])),
        SUPERVISED: table(p, scratch, block_views(p, scratch)),
        **{
            _longer(factor): table(p, runs[_longer(factor)], block_views(p, runs[_longer(factor)]))
            for factor in LONGER
        },
    }
    return in_each_seed(
        "share of seeds that gain on single-view test images and nothing on multi-view ones",
        parts,
        (*estimates(beside, finest), *accuracies(legs)),
    )


CONTROLS = (
    arms.instead("gain 1", "kernels that decayed teach nothing", {arms.TUNED: "gain 1"}, SEEDS),
    arms.instead(
        "nothing hidden",
        "single-view images drawn by the multi-view law hide nothing that could be gained",
        {arms.TUNED: "nothing hidden", SUPERVISED: "supervised, nothing hidden"},
        SEEDS,
    ),
    arms.instead(
        "shuffled pairing",
        "garments that say nothing about the class give pretraining nothing to gain with",
        {arms.TUNED: "shuffled pairing", SUPERVISED: "supervised, shuffled pairing"},
        SEEDS,
    ),
)

CLAIMS = (
    Claim(
        id="D.gain",
        name="dominoes.gain",
        statement="on real pictures pretraining beats supervised learning on single-view images, "
        "and only there",
        provenance="[A] abstract; pictures, size of the gain [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={"teacher-student": CONTROLS},
        per_seed=True,
        order=3,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
