"""CMP.mask [open]: does pretraining by reconstruction gain anything over masks with labels?

Paired by seed: same images, same init. Equal within 0.02 for single-view, multi-view and few labels
in so many seeds is SUPPORTED, a difference beyond it REFUTED; its sign says who is ahead.
"""

from __future__ import annotations

import xarray as xr

from ...judge.measurement import Measurement
from ...judge.per_seed import InEachSeed, in_each_seed, within
from ...parameters import STAND_INS, Parameters
from ..accuracies import multi_view, of_one_view, resolution, shares, single_view
from ..claim import Asks, Claim, Control, Runs
from ..legs import (
    FEW_LABELS,
    PRETRAINING,
    SUPERVISED,
    Leg,
    Legs,
    fine_tuned,
    masked_supervised,
    supervised,
)
from .runs import MASKED, as_long, instead

EQUIVALENT = STAND_INS["equivalent_accuracy"].value
TUNED, TUNED_FEW, MASKED_FEW = "fine-tuned", "fine-tuned, few labels", "masked, few labels"


def legs(parameters: Parameters) -> Legs:
    """Pretraining with its fine-tuning, masked and plain supervised learning; few labels too."""
    p = parameters
    return {
        PRETRAINING: Leg(p),
        TUNED: fine_tuned(p),
        TUNED_FEW: fine_tuned(p, labels=FEW_LABELS),
        MASKED: masked_supervised(p),
        MASKED_FEW: masked_supervised(p, labels=FEW_LABELS),
        SUPERVISED: supervised(p),
    }


def asks(parameters: Parameters) -> Asks:
    """Every way of learning, then those without what explains for as long; all measured."""
    runs = yield legs(parameters)
    runs = yield as_long(parameters, runs)
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which fine-tuned pretraining and masked supervised learning are equal."""
    finest, number = resolution(parameters), runs[MASKED].sizes["seed"]
    own = {name: _first(run, number) for name, run in runs.items()}  # a control has four seeds

    def difference(one: str, other: str) -> InEachSeed:
        return within(single_view(own[one]) - single_view(own[other]), 0.0, EQUIVALENT)

    both = multi_view(own[TUNED]) - multi_view(own[MASKED])
    parts = {
        "single-view, all labels": difference(TUNED, MASKED),
        "multi-view, all labels": within(both, 0.0, EQUIVALENT),
        f"single-view, {FEW_LABELS} labels a class": difference(TUNED_FEW, MASKED_FEW),
    }
    accuracy = {
        f"single-view accuracy, {leg}": single_view(runs[leg])
        for leg in (TUNED, MASKED, SUPERVISED, TUNED_FEW, MASKED_FEW)
    }
    return in_each_seed(
        "share of seeds with paired differences of accuracy within 0.02 of zero",
        parts,
        shares(accuracy, finest),
    )


def _first(runs: xr.Dataset, number: int) -> xr.Dataset:
    """The first seeds."""
    return runs.isel(seed=slice(number))


def _shown_one_view(parameters: Parameters, runs: Runs) -> Runs:
    """Plain supervised learning on single-view images in the place of masks on all kinds."""
    del parameters
    return {**runs, MASKED: of_one_view(runs[SUPERVISED])}


BOTH = (MASKED, MASKED_FEW)
"""In both places with all labels, which a run without masks gains nothing by."""
CONTROLS = (
    instead(
        "nothing masked", "plain supervised learning is not equivalent: that is the theorem", BOTH
    ),
    instead("background masked", "masks that hide no feature leave the lottery as it is", BOTH),
    Control(
        "not masked, single-view images in the place of multi-view ones",
        "an image that shows every view is known by any of them, and one that does not is not",
        look=_shown_one_view,
    ),
)

CLAIMS = (
    Claim(
        id="CMP.mask",
        name="explanation.against_pretraining",
        statement="fine-tuned pretraining and masked supervised learning classify equally well",
        provenance="open; [D] laws2, AUG predicts equality with all labels",
        role="finding",
        role_reason="either outcome is the news: what reconstruction adds to its masks",
        horizon="end",
        measure=asks,
        controls={"mae": CONTROLS, "teacher-student": CONTROLS},
        per_seed=True,
        order=2,
        relies_on=("fine-tuning",),
    ),
)
