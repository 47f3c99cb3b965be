"""What was asked of a store: asking again with other seeds is no first look."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterable
from pathlib import Path

LOG = logging.getLogger(__name__)

UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
"""What a store answers that may only be read."""
FILE = "asked.jsonl"
"""In the folder of a store: one line for a question, and only added to, for others add beside."""


def first_asked(folder: Path) -> dict[str, int]:
    """Question -> number of seeds it was first asked with; nothing where no file can be read."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    first: dict[str, int] = {}
    for question, seeds in filter(None, map(_read, lines)):
        first.setdefault(question, seeds)
    return first


def remember(folder: Path, questions: Iterable[str], seeds: int) -> None:
    """Note with how many seeds questions were asked; what was noted before stays.

    A store that may only be read keeps no note, and that is said. Raises OSError where the folder
    cannot be written for another reason.
    """
    known = first_asked(folder)
    new = [question for question in questions if question not in known]
    if not new:
        return
    try:
        _add(folder / FILE, [json.dumps({"question": one, "seeds": seeds}) for one in new])
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        LOG.warning("%s cannot be written: it is not noted what was asked.", folder)


def _read(line: str) -> tuple[str, int] | None:
    """Question and seeds of a line; None for one that holds none, as where a process was killed."""
    try:
        said = json.loads(line)
        question, seeds = said["question"], said["seeds"]
    except (ValueError, KeyError, TypeError):
        return None
    right = isinstance(question, str) and type(seeds) is int and seeds > 0
    return (question, seeds) if right else None


def _add(path: Path, lines: Iterable[str]) -> None:
    """Put lines at the end in one write; it begins a line, whatever a killed process left."""
    with path.open("ab", buffering=0) as file:
        file.write("".join(f"\n{line}" for line in lines).encode() + b"\n")
