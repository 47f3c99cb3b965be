"""Supervised learning from scratch: which view of a class wins, and what that costs (L2, L12 [D]).

A kernel of block i whose only appreciable correlation is c with a view of class i has, below
varrho and while every class is as likely as any other,

    dc/dt = G c^{q-1},   G = (1 - 1/k) E[1_y A] / varrho^{q-1},   A = sum z^q, E[1_y A] = S/k.

Images of other classes that show the view pull against it, by the share (s/k) E[A off class]/S of
G, below one in a hundred at any sparse presence (L11): left out.

With the drive D = int of S g / varrho^{q-1}, g the residual on own images, every view's potential

    psi(c) = int from c to varrho of x^{1-q} dx

falls by the same D, until the residual is gone. So who wins, and whether another view still
crosses, is decided by the potentials at the start and the whole drive.
"""

from __future__ import annotations

from math import expm1, inf, log1p, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import poisson

from ..parameters import Parameters
from .activation import offset
from .data_law import off_class_probability, power_sum, role
from .final_correlation import mean_shown_sum
from .gaussian import smallest_of_maxima
from .quadrature import roots_legendre
from .undefined import UndefinedError

Array = NDArray[np.float64]

LEAST_STEPS = 100
"""T is at least this many steps, as in the simulation (the theory cannot import it; tested)."""

TAIL = 1e-9
"""Probability of the Poisson tail that is left out."""

WORTH_SAYING = 1e-3
"""Share of classes without a kernel that can start, from which on a prediction names it."""

NODES = 200
"""Quadrature nodes over the winner's start; doubling them changes nothing above 1e-6 (tested)."""

FAR_OUT = 12.0
"""Where the integral over standard normals ends: what lies beyond is below 1e-30 per kernel."""


def own_activity(parameters: Parameters) -> float:
    """E[1_y A] = S/k of one view over images of its class, the hiding ones included (L2 [D]).

    Of the first one, where the views of a class differ.
    """
    p = parameters
    shown, weak = role(p, "shown"), role(p, "weak")
    return sum(r.probability * power_sum(p, r, p.power) for r in (shown, weak))


def growth_rate(parameters: Parameters) -> float:
    """G >= 0 of dc/dt = G c^{q-1} at the start of supervised learning (L2 [D])."""
    p = parameters
    return (1 - 1 / p.classes) * own_activity(p) / p.linear_from ** (p.power - 1)


def hitting_time(parameters: Parameters, start: float) -> float:
    """Physical time from the correlation `start` > 0 to varrho (L2 [D]).

    (c_0^{-(q-2)} - varrho^{-(q-2)})/((q-2) G), at q = 2 log(varrho/c_0)/G; 0 from varrho on, inf
    where nothing grows. Raises ValueError unless start > 0.
    """
    if start <= 0:
        raise UndefinedError(f"the start must be positive, got {start}")
    rate = growth_rate(parameters)
    distance = float(potential(parameters, np.array(start)))
    if distance == 0:
        return 0.0
    return distance / rate if rate > 0 else inf


def horizon(parameters: Parameters) -> float:
    """T of a run whose init is typical: horizon_factor times the time of the slowest class [D].

    A class is crossed when its leading view is, the largest of views m normals at the start; the
    slowest of k classes starts from the least of them. At least LEAST_STEPS steps.
    """
    p = parameters
    start = p.init_scale * smallest_of_maxima(p.views * p.kernels_per_class, p.classes)
    return float(max(p.horizon_factor * hitting_time(p, start), LEAST_STEPS * p.supervised_step))


