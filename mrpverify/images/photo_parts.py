"""Photos through a trained network at two resolutions: Eigen-CAM and parts of the last map.

Parts are pushed through the network's head one by one, as if nothing else were in the map: which of
them rank the photo's class first?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from . import resnet50
from .eigen_cam import EigenCam, eigen_cam
from .parts import parts_of
from .photos import CROP, Photo, load

SHOWN = 8
"""Photos in a sheet: the first recognised ones in the order of their file names, whatever they
show."""
RESOLUTIONS = (CROP, 2 * CROP)
"""Sides of the crop in pixels: maps of 7 x 7 and 14 x 14 positions of the same field of view."""


@dataclass(frozen=True, eq=False)
class View:
    """The last map at one resolution."""

    cam: EigenCam
    parts: np.ndarray
    """Where each part is [parts, h, w], the strongest first, largest value 1."""
    sufficient: tuple[int, ...]
    """Numbers (from 1) of the parts that alone rank the photo's class first."""


@dataclass(frozen=True, eq=False)
class PhotoParts:
    """One photo: file name, class, crop [side, side, 3] of bytes, its views by resolution."""

    name: str
    label: str
    crop: np.ndarray
    views: dict[int, View]


def shown_photos(recognised: Sequence[str]) -> list[Photo]:
    """The photos of a sheet among those whose names are given; raises MissingDataError."""
    chosen = sorted(recognised)[:SHOWN]
    return [photo for photo in load() if photo.name in chosen]


def look_at_parts(photos: Sequence[Photo]) -> list[PhotoParts]:
    """Every photo at both resolutions; raises MissingDataError."""
    net, names = resnet50.load(), resnet50.class_names()
    return [
        PhotoParts(
            photo.name,
            names[photo.label],
            photo.crop(),
            {side: _view(net, photo, side) for side in RESOLUTIONS},
        )
        for photo in photos
    ]


@torch.inference_mode()
def _view(net: resnet50.ResNet50, photo: Photo, side: int) -> View:
    """The network's last map of a photo at one resolution."""
    feature_map = net.last_map(net.prepared(photo.crop(side)[None]))[0]
    places, features = parts_of(feature_map.numpy())
    pooled = torch.from_numpy(features * places.mean((1, 2))[:, None]).float()
    first = net.fc(pooled).argmax(1) == photo.label
    numbers = (torch.nonzero(first)[:, 0] + 1).tolist()
    return View(eigen_cam(feature_map.numpy()), places, tuple(numbers))
