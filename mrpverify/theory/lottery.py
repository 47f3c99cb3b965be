"""Which feature a kernel captures first, from its initial correlations (T1.lottery [R], [D]).

Every rule maps correlations [..., kernels, features] to a feature index [..., kernels], -1 where
the kernel is predicted never to cross.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..parameters import Parameters
from .growth import growth_rates
from .mae_plateau import first_crossing, initial_decoder

Array = NDArray[np.float64]
Winners = NDArray[np.int64]


def chance_level(parameters: Parameters) -> float:
    """Agreement of a rule that knows nothing, 1/(views k); 1/(2k) in the paper [D]."""
    return 1.0 / parameters.features


def plain_first_feature(initial_correlations: Array) -> Winners:
    """argmax_v C(0), -1 where no correlation is positive (section 3 [R])."""
    return _largest(np.asarray(initial_correlations, dtype=np.float64))


def teacher_student_first_feature(
    parameters: Parameters, initial_correlations: Array, rates: Array | None = None
) -> Winners:
    """argmax_v C(0)_+ R_v^{1/(2q-2)}: the shortest hitting time (L2 [D]).

    `rates` are the R_v [..., features] of given images; by default those of the law, all equal.

    A feature whose rate is not positive never wins. Exact for kernels with one appreciable
    correlation; co-occurring ones help each other (L5).
    """
    initial = np.asarray(initial_correlations, dtype=np.float64)
    speed = np.maximum(growth_rates(parameters) if rates is None else rates, 0.0)
    weight = speed ** (1 / (2 * parameters.power - 2))
    return _largest(np.maximum(initial, 0.0) * weight[..., None, :])


def mae_first_feature(
    parameters: Parameters, initial_correlations: Array, decoder_correlations: Array | None = None
) -> Winners:
    """First crossing of the one-kernel plateau dynamics of `mae_plateau` [D].

    `decoder_correlations` is <b, v> at the start, same shape; by default what the decoder's
    initialisation implies. Exact while nothing is reconstructed: a kernel that crosses after
    another has taken part of the target away can end elsewhere. Raises ValueError for a wrong last
    axis.
    """
    initial = np.asarray(initial_correlations, dtype=np.float64)
    if initial.shape[-1] != parameters.features:
        raise ValueError(f"last axis must be {parameters.features}, got {initial.shape}")
    c = initial.reshape(-1, parameters.features)
    if decoder_correlations is None:
        e = initial_decoder(parameters, c)
    else:
        e = np.asarray(decoder_correlations, dtype=np.float64).reshape(c.shape)
    return first_crossing(parameters, c, e).reshape(initial.shape[:-1])


def _largest(scores: Array) -> Winners:
    """Index of the largest score along the last axis, -1 where none is positive."""
    winners: Winners = np.where(scores.max(-1) > 0, scores.argmax(-1), -1).astype(np.int64)
    return winners
