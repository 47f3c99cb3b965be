"""What masks do to a masked autoencoder whose kernel holds one view of a class (L8, L14 [D]).

One kernel, one class, both views in every image with Z = sum z in C_p equal patches; the kernel
answers a on each patch of its view, h = C_p a in all, and its decoder is at its optimum for that.

Target "masked": b (h^2 + lambda C_p a^2) = (1 - theta) (S h - a Z v_1) for S = Z (v_1 + v_2), so

    b = g ((C_p - 1) v_1 + C_p v_2),   g = (1 - theta) Z / (C_p a (C_p + lambda)).

A patch z v_2 that the kernel answers a little feels b . ((1 - theta)(S - x_p) - b h), z = Z/C_p:

    g (1 - theta) Z [ (2 C_p - 2) - ((C_p - 1)^2 + C_p^2)/(C_p + lambda) ],

which is positive, and the views fuse, iff lambda > 1/(2 C_p - 2), theta < (2C_p-2)/(2C_p-1).

Under masks of fixed size (own, shared = own/P: `parts.mask_law`) b (h^2 (1 - shared) + own C_p a^2)
is the left side and both sides are f times larger, and the patch feels b . ((1 - theta) f (S - x_p)
- (1 - shared) b h). It is positive iff own (2 C_p - 2) + shared > 1, that is

    theta < (P (2C_p - 2) + 1) / (P (2C_p - 1)).

Target "all": b = S/(h K), K = 1 + lambda/C_p; what is left of the target, S - b h, is the share
(K-1)/K of it, and so is the drive b . (S - b h) of the other view. With masks of fixed size the
drive is b . (S - (1 - shared) b h), K = 1 + own/C_p - shared, and own/(C_p K) is left.
"""

from __future__ import annotations

import sympy as sp

from ..parameters import Parameters
from . import notation as n


def masked_drive_expression() -> sp.Expr:
    """Drive of the second view under target "masked", from the loss itself (L8 [D]).

    In C_p, theta, Z and the answer a of a patch; the decoder solves the loss for it.
    """
    a, Z, C_p, theta = sp.Symbol("a", positive=True), n.Z, n.C_p, n.theta
    penalty, hidden = (1 - theta) / theta, 1 - theta
    h = C_p * a
    b1, b2 = sp.symbols("b1 b2", real=True)
    residual = (hidden * Z - b1 * h) ** 2 + (hidden * Z - b2 * h) ** 2
    own = 2 * hidden * C_p * a * b1 * Z / C_p
    loss = (residual + penalty * C_p * a**2 * (b1**2 + b2**2) + own) / 2
    best = sp.solve([sp.diff(loss, b1), sp.diff(loss, b2)], [b1, b2], dict=True)[0]
    drive = hidden * (Z * (b1 + b2) - Z / C_p * b2) - h * (b1**2 + b2**2)
    return sp.factor(sp.simplify(drive.subs(best)))


def fusion_threshold(parameters: Parameters) -> float:
    """theta_c below which siblings fuse late, in [0, 1) (L8 [D])."""
    c = parameters.patches_per_feature
    count = parameters.mask_law.patches
    if count is None:
        return (2 * c - 2) / (2 * c - 1)
    return float((count * (2 * c - 2) + 1) / (count * (2 * c - 1)))


def remaining_share(parameters: Parameters) -> float:
    """own/(C_p K) of the drive is left for the second view, target "all", in [0, 1) (L14 [D])."""
    return (parameters.sibling_floor - 1) / parameters.gain_floor
