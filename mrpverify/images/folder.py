"""The folder of data and weights, and what is said when something is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs

from ..records.store import CACHE_VARIABLE
from .sources import SOURCES

MANIFEST = "manifest.json"


class MissingDataError(RuntimeError):
    """Data or an optional package that is not there; the message says what to do."""


def data_folder() -> Path:
    """Where data and weights are kept: $MRPVERIFY_CACHE/images, else the per-user cache folder."""
    configured = os.environ.get(CACHE_VARIABLE)
    base = Path(configured) if configured else platformdirs.user_cache_path("mrpverify")
    return base / "images"


def manifest(name: str) -> dict[str, Any]:
    """What was fetched under a name; raises MissingDataError where nothing was."""
    path = data_folder() / name / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise MissingDataError(
            f"{name} is not here; get it with: python -m mrpverify.images fetch {name}"
        ) from None
    return content


def is_there(name: str) -> bool:
    """Whether a data set was fetched whole (its manifest is written last)."""
    return (data_folder() / name / MANIFEST).is_file()


def missing_message(names: Iterable[str]) -> str:
    """What to do where a data set, or the Pillow that opens it, is absent; nothing where all is."""
    wanted = list(dict.fromkeys(names))
    strange = [name for name in wanted if name not in SOURCES]
    if strange:
        return f"{' '.join(strange)}: no such data set; there are {', '.join(SOURCES)}"
    absent = [name for name in wanted if not is_there(name)]
    try:
        if any(SOURCES[name].pictures for name in wanted):
            need_pillow()
    except MissingDataError as error:
        return str(error)
    if not absent:
        return ""
    listed, verb = " ".join(absent), "is" if len(absent) == 1 else "are"
    return f"{listed} {verb} not here; get with: python -m mrpverify.images fetch {listed}"


def need_pillow() -> Any:
    """The module PIL.Image; raises MissingDataError where the extra is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingDataError(
            "Pillow is not installed; get it with: python -m pip install 'mrpverify[images]'"
        ) from None
    return Image
