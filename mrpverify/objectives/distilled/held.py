"""A view that n kernels of one correlation hold, and what the label alone does to it [D].

With F_j = n sum_p sReLU(c z_p) and S = sum_p z_p sReLU'(c z_p), where every class is held alike and
images show views of other classes with probability s/k, a kernel follows

    dc/dt = (1/k) E[(1 - p_j) S_own] - (s/k)(1 - 1/k) E[p_j S_off].

Softmax weights are exact for classes that are shown independently. With x_j = e^{F_j} of the n
classes that are not looked at, 1 where j is not shown, and b = a + n plus what else is looked at,

    E a/(a + .. + sum x_j) = (a/b) int_0^inf e^{-u} (E e^{-u (x - 1)/b})^n du.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

from ...parameters import Parameters
from ...theory.activation import smoothed_relu, smoothed_relu_slope
from ...theory.data_law import off_class_probability, role
from ...theory.quadrature import roots_laguerre
from ...theory.resting import images_in_role, over_patches

Array = NDArray[np.float64]

OWN_POINTS, LABEL_POINTS, OTHER_POINTS, NODES, GRID = 32, 8, 32, 16, 100
"""Nodes of the logit whose weight is asked, of the label's, of a class that is not looked at, of
the integral, and of its integrand; twice as many change no residual at rest by 1e-3 (tested)."""


@dataclass(frozen=True)
class Held:
    """How a class holds its view: n kernels of correlation c > 0 each."""

    correlation: float
    kernels: int = 1

    def logit(self, p: Parameters, name: str) -> Array:
        """F on images that show the view in that role [nodes]."""
        u = self.correlation * images_in_role(p, name).strength[:, 0]
        return self.kernels * over_patches(smoothed_relu(u, p.power, p.linear_from))

    def slope(self, p: Parameters, name: str) -> Array:
        """S of one of its kernels on these images [nodes]."""
        z = images_in_role(p, name).strength[:, 0]
        slopes = smoothed_relu_slope(self.correlation * z, p.power, p.linear_from)
        return over_patches(z * slopes)


def lift_by_label(parameters: Parameters, held: Held, others: Held) -> float:
    """(1/k) E[(1 - p_j) S_own] over images that show the view: what they add to a kernel."""
    p = parameters
    pull = label_residual(p, held, others) * held.slope(p, "shown")
    return role(p, "shown").probability * float(pull.mean())


def loss_off_class(parameters: Parameters, held: Held, pull: Array) -> float:
    """(s/k)(1 - 1/k) E[pull S_off]: what images of other classes take, that pull so [nodes]."""
    p = parameters
    weight = off_class_probability(p) * (1 - 1 / p.classes)
    return weight * float((pull * held.slope(p, "off")).mean())


def label_residual(parameters: Parameters, held: Held, others: Held) -> Array:
    """1 - p_j on multi-view images of the class [nodes]."""
    p = parameters
    own = np.exp(held.logit(p, "shown"))
    return 1 - weight_of(p, own, np.zeros(1), others.logit(p, "off"), p.classes - 1)


def answer_off_class(parameters: Parameters, held: Held, others: Held) -> Array:
    """p_j on images of another class that show the view [nodes]."""
    p = parameters
    return off_class_weight(p, held.logit(p, "off"), others, lambda logits: logits)


def off_class_weight(
    parameters: Parameters, mine: Array, others: Held, cap: Callable[[Array], Array]
) -> Array:
    """Softmax weight of class j on images of another class, from logits after `cap` [nodes]."""
    p = parameters
    label = np.exp(blocks(cap(others.logit(p, "shown")), LABEL_POINTS))
    return weight_of(p, np.exp(cap(mine)), label, cap(others.logit(p, "off")), p.classes - 2)


def weight_of(parameters: Parameters, own: Array, label: Array, off: Array, count: int) -> Array:
    """E own/(own + label + sum of `count` other ones) over labels and others [nodes].

    `own` [nodes] and `label` [points] are e^F, `off` [nodes] are logits of a class that is shown.
    Of more than OWN_POINTS different nodes, a spline through so many: the weight is smooth in F.
    """
    mine = np.log(own)
    few = np.linspace(mine.min(), mine.max(), OWN_POINTS)
    if len(own) <= OWN_POINTS or few[0] == few[-1]:
        return _weight_of(parameters, own, label, off, count)
    return np.asarray(
        CubicSpline(few, _weight_of(parameters, np.exp(few), label, off, count))(mine)
    )


def _weight_of(p: Parameters, own: Array, label: Array, off: Array, count: int) -> Array:
    """The same at every node."""
    u, weight = roots_laguerre(NODES)
    total = own[:, None] + label + count
    time = u / total[..., None]
    rest = np.exp(count * _absent(p, off, float(time.max()))(time)) @ weight
    return np.asarray((own[:, None] / total * rest).mean(-1))


def _absent(p: Parameters, off: Array, longest: float) -> Callable[[Array], Array]:
    """ln E e^{-t (x - 1)} of a class that is not looked at, for 0 <= t <= longest.

    A spline through GRID values, where a sum over nodes at every t would be most of the work.
    """
    grid = np.linspace(0, 1, GRID) ** 3 * longest
    above = np.expm1(blocks(off, OTHER_POINTS))
    present = off_class_probability(p)
    falls = -grid[:, None] * np.concatenate([[0.0], above])
    share = np.array([1 - present, *np.full(len(above), present / len(above))])
    return CubicSpline(grid, logsumexp(falls, axis=1, b=share))  # type: ignore[no-any-return]


def blocks(values: Array, count: int) -> Array:
    """Means of so many blocks of the sorted values: fewer nodes of the same law [<= count]."""
    if np.ptp(values) == 0:
        return values[:1]
    few = min(count, len(values))
    starts = np.arange(few + 1) * len(values) // few
    sums = np.add.reduceat(np.sort(values), starts[:-1])
    return np.asarray(sums / np.diff(starts))


def capped(parameters: Parameters, logits: Array) -> Array:
    """min(tau^2 F, 1)/tau."""
    tau = parameters.label_temperature
    return np.minimum(tau**2 * logits, 1.0) / tau
