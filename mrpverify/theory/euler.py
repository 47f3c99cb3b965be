"""Descent is a flow that comes late: what a step of size eta does to a crossing [D].

Below varrho dc/dt = R c^p, p + 1 the degree of the loss (L2). Descent takes steps eta
(varrho/c)^{p-1} there, so each multiplies c by 1 + h, h = eta R varrho^{p-1}, and the times of its
steps are a geometric series:

    T_descent / T_flow = (p - 1) h / (1 - (1 + h)^{-(p-1)}) = 1 + p h/2 + O(h^2).

p h = eta mu, mu = p R varrho^{p-1} the eigenvalue with which neighbours of a growing kernel part at
varrho: descent is late by eta mu/2 of the time, at most eta lambda_max/2. (In general Euler's
method follows y' = f - (eta/2) f' f, late by 1/2 int eta d log|f|.) A kernel at rest is left where
eta lambda > 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def growth_per_step(eta: float, time: Array, start: Array, level: float, exponent: int) -> Array:
    """h of a step eta at the level, from when the flow takes c from `start` to the level [D].

    `time` and `start` broadcast, times physical; `exponent` is p >= 2, level is varrho.
    """
    n = exponent - 1
    return np.asarray(eta * ((level / start) ** n - 1) / (n * time))


def delay(per_step: Array, exponent: int) -> Array:
    """T_descent / T_flow - 1 for a relative growth h > 0 in every step, p = `exponent` >= 2 [D]."""
    n = exponent - 1
    return np.asarray(n * per_step / (1 - (1 + per_step) ** -n) - 1)
