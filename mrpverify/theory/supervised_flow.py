"""Supervised learning as a closed flow of its own-view correlations (laws2, L12 [D]).

Started from small kernels, block i learns features of class i alone: c_{i,l,r} = <w_r, v_{i,l}>, r
in block i, are 2 k m numbers that need no others. With z_p = Z s_p the patches of a feature,

    phi_{i,l}(Z) = sum_r sum_p sReLU(z_p c_{i,l,r}),   F_j = sum of phi_{j,l} over its views in X,
    dc_{i,l,r}/dt = E[1[y = i] (1 - p_i) phi'_{i,l,r}]
                    - E[1[y != i] 1[v_{i,l} in X] p_i phi'_{i,l,r}].

Both views of a class share its residual 1 - p_y, and foreign images that show a learned view keep
that residual alive: this is what a second view lives on, besides single-view images that hide the
first one. Expectations are quadratures; of the other classes' exponentials the mean enters (the
closure). For two views and equal or nearly equal patches.

Where the views of a class are at an angle, cosine kappa, a patch of one moves the correlation with
the other too: what stands above for dc_l/dt is then g_l, and dc_l/dt = g_l + kappa g_{l'} [D].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ..parameters import Parameters
from .activation import smoothed_relu, smoothed_relu_slope
from .data_law import off_class_probability, power_sum, role, share_moment
from .quadrature import roots_legendre
from .supervised import LEAST_STEPS
from .undefined import UndefinedError

Array = NDArray[np.float64]

VIEWS = 2
KINDS = (
    ("shown", "shown", "off"),
    ("shown", "weak", "single_off"),
    ("weak", "shown", "single_off"),
)
"""Roles of view 1, view 2 and others' features where both show, view 1 alone, view 2 alone."""
NODES = 3
"""Gauss nodes in every Z of the flow."""
POINTS = 16
"""Midpoints in every Z of an accuracy."""
RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Tolerances of the integration; a tenth of both changes nothing (tested)."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a seed has drawn: its start, its images of every kind, how active their views are."""

    start: Array
    """Initial correlations of each class's own block [classes, 2, m]."""
    kinds: Array
    """Share of the training images by class and kind [classes, 3]."""
    activity: Array
    """Mean of sum z^q of a view in its class's images over what the law expects of such images
    [classes, 2]."""


def expected_draw(parameters: Parameters, start: Array) -> Drawn:
    """A seed of which the start alone is known: images as the law has them."""
    p = parameters
    single = p.single_view / VIEWS if p.hide else 0.0
    kinds = np.tile([1 - VIEWS * single, single, single], (p.classes, 1)) / p.classes
    return Drawn(start, kinds, np.ones((p.classes, VIEWS)))


def relative_activity(parameters: Parameters, own_activity: Array, kinds: Array) -> Array:
    """`Drawn.activity` from a run's E[1_y A], [..., features], and its kinds [..., classes, 3]."""
    p, q = parameters, parameters.power
    by_role = {name: power_sum(p, role(p, name), q) for name in ("shown", "weak")}
    expected = np.array([[by_role[kind[view]] for kind in KINDS] for view in range(VIEWS)])
    law = kinds @ expected.T
    measured = own_activity.reshape(*own_activity.shape[:-1], p.classes, VIEWS)
    found: Array = np.divide(measured, law, out=np.ones_like(law), where=law > 0)
    return found


class OwnViewFlow:
    """dc/dt of one seed as a function of c, flat [2 k m]."""

    def __init__(self, parameters: Parameters, drawn: Drawn, alignment: float = 0.0) -> None:
        self.parameters, self.drawn, self.alignment = parameters, drawn, alignment
        self.shape = drawn.start.shape
        node, weight = roots_legendre(NODES)
        self.weight = weight / 2
        names = ("shown", "weak", "off", "single_off")
        ends = {name: _range(parameters, name) for name in names}
        self.totals = np.concatenate([_nodes(*ends[name], node) for name in names])
        self.at = {name: slice(i * NODES, (i + 1) * NODES) for i, name in enumerate(names)}
        self.patches = patch_shares(parameters)
        self.presence = off_class_probability(parameters)

    def __call__(self, time: float, flat: Array) -> Array:
        """The flow at `time`, which it does not depend on."""
        del time
        c = flat.reshape(self.shape)
        phi, slope = answers(self.parameters, c, self.totals, self.patches)
        found = np.zeros_like(c)
        for index, kind in enumerate(KINDS):
            share = self.drawn.kinds[:, index]
            if share.any():
                found += self._of_kind(phi, slope, kind, share)
        return (found + self.alignment * found[:, ::-1]).ravel()

    def _of_kind(self, phi: Array, slope: Array, kind: tuple[str, str, str], share: Array) -> Array:
        """What images of one kind add [classes, 2, m]; `share` is theirs by class."""
        first, second, off = (self.at[name] for name in kind)
        weight, pi = self.weight, self.presence
        own = np.exp(phi[:, 0, first, None] + phi[:, 1, None, second])  # e^{F_y} [k, 3, 3]
        foreign = np.exp(phi[..., off])  # [k, 2, 3]
        shown = 1 - pi + pi * foreign @ weight  # E e^{phi}, absence included [k, 2]
        each = shown.prod(1)
        others = each.sum() - each  # W_y
        residual = others[:, None, None] / (others[:, None, None] + own)
        pull_1 = (residual @ weight) * weight
        pull_2 = (np.swapaxes(residual, 1, 2) @ weight) * weight
        towards = np.stack(
            [
                (slope[:, 0, :, first] * pull_1[:, None]).sum(-1),
                (slope[:, 1, :, second] * pull_2[:, None]).sum(-1),
            ],
            1,
        )
        found = towards * (share[:, None] * self.drawn.activity)[..., None]
        if pi == 0:
            return found
        back = self._pushed_back(own, foreign, shown, each, others, share)
        lost: Array = pi * np.einsum("ilo,ilro->ilr", back * weight, slope[..., off])
        return found - lost

    def _pushed_back(
        self, own: Array, foreign: Array, shown: Array, each: Array, others: Array, share: Array
    ) -> Array:
        """Sum over classes y of their share times E p_i where v_{i,l} shows Z [k, 2, nodes]."""
        a = foreign * shown[:, ::-1, None]
        rest = others[None, :] - each[:, None]  # without y and i [i, y]
        flat = own.reshape(len(own), -1)
        below = rest[:, None, None, :, None] + flat[None, None, None]
        chance = a[..., None, None] / (a[..., None, None] + below)
        mean = chance @ np.outer(self.weight, self.weight).ravel()  # [i, l, o, y]
        foreigners = share[None, :] * (1 - np.eye(len(own)))
        return np.asarray(np.einsum("iloy,iy->ilo", mean, foreigners))


