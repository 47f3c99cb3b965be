"""What the flow of the masked autoencoder conserves below varrho (L9 [D]).

sReLU is q-homogeneous there, so scaling a kernel by 1 + s and its decoder by (1 + s)^{-q} leaves
the product b h, and with it the loss, unchanged. The flow is orthogonal to what changes nothing:
w . dw/dt = q b . db/dt, hence d/dt (||w||^2 - q ||b||^2) = 0 for every kernel.
"""

from __future__ import annotations

import sympy as sp

from . import notation as n


def scaled_output_expression(scale: sp.Expr) -> sp.Expr:
    """b h of one patch and pixel after w -> scale w, b -> scale^{-q} b, 0 < u < varrho (L9 [D])."""
    u, b = sp.Symbol("u", positive=True), sp.Symbol("b", real=True)
    return b * scale**-n.q * (scale * u) ** n.q / (n.q * n.varrho ** (n.q - 1))


def conserved_share_without_power(power: int) -> float:
    """Change of ||w||^2 - ||b||^2 over that of ||w||^2: 1 - 1/q, not 0 (L9 [D])."""
    return 1 - 1 / power
