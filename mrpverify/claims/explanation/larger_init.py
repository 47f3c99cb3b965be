"""CMP.rival [D]: masks with labels from a larger init, the strongest rival of pretraining.

Where the sides of the condition on the losing view are equal (CMP.init), that view is half grown
when its sibling is learned. Masks then need a fraction of their time for it: T_2 goes with
c_0^{-(q-2)} (laws2, AUG). Paired by seed with fine-tuned pretraining from the preset's init, with
all labels and with few: equal within 0.02 is SUPPORTED, a difference beyond it REFUTED.
"""

from __future__ import annotations

from math import isinf

from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.per_seed import in_each_seed, within
from ...objectives.masked_supervised.theory import typical_time
from ...parameters import Parameters
from ..accuracies import multi_view, of_one_view, resolution, shares, single_view
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..legs import FEW_LABELS, Leg, Legs, fine_tuned, masked_supervised, supervised
from .against_pretraining import EQUIVALENT, TUNED, TUNED_FEW
from .initial_scale import regime

GROWTH = 1.0
"""Of the losing view: the condition's sides are equal."""
ENCODER, SMALL = "encoder", "masked, preset's init"
LARGE, LARGE_FEW = "masked, larger init", "masked, larger init, few labels"
PLAIN, PLAIN_FEW = "not masked, larger init", "not masked, larger init, few labels"
NEITHER = "not masked, preset's init"


def legs(parameters: Parameters) -> Legs:
    """Pretraining and its fine-tuning; masks from a larger init; the same without masks.

    As many seeds of these, which are cheap: a larger init alone keeps no loss worth naming in some.
    """
    p, large = parameters, regime(parameters, GROWTH)
    return {
        ENCODER: Leg(p),
        TUNED: fine_tuned(p),
        TUNED_FEW: fine_tuned(p, labels=FEW_LABELS),
        LARGE: masked_supervised(large),
        LARGE_FEW: masked_supervised(large, labels=FEW_LABELS),
        SMALL: Leg(masked_supervised(p).parameters, seeds=CONTROL_SEEDS),
        NEITHER: supervised(p),
        PLAIN: supervised(large),
        PLAIN_FEW: supervised(large, labels=FEW_LABELS),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which fine-tuned pretraining and masks from a larger init are equal."""
    finest = resolution(parameters)
    pairs = {"all labels": (TUNED, LARGE), f"{FEW_LABELS} labels a class": (TUNED_FEW, LARGE_FEW)}
    parts = {
        f"{kind}, {labels}": within(accuracy(runs[one]) - accuracy(runs[other]), 0.0, EQUIVALENT)
        for labels, (one, other) in pairs.items()
        for kind, accuracy in (("single-view", single_view), ("multi-view", multi_view))
    }
    shown = (TUNED, LARGE, TUNED_FEW, LARGE_FEW, PLAIN, PLAIN_FEW)
    beside = (
        *shares({f"single-view accuracy, {leg}": single_view(runs[leg]) for leg in shown}, finest),
        *(
            Estimate.of(f"gradient evaluations, {leg}", runs[leg]["steps"].values.astype(float))
            for leg in (ENCODER, LARGE, LARGE_FEW, SMALL)
        ),
    )
    return in_each_seed(
        "share of seeds with paired differences of accuracy within 0.02 of zero", parts, beside
    )


def predict(parameters: Parameters) -> str:
    """Prediction for CMP.rival, one sentence."""
    p, large = parameters, regime(parameters, GROWTH)
    if isinf(typical_time(large)):
        return "no second view is learned from either init: no mask hides the first alone (AUG)"
    sooner = typical_time(p) / typical_time(large)
    return (
        "both are right on every image; from the larger init a typical second view is learned "
        f"{sooner:.0f} times as fast (AUG)"
    )


def _without_masks(parameters: Parameters, runs: Runs) -> Runs:
    """Supervised learning from the larger init in the place of masks from it."""
    del parameters
    return {**runs, LARGE: runs[PLAIN], LARGE_FEW: runs[PLAIN_FEW]}


def _neither(parameters: Parameters, runs: Runs) -> Runs:
    """Supervised learning from the preset's init, tested on images of one view throughout."""
    del parameters
    lost = of_one_view(runs[NEITHER])
    return {**runs, LARGE: lost, LARGE_FEW: lost}


CLAIMS = (
    Claim(
        id="CMP.rival",
        name="explanation.larger_init",
        statement="masks with labels from a larger init classify as well as fine-tuned pretraining",
        provenance="[D] laws2, AUG; section 1, few losing views grow",
        role="finding",
        role_reason="the strongest rival of the paper's explanation",
        horizon="end",
        measure=measure,
        controls={
            "mae": (
                Control(
                    "larger init without masks",
                    "a larger init alone keeps a loss (CMP.init)",
                    look=_without_masks,
                ),
                Control(
                    "neither, single-view images in the place of multi-view ones",
                    "the lottery loses a view of most classes, and what shows it alone",
                    look=_neither,
                ),
            )
        },
        prediction=predict,
        per_seed=True,
        order=27,
        legs=legs,
        relies_on=("fine-tuning",),
    ),
)
