"""The legs of the comparisons: pretraining with its heads, and supervised learning beside it.

All share salt and seeds, hence data and init: a difference of two legs is paired.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...parameters import Parameters
from ..accuracies import IN_DISTRIBUTION, multi_view, single_view
from ..legs import FEW_LABELS, SUPERVISED, Legs, supervised
from ..theorem2.runs import FEW, FINE_TUNED, PROBE, all_heads, tuned

SUPERVISED_FEW = "supervised, few labels"

PAIRS = {FINE_TUNED: SUPERVISED, PROBE: SUPERVISED, FEW: SUPERVISED_FEW}
"""Head after pretraining -> the supervised leg that saw the same labels."""


def with_supervised(parameters: Parameters) -> Legs:
    """Pretraining, fine-tuning with all labels, supervised learning."""
    return {**tuned(parameters), SUPERVISED: supervised(parameters)}


def every_head(parameters: Parameters) -> Legs:
    """The same with a linear probe and with few labels on both sides."""
    return {
        **with_supervised(parameters),
        **all_heads(parameters),
        SUPERVISED_FEW: supervised(parameters, labels=FEW_LABELS),
    }


def single_view_gain(
    better: xr.Dataset, other: xr.Dataset, law: str = IN_DISTRIBUTION
) -> np.ndarray:
    """Paired difference of accuracies on single-view images of a test law [seeds]."""
    return np.asarray(single_view(better, law) - single_view(other, law))


def multi_view_gain(
    better: xr.Dataset, other: xr.Dataset, law: str = IN_DISTRIBUTION
) -> np.ndarray:
    """The same on multi-view images [seeds]."""
    return np.asarray(multi_view(better, law) - multi_view(other, law))
