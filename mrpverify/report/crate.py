"""The manifest of an archive: RO-Crate 1.2 metadata, with the SHA-256 of every file."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

METADATA = "ro-crate-metadata.json"
"""The file that makes a folder a research object crate."""

RECORDS = "records/"
"""Where an archive keeps its records."""

PROFILE = "https://w3id.org/ro/crate/1.2"
PAPER = "https://arxiv.org/abs/2206.03826"
LICENSE = "https://spdx.org/licenses/MIT"

Entity = dict[str, Any]


def manifest(files: Mapping[str, bytes], records: Mapping[str, Mapping[str, Any]], day: str) -> str:
    """RO-Crate metadata as JSON-LD text.

    Args:
        files: contents of everything in the archive but the manifest, by path.
        records: the records among them, parsed, by path.
        day: date of publication, ISO 8601.
    """
    runs = [_run(path, record) for path, record in records.items()]
    software = {e["@id"]: e for e in map(_software, records.values())}
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "Verdicts of mrpverify",
        "description": "Records of checks of the theory of mask-reconstruction pretraining. "
        "`mrpverify check --verify` recomputes every verdict from the numbers of each record.",
        "datePublished": day,
        "license": {"@id": LICENSE},
        "citation": {"@id": PAPER},
        "hasPart": [{"@id": quote(path)} for path in files],
        "mentions": [{"@id": run["@id"]} for run in runs],
    }
    graph = [
        {"@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": PROFILE}},
        root,
        *(_file(path, content) for path, content in files.items()),
        *runs,
        *software.values(),
        {"@id": LICENSE, "@type": "CreativeWork", "name": "MIT License"},
        {"@id": PAPER, "@type": "ScholarlyArticle", "name": "Towards Understanding Why "
         "Mask-Reconstruction Pretraining Helps in Downstream Tasks"},
    ]  # fmt: skip
    return json.dumps({"@context": f"{PROFILE}/context", "@graph": graph}, indent=1) + "\n"


def sums(text: str) -> dict[str, str]:
    """SHA-256 of every file that a manifest names, by path; raises ValueError for no manifest."""
    content = json.loads(text)
    graph = content.get("@graph") if isinstance(content, dict) else None
    if not isinstance(graph, list) or not all(isinstance(entity, dict) for entity in graph):
        raise ValueError("no @graph of entities")
    return dict(_sums(graph))


def sha256(content: bytes) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _sums(graph: list[Entity]) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of every file entity."""
    for entity in graph:
        if entity.get("@type") == "File":
            path, digest = entity.get("@id"), entity.get("sha256")
            if not isinstance(path, str) or not isinstance(digest, str):
                raise ValueError(f"the file {path!r} has no sha256")
            yield unquote(path), digest


def _file(path: str, content: bytes) -> Entity:
    """A file of the archive."""
    return {
        "@id": quote(path),
        "@type": "File",
        "name": path.rpartition("/")[2],
        "encodingFormat": mimetypes.guess_type(path)[0] or "text/plain",
        "contentSize": str(len(content)),
        "sha256": sha256(content),
    }


def _run(path: str, record: Mapping[str, Any]) -> Entity:
    """The check that made a record."""
    return {
        "@id": f"#run-of-{quote(path)}",
        "@type": "CreateAction",
        "name": " ".join(record["command"]),
        "instrument": {"@id": _software(record)["@id"]},
        "result": {"@id": quote(path)},
    }


def _software(record: Mapping[str, Any]) -> Entity:
    """The simulation that a record comes from, by its digest."""
    return {
        "@id": f"#mrpverify-{record['simulation'][:12]}",
        "@type": "SoftwareApplication",
        "name": "mrpverify",
        "softwareVersion": record["mrpverify"],
        "identifier": record["simulation"],
    }
