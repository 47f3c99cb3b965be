"""What the theory predicts for Theorem 1 at a regime (section 3 [A]; L1, L2, L4, L6 [D])."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import isinf, log1p

import numpy as np
from numpy.typing import NDArray

from ..derivations import predicted
from ..parameters import PRETRAINING, STAND_INS, Parameters
from . import mae_growth, mae_plateau
from .coverage_time import covering_start
from .final_correlation import final_correlation
from .gaussian import MEDIAN_POSITIVE
from .growth import growth_rate
from .hitting import crossing_time
from .leak import sibling_leak_time
from .plateau import fate
from .resting import rest
from .separatrix import separating_ratio, sibling_advantage

Array = NDArray[np.float64]

DOUBLINGS = 9
"""Of the first crossing's time, within which a growing kernel is looked at."""


ONE_VIEW = "holds as far as it is derived: a class has no other view for a kernel to take (L5)"
"""Of T1.monosemantic: what features of other classes leave in a kernel is no race of views."""

BY_OTHERS = "a feature has no drive of its own and a kernel grows by what stands beside it (L8)"
"""Of a masked autoencoder whose target is masked patches, one a feature."""

Predict = Callable[[Parameters], str]


def _of_pretraining(claim: str) -> Callable[[Predict], Predict]:
    """A sentence about the paper's two objectives; about another one its own theory has it."""

    def wrapped(predict: Predict) -> Predict:
        @wraps(predict)
        def said(parameters: Parameters) -> str:
            if parameters.framework in PRETRAINING:
                return predict(parameters)
            return predicted(parameters.framework, claim, parameters)

        return said

    return wrapped


def expected_coverage(parameters: Parameters) -> float:
    """1 - (1 - 1/2k)^{km}: covered share at first crossing, argmaxes independent (L1 [D])."""
    p = parameters
    return float(-np.expm1(p.kernels * log1p(-1 / p.features)))


def top_kernel_prefers_another(parameters: Parameters) -> float:
    """P(the kernel most correlated with v prefers another feature), (2k-1)/(km+2k-1) (L1 [D])."""
    others = parameters.features - 1
    return others / (parameters.kernels + others)


def predicted_crossing_time(parameters: Parameters) -> float:
    """Physical time at which a typical covering kernel reaches varrho; inf for never [D].

    Teacher-student: L2. MAE with tied init: the plateau dynamics of one kernel with one feature.
    """
    return crossing_time(parameters, covering_start(parameters))


def one_feature_at_horizon(parameters: Parameters) -> bool:
    """Whether one feature per kernel is expected at T, for ever (L6, L7 [D]).

    Constant gain and ema that saturate, and hold, leave a residual that leaks into siblings;
    `release` has none after its crossing (and then decays), nor has `hold` where K = 1 (no masks).
    MAE kernels share siblings (L14).
    """
    p = parameters
    if p.framework == "mae":
        return False
    return p.gain == "release" or (p.gain == "hold" and p.gain_floor == 1)


@_of_pretraining("T1.capture")
def predict_capture(parameters: Parameters) -> str:
    """Prediction for T1.capture, one sentence."""
    p, first = parameters, predicted_crossing_time(parameters)
    if p.framework == "mae" and isinf(first):
        return "nothing is captured: no feature drives a small kernel (plateau dynamics)"
    time = f"a typical covering kernel crosses at time {first:.3g}"
    if _by_others(p):
        return f"every feature is held, together with another one: {BY_OTHERS}; {time}"
    if p.framework == "mae":
        end = final_correlation(p, p.framework)
        by = "L15" if p.target == "all" else "balance"
        return f"every feature is held, at Lambda about {end:.1f} ({by}); {time} (plateau dynamics)"
    if growth_rate(p) <= 0:
        return "nothing is captured: the gain is below the growth threshold (L3)"
    share = expected_coverage(p)
    missing = p.features * (1 - share)
    return f"covered share {share:.4f}, {missing:.2g} features missing on average (L1); {time} (L2)"


def longest_after_coverage(parameters: Parameters, times: Array) -> Array:
    """Lambda at the physical times [times], increasing, once every feature is covered [D].

    Masked autoencoder: a typical covering kernel on one feature of its own (L15). Teacher-student:
    where a kernel rests. NaN where no theory says it: a target of masked patches, NaN times.
    """
    p, t = parameters, np.asarray(times, dtype=np.float64)
    if p.framework == "teacher-student":
        return np.full(len(t), rest(p).correlation)
    if p.target != "all" or not np.isfinite(t).all():
        return np.full(len(t), np.nan)
    return mae_growth.course(p, t, covering_start(p))


