"""What the labels of a run's own teachers say on average [D].

Teachers learn the same images by labels alone, to their T. A class then holds one view in one
kernel; c follows dc/dt of `held` from varrho on, over what is left of T at its crossing. On an
image, with a = e^{min(tau^2 g F_y, 1)/tau} of the label, the soft label of the label is

    q_y = a/(a + sum_{j != y} x_j),   x_j = e^{min(tau^2 g F_j, 1)/tau},  1 where j is not shown.

Labels permuted within a class, and smoothed ones, give every other class (1 - E q_y)/(k - 1).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, inf

import numpy as np
from scipy.integrate import solve_ivp

from ...parameters import Parameters
from ...theory.gaussian import smallest_of_maxima
from ...theory.supervised import hitting_time, horizon
from ...theory.undefined import UndefinedError
from .held import Array, Held, answer_off_class, capped, lift_by_label, loss_off_class, weight_of


def of_another_class(parameters: Parameters) -> float:
    """q_j in (0, 1): mean soft label of a class that is not the image's [D]."""
    return (1 - of_the_label(parameters)) / (parameters.classes - 1)


@lru_cache(maxsize=64)
def of_the_label(parameters: Parameters) -> float:
    """E q_y in (0, 1) over multi-view and single-view images [D]."""
    p, teacher = parameters, Held(teacher_correlation(parameters))
    single = p.single_view if p.hide and p.views > 1 else 0.0
    # Single-view images show the held view, or hide it, and fainter features of other classes.
    seen = single / p.views
    contexts = (
        (1 - single, "shown", "off"),
        (seen, "shown", "single_off"),
        (single - seen, "weak", "single_off"),
    )
    return sum(share * _soft_label(p, teacher, *roles) for share, *roles in contexts if share)


def of_the_label_alone(parameters: Parameters) -> float:
    """q_y in (0, 1) if teachers saw no class but the label's: a rival of the mean."""
    return 1 / (1 + (parameters.classes - 1) * exp(-1 / parameters.label_temperature))


def _soft_label(p: Parameters, teacher: Held, own: str, off: str) -> float:
    """E q_y of images that show the held view and others' features in these roles."""
    label = np.exp(_said(p, teacher, own))
    return float(weight_of(p, label, np.zeros(1), _said(p, teacher, off), p.classes - 1).mean())


def _said(p: Parameters, teacher: Held, name: str) -> Array:
    """min(tau^2 g F, 1)/tau on images that show the view in that role [nodes]."""
    return capped(p, p.teacher_scale * teacher.logit(p, name))


@lru_cache(maxsize=64)
def teacher_correlation(parameters: Parameters) -> float:
    """c > 0 of a held view at the T of labels alone, from a typical start [D].

    Raises UndefinedError where labels alone never learn one.
    """
    p, end = parameters, horizon(parameters)
    if end == inf:
        raise UndefinedError("no class learns a view by labels alone: nobody teaches")
    start = p.init_scale * smallest_of_maxima(p.views * p.kernels_per_class, 1)
    left = end - hitting_time(p, start)

    def growth(time: float, c: Array) -> list[float]:
        del time
        held = Held(float(c[0]))
        lost = loss_off_class(p, held, answer_off_class(p, held, held))
        return [lift_by_label(p, held, held) - lost]

    if left <= 0:
        return p.linear_from
    found = solve_ivp(growth, (0.0, left), [p.linear_from], rtol=1e-3, atol=1e-3)
    return float(found.y[0, -1])
