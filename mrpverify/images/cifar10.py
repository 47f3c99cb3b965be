"""CIFAR-10: read from the package or from the binary batches, kept as one file of arrays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from ..regular import read_regular
from . import kept
from .folder import MissingDataError, need_pillow
from .sources import SOURCES

ARRAYS = SOURCES["cifar10"].file
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
CONTENT = SOURCES["cifar10"].content
"""SHA-256 of the six official binary batches one after the other, as published in 2009."""
_SIDE = 32
_PIXELS = 3 * _SIDE**2
_BATCHES = [f"data_batch_{number}" for number in range(1, 6)]

Arrays = dict[str, np.ndarray]


def from_package(folder: Path) -> Arrays:
    """Arrays from the PNG files of the package (one image per row, 1024 x 10000)."""
    image = need_pillow()
    image.MAX_IMAGE_PIXELS = None

    def rows(name: str) -> np.ndarray:
        with image.open(folder / f"{name}.png") as opened:
            return np.array(opened.convert("RGB")).reshape(-1, _SIDE, _SIDE, 3)

    def labels(name: str) -> np.ndarray:
        return np.array(json.loads((folder / name).read_text()), dtype=np.uint8)

    return {
        "train_images": np.concatenate([rows(name) for name in _BATCHES]),
        "train_labels": labels("train_lables.json"),  # spelt like this in the package
        "test_images": rows("test_batch"),
        "test_labels": labels("test_lables.json"),
    }


def from_batches(folder: Path) -> Arrays:
    """Arrays from data_batch_1.bin ... test_batch.bin; raises MissingDataError."""
    train = [_batch(folder / f"{name}.bin") for name in _BATCHES]
    test_images, test_labels = _batch(folder / "test_batch.bin")
    return {
        "train_images": np.concatenate([images for images, _ in train]),
        "train_labels": np.concatenate([labels for _, labels in train]),
        "test_images": test_images,
        "test_labels": test_labels,
    }


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 32, 32, 3] and labels [n] of one official binary batch."""
    try:
        content = np.frombuffer(read_regular(path), np.uint8)
    except OSError as error:
        raise MissingDataError(f"{path}: cannot be read ({error.strerror}).") from None
    if content.size == 0 or content.size % (1 + _PIXELS):
        raise MissingDataError(f"{path}: {content.size} bytes is no whole number of CIFAR-10 rows.")
    rows = content.reshape(-1, 1 + _PIXELS)
    if rows[:, 0].max() >= len(CLASS_NAMES):
        raise MissingDataError(f"{path}: label {rows[:, 0].max()}, allowed are 0 to 9.")
    images = rows[:, 1:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), rows[:, 0].copy()


def content_digest(arrays: Arrays) -> str:
    """SHA-256 of the images in the bytes of the official binary batches."""
    digest = hashlib.sha256()
    for part in ("train", "test"):
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        digest.update(np.concatenate([labels[:, None], planes], 1).tobytes())
    return digest.hexdigest()


def load() -> Arrays:
    """The fetched data set; raises MissingDataError where it is not as it was."""
    return kept.pictures("cifar10", content_digest)