@_of_pretraining("T1.bounded")
@lru_cache(maxsize=64)
def predict_bounded(parameters: Parameters) -> str:
    """Prediction for T1.bounded, one sentence."""
    p, bound = parameters, STAND_INS["bounded_by"].value
    first = predicted_crossing_time(p) if p.framework == "mae" and p.target == "all" else 0.0
    if first > 0 and mae_growth.rise(p).exponent > 0:
        times = np.asarray(first * 2.0 ** np.arange(1, DOUBLINGS))
        beyond = np.searchsorted(longest_after_coverage(p, times), bound)
        late = f"{times[beyond]:.1g}" if beyond < len(times) else f"more than {times[-1]:.1g}"
        return (
            f"Lambda grows on, in the end as t^{mae_growth.rise(p).exponent:.2f} (L15): one kernel "
            f"on one feature is beyond the bound {bound:g} at time {late}"
        )
    if _by_others(p):
        return f"open: no rest is derived where {BY_OTHERS}"
    end = final_correlation(p, p.framework)
    if np.isinf(end):
        return "Lambda diverges: the constant gain is not below K (L4)"
    word = "below" if end <= bound else "above"
    return f"Lambda ends at about {end:.2f}, {word} the bound {bound:g}"


@_of_pretraining("T1.monosemantic")
def predict_monosemantic_at_crossing(parameters: Parameters) -> str:
    """Prediction for T1.monosemantic at each kernel's first crossing, one sentence."""
    p = parameters
    if p.power == 2:
        return "fails: at q = 2 no feature of a kernel wins (L5)"
    if p.views < 2:
        return ONE_VIEW
    if _by_others(p):
        return f"open: {BY_OTHERS}"
    if p.framework == "mae":
        share = _sibling_share(p)
        return f"open: a sibling view adds {share:.2f} of the feature's own drive on the plateau"
    return f"holds for kernels with d_0/c_0 of siblings below {_safe_ratio(p):.2f} (L5)"


@_of_pretraining("T1.monosemantic")
def predict_monosemantic_at_horizon(parameters: Parameters) -> str:
    """Prediction for T1.monosemantic at T, one sentence."""
    p = parameters
    if p.power == 2 and (p.framework != "mae" or p.views < 2):
        return "fails: at q = 2 no feature of a kernel wins (L5)"
    if p.framework == "mae":
        return _kept_drive(p) if p.views > 1 else ONE_VIEW
    if one_feature_at_horizon(p):
        return "holds: no residual leaks at gain 1 (but under a mask the features decay, L7)"
    if p.gain in ("constant", "ema") and fate(p.tau, p.gain_floor, p.power) != "saturates":
        return "no stationary kernel above varrho at this gain (L4)"
    if growth_rate(p) <= 0:
        return "nothing is captured, so that nothing leaks (L3)"
    if p.views < 2:
        return ONE_VIEW
    time = sibling_leak_time(p, p.init_scale * MEDIAN_POSITIVE)
    if isinf(time):
        return "holds: nothing drives the sibling view (L6)"
    return f"fails once T exceeds about {time:.3g}: the residual leaks into the sibling view (L6)"


def _by_others(p: Parameters) -> bool:
    """Whether a kernel of a masked autoencoder is driven by other features alone."""
    return p.framework == "mae" and mae_plateau.grows_by_others(p)


def _kept_drive(p: Parameters) -> str:
    """What a masked autoencoder's kernel keeps of its drive towards a sibling view (L14)."""
    if p.gain_floor == 1:
        return "holds: without masks (K = 1) a kernel has no drive towards its sibling view (L14)"
    return "open: a kernel keeps a drive towards its sibling view, (K-1)/K under target all (L14)"


def _sibling_share(p: Parameters) -> float:
    """Drive that a sibling view adds, relative to the feature's own; 0 where there is none."""
    drive = mae_plateau.drive_matrix(p)
    return float(drive[0, 1] / drive[0, 0]) if p.views > 1 and drive[0, 0] > 0 else 0.0


def _safe_ratio(p: Parameters) -> float:
    """d_0/c_0 of two siblings up to which the leader wins; 1 for a single view."""
    if p.views < 2 or p.start_gain <= 1 or not p.signal:
        return 1.0
    return separating_ratio(sibling_advantage(p), p.power)
