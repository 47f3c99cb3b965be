"""Files that appear whole or not at all, whoever reads or writes beside."""

from __future__ import annotations

import os
import tempfile
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
