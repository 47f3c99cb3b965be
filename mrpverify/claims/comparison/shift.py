"""CMP.shift [A, introduction]: on laws not seen in training the gain is no smaller."""

from __future__ import annotations

from ...judge.measurement import Measurement, mean_above, together
from ...parameters import Parameters
from ...theory import comparison as theory
from ..accuracies import EQUAL, GAIN, IN_DISTRIBUTION, resolution, summary
from ..claim import Claim, Runs
from ..controls import FUSED, NOTHING_HIDDEN
from ..legs import SUPERVISED
from ..theorem2.runs import FINE_TUNED
from .runs import single_view_gain, with_supervised


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """On every shifted law: gain above 0.02, and above the one in distribution less 0.01."""
    tuned, scratch = runs[FINE_TUNED], runs[SUPERVISED]
    finest = resolution(parameters)
    laws = [str(law) for law in tuned["law"].values if law != IN_DISTRIBUTION]
    gains = {law: single_view_gain(tuned, scratch, law) for law in laws}
    usual = single_view_gain(tuned, scratch)
    parts = {f"gain, {law}": mean_above(gain, GAIN, finest) for law, gain in gains.items()}
    # A difference of two gains is known half as finely.
    parts |= {
        f"gain beyond the usual one, {law}": mean_above(gain - usual, -EQUAL, 2 * finest)
        for law, gain in gains.items()
    }
    return together(
        f"single-view gain, {laws[0]}", parts, {"gain in distribution": summary(usual, finest)}
    )


CLAIMS = (
    Claim(
        id="CMP.shift",
        name="comparison.shift",
        statement="under shifted laws the gain on single-view images is no smaller",
        provenance="[A] introduction (out of distribution); laws and levels [D], section 3",
        role="gate",
        role_reason="the paper claims robustness, and theory gives the sign for every law",
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (NOTHING_HIDDEN, FUSED),
            "mae": (NOTHING_HIDDEN, FUSED),
        },
        prediction=theory.predict_shift,
        order=2,
        legs=with_supervised,
        relies_on=("supervised", "fine-tuning"),
    ),
)
