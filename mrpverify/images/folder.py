"""The folder of data and weights, and what is said when something is not there."""

from __future__ import annotations

import hashlib
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


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def broken(name: str, path: Path, why: str) -> MissingDataError:
    """What is said of a file of a fetched data set that cannot be used."""
    return MissingDataError(
        f"{path}: {why}; get it again with: python -m mrpverify.images fetch --again {name} "
        "(a copy of your own: --from PATH)"
    )


def manifest(name: str) -> dict[str, Any]:
    """What was fetched under a name; raises MissingDataError where nothing was, or it is broken."""
    path = data_folder() / name / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingDataError(
            f"{name} is not here; get it with: python -m mrpverify.images fetch {name}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise broken(name, path, f"cannot be read as a manifest ({error})") from None
    if not isinstance(content, dict) or not _names_content(name, content):
        raise broken(name, path, "names no digest of what was fetched")
    check_own(name, str(content.get("digest")))
    return content


def _names_content(name: str, content: dict[str, Any]) -> bool:
    """Whether a manifest says what lies beside it: a digest, or labels and digests of photos."""
    if SOURCES[name].file:
        return isinstance(content.get("digest"), str)
    labels, digests = content.get("labels"), content.get("digests")
    if not isinstance(labels, dict) or not isinstance(digests, dict):
        return False
    whole = all(type(label) is int for label in labels.values()) and labels.keys() == digests.keys()
    return whole and all(Path(photo).name == photo for photo in labels)


def check_own(name: str, digest: str) -> None:
    """Raise MissingDataError where a digest is that of another data set's published content."""
    for other in SOURCES.values():
        if other.name != name and other.content == digest:
            raise MissingDataError(
                f"{name}: this is {other.name}, not {name} ({other.holds}); get {name} with: "
                f"python -m mrpverify.images fetch --again {name}"
            )


def files_of(name: str) -> list[Path]:
    """The files of a fetched data set beside its manifest; raises MissingDataError."""
    content, own = manifest(name), SOURCES[name].file
    return [data_folder() / name / file for file in ([own] if own else sorted(content["labels"]))]


def check_there(name: str) -> None:
    """Raise MissingDataError, naming the file, where a data set is not there or not whole."""
    for path in files_of(name):
        if not path.is_file():
            raise broken(name, path, "is not there")


def is_there(name: str) -> bool:
    """Whether a data set was fetched and none of its files is gone; their content is not read."""
    try:
        check_there(name)
    except MissingDataError:
        return False
    return True


def missing_message(names: Iterable[str]) -> str:
    """What to do where a data set, or the Pillow that opens it, is absent; nothing where all is."""
    wanted = list(dict.fromkeys(names))
    strange = [name for name in wanted if name not in SOURCES]
    if strange:
        return f"{' '.join(strange)}: no such data set; there are {', '.join(SOURCES)}"
    absent = [name for name in wanted if not (data_folder() / name / MANIFEST).exists()]
    try:
        if any(SOURCES[name].pictures for name in wanted):
            need_pillow()
        for name in wanted:
            if name not in absent:
                check_there(name)
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
