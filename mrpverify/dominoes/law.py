"""The law of dominoes, as a distribution from outside would bring it."""

from __future__ import annotations

from typing import Any

from ..simulate.data_law import DataLaw
from ..theory.data_law import Role
from .draw import draw
from .options import Dominoes


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


LAW = DataLaw(name="dominoes", parts=(Dominoes,), roles=roles, draw=draw)
