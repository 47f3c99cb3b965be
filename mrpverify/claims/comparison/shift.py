"""CMP.shift [A, introduction]: on laws not seen in training the gain is no smaller."""

from __future__ import annotations

import xarray as xr

from ...judge.measurement import Measurement, mean_above, together
from ...judge.per_seed import above, counted
from ...parameters import Parameters
from ...theory import comparison as theory
from ..accuracies import EQUAL, GAIN, IN_DISTRIBUTION, estimates, resolution
from ..claim import Claim, Control, Runs
from ..controls import FUSED, NOTHING_HIDDEN
from ..legs import SUPERVISED
from ..theorem2.runs import FINE_TUNED
from .runs import single_view_gain, with_supervised


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """On every shifted law: gain of a seed above 0.02, and mean gain above the usual less 0.01.

    Gains on two laws are measured on different images: their difference in one seed is mostly the
    draw of these images, so that the second statement is about its mean (t-interval, approximate).
    """
    tuned, scratch = runs[FINE_TUNED], runs[SUPERVISED]
    finest = resolution(parameters)
    laws = [str(law) for law in tuned["law"].values if law != IN_DISTRIBUTION]
    gains = {law: single_view_gain(tuned, scratch, law) for law in laws}
    usual = single_view_gain(tuned, scratch)
    parts = {
        f"seeds with a gain > {GAIN:g}, {law}": counted(above(gain, GAIN))
        for law, gain in gains.items()
    }
    # A difference of two gains is known half as finely.
    parts |= {
        f"gain beyond the usual one, {law}": mean_above(gain - usual, -EQUAL, 2 * finest)
        for law, gain in gains.items()
    }
    return together(
        f"share of seeds with a single-view gain, {laws[0]}",
        parts,
        estimates(
            {
                **{f"gain, {law}": gain for law, gain in gains.items()},
                "gain in distribution": usual,
            },
            finest,
        ),
    )


def _hardest_as_usual(parameters: Parameters, runs: Runs) -> Runs:
    """Test images of the last law, where most is lost, and the usual ones in each other's place."""
    del parameters
    return {**runs, **{leg: _exchanged(runs[leg]) for leg in (FINE_TUNED, SUPERVISED)}}


def _exchanged(run: xr.Dataset) -> xr.Dataset:
    laws = [str(law) for law in run["law"].values]
    order, usual = list(range(len(laws))), laws.index(IN_DISTRIBUTION)
    order[usual], order[-1] = order[-1], order[usual]
    names = ("test_correct", "test_number")
    return run.assign({name: (run[name].dims, run[name].values[:, order]) for name in names})


HARDEST_AS_USUAL = Control(
    "the law that takes most in the place of the usual one",
    "what is gained on other laws is less than on the one that takes a view away",
    look=_hardest_as_usual,
)
CONTROLS = (NOTHING_HIDDEN, FUSED, HARDEST_AS_USUAL)

CLAIMS = (
    Claim(
        id="CMP.shift",
        name="comparison.shift",
        statement="under shifted laws the gain on single-view images is no smaller",
        provenance="[I] out of distribution; laws and levels [D], section 3",
        role="gate",
        role_reason="the paper claims robustness, and theory gives the sign for every law",
        horizon="T",
        measure=measure,
        controls={"teacher-student": CONTROLS, "mae": CONTROLS},
        prediction=theory.predict_shift,
        order=2,
        legs=with_supervised,
        relies_on=("supervised", "fine-tuning"),
    ),
)
