"""The two-layer convolutional encoder and its initial kernels (section 2 [R])."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Network:
    """The encoder h_r(X) = sum_p sReLU(<w_r, x_p>)."""

    kernels_per_class: int = parameter(20, "m", "kernels per class; the encoder has k m", ge=1)
    power: int = parameter(3, "q", "power of the smoothed ReLU below varrho", ge=2, le=8)
    linear_from: float = parameter(
        0.5, "varrho", "the smoothed ReLU is linear above varrho; also the crossing level", gt=0
    )


@dataclass(frozen=True, kw_only=True)
class InitialKernels:
    """Of what draws its kernels; fine-tuning goes on from those of another run."""

    init_scale: float = parameter(
        0.06,
        "sigma_0",
        "standard deviation of an initial weight coordinate",
        gt=0,
    )
    init: Literal["gaussian", "features", "cloned"] = parameter(
        "gaussian",
        "init",
        "initial kernels: w ~ N(0, sigma_0^2 I); sigma_0 (v_{i,1} + x_0 (j+1)/m v_{i,2}) for the "
        "kernel j of class i; or gaussian, the second half repeating the first",
    )
    second_view: float = parameter(
        0.0,
        "x_0",
        "d_0/c_0 of the last kernel of a class, init features",
        ge=0,
    )
    member: int = parameter(
        0,
        "member",
        "which of independent draws of the initial kernels, on the same images: the members of an "
        "ensemble",
        ge=0,
    )
