"""Downloads that go on where they stopped and are checked in full."""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from .folder import MissingDataError, file_sha256
from .registries import SECONDS

Progress = Callable[[int, int], None]
"""Hears (bytes here, bytes in all; 0 where the size is not known)."""
_CHUNK = 1 << 20


def download(
    url: str, path: Path, sha256: str, progress: Progress = lambda here, total: None
) -> None:
    """Get `url` as `path`, from where an earlier attempt stopped.

    The file appears under its name only when its SHA-256 is right; raises MissingDataError where it
    is not (what was loaded is deleted) and OSError where the transfer fails (it is kept).
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    _transfer(url, part, progress)
    found = file_sha256(part)
    if found != sha256:
        part.unlink()
        raise MissingDataError(
            f"{url}: SHA-256 is {found}, expected {sha256}; deleted, try again or use --from."
        )
    os.replace(part, path)


def _transfer(url: str, part: Path, progress: Progress) -> None:
    """Load what is missing of `part`; a server that knows no ranges sends everything again."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise MissingDataError(f"{url}: expected an http or https address.")
    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        answer = urlopen(request, timeout=SECONDS)  # noqa: S310 - scheme checked above
    except HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing; the hash will tell
        raise
    with answer:
        have = have if answer.status == HTTPStatus.PARTIAL_CONTENT else 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if have else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress(have, total)
    if have < total:
        raise ConnectionError(f"{url}: the connection ended after {have} of {total} bytes")
