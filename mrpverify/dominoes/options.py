"""What the law of dominoes alone reads, with its names and ranges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from ..images.folder import MissingDataError, manifest
from ..images.idx import CONTENT
from ..parts.field import parameter

SOURCES = ("digits", "garments")
"""Where the pictures of view 1 and of view 2 come from."""
SIDE = 28
"""Pixels of a picture's side."""


def both(digits: str, garments: str) -> str:
    """One SHA-256 for the contents of the two sources."""
    return hashlib.sha256(f"{digits}|{garments}".encode()).hexdigest()


PUBLISHED = both(CONTENT["digits"], CONTENT["garments"])
"""That of the pinned packages."""


def fetched() -> str:
    """That of what was fetched; raises MissingDataError."""
    digits, garments = (str(manifest(name)["digest"]) for name in SOURCES)
    return both(digits, garments)


def known() -> tuple[str, ...]:
    """Contents that a regime may name: the published one, and what lies here."""
    try:
        return tuple(dict.fromkeys((PUBLISHED, fetched())))
    except MissingDataError:
        return (PUBLISHED,)


@dataclass(frozen=True, kw_only=True)
class Dominoes:
    """Beside k, d, N, mu and C_p, the pictures of an own view, of the law's common part."""

    content: str = parameter(
        PUBLISHED, "content", "SHA-256 of the pictures: a run belongs to its data", names=known
    )
    digits: int = parameter(
        13670, "digits", "classes of view 1, one numeral each: k of them", ge=0, le=9876543210
    )
    garments: int = parameter(
        12890, "garments", "classes of view 2, one numeral each: k of them", ge=0, le=9876543210
    )
    pairing: Literal["seed", "image"] = parameter(
        "seed",
        "pairing",
        "a class's digit and garment are drawn per seed; or the garment per image (a control)",
    )
    off_features: int = parameter(2, "F_off", "off-class features of an image", ge=0)
    off_pictures: int = parameter(2, "C_off", "pictures of an off-class feature", ge=1)
    contrast_low: float = parameter(0.4, "c_low", "least contrast of off-class pictures", ge=0)
    contrast_high: float = parameter(0.6, "c_high", "largest contrast of off-class pictures", ge=0)
    weak_low: float = parameter(0.05, "w_low", "least contrast of the hidden view", ge=0)
    weak_high: float = parameter(0.1, "w_high", "largest contrast of the hidden view", ge=0)
    loudness: float = parameter(
        1.1, "S", "length of a class mean, on average over the features", gt=0
    )
    encoding: Literal["whitened", "principal", "pixels"] = parameter(
        "whitened",
        "encoding",
        "d principal components of the training pictures, whitened or as they are; or all pixels",
    )
    centred: Literal["together", "each", "no"] = parameter(
        "together",
        "centred",
        "the mean picture taken off is that of both sources, or each has its own; or none is",
    )
    window: int = parameter(
        SIDE, "window", "pixels of a patch's side: a smaller one cuts a picture up", ge=2, le=SIDE
    )
    stride: int = parameter(
        7,
        "stride",
        "pixels from one window to the next; smaller than window: they overlap",
        ge=1,
        le=SIDE,
    )
    lacking: Literal["nothing", "digits", "garments", "two garments"] = parameter(
        "nothing", "lacking", "what the pictures of an image never show: blank instead"
    )
