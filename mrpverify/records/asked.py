"""What was asked of a store: asking again with other seeds is no first look."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .atomic import write_whole

FILE = "asked.json"
"""In the folder of a store."""


def first_asked(folder: Path) -> dict[str, int]:
    """Question -> number of seeds it was first asked with; nothing where no file can be read."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = content.items() if isinstance(content, dict) else ()
    return {key: seeds for key, seeds in pairs if type(seeds) is int and seeds > 0}


def remember(folder: Path, questions: Iterable[str], seeds: int) -> None:
    """Note with how many seeds questions were asked; what was noted before stays.

    Raises OSError where the folder cannot be written.
    """
    known = first_asked(folder)
    new = {question: seeds for question in questions if question not in known}
    if not new:
        return
    content = json.dumps({**known, **new}, indent=0) + "\n"
    write_whole(folder / FILE, content.encode())
