"""Step sizes at which fine-tuning and a linear probe keep the features (section 2 [R]; bounds [D]).

Under F = u h(w), u = 0 at the start, gradient flow with eta_1 on w and eta_2 on u conserves, for
one kernel and whatever the residual,

    2 Phi(c)/eta_1 - ||u||^2/eta_2,   Phi(c) = int from 0 to c of h/h',

2 Phi = c^2/q below varrho (q-homogeneity) and (c - (1 - 1/q) varrho/z)^2 + const in the linear
part. So the head entries tell how far the kernel has grown. Classes are alike: an image pulls its
own row by 1 - p and every other by -(1 - p)/(k - 1), so ||u||^2 = u^2 k/(k - 1), u the own entry,
and one kernel adds (k/(k - 1)) u h to the margin. The end is where the margin log(N (k - 1)) is
reached, or before.

Bounds err on the large side: one kernel alone carries the whole margin of an image that shows one
view. Views and kernels that share it, negative entries for other classes, and earlier stopping
leave less. Head and encoder add up to at most the sum of eta_2 and eta_1 times their curvatures: a
condition of 1 on each keeps the sum below 2, where descent turns unstable.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

import sympy as sp
from scipy.optimize import brentq

from ...parameters import STAND_INS, Parameters
from ...theory import notation as n
from ...theory.activation import offset, smoothed_relu
from ...theory.curvature import activity_moment
from ...theory.data_law import mean_power_sum_product, over_law
from ...theory.final_correlation import final_correlation, final_margin, mean_shown_sum


class State(NamedTuple):
    """A kernel and its head entry."""

    correlation: float
    """Lambda, with the feature it carries."""
    head: float
    """u >= 0, the entry of the feature's own class."""


def balance_drift(linear: bool) -> sp.Expr:
    """d/dt (2 Phi/eta_1 - u^2/eta_2) along the flow, in the linear part or below varrho: 0 [D]."""
    u, g, z = sp.symbols("u g z", positive=True)
    eta_1, eta_2 = sp.symbols("eta_1 eta_2", positive=True)
    below = (1 - 1 / n.q) * n.varrho
    h = z * n.c - below if linear else (z * n.c) ** n.q / (n.q * n.varrho ** (n.q - 1))
    double_phi = (n.c - below / z) ** 2 if linear else n.c**2 / n.q
    c_dot, u_dot = eta_1 * g * u * n.C_p * sp.diff(h, n.c), eta_2 * g * n.C_p * h
    return sp.simplify(sp.diff(double_phi, n.c) * c_dot / eta_1 - 2 * u * u_dot / eta_2)


def largest_start(parameters: Parameters) -> float:
    """Bound on Lambda_0 > 0, where the regime's pretraining leaves its kernels; inf if nowhere [D].

    Of a masked autoencoder it is Lambda at T (L15), and as much more as T1.bounded allows growth:
    kernels differ. After any other objective: the larger of the two known ones.
    """
    p = parameters
    if p.framework == "teacher-student":
        return final_correlation(p, p.framework)
    late = STAND_INS["growth_by"].value * final_correlation(p, "mae")
    return late if p.framework == "mae" else max(late, final_correlation(p, "teacher-student"))


def output(parameters: Parameters, correlation: float) -> float:
    """h of a kernel on an image that shows its one feature, Z at its mean and equal patches."""
    p = parameters
    patch = correlation * mean_shown_sum(p) / p.patches_per_feature
    return p.patches_per_feature * float(smoothed_relu(patch, p.power, p.linear_from))


def double_phi(parameters: Parameters, correlation: float) -> float:
    """2 Phi(c) = 2 int from 0 to c of h/h' >= 0, c >= 0 [D]."""
    p = parameters
    z = mean_shown_sum(p) / p.patches_per_feature
    joint = p.linear_from / z
    if correlation <= joint:
        return correlation**2 / p.power
    below = offset(p.power, p.linear_from) / z
    return joint**2 / p.power + (correlation - below) ** 2 - (joint - below) ** 2


def head_entry(parameters: Parameters, first: float, last: float) -> float:
    """u >= 0 where a kernel that started at `first` has grown to `last` >= first; eta_1 > 0 [D]."""
    p = parameters
    grown = double_phi(p, last) - double_phi(p, first)
    return sqrt(max(grown, 0.0) * p.head_step / p.encoder_step * (1 - 1 / p.classes))


