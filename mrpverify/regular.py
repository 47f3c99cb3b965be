"""Files that a user names are read where they end, and are not too large for what they are."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

LARGEST = 2**28
"""Bytes of a file that is read; nothing that is written here is as large."""
LARGEST_SETTINGS = 2**20
"""Bytes of a file that somebody wrote by hand."""


def check_regular(path: Path, most: int = LARGEST) -> None:
    """Raise OSError for a file that is larger, cannot be looked at, or is a pipe or a device.

    Those may never end.
    """
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OSError(errno.EINVAL, "a pipe or a device; write it to a file first")
    if found.st_size > most:
        raise OSError(errno.EFBIG, f"more than {most // 2**20} MiB")


def read_regular(path: Path, most: int = LARGEST) -> bytes:
    """Content of such a file; raises OSError where it cannot be read."""
    check_regular(path, most)
    return path.read_bytes()  # of a folder this says that it is one


def read_settings(path: Path) -> str:
    """Text of a file of settings in UTF-8, with a byte order mark or not.

    Raises OSError as `check_regular`, UnicodeDecodeError for what is no such text.
    """
    return read_regular(path, LARGEST_SETTINGS).decode("utf-8-sig")
