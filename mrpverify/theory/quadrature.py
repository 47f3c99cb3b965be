"""Nodes and weights of Gauss quadrature, each made once: they are the eigenvalues of a matrix."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


@cache
def roots_legendre(number: int) -> tuple[Array, Array]:
    """Nodes in (-1, 1) [number] and weights [number], read-only."""
    return _fixed(*special.roots_legendre(number))


@cache
def roots_laguerre(number: int, alpha: float = 0.0) -> tuple[Array, Array]:
    """Nodes in (0, inf) [number] and weights for t^alpha e^{-t} [number], read-only."""
    return _fixed(*special.roots_genlaguerre(number, alpha))


def _fixed(nodes: Array, weights: Array) -> tuple[Array, Array]:
    """The same arrays, which nobody can change."""
    for array in (nodes, weights):
        array.flags.writeable = False
    return nodes, weights
