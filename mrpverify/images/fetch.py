"""Fetching a data set: download or local copy, check, convert, and write the manifest last."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from . import cifar10, efficientnet_lite, idx, photos, resnet50
from .download import Progress, download
from .folder import (
    MANIFEST,
    MissingDataError,
    check_own,
    data_folder,
    file_sha256,
    need_pillow,
)
from .registries import address
from .sources import Archive, Source
from .unpack import unpack

Facts = dict[str, Any]
Prepare = Callable[[Path, Path], Facts]
"""Converts what lies in the first folder into files in the second; returns facts about them."""


def fetch(source: Source, progress: Callable[[str], Progress]) -> Path:
    """Bring a data set into the cache from its packages; returns its folder.

    Archives stay beside it under ``archives``, so an interrupted fetch goes on where it stopped.
    Raises OSError where a transfer fails, MissingDataError where the content is wrong.
    """
    archives = [_downloaded(archive, progress(archive.file)) for archive in source.archives]
    with tempfile.TemporaryDirectory(dir=_made(data_folder())) as name:
        folder = Path(name)
        for archive, path in zip(source.archives, archives, strict=True):
            unpack(path, archive.inside, folder)
        facts = {"from": {a.file: a.sha256 for a in source.archives}}
        return _install(source.name, folder, _FROM_PACKAGE[source.name], facts)


def adopt(source: Source, path: Path) -> Path:
    """Take a local copy in the standard layout instead; raises MissingDataError."""
    if not _exists(path):
        raise MissingDataError(f"--from {path}: there is nothing; expected {source.local}.")
    facts = {"from": str(path.resolve())}
    try:
        return _install(source.name, path, _FROM_COPY[source.name], facts)
    except MissingDataError as error:
        first, *_ = str(error).splitlines()
        raise MissingDataError(f"{first.rstrip('.')}. Expected {source.local}.") from None


def _exists(path: Path) -> bool:
    """Whether there is something; raises MissingDataError for a name that no file can have."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:  # too long, a byte 0, a folder that is not ours
        why = getattr(error, "strerror", None) or error
        raise MissingDataError(f"--from {str(path)[:80]!r}: cannot be read ({why}).") from None
    return True


def _downloaded(archive: Archive, progress: Progress) -> Path:
    """The archive's file, loaded if it is not there whole."""
    path = _made(data_folder() / "archives") / archive.file
    if not path.is_file() or file_sha256(path) != archive.sha256:
        download(address(archive), path, archive.sha256, progress)
    return path


def _install(name: str, given: Path, prepare: Prepare, facts: Mapping[str, Any]) -> Path:
    """Convert into a fresh folder and put it in place; the manifest is written last."""
    target = data_folder() / name
    fresh = Path(tempfile.mkdtemp(dir=_made(data_folder())))
    try:
        found = {**facts, **prepare(given, fresh), "fetched": datetime.now(UTC).isoformat()}
        text = json.dumps(found, indent=2, sort_keys=True) + "\n"
        (fresh / MANIFEST).write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _made(folder: Path) -> Path:
    """The folder, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cifar(read: Callable[[Path], cifar10.Arrays]) -> Prepare:
    """Arrays in one file; their digest says whether they are the published ones."""

    def prepare(given: Path, fresh: Path) -> Facts:
        arrays = read(given)
        digest = cifar10.content_digest(arrays)
        check_own("cifar10", digest)
        np.savez(fresh / cifar10.ARRAYS, **arrays)  # type: ignore[arg-type]
        return {"digest": digest, "as_published": digest == cifar10.CONTENT}

    return prepare


def _pictures(name: str) -> Prepare:
    """Arrays in one file; their digest says whether they are the published ones."""

    def prepare(given: Path, fresh: Path) -> Facts:
        arrays = idx.from_idx(given)
        digest = idx.content_digest(arrays)
        check_own(name, digest)
        np.savez_compressed(fresh / idx.ARRAYS, **arrays)  # type: ignore[arg-type]
        return {"digest": digest, "as_published": digest == idx.CONTENT[name]}

    return prepare


def _package_weights(given: Path, fresh: Path) -> Facts:
    """The Keras weights under torchvision's names, and the class names."""
    shutil.copy(given / resnet50.NAMES, fresh / resnet50.NAMES)
    return _weights(resnet50.from_package(given), fresh) | {"variant": "caffe"}


def _own_weights(given: Path, fresh: Path) -> Facts:
    """A torchvision state dict."""
    return _weights(resnet50.from_state_dict(given), fresh) | {"variant": "torchvision"}


def _package_lite0(given: Path, fresh: Path) -> Facts:
    """The one state dict of the package."""
    return _own_lite0(next(given.glob("*.pth")), fresh)


def _own_lite0(given: Path, fresh: Path) -> Facts:
    """A state dict under the package's names."""
    weights = efficientnet_lite.from_state_dict(given)
    return _weights(weights, fresh, efficientnet_lite.WEIGHTS)


def _weights(weights: resnet50.Weights, fresh: Path, file: str = resnet50.WEIGHTS) -> Facts:
    """Write the weights; their file's digest stands for them in the records."""
    np.savez(fresh / file, **weights)  # type: ignore[arg-type]
    return {"digest": file_sha256(fresh / file), "tensors": len(weights)}


def _photos(given: Path, fresh: Path) -> Facts:
    """Copies of the photos under unique names, with their labels and digests.

    Raises MissingDataError for a file that is no picture.
    """
    try:
        names = resnet50.class_names()
    except MissingDataError:
        names = []
    labels: dict[str, int] = {}
    digests: dict[str, str] = {}
    for path, label in photos.found_in(given, names).items():
        name = "_".join(path.relative_to(given).parts)
        if name in labels:
            raise MissingDataError(f"{path}: a second photo is called {name}; rename it.")
        _check_picture(path)
        shutil.copy(path, fresh / name)
        labels[name], digests[name] = label, file_sha256(path)
    return {"labels": labels, "digests": digests}


def _check_picture(path: Path) -> None:
    """Raise MissingDataError now for a file that no look at the photos could read."""
    try:
        with need_pillow().open(path) as opened:
            opened.convert("RGB")
    except MemoryError:
        raise
    except Exception as error:  # a picture's decoder raises nearly anything, a bomb its own
        raise MissingDataError(f"{path}: no picture ({error}).") from None


_FROM_PACKAGE: Mapping[str, Prepare] = {
    "cifar10": _cifar(cifar10.from_package),
    "resnet50": _package_weights,
    "lite0": _package_lite0,
    "photos": _photos,
    "digits": _pictures("digits"),
    "garments": _pictures("garments"),
}
_FROM_COPY: Mapping[str, Prepare] = {
    "cifar10": _cifar(cifar10.from_batches),
    "resnet50": _own_weights,
    "lite0": _own_lite0,
    "photos": _photos,
    "digits": _pictures("digits"),
    "garments": _pictures("garments"),
}
