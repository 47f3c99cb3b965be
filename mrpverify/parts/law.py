"""The data law (section 1 [R]): which features an image shows, how strongly, in which noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .. import outside
from .field import parameter

MULTI_VIEW_LAW = "multi-view"
"""The paper's data law."""


def law_names() -> tuple[str, ...]:
    """Every data law there is, those from outside included."""
    return (MULTI_VIEW_LAW, *outside.names(outside.LAWS))


@dataclass(frozen=True, kw_only=True)
class Law:
    """What every run draws its images from."""

    law: str = parameter(MULTI_VIEW_LAW, "law", "which data law draws the images", names=law_names)
    classes: int = parameter(8, "k", "number of classes", ge=2)
    views: int = parameter(2, "views", "semantic features of one class (1 only as a control)", ge=1)
    off_class: float = parameter(
        0.4, "s", "a feature of another class is present with probability s/k", ge=0
    )
    dimension: int = parameter(60, "d", "dimension of a patch, at least views times k", ge=2)
    patches: int = parameter(
        8, "P", "patches of an image; raised where an image needs more, and recorded", ge=1
    )
    images: int = parameter(300, "N", "training images", ge=1)
    patches_per_feature: int = parameter(2, "C_p", "patches owned by a present feature", ge=1)
    single_view: float = parameter(0.03, "mu", "probability of a single-view image", ge=0, le=1)
    weak_view: float = parameter(
        0.02, "rho", "order of sum z of the view a single-view image hides: U[rho, 2 rho]", ge=0
    )
    single_view_off_class: float = parameter(
        0.3, "Gamma", "order of sum z off class in single-view images: U[Gamma/2, Gamma]", ge=0
    )
    feature_noise: float = parameter(
        0.002, "gamma", "feature noise a ~ U[0, gamma] of every patch and feature", ge=0
    )
    own_low: float = parameter(1.0, "z_own_low", "least sum z of a shown own feature", gt=0)
    own_high: float = parameter(1.3, "z_own_high", "largest sum z of a shown own feature", gt=0)
    off_low: float = parameter(0.2, "z_off_low", "least sum z off class, multi-view images", ge=0)
    off_high: float = parameter(
        0.4, "z_off_high", "largest sum z off class, multi-view images", ge=0
    )
    split: Literal["random", "equal"] = parameter(
        "random", "split", "how sum z is split over C_p patches: U[0.75, 1.25] normalised, or equal"
    )
    noise: Literal["isotropic", "off_span"] = parameter(
        "isotropic", "noise", "patch noise: isotropic (the law as stated) or off the feature span"
    )
    patch_noise: float = parameter(
        0.035, "sigma_p", "standard deviation of the patch noise per coordinate", ge=0
    )
    basis: Literal["canonical", "random"] = parameter(
        "random", "basis", "orthonormal features: first unit vectors, or uniformly random"
    )
    signal: bool = parameter(
        True, "signal", "false draws images without features (noise alone; a control)"
    )
    coverage: float = parameter(
        1.0,
        "coverage",
        "share of the features that the pretraining law shows; the others' patches are background",
        ge=0,
        le=1,
    )
    hide: bool = parameter(
        True, "hide", "false draws single-view images by the multi-view law (a control)"
    )
