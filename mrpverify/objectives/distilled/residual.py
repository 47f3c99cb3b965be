"""What softened labels leave of a label's own residual, and how soon that teaches a lost view [D].

A class holds one view, with n kernels of correlation c each. Its logit on its own images is above
the cap of the truncated softmax, where `exact` soft labels say nothing, so the label alone pulls it
up. On images of other classes that show the view off class the logit is low, and there a soft label
that does not know the image asks for the weight of a class that nothing is known of,

    q_j = 1/(e^{1/tau} + k - 1),

and pulls it down. A kernel rests where the two are equal:

    (1/k) E[(1 - p_j) S_own] = (s/k)(1 - 1/k) E[(p_j + eta_KD (p^tau_j - q_j) below the cap) S_off],
    F_j = n sum_p sReLU(c z_p),   S = sum_p z_p sReLU'(c z_p).

S is that of one kernel on both sides: more kernels in a view lower c and the residual 1 - p_j.
Logits of the other classes, each with one kernel in one view, enter by the mean of their
exponentials. Nothing is fitted. The lost view of the class then grows by what is left:

    dc/dt = G c^{q-1},   G = (1/k)(1 - p_j) E[A_own]/varrho^{q-1},   A = sum_p z_p^q.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from ...parameters import Parameters
from ...theory.activation import smoothed_relu, smoothed_relu_slope
from ...theory.data_law import off_class_probability, power_sum, role
from ...theory.leak import leak_times
from ...theory.resting import images_in_role
from ...theory.undefined import UndefinedError
from .theory import lift_rate

Array = NDArray[np.float64]


LABEL_POINTS = 64
"""Nodes of the label's own logit beside every node of the view; all of them change no rest by 1e-3
of itself (tested)."""


WIDER = 1.25
"""Factor between two c that are tried; the first one at which a kernel shrinks ends the search."""


@dataclass(frozen=True)
class Held:
    """How a class holds its view: n kernels of correlation c > 0 each."""

    correlation: float
    kernels: int = 1

    def logit(self, p: Parameters, name: str) -> Array:
        """F on images that show the view in that role [nodes]."""
        u = self.correlation * images_in_role(p, name).strength[:, 0]
        return np.asarray(self.kernels * smoothed_relu(u, p.power, p.linear_from).sum(-1))

    def slope(self, p: Parameters, name: str) -> Array:
        """S of one of its kernels on these images [nodes]."""
        z = images_in_role(p, name).strength[:, 0]
        slopes = smoothed_relu_slope(self.correlation * z, p.power, p.linear_from)
        return np.asarray((z * slopes).sum(-1))


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
    return Rest(held.correlation, float(_residual(p, held, others or held).mean()))


def _asks_for_less(p: Parameters, held: Held) -> bool:
    """Whether some image of another class has its logit below the cap, where soft labels pull.

    Labels alone never balance: images of the class pull more up than those of others down.
    """
    answer = p.label_temperature**2 * held.logit(p, "off")
    return bool(((answer > 0) & (answer < 1)).any())


def _drive(p: Parameters, held: Held, others: Held) -> float:
    """Left side of the balance minus its right side."""
    own = float((_residual(p, held, others) * held.slope(p, "shown")).mean()) / p.classes
    weight = off_class_probability(p) * (1 - 1 / p.classes)
    return own - weight * float((_off_class_pull(p, held, others) * held.slope(p, "off")).mean())


def _residual(p: Parameters, held: Held, others: Held) -> Array:
    """1 - p_j on multi-view images of the class [nodes]."""
    rest_of = log(p.classes - 1) + _log_mean_exp(p, others.logit(p, "off"))
    return np.asarray(expit(rest_of - held.logit(p, "shown")))


def _off_class_pull(p: Parameters, held: Held, others: Held) -> Array:
    """p_j + eta_KD (p^tau_j - q_j) below the cap, over images of another class [nodes].

    The mean over nodes of that class's own logit.
    """
    cap = partial(_capped, p)
    mine, label = held.logit(p, "off"), others.logit(p, "shown")[:LABEL_POINTS]
    elsewhere = others.logit(p, "off")
    answer = _weight(p, mine, label, elsewhere)
    soft = _weight(p, cap(mine), cap(label), cap(elsewhere))
    below = p.label_temperature**2 * mine < 1
    return np.asarray(answer + np.where(below, p.taught_weight * (soft - unknown(p)), 0.0))


def _weight(p: Parameters, mine: Array, label: Array, elsewhere: Array) -> Array:
    """Softmax weight of logits `mine` [nodes] beside a label's and k - 2 other ones, its mean."""
    logits = [mine[:, None] + 0 * label, label + 0 * mine[:, None]]
    if p.classes > 2:
        logits.append(np.full_like(logits[0], log(p.classes - 2) + _log_mean_exp(p, elsewhere)))
    return np.asarray(np.exp(logits[0] - logsumexp(logits, axis=0)).mean(1))


def _log_mean_exp(p: Parameters, off: Array) -> float:
    """ln of the mean of e^F of a class that an image shows off class with probability s/k."""
    present = off_class_probability(p)
    shown = logsumexp(off) - log(len(off))
    return float(logsumexp([0.0, shown], b=[1 - present, present]))


def _capped(p: Parameters, logits: Array) -> Array:
    """min(tau^2 F, 1)/tau."""
    tau = p.label_temperature
    return np.minimum(tau**2 * logits, 1.0) / tau


def unknown(parameters: Parameters) -> float:
    """q_j in (0, 1): what a soft label says of a class that nothing is known of [D]."""
    return 1 / (exp(1 / parameters.label_temperature) + parameters.classes - 1)


def smoothed_residual(parameters: Parameters) -> float:
    """1 - p_y in [0, 1) if a label smoothed by its soft label were fitted: a rival of the balance.

    p_y = (1 + eta_KD q_y)/(1 + eta_KD), whatever images show.
    """
    known = exp(1 / parameters.label_temperature) * unknown(parameters)
    eta = parameters.taught_weight
    return eta * (1 - known) / (1 + eta)


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
    nothing, others = np.zeros(1), Held(rest(p).correlation)
    label, elsewhere = (_capped(p, others.logit(p, name)) for name in ("shown", "off"))
    gap = unknown(p) - float(_weight(p, nothing, label, elsewhere)[0])
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
