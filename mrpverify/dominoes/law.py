"""The law of dominoes, as a distribution from outside would bring it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..simulate.data_law import DataLaw
from ..theory.condition import Condition
from ..theory.data_law import Role
from . import measured
from .draw import draw
from .options import SOURCES, Dominoes
from .pictures import unfit_classes


def roles(parameters: Any) -> tuple[Role, ...]:
    """Sum z of a feature by its role, were every picture its class's mean of average length S."""
    p = parameters
    own, mu = 1 / p.classes, p.single_view if p.hide else 0.0
    hidden = mu * (p.views - 1) / p.views
    full, faint = p.loudness * p.patches_per_feature, p.loudness * p.off_pictures
    off = min(p.off_features, p.features - p.views) / p.features
    there = 1.0 if p.signal else 0.0
    ranges = (p.contrast_low * faint, p.contrast_high * faint)
    return (
        Role("shown", there * own * (1 - hidden), full, full),
        Role("weak", there * own * hidden, p.weak_low * full, p.weak_high * full),
        Role("off", there * off * (1 - mu), *ranges),
        Role("single_off", there * off * mu, *ranges),
    )


def complaints(parameters: Any) -> list[str]:
    """Classes, contrasts and dimension that do not fit each other, in words."""
    p = parameters
    found = [text for source in SOURCES[: p.views] for text in unfit_classes(p, source)]
    for low, high, least, most in (
        ("c_low", "c_high", p.contrast_low, p.contrast_high),
        ("w_low", "w_high", p.weak_low, p.weak_high),
    ):
        if least > most:
            found.append(f"{low}={least}: must be at most {high}={most}. Change one.")
    if p.off_features > p.features - p.views:
        found.append(
            f"F_off={p.off_features}: other classes have {p.features - p.views} features. Set "
            "F_off to that at most."
        )
    return found


@lru_cache(maxsize=8)
def conditions(parameters: Any) -> tuple[Condition, ...]:
    """What is asked of images, with the numbers of these pictures; raises MissingDataError."""
    return measured.conditions(parameters, measured.measured(parameters))


LAW = DataLaw(
    name="dominoes",
    parts=(Dominoes,),
    roles=roles,
    draw=draw,
    conditions=conditions,
    complaints=complaints,
    needs=SOURCES,
)