def potential(parameters: Parameters, correlations: Array) -> Array:
    """psi(c) = int from c to varrho of x^{1-q} dx, same shape, in [0, inf], [D].

    0 from varrho on, inf where c <= 0 (such a view never grows).
    """
    p, c = parameters, np.asarray(correlations, dtype=np.float64)
    share = np.clip(c / p.linear_from, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        psi: Array = _potential_of_share(p.power, share)
    return psi / p.linear_from ** (p.power - 2)


def margin_after(parameters: Parameters, time: float) -> float:
    """Margin M >= 0 of a class whose winner crossed `time` >= 0 ago (gradient flow [D]).

    In the linear part dM/dt = (Z^2/k) (k - 1)/(k - 1 + e^M), hence
    (k - 1) M + e^M - 1 = (k - 1) (Z^2/k) t: about log t.
    """
    p, others = parameters, parameters.classes - 1
    travelled = others * mean_shown_sum(p) ** 2 / p.classes * time

    def excess(margin: float) -> float:
        return others * margin + expm1(margin) - travelled

    return float(brentq(excess, 0.0, log1p(travelled) + 1e-9)) if travelled > 0 else 0.0


def winner_at_horizon(parameters: Parameters) -> float:
    """Lambda(T) of a typical class's winner that carries its margin alone, at least varrho [D]."""
    p = parameters
    below = p.patches_per_feature * offset(p.power, p.linear_from)
    end = (margin_after(p, _time_left(p)) + below) / mean_shown_sum(p)
    return float(max(end, p.linear_from))


def extra_drive(parameters: Parameters, hidden: float | None = None) -> float:
    """Drive that a losing view receives between the winner's crossing and T, >= 0 [D].

    Patches z with z^{q-1} = sum z^q/sum z are linear from c = varrho/z on. Up to there the winner
    consumes its own potential, then its slope is sum z instead of sum z^q (c/varrho)^{q-1}:

        int from varrho to varrho/z of x^{1-q} dx + z^{q-1} (Lambda(T) - varrho/z)/varrho^{q-1}.

    To this adds the drive of `hidden` single-view images that show the losing view alone (by
    default their mean number N mu/(views k)): each is the share 1/N of the loss, and wrong until T.
    """
    p = parameters
    flatness = _activity_share(p)
    onset = float(flatness ** (-1 / (p.power - 1)))
    end = winner_at_horizon(p) / p.linear_from
    power_part = -float(_potential_of_share(p.power, np.array(min(onset, end))))
    linear_part = flatness * max(end - onset, 0.0)
    number = _mean_hidden(p) if hidden is None else hidden
    return (power_part + linear_part) / p.linear_from ** (p.power - 2) + number * _image_drive(p)


def initial_largest(parameters: Parameters, initial_correlations: Array) -> Array:
    """Lambda_{i,l}(0) over the block of class i, [..., kernels, features] -> [..., classes, views].

    Positive parts: 0 where no kernel of the block points towards the view. Raises ValueError for
    wrong last axes.
    """
    p = parameters
    c = np.asarray(initial_correlations, dtype=np.float64)
    if c.shape[-2:] != (p.kernels, p.features):
        raise ValueError(f"last axes must be {(p.kernels, p.features)}, got {c.shape}")
    blocks = c.reshape(*c.shape[:-2], p.classes, p.kernels_per_class, p.classes, p.views)
    # The diagonal of (block, class) comes last: [..., kernels, views, classes].
    own = np.diagonal(blocks, axis1=-4, axis2=-2)
    largest: Array = np.maximum(np.moveaxis(own.max(-3), -1, -2), 0.0)
    return largest


def winning_view(
    parameters: Parameters, initial_correlations: Array, own_activity: Array | None = None
) -> NDArray[np.int64]:
    """argmax_l Lambda_l(0) S_l^{1/(q-2)} per class [..., classes], -1 for none (section 3 [R]).

    `own_activity` [..., features] are the S of given images, up to a factor common to the views of
    a class; by default those of the law, all equal. At q = 2 the view with the shorter hitting
    time, which the start hardly decides.
    """
    largest = initial_largest(parameters, initial_correlations)
    strength = _by_view(parameters, own_activity)
    if parameters.power == 2:
        score = -_drive_needed(parameters, largest, strength)
    else:
        score = largest * strength ** (1 / (parameters.power - 2))
    winner: NDArray[np.int64] = np.where(largest.max(-1) > 0, score.argmax(-1), -1)
    return winner


def also_learns(
    parameters: Parameters, initial_largest: Array, own_activity: Array | None = None
) -> NDArray[np.bool_]:
    """Whether a second view crosses as well, [..., classes, views] -> [..., classes], [D].

    It does iff psi(c_l)/S_l <= (psi(c_w) + extra drive)/S_w: near ties at the start. Left out: how
    many single-view images a class has (their mean enters), and what the second view takes of the
    residual itself.
    """
    if parameters.views < 2:
        return np.zeros(np.shape(initial_largest)[:-1], dtype=np.bool_)
    strength = _by_view(parameters, own_activity)
    time = _drive_needed(parameters, initial_largest, strength)
    order = np.argsort(time, axis=-1)
    first, second = (np.take_along_axis(time, order[..., i : i + 1], -1)[..., 0] for i in (0, 1))
    winner = np.take_along_axis(np.broadcast_to(strength, time.shape), order, -1)[..., 0]
    with np.errstate(divide="ignore"):  # a winner that no image shows leaves the residual
        reached = first + extra_drive(parameters) / winner
    crosses: NDArray[np.bool_] = np.isfinite(second) & (second <= reached)
    return crosses


def both_views_probability(parameters: Parameters) -> float:
    """P(a class learns both its views) at a random init, in [0, 1]; 0 for one view [D].

    P(psi(sigma_0 y) <= psi(sigma_0 x) + extra drive) over two maxima x > y of m standard normals
    and a Poisson number of single-view images that show the losing view. Raises ValueError for more
    than two views.
    """
    p = parameters
    if p.views > 2:
        raise UndefinedError(f"both views of a class: it has {p.views}")
    if p.views == 1:
        return 0.0
    mean, base = _mean_hidden(p), extra_drive(p, 0)
    ends = (int(poisson.ppf(TAIL, mean)), int(poisson.isf(TAIL, mean))) if mean > 0 else (0, 0)
    number = np.arange(ends[0], ends[1] + 1)
    chance = poisson.pmf(number, mean)
    drives = np.asarray(base + number * _image_drive(p), dtype=np.float64)
    return float(chance @ _tie_probabilities(p, drives))


def never_starts(parameters: Parameters) -> float:
    """2^{-views m}: P(a class none of whose kernels points towards a view of it) [D].

    Such a class learns nothing, and its images are wrong but for a guess.
    """
    return float(2.0 ** -(parameters.views * parameters.kernels_per_class))


def single_view_accuracy(parameters: Parameters) -> float:
    """1/V + (1 - 1/V)(1 - s/k)^{k-1}: one of V views learned per class (L12 [D]).

    A hidden view is known by its weak rest unless an image shows a learned view of another class. 1
    where single-view images hide nothing. In (0, 1].
    """
    p = parameters
    if not p.hide:
        return 1.0
    undisturbed = (1 - off_class_probability(p)) ** (p.classes - 1)
    return 1 / p.views + (1 - 1 / p.views) * undisturbed


def single_view_error(parameters: Parameters) -> float:
    """e(k, s) = (1 - (1 - s/k)^{k-1})/2 at two views, in [0, 1) (L12 [D])."""
    return 1 - single_view_accuracy(parameters)


def asymptotic_single_view_error(parameters: Parameters) -> float:
    """1 - 1/views, the paper's 1/2: every image is disturbed as s grows (section 3 [R])."""
    return 1 - 1 / parameters.views if parameters.hide else 0.0


def overall_error(parameters: Parameters, mu: float | None = None) -> float:
    """mu e(k, s), mu the share of single-view images, by default the law's (L12 [D])."""
    share = parameters.single_view if mu is None else mu
    return share * single_view_error(parameters)


def refined_single_view_error(parameters: Parameters) -> float:
    """L12 where a share b of the classes learns both views and u none, in [0, 1) [D].

    u + (1/2)(1 - b - u)(1 - E^{k-1}), E = u + (1 - b - u)(1 - s/k) + b (1 - s/k)^2: the own class
    must lack the view, and each other class has up to two features that can disturb. Classes are
    taken as independent. Raises ValueError for more than two views.
    """
    p = parameters
    if not p.hide or p.views == 1:
        return 0.0
    b, u, absent = both_views_probability(p), never_starts(p), 1 - off_class_probability(p)
    one = 1 - b - u
    undisturbed = (u + one * absent + b * absent**2) ** (p.classes - 1)
    return u + one * (1 - undisturbed) / 2


def predict_lottery(parameters: Parameters) -> str:
    """Prediction for SL.lottery, one sentence."""
    p = parameters
    if p.views == 1:
        return "a class has one view, and learns it"
    if p.power == 2:
        return "no view wins at q = 2: the start decides nothing that growth keeps"
    rule = "the view with the larger Lambda(0) S^{1/(q-2)} wins"
    if p.views > 2:
        return f"{rule}; {1 / p.views:.2f} of the features are learned, and near ties"
    b, u = both_views_probability(p), never_starts(p)
    none = f" and {u:.2g} none" if u >= WORTH_SAYING else ""
    return (
        f"{rule}; {b:.2f} of the classes learn both views{none}, {(1 + b - u) / 2:.2f} of all "
        "features"
    )


def predict_test(parameters: Parameters) -> str:
    """Prediction for SL.test, one sentence."""
    p = parameters
    if single_view_error(p) == 0:
        return "no error on either kind of image: nothing is hidden that a class needs"
    error, limit = single_view_error(p), asymptotic_single_view_error(p)
    near = "" if p.views > 2 else f", {refined_single_view_error(p):.3f} with near ties"
    return (
        f"single-view error {error:.3f} (L12){near}, {limit:.2f} only as s grows; "
        f"multi-view error 0, overall {overall_error(p):.4f}"
    )


def _potential_of_share(power: int, share: Array) -> Array:
    """int from x to 1 of t^{1-q} dt at share x = c/varrho; negative above 1."""
    if power == 2:
        return np.asarray(-np.log(share))
    return np.asarray((share ** -float(power - 2) - 1) / (power - 2))


def _tie_probabilities(p: Parameters, extra: Array) -> Array:
    """P(the lesser of two maxima of m normals starts within `extra` of the larger one) [extra]."""
    m = p.kernels_per_class
    node, weight = roots_legendre(NODES)
    x = FAR_OUT / 2 * (1 + node)
    density = m * np.exp(-(x**2) / 2) / sqrt(2 * pi) * ndtr(x) ** (m - 1)
    within = ndtr(x) ** m - ndtr(_left_behind(p, x, extra[:, None])) ** m
    return np.asarray(FAR_OUT * (density * within) @ weight)


def _time_left(p: Parameters) -> float:
    """From the crossing of a typical class's winner to T, >= 0."""
    start = p.init_scale * smallest_of_maxima(p.views * p.kernels_per_class, 1)
    left = horizon(p) - hitting_time(p, start)
    return left if left > 0 else 0.0


def _mean_hidden(p: Parameters) -> float:
    """Mean number of training images that show one given view of a class alone."""
    return p.images * p.single_view / p.features if p.hide and p.views > 1 else 0.0


def _image_drive(p: Parameters) -> float:
    """Drive of one single-view image that is not learned from the winner's crossing to T.

    In the units of the potential: what the law's S/k gives per image of a class, residual 1 - 1/k.
    """
    strength = power_sum(p, role(p, "shown"), p.power) / p.linear_from ** (p.power - 1)
    return (1 - 1 / p.classes) * strength * _time_left(p) / p.images


def _left_behind(p: Parameters, x: Array, extra: Array | float) -> Array:
    """The start y (unit scale) whose potential exceeds that of a winner at x > 0 by `extra`.

    Of the shape of both together.
    """
    psi = potential(p, p.init_scale * x) + extra
    scaled = psi * p.linear_from ** (p.power - 2)
    exponent = p.power - 2
    share = np.exp(-scaled) if exponent == 0 else (1 + exponent * scaled) ** (-1 / exponent)
    # A winner beyond varrho is not a bound on itself.
    start: Array = np.minimum(p.linear_from * share / p.init_scale, x)
    return start


def _drive_needed(p: Parameters, largest: Array, strength: Array) -> Array:
    """psi/S: a drive that is common to all views counts S_l times for view l.

    inf where a view that has not crossed is in no image.
    """
    psi = potential(p, largest)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed: Array = np.where(psi > 0, psi / strength, 0.0)
    return needed


def _activity_share(p: Parameters) -> float:
    """sum z^q / sum z of a shown view, z^{q-1} for equal patches."""
    shown = role(p, "shown")
    return power_sum(p, shown, p.power) / power_sum(p, shown, 1)


def _by_view(p: Parameters, activity: Array | None) -> Array:
    """S relative to the largest of its class [..., classes, views]; ones by default."""
    if activity is None:
        return np.ones((p.classes, p.views))
    s = np.asarray(activity, dtype=np.float64)
    s = s.reshape(*s.shape[:-1], p.classes, p.views)
    top = s.max(-1, keepdims=True)
    # A class without images has no S: its views are alike.
    relative: Array = np.divide(s, top, out=np.ones_like(s), where=top > 0)
    return relative
