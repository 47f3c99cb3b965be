"""L12 [D]: supervised single-view accuracy at finite s is (1 + (1-s/k)^{k-1})/2, not 1/2.

With one view learned per class, an image that shows the other one is still right where no learned
feature of another class is in it. Classes that learn both views by a near tie at the start add to
it: the prediction that is judged contains their derived share, the plain law stands beside it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...parameters import Parameters
from ...theory.supervised import (
    asymptotic_single_view_error,
    refined_single_view_error,
    single_view_accuracy,
)
from ..accuracies import block_views, single_view
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs, supervised
from .curves import curve
from .exchange import backwards, exchange
from .regimes import conditions

PRESENCES = (0.05, 0.1, 0.15, 0.2)
"""s/k: up to the sparse presence that the theory assumes."""


def regime(parameters: Parameters, presence: float) -> Parameters:
    """The preset's supervised run without the patch noise that only blurs the law."""
    return replace(
        supervised(parameters).parameters,
        off_class=presence * parameters.classes,
        dimension=2 * parameters.classes,
        kernels_per_class=4,
        patch_noise=0.0,
        feature_noise=0.0,
        test_images=400,
    )


def legs(parameters: Parameters) -> Legs:
    """One supervised run at every presence."""
    return {_name(share): Leg(regime(parameters, share)) for share in PRESENCES}


def _name(presence: float) -> str:
    return f"s/k = {presence:g}"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Single-view test accuracy at every s, near ties of a class's views included."""
    law = [regime(parameters, share) for share in PRESENCES]
    expected = np.array([1 - refined_single_view_error(p) for p in law])
    limit = 1 - asymptotic_single_view_error(law[0])
    rival = Rival("one half: every image disturbed", limit)
    accuracy = np.stack([single_view(runs[_name(share)]) for share in PRESENCES], -1)
    learned = [block_views(p, runs[_name(s)]) for p, s in zip(law, PRESENCES, strict=True)]
    finest = 1 / law[0].test_images
    numbers = [
        mean_number(
            f"accuracy at {_name(s)}", accuracy[:, i], expected[i], rival, resolution=finest
        )
        for i, s in enumerate(PRESENCES)
    ]
    shown = curve(
        "single-view images",
        ("s/k", np.array(PRESENCES)),
        ("accuracy", accuracy),
        expected,
        np.full(len(PRESENCES), limit),
    )
    shares = [float((views.sum(-1) == 1).mean()) for views in learned]
    details = {
        "curves": [shown],
        "share_of_classes_with_one_view": shares,
        "without_near_ties": [single_view_accuracy(p) for p in law],
    }
    return all_numbers(numbers, "single-view accuracy of supervised learning", details)


def _reversed(parameters: Parameters, runs: Runs) -> Runs:
    """The runs in reverse order of s."""
    return exchange(runs, backwards([_name(share) for share in PRESENCES]))


OTHER_PRESENCE = Control(
    "runs at another s", "the accuracy at one s is not that at another", look=_reversed
)

CLAIMS = (
    Claim(
        id="L12",
        name="laws.L12",
        statement="supervised single-view accuracy is (1 + (1-s/k)^{k-1})/2 at finite s, near ties "
        "of the two views added",
        provenance="[D] section 4, L12",
        role="gate",
        role_reason="the paper's one half is a limit; this is its value at the size that is run",
        horizon="T",
        measure=measure,
        controls={"supervised": (OTHER_PRESENCE,)},
        order=12,
        legs=legs,
        conditions=conditions,
    ),
)
