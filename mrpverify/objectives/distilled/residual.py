"""What softened labels leave of a label's own residual, and how soon that teaches a lost view [D].

A class holds one view, with n kernels of correlation c each. Its logit on its own images is above
the cap of the truncated softmax, where `exact` soft labels say nothing, so the label alone pulls it
up. On images of other classes that show the view off class the logit is low, and there a soft label
that does not know the image asks for what teachers say on average of a class that is not the label,

    q_j = (1 - E q_y)/(k - 1)        (`of_another_class`),

and pulls it down. A kernel rests where the two are equal:

    (1/k) E[(1 - p_j) S_own] = (s/k)(1 - 1/k) E[(p_j + eta_KD (p^tau_j - q_j) below the cap) S_off],
    F_j = n sum_p sReLU(c z_p),   S = sum_p z_p sReLU'(c z_p).

S is that of one kernel on both sides: more kernels in a view lower c and the residual 1 - p_j.
The other classes hold one view in one kernel each. Teachers are the run's own labels, to their T.
Nothing is fitted. The lost view of the class then grows by what is left:

    dc/dt = G c^{q-1},   G = (1/k)(1 - p_j) E[A_own]/varrho^{q-1},   A = sum_p z_p^q.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from math import inf

import numpy as np
from scipy.optimize import brentq

from ...parameters import Parameters
from ...theory.data_law import power_sum, role
from ...theory.leak import leak_times
from ...theory.undefined import UndefinedError
from .held import (
    Array,
    Held,
    answer_off_class,
    capped,
    label_residual,
    lift_by_label,
    loss_off_class,
    off_class_weight,
)
from .teachers import of_another_class
from .theory import lift_rate

WIDER = 1.25
"""Factor between two c that are tried; the first one at which a kernel shrinks ends the search."""


@dataclass(frozen=True)
class Rest:
    """Where the kernels of a held view stop."""

    correlation: float
    """c of each, in (0, inf]; inf where nothing stops it."""
    residual: float
    """E[1 - p_j] on multi-view images of the class, in [0, 1)."""


@lru_cache(maxsize=64)
def rest(parameters: Parameters, kernels: int = 1) -> Rest:
    """The balance above for a view that so many kernels hold [D].

    Raises ValueError unless kernels >= 1, derivative = exact and soft_labels is not own, and
    UndefinedError where soft labels let no view be held.
    """
    p = parameters
    if kernels < 1:
        raise ValueError(f"a held view has 1 kernel or more, got {kernels}")
    if p.derivative != "exact" or p.soft_labels == "own":
        said = f"derivative={p.derivative}, soft_labels={p.soft_labels}"
        raise ValueError(f"the balance is that of exact, permuted or smoothed soft labels: {said}")
    if kernels == 1:
        return _rest(p, 1, None)
    return _rest(p, kernels, Held(rest(p).correlation))


def _rest(p: Parameters, kernels: int, others: Held | None) -> Rest:
    """The first zero of the drive; where no others are given, all classes are alike."""

    def drive(c: float) -> float:
        held = Held(c, kernels)
        return _drive(p, held, others or held)

    low = p.linear_from / kernels
    if drive(low) < 0:
        raise UndefinedError("no view is held: soft labels take more than labels give at varrho")
    high = WIDER * low
    while drive(high) >= 0:
        if not _asks_for_less(p, Held(high, kernels)):
            return Rest(inf, 0.0)
        low, high = high, WIDER * high
    held = Held(float(brentq(drive, low, high)), kernels)
    return Rest(held.correlation, float(label_residual(p, held, others or held).mean()))


def _asks_for_less(p: Parameters, held: Held) -> bool:
    """Whether some image of another class has its logit below the cap, where soft labels pull.

    Labels alone never balance: images of the class pull more up than those of others down.
    """
    answer = p.label_temperature**2 * held.logit(p, "off")
    return bool(((answer > 0) & (answer < 1)).any())


def _drive(p: Parameters, held: Held, others: Held) -> float:
    """Left side of the balance minus its right side."""
    pull = answer_off_class(p, held, others) + _soft_pull(p, held, others)
    return lift_by_label(p, held, others) - loss_off_class(p, held, pull)


def _soft_pull(p: Parameters, held: Held, others: Held) -> Array:
    """eta_KD (p^tau_j - q_j) below the cap, over images of another class [nodes].

    The mean over nodes of that class's own logit.
    """
    mine = held.logit(p, "off")
    answer = off_class_weight(p, mine, others, partial(capped, p))
    excess = answer - of_another_class(p)
    return np.where(p.label_temperature**2 * mine < 1, p.taught_weight * excess, 0.0)


def smoothed_residual(parameters: Parameters) -> float:
    """1 - p_y in [0, 1) if a label smoothed by its soft label were fitted: a rival of the balance.

    p_y = (1 + eta_KD q_y)/(1 + eta_KD), whatever images show.
    """
    p = parameters
    return p.taught_weight * (p.classes - 1) * of_another_class(p) / (1 + p.taught_weight)


def crossing_time(parameters: Parameters, start: float, kernels: int = 1) -> float:
    """How long a lost view of correlation `start` takes, beside so many kernels at rest [D].

    Inf at or below 0, where it never grows.
    """
    p = parameters
    activity = power_sum(p, role(p, "shown"), p.power) / p.linear_from ** (p.power - 1)
    return _time(p, start, rest(p, kernels).residual * activity / p.classes)


def off_class_time(parameters: Parameters, start: float) -> float:
    """The same if images of other classes alone taught it: a rival of the residual."""
    p = parameters
    others = Held(rest(p).correlation)
    answer = off_class_weight(p, np.zeros(1), others, partial(capped, p))
    gap = of_another_class(p) - float(answer[0])
    return _time(p, start, lift_rate(p, gap))


def _time(p: Parameters, start: float, rate: float) -> float:
    """From `start` to varrho by dc/dt = G c^{q-1}."""
    drive = rate * p.linear_from ** (p.power - 1)
    return float(leak_times(p, np.array([start]), drive, p.linear_from)[0])


def predict_residual(parameters: Parameters) -> str:
    """Prediction for KD.residual, one sentence."""
    found = rest(parameters)
    return (
        f"a held view rests at a correlation of {found.correlation:.1f} and leaves "
        f"{found.residual:.2f} of its label's residual, which teaches the view that is lost; "
        f"{smoothed_residual(parameters):.2f} would be left of labels fitted as they are smoothed"
    )
