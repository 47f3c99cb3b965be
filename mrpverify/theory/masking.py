"""Losses expected over the mask, in closed form and by enumerating every mask (section 2 [D]).

Masks eps_p ~ Bernoulli(theta), independent; lambda = (1 - theta)/theta. As sReLU(0) = 0, a kernel
sees h(eps X) = sum_p eps_p a_p, so only E eps_p = theta and Var eps_p = theta (1 - theta) enter.
With bias:

    teacher-student  E L = 1/2 (hhat - h)^2 + lambda/2 sum_p a_p^2            per kernel
    MAE              E L = 1/2 ||c S - B h - beta||^2 + 1/2 theta g sum_p ||x_p||^2
                           + 1/2 sum_p [ lambda ||B a_p||^2 + 2 g x_p . B a_p ]

target "all": c = 1, g = 0; target "masked": c = g = 1 - theta. The symbolic MAE functions treat ONE
pixel coordinate (x_p, y_p = (B a_p) and beta are numbers): the loss is the sum over coordinates.

Masks of fixed size, n of P patches, have E eps_p eps_p' = n (n-1)/(P (P-1)) (laws2, FIX): with
f = P/(P-1) the penalty is lambda f [sum_p a_p^2 - h^2/P], and for p != p'
E (1-eps_p) eps_p'/theta = (1-theta) f,  E (1-eps_p) (1-eps_p') = (P-n)(P-n-1)/(P (P-1)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Literal

import numpy as np
import sympy as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Target = Literal["all", "masked"]


def mask_expectation(
    loss: Callable[[tuple[int, ...]], sp.Expr], patches: int, visible: sp.Expr
) -> sp.Expr:
    """E over all 2^P masks of `loss(mask)`, exact (section 2 [R])."""
    terms = []
    for mask in product((0, 1), repeat=patches):
        shown = sum(mask)
        terms.append(visible**shown * (1 - visible) ** (patches - shown) * loss(mask))
    return sp.Add(*terms)


def fixed_size_expectation(
    loss: Callable[[tuple[int, ...]], sp.Expr], patches: int, shown: int
) -> sp.Expr:
    """E over all C(P, n) masks of `loss(mask)`, exact (laws2, FIX)."""
    masks = [mask for mask in product((0, 1), repeat=patches) if sum(mask) == shown]
    return sp.Add(*[loss(mask) for mask in masks]) / len(masks)


def fixed_size_variance(parts: Sequence[sp.Expr], shown: int) -> sp.Expr:
    """Var sum_p eps_p a_p/theta of n visible patches, lambda f [sum_p a_p^2 - h^2/P] (FIX [D])."""
    count = len(parts)
    if count == 1:
        return sp.Integer(0)
    factor = sp.Rational(count - shown, shown) * sp.Rational(count, count - 1)
    return factor * (sum(a**2 for a in parts) - sum(parts) ** 2 / count)


def fixed_size_cross(patches: Sequence[sp.Expr], decoded: Sequence[sp.Expr], shown: int) -> sp.Expr:
    """E (sum_p (1-eps_p) x_p) (sum_p eps_p y_p)/theta of n visible patches (FIX [D])."""
    count = len(patches)
    if count == 1:
        return sp.Integer(0)
    own = sum(x * y for x, y in zip(patches, decoded, strict=True))
    return sp.Rational(count - shown, count - 1) * (sum(patches) * sum(decoded) - own)


def fixed_size_target(patches: Sequence[sp.Expr], shown: int) -> sp.Expr:
    """E (sum_p (1-eps_p) x_p)^2 of n visible patches (FIX [D])."""
    count, hidden = len(patches), len(patches) - shown
    alone = sum(x**2 for x in patches)
    pairs = sum(patches) ** 2 - alone
    both = sp.Rational(hidden * (hidden - 1), count * (count - 1)) if count > 1 else 0
    return sp.Rational(hidden, count) * alone + both * pairs


def teacher_student_enumerated(
    taught: sp.Expr, activations: Sequence[sp.Expr], visible: sp.Expr
) -> sp.Expr:
    """E 1/2 (hhat - h(eps X)/theta)^2 of one kernel by enumeration (section 2 [R])."""

    def loss(mask: tuple[int, ...]) -> sp.Expr:
        seen = sum(eps * a for eps, a in zip(mask, activations, strict=True))
        return (taught - seen / visible) ** 2 / 2

    return mask_expectation(loss, len(activations), visible)


def teacher_student_expression(
    taught: sp.Expr, activations: Sequence[sp.Expr], visible: sp.Expr
) -> sp.Expr:
    """Closed form of `teacher_student_enumerated` (section 2 [D])."""
    penalty = (1 - visible) / visible
    return (taught - sum(activations)) ** 2 / 2 + penalty / 2 * sum(a**2 for a in activations)


def mae_enumerated(
    patches: Sequence[sp.Expr],
    decoded: Sequence[sp.Expr],
    bias: sp.Expr,
    visible: sp.Expr,
    target: Target,
) -> sp.Expr:
    """E 1/2 (S_target - sum_p eps_p y_p / theta - beta)^2, one coordinate (section 2 [R])."""

    def loss(mask: tuple[int, ...]) -> sp.Expr:
        aims = [
            x if target == "all" else (1 - eps) * x for eps, x in zip(mask, patches, strict=True)
        ]
        seen = sum(eps * y for eps, y in zip(mask, decoded, strict=True))
        return (sum(aims) - seen / visible - bias) ** 2 / 2

    return mask_expectation(loss, len(patches), visible)


def mae_expression(
    patches: Sequence[sp.Expr],
    decoded: Sequence[sp.Expr],
    bias: sp.Expr,
    visible: sp.Expr,
    target: Target,
) -> sp.Expr:
    """Closed form of `mae_enumerated`, with its constant term (section 2 [D])."""
    scale, cross = (sp.Integer(1), sp.Integer(0)) if target == "all" else (1 - visible, 1 - visible)
    residual = scale * sum(patches) - sum(decoded) - bias
    penalty = (1 - visible) / visible * sum(y**2 for y in decoded)
    pairs = 2 * cross * sum(x * y for x, y in zip(patches, decoded, strict=True))
    return (residual**2 + penalty + pairs + visible * cross * sum(x**2 for x in patches)) / 2


def teacher_student_loss(taught: Array, activations: Array, visible: float) -> Array:
    """E L per image [...]; hhat [..., kernels], a [..., patches, kernels] (section 2 [D])."""
    gap = taught - activations.sum(-2)
    penalty = (1 - visible) / visible * np.square(activations).sum((-2, -1))
    loss: Array = (np.square(gap).sum(-1) + penalty) / 2
    return loss


def mae_loss(
    patches: Array, activations: Array, decoder: Array, bias: Array, visible: float, target: Target
) -> Array:
    """E L per image [...] with its constant term (section 2 [D]).

    patches [..., P, d], activations a [..., P, kernels], decoder [kernels, d], bias [d].
    """
    scale, cross = (1.0, 0.0) if target == "all" else (1 - visible, 1 - visible)
    decoded = activations @ decoder
    residual = scale * patches.sum(-2) - decoded.sum(-2) - bias
    penalty = (1 - visible) / visible * np.square(decoded).sum((-2, -1))
    pairs = 2 * cross * (patches * decoded).sum((-2, -1))
    constant = visible * cross * np.square(patches).sum((-2, -1))
    loss: Array = (np.square(residual).sum(-1) + penalty + pairs + constant) / 2
    return loss
