"""Encoded pictures by source and class, training and test apart, and their measured features.

The code is made without labels: the mean and the principal components of all training pictures of
the chosen classes, the same number of each source. Labels are used once, for one common scale: the
means of the classes have length 1 on average.

A window smaller than a picture cuts it into patches [windows] that all have one code: nothing says
where in the picture a patch was. Means and components are then those of all windows together.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..admissible import RegimeError
from ..images.folder import MissingDataError, data_folder
from ..images.idx import PARTS, load
from ..records.atomic import write_whole
from ..records.source import source_digest
from .options import SIDE, SOURCES, fetched

FOLDER = "dominoes"
"""Where codes are kept, in the folder of data."""
FOR_AXES = 1500
"""Training pictures of each class that the principal components are taken from: d = 40 of them
need no more, and all would take ten times as long."""


@dataclass(frozen=True)
class Code:
    """How pictures become patches."""

    dimension: int
    encoding: str
    centred: str
    window: int
    stride: int

    @classmethod
    def of(cls, parameters: Any) -> Code:
        """That of a regime; raises RegimeError for raw pixels of another dimension."""
        p = parameters
        if p.encoding == "pixels" and p.dimension != p.window**2:
            raise RegimeError(
                f"d={p.dimension}: raw pixels of window={p.window} have d = {p.window**2}; set d "
                f"to that, or encoding to whitened or principal."
            )
        return cls(p.dimension, p.encoding, p.centred, p.window, p.stride)

    @property
    def windows(self) -> int:
        """Patches of a picture."""
        return int(len(range(0, SIDE - self.window + 1, self.stride)) ** 2)

    def cut(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures [n, 784] as patches [n windows, window^2], those of a picture in a row."""
        if self.window == SIDE:
            return pictures
        whole = pictures.reshape(-1, SIDE, SIDE)
        sides = (self.window, self.window)
        every = np.lib.stride_tricks.sliding_window_view(whole, sides, axis=(1, 2))
        found: np.ndarray = every[:, :: self.stride, :: self.stride].reshape(-1, self.window**2)
        return found


@dataclass(frozen=True)
class Bank:
    """Encoded pictures: `of[part][source][place]` is [pictures, windows d] float32 of one class.

    `place` is that of the class among the chosen ones, in rising order.
    """

    of: Mapping[str, Mapping[str, Sequence[np.ndarray]]]
    means: Mapping[str, np.ndarray]
    """Class means of the training pictures [k, windows d], by source."""


def bank(parameters: Any) -> Bank:
    """The pictures of a regime; raises MissingDataError, and RegimeError for classes or content."""
    p = parameters
    sources = SOURCES[: p.views]
    classes = tuple(chosen(p, source) for source in sources)
    here = fetched()
    if here != p.content:
        raise MissingDataError(
            f"content={p.content}: the pictures here are {here}; set content to that, or get the "
            f"published ones with: python -m mrpverify.images fetch --again {' '.join(SOURCES)}"
        )
    return _bank(here, sources, classes, Code.of(p))


def directions(means: np.ndarray, dimension: int) -> np.ndarray:
    """One direction for each class mean [k, windows d]: unit vectors [k, d], float64.

    That of the mean itself; of several windows the first right singular vector of their means,
    with the sign that the window which has most of it gives.
    """
    windows = means.reshape(len(means), -1, dimension)
    if windows.shape[1] == 1:
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))
    found = np.linalg.svd(windows)[2][:, 0]
    along = np.einsum("kwd,kd->kw", windows, found)
    largest = np.take_along_axis(along, np.abs(along).argmax(1)[:, None], 1)
    return np.asarray(np.sign(largest) * found)


def chosen(p: Any, source: str) -> tuple[int, ...]:
    """The chosen classes of a source, in rising order; raises RegimeError."""
    for text in unfit_classes(p, source):
        raise RegimeError(text)
    return tuple(sorted(int(numeral) for numeral in str(getattr(p, source))))


def unfit_classes(p: Any, source: str) -> list[str]:
    """Why the classes of a source are not k different ones, in words."""
    number = getattr(p, source)
    if len(set(str(number))) == len(str(number)) == p.classes:
        return []
    return [
        f"{source}={number}: must be k = {p.classes} different numerals, one for each class. "
        f"Change it or k with --set."
    ]