def patch_shares(parameters: Parameters) -> Array:
    """Shares of a feature's patches: two that have the law's second moment, else equal ones."""
    p, count = parameters, parameters.patches_per_feature
    if count != 2 or p.split == "equal":
        return np.full(count, 1 / count)
    apart = np.sqrt(max(0.0, 4 * share_moment(2, p.split, (2,)) - 1))
    return np.array([(1 - apart) / 2, (1 + apart) / 2])


def answers(parameters: Parameters, c: Array, totals: Array, patches: Array) -> tuple[Array, Array]:
    """phi [..., nodes] and its slope [..., m, nodes] at the strengths Z, from c [..., m]."""
    p = parameters
    z = totals[:, None] * patches
    u = c[..., None, None] * z
    phi = smoothed_relu(u, p.power, p.linear_from).sum((-1, -3))
    slope = (z * smoothed_relu_slope(u, p.power, p.linear_from)).sum(-1)
    return phi, slope


def at_horizon(parameters: Parameters, drawn: Drawn, alignment: float = 0.0) -> Array | None:
    """Own-view correlations at T [classes, 2, m]; None where a class can never start.

    `alignment` is kappa, the cosine of the two views of a class, in [0, 1). T is the run's own:
    horizon_factor times coverage, which is the crossing of some view of the last class, and at
    least LEAST_STEPS eta. Raises ValueError for other than two views.
    """
    p = parameters
    if p.views != VIEWS:
        raise UndefinedError(f"views={p.views}: the closed flow is that of {VIEWS}")
    if not (drawn.start.max((1, 2)) > 0).all():
        return None
    flow = OwnViewFlow(p, drawn, alignment)

    def last_class(time: float, flat: Array) -> float:
        del time
        return float(flat.reshape(flow.shape).max((1, 2)).min() - p.linear_from)

    last_class.terminal = True  # type: ignore[attr-defined]
    options = {"method": "RK45", "rtol": RELATIVE, "atol": ABSOLUTE}
    start, covered = drawn.start.ravel(), 0.0
    if last_class(0.0, start) < 0:
        way = solve_ivp(flow, (0.0, inf), start, events=last_class, **options)
        start, covered = way.y[:, -1], float(way.t[-1])
    end = max(p.horizon_factor * covered, LEAST_STEPS * p.step)
    if end > covered:
        start = solve_ivp(flow, (covered, end), start, **options).y[:, -1]
    return np.asarray(start.reshape(flow.shape))


def accuracy(parameters: Parameters, c: Array) -> float:
    """Single-view test accuracy from own-view correlations [classes, 2, m], in [0, 1] (laws2 [D]).

    An image of class y that shows view l alone is right iff F_y is above 0 and above every F_j;
    others are independent given c: the mean over F_y of the product of P(F_j < F_y).
    """
    p, k = parameters, parameters.classes
    pi, shares = off_class_probability(p), patch_shares(p)
    middle = (np.arange(POINTS) + 0.5) * 2 / POINTS - 1
    strengths = {n: _nodes(*_range(p, n), middle) for n in ("shown", "weak", "single_off")}
    phi = {n: answers(p, c, z, shares)[0] for n, z in strengths.items()}  # [k, 2, points]
    off = np.sort(phi["single_off"])
    pairs = np.sort((off[:, 0, :, None] + off[:, 1, None, :]).reshape(k, -1))
    right = 0.0
    for y in range(k):
        for view in range(VIEWS):
            own = (phi["shown"][y, view][:, None] + phi["weak"][y, 1 - view]).ravel()
            chance = (own > 0).astype(float)
            for j in range(k):
                if j != y:
                    one = _below(off[j, 0], own) + _below(off[j, 1], own)
                    both = _below(pairs[j], own)
                    chance *= (1 - pi) ** 2 + pi * (1 - pi) * one + pi**2 * both
            right += float(chance.mean())
    return right / (VIEWS * k)


def _below(ascending: Array, limits: Array) -> Array:
    """Share of the values below every limit."""
    found: Array = np.searchsorted(ascending, limits, side="left") / len(ascending)
    return found


def _range(parameters: Parameters, name: str) -> tuple[float, float]:
    """Ends of Z in a role."""
    found = role(parameters, name)
    return found.low, found.high


def _nodes(low: float, high: float, unit: Array) -> Array:
    """Nodes in [-1, 1] moved to [low, high]."""
    return (low + high) / 2 + (high - low) / 2 * unit