def end_state(parameters: Parameters, first: float | None = None) -> State:
    """(Lambda_end, u_end) of a kernel that carries the whole final margin from `first` on [D].

    By default from the largest start, which bounds Lambda_end; the smaller the start, the larger
    u_end. eta_1 = 0, a linear probe: (Lambda_0, (1 - 1/k) margin/h(Lambda_0)).
    """
    p = parameters
    c_0 = largest_start(p) if first is None else first
    needed = (1 - 1 / p.classes) * final_margin(p)
    if c_0 == inf or needed == 0:
        return State(c_0, 0.0)
    if p.encoder_step == 0:
        return State(c_0, needed / output(p, c_0))

    def excess(c: float) -> float:
        return head_entry(p, c_0, c) * output(p, c) - needed

    high = 2 * c_0
    while excess(high) < 0:
        high *= 2
    last = float(brentq(excess, c_0, high))
    return State(last, head_entry(p, c_0, last))


def confusion(parameters: Parameters) -> float:
    """Largest eigenvalue of diag(p) - p p^T with p_j equal for j != y: k/(4 (k - 1)), at p_y = 1/2.

    Every image passes it on its way to its margin. It belongs to e_y - 1/(k-1) sum of the others,
    the direction in which a head of equal classes grows (two classes: the general bound 1/2) [D].
    """
    return parameters.classes / (4 * (parameters.classes - 1))


def kernels_per_feature(parameters: Parameters) -> float:
    """Kernels that share a feature, >= 1 [D].

    Teacher-student kernels are independent (L10) and all cross: m/views on average. MAE kernels
    compete for one target: one. After any other objective: m/views, the larger.
    """
    p = parameters
    return 1.0 if p.framework == "mae" else max(p.kernels_per_class / p.views, 1.0)


def head_curvature(parameters: Parameters) -> float:
    """Gauss-Newton bound on the loss in the head, while the encoder grows to its end [D].

    `confusion` times the top of E[h h^T], to which the kernels of a class and all its views add up:
    kernels that hold one view each and share it, or one kernel that holds all views. Of kernels
    that share a feature, sum h^2 at a given margin is largest where one does all the growing (u h
    is concave in u^2) and the others rest at Lambda_0.
    """
    p = parameters
    others = kernels_per_feature(p) - 1
    rest = others * start_square(p) if others else 0.0
    grown = _mean_square(p, end_state(p).correlation)
    return confusion(p) * p.views * max(rest + grown, p.views * grown)


def probe_curvature(parameters: Parameters) -> float:
    """Largest curvature of a linear probe, on kernels that rest at Lambda_0 [D].

    As `head_curvature` without growth. Several kernels with both views each would have more, up to
    `views` times this; about a quarter of the teacher-student kernels are such [E].
    """
    p = parameters
    together = max(kernels_per_feature(p), float(p.views))
    return confusion(p) * p.views * together * start_square(p)


def start_square(parameters: Parameters) -> float:
    """E h^2 of a kernel that rests at the largest start with one feature, over all images [D]."""
    return _mean_square(parameters, largest_start(parameters))


def encoder_curvature(parameters: Parameters) -> float:
    """Gauss-Newton bound on the loss in the encoder at the end, slopes at most 1; eta_1 > 0 [D].

    `confusion` ||u||^2 views E[1_v Z^2]: the views of a class add up, be it in one kernel or in
    several. u from the smallest start, varrho, is the largest, and kernels that share a feature
    have a smaller sum of u^2. At eta_1 = 0 nothing moves: 0.
    """
    p = parameters
    if p.encoder_step == 0:
        return 0.0
    norm = end_state(p, p.linear_from).head ** 2 * p.classes / (p.classes - 1)
    return confusion(p) * norm * p.views * mean_power_sum_product(p, 1, 1)


def _mean_square(p: Parameters, correlation: float) -> float:
    """E h^2 over all images, of a kernel at that correlation with one feature; inf at inf."""
    if correlation == inf:
        return inf
    return over_law(p, lambda r: activity_moment(p, r, correlation, 2))
