"""Pictures of 28 x 28 pixels in the idx files of MNIST, kept as one file of arrays a data set."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..regular import read_regular
from . import kept
from .folder import MissingDataError
from .sources import SOURCES

ARRAYS = SOURCES["digits"].file
PARTS = ("train", "test")
CONTENT: Mapping[str, str] = MappingProxyType(
    {name: SOURCES[name].content for name in ("digits", "garments")}
)
"""Content digest of each data set as its pinned package holds it (the published idx files)."""
_STEMS = {"train": "train", "test": "t10k"}
_IMAGES, _LABELS = 2051, 2049
"""Magic numbers: unsigned bytes with three axes, and with one."""

Arrays = dict[str, np.ndarray]


def from_idx(folder: Path) -> Arrays:
    """train_images [n, 28, 28], train_labels [n], test_... of a folder with the four idx files.

    They may be packed with gzip. Raises MissingDataError.
    """
    found: Arrays = {}
    for part, stem in _STEMS.items():
        images = _read(folder, f"{stem}-images-idx3-ubyte", _IMAGES)
        labels = _read(folder, f"{stem}-labels-idx1-ubyte", _LABELS)
        largest = labels.max(initial=0)
        fits = images.shape[1:] == (28, 28) and 0 < len(images) == len(labels)
        if not fits or largest > 9:
            raise MissingDataError(
                f"{folder}: {stem} has images {list(images.shape)} and {len(labels)} labels up to "
                f"{largest}; expected n of 28 x 28 pixels, and n labels from 0 to 9."
            )
        found |= {f"{part}_images": images, f"{part}_labels": labels}
    return found


def _read(folder: Path, name: str, magic: int) -> np.ndarray:
    """The array of one idx file, packed or not; raises MissingDataError."""
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        raise MissingDataError(f"{folder}: has no {name} and no {name}.gz.")
    try:
        content = read_regular(path)
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise MissingDataError(f"{path}: cannot be read ({error}).") from None
    axes = content[3] if len(content) > 3 else 0
    shape = [int.from_bytes(content[4 * i : 4 * i + 4]) for i in range(1, axes + 1)]
    size = 4 + 4 * axes
    if int.from_bytes(content[:4]) != magic or len(content) - size != math.prod(shape):
        raise MissingDataError(f"{path}: is no idx file of the kind {magic} that is whole.")
    return np.frombuffer(content, np.uint8, offset=size).reshape(shape).copy()


def content_digest(arrays: Arrays) -> str:
    """SHA-256 of images and labels, training before test."""
    digest = hashlib.sha256()
    for part in PARTS:
        for kind in ("images", "labels"):
            digest.update(np.ascontiguousarray(arrays[f"{part}_{kind}"]).tobytes())
    return digest.hexdigest()


def load(name: str) -> Arrays:
    """A fetched data set, digits or garments; raises MissingDataError where it is not as it was."""
    return kept.pictures(name, content_digest)
