"""What records, locks and reports say of fetched data: digest, and whether it is as published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import cifar10, idx, kept
from .folder import MissingDataError, manifest, missing_message
from .sources import SOURCES

Entry = Mapping[str, Any]
"""`digest` of a data set's content, and `as_published`."""


def entries(names: Iterable[str]) -> dict[str, Entry]:
    """Entries by name, each data set once.

    Raises MissingDataError where one, or what opens it, is not there, broken or changed.
    """
    wanted = sorted(set(names))
    if absent := missing_message(wanted):
        raise MissingDataError(absent)
    return {name: entry(name) for name in wanted}


def entry(name: str) -> Entry:
    """What lies there, after its content was read and held against its manifest.

    Raises MissingDataError where it is not there, broken or changed.
    """
    _check(name)
    digest = _digest(name)
    return {"digest": digest, "as_published": _as_published(name, digest)}


def not_published(name: str, found: Entry) -> str:
    """What is said of data that is not as published, and nothing of what is."""
    if found["as_published"]:
        return ""
    what = "the published one" if SOURCES[name].content else "from the pinned package"
    return f"is there, but NOT {what}: SHA-256 {found['digest'][:12]}"


def _check(name: str) -> None:
    """Read all of a data set; raises MissingDataError."""
    if name in idx.CONTENT:
        idx.load(name)
    elif name == "cifar10":
        cifar10.load()
    elif SOURCES[name].file:
        kept.weights(name)
    else:
        kept.check_photos()


def _digest(name: str) -> str:
    """That of the manifest; of photos one for all files and their labels."""
    found = manifest(name)
    if "digest" in found:
        return str(found["digest"])
    text = json.dumps([found["digests"], found["labels"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_published(name: str, digest: str) -> bool:
    """Whether the content is the published one; of weights and photos: from the pinned package."""
    source = SOURCES[name]
    if source.content:
        return digest == source.content
    return bool(manifest(name).get("from") == {a.file: a.sha256 for a in source.archives})
