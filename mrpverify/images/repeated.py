"""Photos in which the object is there several times, by file name (``repeated.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def repeated_objects() -> dict[str, str]:
    """File name of a photo -> what is there several times; photos of one's own are not in it."""
    return tomllib.loads((Path(__file__).parent / "repeated.toml").read_text(encoding="utf-8"))
