"""Beyond varrho a kernel of the masked autoencoder grows as t^{1/3}, t^{1/4} or not at all (L15).

One kernel c with its decoder b on one feature of presence p, target "all", patches a = z c - o with
o = (1 - 1/q) varrho [D]. At its optimal b, fast against c, with delta = o/c and S_xy = E xy, or
E xy - p E x E y where a decoder bias at its optimum takes the mean part,

    L_min = p/2 [ S_ZZ - S_Zh^2 / (S_hh + lambda E sum a^2) ]
          = p/2 [ S - (S - e delta)^2 / (n - 2 f delta + g delta^2) ],     dc/dt = -dL_min/dc.

A longer kernel with a shorter decoder sees less of the offset. Near delta = 0 that gains

    L_min - L_inf = first/c + second/c^2,
    first  = p lambda o E[Z] S G / n^2,      G = (1 - p_b) (C_p E sum z^2 - E Z^2) - p_b Var Z,
    second = p o^2 S^2 (g n - f^2) / (2 n^3)   where G = 0,

p_b = p with a bias, 0 without. Under masks of fixed size lambda is `own`, and shared E h^2 is off
the denominator (`parts.mask_law`). Unequal patches have C_p sum z^2 > Z^2: c^3 = 3 first t. Equal
ones without a bias have the spread of Z alone: c^4 = 8 second t. G < 0, equal patches with a bias,
has the end o/delta*, the only stationary point of L_min. Not covered: several kernels that share
the feature, both views in one kernel (own images alone count), and decoders that take the bias's
part over for other classes: with two classes and equal patches kernels grow as without one [E].
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ..parameters import Parameters
from . import notation as letters
from .activation import offset, smoothed_relu, smoothed_relu_slope
from .data_law import role
from .resting import Images, images_in_role

Array = NDArray[np.float64]

ROUNDING = 1e-9
"""Share of E Z^2 below which G is 0: equal patches."""


class Valley(NamedTuple):
    """L_min as a function of delta; letters as above."""

    presence: float
    offset: float
    S: float
    e: float
    n: float
    f: float
    g: float


class Rise(NamedTuple):
    """c ~ amplitude t^exponent for t -> infinity; exponent 0: it ends."""

    exponent: float
    amplitude: float
    end: float
    """Where it ends, inf for a kernel that grows for ever; NaN where nothing moves it at all."""


def valley_expression(delta: sp.Symbol, moments: tuple[sp.Symbol, ...]) -> sp.Expr:
    """L_min/p without a bias, moments E Z, E Z^2, E sum z^2, from the optimal b (L15 [D])."""
    first, second, patches = moments
    b = sp.Symbol("b")
    cross = second - letters.C_p * delta * first
    square = second - 2 * letters.C_p * delta * first + letters.C_p**2 * delta**2
    spread = patches - 2 * delta * first + letters.C_p * delta**2
    loss = second / 2 - b * cross + b**2 * (square + letters.lambda_ * spread) / 2
    return sp.simplify(loss.subs(b, sp.solve(sp.diff(loss, b), b)[0]))


def valley(parameters: Parameters, images: Images | None = None) -> Valley:
    """L_min of a feature in `images`, by default the law's shown own ones (L15 [D]).

    Raises ValueError for the target "masked", whose cross term is another one.
    """
    p = parameters
    if p.target != "all":
        raise ValueError(f"the valley is derived for target all, got {p.target!r}")
    seen = images_in_role(p, "shown") if images is None else images
    total = seen.strength.sum((1, 2))
    patches = seen.mean((seen.strength**2).sum((1, 2)))
    mean, count, law = seen.mean(total), p.patches_per_feature, p.mask_law
    kept = 1 - _removed(p)
    square, lam, shared = seen.mean(total**2), law.own, law.shared
    S = square - _removed(p) * mean**2
    e = kept * count * mean
    return Valley(
        presence=presence(p),
        offset=offset(p.power, p.linear_from),
        S=S,
        e=e,
        n=S + lam * patches - shared * square,
        f=e + lam * mean - shared * count * mean,
        g=kept * count**2 + lam * count - shared * count**2,
    )


def presence(parameters: Parameters) -> float:
    """p, the probability that an image shows a given feature as its own (section 1 [R])."""
    return role(parameters, "shown").probability


def rise(parameters: Parameters, images: Images | None = None) -> Rise:
    """How a kernel in the linear part goes on (L15 [D]); ValueError as in `valley`.

    A tied decoder cannot shorten while its kernel grows: nothing is gained.
    """
    v = valley(parameters, images)
    drop = v.e * v.n - v.S * v.f
    if parameters.decoder == "tied":
        return Rise(0.0, 0.0, float("nan"))
    if abs(drop) > ROUNDING * v.n * v.e:
        first = v.presence * v.offset * v.S * drop / v.n**2
        if first > 0:
            return Rise(1 / 3, (3 * first) ** (1 / 3), inf)
        return Rise(0.0, 0.0, v.offset * (v.e * v.f - v.S * v.g) / drop)
    curvature = v.g * v.n - v.f**2
    if curvature <= ROUNDING * v.g * v.n:
        return Rise(0.0, 0.0, float("nan"))
    second = v.presence * v.offset**2 * v.S**2 * curvature / (2 * v.n**3)
    return Rise(1 / 4, (8 * second) ** (1 / 4), inf)


def course(
    parameters: Parameters,
    times: Array,
    start: float,
    images: Images | None = None,
    tolerance: float = 1e-8,
) -> Array:
    """c at the physical times [times], increasing, from c = b = `start` at time 0 (L15 [D]).

    The flow of c and b on the whole smoothed ReLU, to a relative `tolerance`: what a finite time
    adds to `rise`. NaN from where the solver gives up, on courses over many decades. Raises
    ValueError as in `valley`, or unless start > 0 and the times are positive and increase.
    """
    t = np.asarray(times, dtype=np.float64)
    if start <= 0 or t.min() <= 0 or (np.diff(t) <= 0).any():
        raise ValueError(f"start {start} must be positive and times increasing from 0, got {t}")
    valley(parameters, images)
    seen = images_in_role(parameters, "shown") if images is None else images
    fine = {"rtol": tolerance, "atol": 1e-2 * tolerance}
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # that it gives up, which NaN says
        run = solve_ivp(_velocity(parameters, seen), (0, t[-1]), [start, start], "LSODA", t, **fine)
    found = np.full(len(t), np.nan)
    found[: len(run.t)] = run.y[0] if len(run.t) else []
    return found


def local_exponent(
    parameters: Parameters, time: float, start: float, images: Images | None = None
) -> float:
    """d log c / d log t over the decade that ends at `time` (L15 [D]); ValueError as in `course`.

    At the times of a run it is still below 1/3 or 1/4: the offset is not there at the onset.
    """
    before, after = course(parameters, np.array([time / 10, time]), start, images)
    return float(np.log10(after / before))


def _velocity(parameters: Parameters, images: Images) -> Callable[[float, Array], Array]:
    """-grad of E[1/2 (Z - b h - bias)^2 + (b^2/2) (own sum a^2 - shared h^2)] in c and b, by them.

    A course asks for it hundreds of times, each on a few images: all that stays is found before.
    """
    p, mean = parameters, images.mean
    z = images.strength.reshape(len(images.strength), -1)
    each = np.ones(z.shape[1])  # a product is five times as fast as a short sum
    total, seen, removed = z @ each, presence(p), _removed(p)
    own, shared = p.mask_law.own, p.mask_law.shared

    def velocity(_: float, state: Array) -> Array:
        c, b = state
        a = smoothed_relu(z * c, p.power, p.linear_from)
        slope = z * smoothed_relu_slope(z * c, p.power, p.linear_from)
        h, steep = a @ each, slope @ each
        gap = total - b * h
        gap = gap - removed * mean(gap) if removed else gap
        c_dot = b * gap * steep - b**2 * (own * ((a * slope) @ each) - shared * h * steep)
        b_dot = gap * h - b * (own * ((a * a) @ each) - shared * h**2)
        speed = seen * np.array([mean(c_dot), mean(b_dot)])
        return np.full(2, speed.sum()) if p.decoder == "tied" else speed

    return velocity


def _removed(p: Parameters) -> float:
    """Share of the mean part that the optimal bias takes: p, or 0 without a bias."""
    return presence(p) if p.bias else 0.0
