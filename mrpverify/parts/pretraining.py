"""Options of the objectives without labels: mask-reconstruction, and those compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class TeacherStudent:
    """Teacher-student pretraining on semantic targets (section 2)."""

    gain: Literal["constant", "hold", "release", "ema"] = parameter(
        "hold", "gain", "schedule of the teacher's gain"
    )
    tau: float = parameter(1.2, "tau", "the gain under the schedules constant and ema", ge=0)
    amplification: float = parameter(
        2.0, "Delta", "hold and release start with tau_1^q = K + Delta", ge=0
    )
    hold_width: float = parameter(
        0.0,
        "delta_h",
        "under hold tau falls, geometrically, from tau_1 at varrho to 1 at (1 + delta_h) varrho; "
        "0: at once",
        ge=0,
    )
    ema_decay: float = parameter(
        0.99,
        "ema_decay",
        "share of the moving-average teacher kept in each step",
        ge=0,
        lt=1,
    )
    stop_gradient: bool = parameter(
        True,
        "stop_gradient",
        "false lets the gradient through the teacher (a control)",
    )


@dataclass(frozen=True, kw_only=True)
class MaskedAutoencoder:
    """The masked autoencoder on pixels (section 2)."""

    target: Literal["all", "masked"] = parameter(
        "all",
        "target",
        "what the decoder predicts: the sum of all patches or of the masked ones",
    )
    bias: bool = parameter(True, "bias", "decoder bias, kept at its optimum in every step")
    decoder: Literal["tied-init", "independent", "tied"] = parameter(
        "tied-init",
        "decoder",
        "b = w at the start, b drawn apart, or b = w always (a control)",
    )
    decoder_scale: float = parameter(
        0.02,
        "sigma_b",
        "standard deviation of an initial coordinate, decoder independent",
        gt=0,
    )


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Contrastive and clustering pretraining, for comparison."""

    similarity: Literal["inner", "cosine"] = parameter(
        "inner",
        "similarity",
        "of two outputs: inner product, or that of the unit vectors",
    )
    temperature: float = parameter(
        0.2,
        "temperature",
        "divides the similarities of contrastive and clustering",
        gt=0,
    )


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Clustering pretraining alone."""

    refresh: int = parameter(
        25,
        "refresh",
        "steps between two k-means assignments of clustering",
        ge=1,
    )