@lru_cache(maxsize=4)
def _bank(
    content: str, sources: tuple[str, ...], classes: tuple[tuple[int, ...], ...], code: Code
) -> Bank:
    """The pictures in a code; `content` stands for what lies in the data folder.

    Kept beside the data, so that every process that trains need not encode them again; raw pixels,
    which are many and at once there, are not.
    """
    keep = code.encoding != "pixels"
    asked = json.dumps([content, sources, classes, *vars(code).values(), _made_by()])
    path = data_folder() / FOLDER / f"{hashlib.sha256(asked.encode()).hexdigest()}.npz"
    flat = _kept(path) if keep else None
    if flat is None:
        flat = _encoded(sources, classes, code)
        if keep:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = io.BytesIO()
            np.savez(file, **flat)  # type: ignore[arg-type]
            write_whole(path, file.getvalue())
    numbers = [(s, len(own)) for s, own in zip(sources, classes, strict=True)]
    of = {
        part: {s: [flat[f"{part} {s} {i}"] for i in range(number)] for s, number in numbers}
        for part in PARTS
    }
    means = {s: np.stack([x.mean(0, dtype=np.float64) for x in of["train"][s]]) for s in sources}
    return Bank(of, means)


def _made_by() -> str:
    """Digest of this file: another way to encode makes other codes."""
    return source_digest([Path(__file__)])


def _kept(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file that is whole, None where there is none."""
    try:
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None


def _encoded(
    sources: Sequence[str], classes: Sequence[Sequence[int]], code: Code
) -> dict[str, np.ndarray]:
    """Codes [pictures, windows d] by "part source place"."""
    pixels = {
        part: {s: of_classes(s, part, own) for s, own in zip(sources, classes, strict=True)}
        for part in PARTS
    }
    middle = _middle({s: pixels["train"][s] for s in sources}, code)
    axes = None
    if code.encoding != "pixels":
        sample = [np.concatenate([x[:FOR_AXES] for x in pixels["train"][s]]) for s in sources]
        shifted = [code.cut(x) - middle[s] for x, s in zip(sample, sources, strict=True)]
        axes = _axes(shifted, code.dimension, code.encoding)

    def encode(pictures: np.ndarray, source: str) -> np.ndarray:
        patches: np.ndarray = code.cut(pictures) - middle[source]
        return (patches if axes is None else patches @ axes).reshape(len(pictures), -1)

    codes = {
        (part, s, i): encode(x, s)
        for part in PARTS
        for s in sources
        for i, x in enumerate(pixels[part][s])
    }
    means = [x.mean(0) for (part, _, _), x in codes.items() if part == "train"]
    lengths = np.linalg.norm(np.reshape(means, (-1, code.dimension)), axis=1)
    scale = np.float32(1 / np.mean(lengths))
    return {" ".join(map(str, key)): scale * x for key, x in codes.items()}


def _middle(pixels: Mapping[str, Sequence[np.ndarray]], code: Code) -> dict[str, np.ndarray]:
    """What is taken off every patch of a source [window^2]."""
    own = {s: code.cut(np.concatenate(x).mean(0)[None]).mean(0) for s, x in pixels.items()}
    if code.centred == "each":
        return own
    together = np.asarray(np.mean(list(own.values()), axis=0))
    middle: np.ndarray = together if code.centred == "together" else 0 * together
    return dict.fromkeys(own, middle)


def of_classes(source: str, part: str, classes: Sequence[int]) -> list[np.ndarray]:
    """Pictures of each class, [pictures, 784] in [0, 1], float32, in the order of the data set.

    Raises MissingDataError.
    """
    arrays = load(source)
    labels = arrays[f"{part}_labels"]
    flat = arrays[f"{part}_images"].reshape(len(labels), -1)
    found = [flat[labels == c].astype(np.float32) / 255 for c in classes]
    if min(map(len, found)) == 0:
        raise MissingDataError(f"{source}: a class of {list(classes)} has no {part} pictures.")
    return found


def _axes(centred: Sequence[np.ndarray], dimension: int, encoding: str) -> np.ndarray:
    """Columns to project on [784, d], float32: principal components, of unit variance if whitened.

    Raises RegimeError for more of them than the pictures have.
    """
    covariance = np.mean([x.T @ x / np.float32(len(x)) for x in centred], axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:dimension], vectors[:, ::-1][:, :dimension]
    if len(values) < dimension or values[-1] <= 1e-9 * values[0]:
        rank = int((values > 1e-9 * values[0]).sum())
        raise RegimeError(f"d={dimension}: the pictures have {rank} components; choose at most so.")
    # The sign of an eigenvector is free: the largest entry is made positive.
    signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(dimension)])
    scale = values**-0.5 if encoding == "whitened" else np.ones_like(values)
    return np.asarray(vectors * (signs * scale), dtype=np.float32)
