"""The page of the documentation that the table is written into."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..records.atomic import replace_whole

PAGE = Path("docs") / "calibration.md"
BEGIN, END = "<!-- calibration: begin (mrpverify calibrate) -->", "<!-- calibration: end -->"


class UnusablePageError(ValueError):
    """A page without the markers between which the table belongs."""


def with_table(path: Path, lines: Sequence[str], draws: int, salt: str) -> str:
    """The page with the table between its markers; raises UnusablePageError where they lack.

    Raises OSError where there is no such page.
    """
    text = path.read_text(encoding="utf-8")
    start, end = text.find(BEGIN), text.find(END)
    if not 0 <= start < end:
        raise UnusablePageError(f"{path} lacks the markers {BEGIN} and {END}; run in a checkout.")
    command = f"mrpverify calibrate --draws {draws} --salt {shlex.quote(salt)}"
    head = f"`{command}`: standard error at 0.05: {(0.05 * 0.95 / draws) ** 0.5:.4f}."
    return "\n".join((text[: start + len(BEGIN)], head, "", *lines, text[end:]))


def write(path: Path, lines: Sequence[str], draws: int, salt: str) -> None:
    """Write the table into the page; raises OSError and leaves it as it was where that fails."""
    replace_whole(path, with_table(path, lines, draws, salt).encode())
