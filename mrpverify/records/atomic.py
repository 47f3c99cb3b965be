"""Files that appear whole or not at all, whoever reads or writes beside, and that are read so."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

LARGEST = 2**28
"""Bytes of a file that is read; nothing that is written here is as large."""


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place in one go, for its owner alone (as temporary files are).

    Raises OSError where its folder cannot be written.
    """
    handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
    os.close(handle)
    try:
        Path(name).write_bytes(content)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def replace_whole(path: Path, content: bytes) -> None:
    """The same for whoever may read the folder; a file that is there keeps its mode, a link stays.

    Raises OSError where its folder cannot be written.
    """
    path = path.resolve()
    part = beside(path)
    try:
        part.write_bytes(content)
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """A name in the same folder for what is not whole yet: hidden, and of this process alone."""
    return path.with_name(f".{path.name[:100]}.{os.getpid()}.part")


def read_regular(path: Path, most: int = LARGEST) -> bytes:
    """Content of a file of at most so many bytes.

    Raises OSError for one that cannot be read, is larger, or is a pipe or a device: those may never
    end.
    """
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OSError(errno.EINVAL, "a pipe or a device; write it to a file first")
    if found.st_size > most:
        raise OSError(errno.EFBIG, f"more than {most // 2**20} MiB")
    return path.read_bytes()  # of a folder this says that it is one
