"""What was asked of a store: asking again with other seeds is no first look."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterable
from pathlib import Path

from .atomic import write_whole

LOG = logging.getLogger(__name__)

UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
"""What a store answers that may only be read."""
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

    A store that may only be read keeps no note, and that is said. Raises OSError where the folder
    cannot be written for another reason.
    """
    known = first_asked(folder)
    new = {question: seeds for question in questions if question not in known}
    if not new:
        return
    content = json.dumps({**known, **new}, indent=0) + "\n"
    try:
        write_whole(folder / FILE, content.encode())
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        LOG.warning("%s cannot be written: it is not noted what was asked.", folder)
