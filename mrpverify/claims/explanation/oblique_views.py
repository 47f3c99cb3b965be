"""CMP.angle [D]: views at a small cosine leave supervised learning little to lose.

The views of a class have the cosine kappa. A kernel that follows one of them carries kappa times
its correlation with the other, a start far above the init once it is long. The flow of own-view
correlations, with that in it, says for every seed what is lost on single-view images; what
pretraining gains is no more than this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...judge.findings import Curve, Table
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...parameters import Parameters, changed
from ...theory.undefined import two_views
from ..accuracies import block_views, resolution, share, single_view
from ..claim import Claim, Control, Runs
from ..laws.curves import curve
from ..laws.exchange import cycled, exchange
from ..laws.foretold import foretell
from ..legs import Leg, Legs, supervised
from .unequal_views import LAW

COSINES = (0.03, 0.05, 0.1)
"""kappa: where the loss begins to fall, in the middle, and where it is over (salt "explore")."""
RIGHT_ANGLE = "at a right angle"
RUNS_OVER = 0.015
"""Half-width of the band, that of L12 (laws2): closure, finite step, spread of 24 seeds."""


def regime(parameters: Parameters, cosine: float) -> Parameters:
    """Supervised learning in the preset's regime with views at this angle."""
    return changed(supervised(parameters).parameters, law=LAW, alignment=cosine)


def _name(cosine: float) -> str:
    return f"kappa = {cosine:g}"


def legs(parameters: Parameters) -> Legs:
    """Supervised learning at every angle."""
    p = two_views(parameters)
    return {_name(cosine): Leg(regime(p, cosine)) for cosine in COSINES}


@dataclass(frozen=True, eq=False)
class _Found:
    """One angle, by seed [seeds]: accuracies measured, foretold, and foretold at a right angle."""

    cosine: float
    measured: np.ndarray
    foretold: np.ndarray
    orthogonal: np.ndarray
    learned: np.ndarray
    """Share of the views held."""


def _find(parameters: Parameters, runs: Runs, cosine: float) -> _Found:
    """What is known at one angle."""
    p, run = regime(parameters, cosine), runs[_name(cosine)]
    plain = supervised(parameters).parameters
    # The draw is that of the paper's law but for the angle, which the start already has.
    return _Found(
        cosine,
        single_view(run),
        foretell(plain, run, alignment=cosine).accuracy,
        foretell(plain, run).accuracy,
        block_views(p, run).mean((1, 2)),
    )


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Mean over seeds of single-view accuracy minus the foretold one, at every angle."""
    found = [_find(parameters, runs, cosine) for cosine in COSINES]
    return all_numbers(
        [_number(parameters, one) for one in found],
        "single-view accuracy of supervised learning minus foretold",
        [_curve(found), Table("angles", [_row(parameters, one) for one in found])],
    )


def _number(parameters: Parameters, found: _Found) -> Number:
    """Measured minus foretold at one angle."""
    rival = Rival("the angle does not matter", float(np.nanmean(found.orthogonal - found.foretold)))
    return mean_number(
        f"accuracy minus foretold, {_name(found.cosine)}",
        found.measured - found.foretold,
        0.0,
        rival,
        (-RUNS_OVER, RUNS_OVER),
        resolution(parameters),
    )


def _curve(found: Sequence[_Found]) -> Curve:
    """What supervised learning loses, over kappa."""
    return curve(
        "lost on single-view images",
        ("kappa", np.array([one.cosine for one in found])),
        ("error of supervised learning", np.stack([1 - one.measured for one in found], -1)),
        np.array([float(np.nanmean(1 - one.foretold)) for one in found]),
        np.array([float(np.nanmean(1 - one.orthogonal)) for one in found]),
    )


def _row(parameters: Parameters, found: _Found) -> dict[str, object]:
    """Accuracies behind a number."""
    finest = resolution(parameters)
    return {
        "kappa": found.cosine,
        "supervised": share(found.measured, finest),
        "foretold": share(found.foretold, finest),
        f"foretold {RIGHT_ANGLE}": share(found.orthogonal, finest),
        "views held": share(found.learned),
    }


def predict(parameters: Parameters) -> str:
    """Prediction for CMP.angle, one sentence."""
    del parameters
    return (
        "a kernel that has learned one view learns the other where kappa times its length is near "
        "varrho; every seed loses what the flow of its own views says, next to nothing at kappa = "
        f"{COSINES[-1]:g}"
    )


def _other_angles(parameters: Parameters, runs: Runs) -> Runs:
    """Every angle with the runs of the next one."""
    del parameters
    return exchange(runs, cycled([_name(cosine) for cosine in COSINES]))


CLAIMS = (
    Claim(
        id="CMP.angle",
        name="explanation.oblique_views",
        statement="what supervised learning loses on single-view images falls with the cosine of a "
        "class's views as the flow of its own views says, to next to nothing at 0.1",
        provenance="[D] laws2, L12, for views at an angle",
        role="finding",
        role_reason="the paper's views are orthogonal; how much hangs on that is the question",
        horizon="T",
        measure=measure,
        controls={
            "mae": (
                Control(
                    "accuracies at another angle",
                    "what is lost at one angle is not what is lost at another",
                    look=_other_angles,
                ),
            )
        },
        prediction=predict,
        order=26,
        legs=legs,
        relies_on=("supervised",),
    ),
)
