"""Reading what was fetched: every file is held against the manifest's digest, once a process."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from .folder import broken, data_folder, file_sha256, files_of, manifest

Arrays = dict[str, np.ndarray]

_UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file of arrays that was cut or changed raises."""
_SOUND: set[tuple[str, int, int, str]] = set()
"""Files whose content was found to be right: path, when it was written, size, digest."""


def pictures(name: str, digest: Callable[[Arrays], str]) -> Arrays:
    """The arrays of a fetched data set; raises MissingDataError, naming the file.

    `digest` is that of their content.
    """
    (path,), wanted = files_of(name), manifest(name)["digest"]
    arrays = _read(name, path)
    _check_once(name, path, wanted, partial(digest, arrays))
    return arrays


def weights(name: str) -> Arrays:
    """The weights of a fetched network, all finite; raises MissingDataError, naming the file."""
    (path,), wanted = files_of(name), manifest(name)["digest"]
    _check_once(name, path, wanted, partial(file_sha256, path))
    arrays = _read(name, path)
    for tensor, values in arrays.items():
        if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
            raise broken(name, path, f"{tensor} holds something else than finite numbers")
    return arrays


def check_photos() -> None:
    """Raise MissingDataError for a photo that is not there, or no longer what was fetched."""
    folder = data_folder() / "photos"
    for photo, wanted in sorted(manifest("photos")["digests"].items()):
        path = folder / photo
        _check_once("photos", path, wanted, partial(file_sha256, path))


def _read(name: str, path: Path) -> Arrays:
    """All arrays of a file."""
    try:
        # np.load leaves a file that is no archive open where it opened it itself.
        with path.open("rb") as file, np.load(file) as stored:
            return {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        raise broken(name, path, "is not there") from None
    except _UNREADABLE as error:
        raise broken(name, path, f"cannot be read ({error})") from None


def _check_once(name: str, path: Path, wanted: str, digest: Callable[[], str]) -> None:
    """Hold a file's digest against the one it should have, unless it was done before."""
    try:
        written = path.stat()
        entry = (str(path), written.st_mtime_ns, written.st_size, wanted)
        found = wanted if entry in _SOUND else digest()
    except FileNotFoundError:
        raise broken(name, path, "is not there") from None
    except _UNREADABLE as error:
        raise broken(name, path, f"cannot be read ({error})") from None
    if found != wanted:
        told = f"SHA-256 {found[:12]} instead of {wanted[:12]}"
        raise broken(name, path, f"is not what its manifest says was fetched ({told})")
    _SOUND.add(entry)
