"""Files that appear whole or not at all, whoever reads or writes beside."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


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

    Raises OSError where it cannot be written.
    """
    replace_together({path: content})


def replace_together(contents: Mapping[Path, bytes]) -> None:
    """The same for files that belong together: all are made before one takes its place.

    What is there and can only be written as it lies, a pipe or a device say, is written so. Raises
    OSError where one cannot be made; every file that was there is then as it was.
    """
    in_place = [path for path in contents if _only_in_place(path)]
    whole = [path for path in contents if path not in in_place]
    parts = {beside(path.resolve(), n): path.resolve() for n, path in enumerate(whole)}
    try:
        for part, path in zip(parts, whole, strict=True):
            _make(part, contents[path], like=path)
        for path in in_place:
            path.write_bytes(contents[path])
        for part, target in parts.items():
            os.replace(part, target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _make(part: Path, content: bytes, like: Path) -> None:
    """Write what is going to take the place of another file, with its mode where it is there."""
    part.write_bytes(content)
    if like.exists():
        shutil.copymode(like, part)


def _only_in_place(path: Path) -> bool:
    """Whether a path is no file that a new one could replace, or its folder takes no new one."""
    if not path.exists():
        return False
    return not path.is_file() or not os.access(path.resolve().parent, os.W_OK | os.X_OK)


def beside(path: Path, number: int = 0) -> Path:
    """A name in the same folder for what is not whole yet: hidden, and of this process alone.

    It is no longer than a folder takes, whatever the signs of the path's name.
    """
    return path.with_name(f".{path.name[:40]}.{os.getpid()}.{number}.part")
