"""The paper's letters: sympy symbol, meaning, and the field of ``Parameters`` that holds the value.

Letters that are parameters take symbol and meaning from the parameters' own metadata, so that there
is one wording; the letters below are the quantities that the theory adds to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import sympy as sp

from ..parameters import Parameters


@dataclass(frozen=True)
class Letter:
    """One letter: its symbol, its meaning, and the parameter it is (None for other quantities)."""

    symbol: sp.Symbol
    meaning: str
    field: str | None


q = sp.Symbol("q", integer=True, positive=True)
varrho = sp.Symbol("varrho", positive=True)
theta = sp.Symbol("theta", positive=True)
tau = sp.Symbol("tau", positive=True)
Delta = sp.Symbol("Delta", positive=True)
C_p = sp.Symbol("C_p", integer=True, positive=True)
lambda_ = sp.Symbol("lambda", nonnegative=True)
K = sp.Symbol("K", positive=True)
A = sp.Symbol("A", positive=True)
B = sp.Symbol("B", positive=True)
Z = sp.Symbol("Z", positive=True)
c = sp.Symbol("c", positive=True)
u = sp.Symbol("u", real=True)

_PARAMETER_SYMBOLS = {s.name: s for s in (q, varrho, theta, tau, Delta, C_p)}

_DERIVED = {
    "lambda": (lambda_, "(1 - theta)/theta, the l2 penalty of the mask on patch activations"),
    "K": (K, "1 + lambda/C_p, the gain tau^q that growth must exceed (equal z)"),
    "A": (A, "sum of z_p^q over the patches of one feature in one image"),
    "B": (B, "sum of z_p^{2q} over the patches of one feature in one image"),
    "Z": (Z, "sum of z_p over the patches of one feature in one image"),
    "c": (c, "correlation <w, v> of a kernel with a feature"),
    "u": (u, "pre-activation <w, x_p> of a kernel on a patch"),
    "v": (sp.Symbol("v"), "a feature v_{i,l}: view l of class i, a unit vector"),
    "x_p": (sp.Symbol("x_p"), "a patch of an image X = (x_1 .. x_P)"),
    "z_p": (sp.Symbol("z_p", nonnegative=True), "coefficient of the owning feature in a patch"),
    "a_p": (sp.Symbol("a_p", nonnegative=True), "activation sReLU(<w, x_p>) of a patch"),
    "h": (sp.Symbol("h", nonnegative=True), "output of a kernel, sum of a_p over the patches"),
    "hhat": (sp.Symbol("hhat", nonnegative=True), "output of the teacher's kernel, unmasked"),
    "w": (sp.Symbol("w"), "a kernel of the encoder"),
    "b": (sp.Symbol("b"), "the decoder vector of a kernel"),
    "e": (sp.Symbol("e", real=True), "correlation <b, v> of a decoder vector with a feature"),
    "beta": (sp.Symbol("beta"), "bias of the decoder"),
    "R_v": (sp.Symbol("R_v", real=True), "growth rate of a feature, dc/dt = R_v c^{2q-1}"),
    "T": (
        sp.Symbol("T", positive=True),
        "physical time; alone, the one at which claims are judged",
    ),
    "T_leak": (
        sp.Symbol("T_leak", positive=True),
        "time until a kernel at rest has leaked into a second feature",
    ),
    "c_0": (sp.Symbol("c_0", positive=True), "correlation of a kernel with a feature at the start"),
    "d_0": (sp.Symbol("d_0", positive=True), "correlation with the second feature at the start"),
    "Lambda": (sp.Symbol("Lambda", nonnegative=True), "largest positive correlation of a feature"),
}


def letters() -> Mapping[str, Letter]:
    """Letter -> symbol, meaning, field: every parameter, then the quantities of the theory."""
    table = {}
    for item in fields(Parameters):
        name = item.metadata["symbol"]
        symbol = _PARAMETER_SYMBOLS.get(name, sp.Symbol(name))
        table[name] = Letter(symbol, item.metadata["meaning"], item.name)
    for name, (symbol, meaning) in _DERIVED.items():
        table[name] = Letter(symbol, meaning, None)
    return MappingProxyType(table)
