"""The terminal that a command prints its tables on."""

from __future__ import annotations

import os
from typing import NoReturn

from rich.console import Console

WIDTH = 160
"""Columns of a report that is not read in a terminal, unless COLUMNS says otherwise."""

NARROWEST = 60
"""Columns that every report takes at least: ids and verdicts are whole from there on."""


def report_console(stderr: bool = False) -> Console:
    """Standard output (or error): as wide as the terminal or COLUMNS say, else WIDTH.

    Colours are left out where NO_COLOR is set and where nobody looks.
    """
    console = _Console(markup=False, highlight=False, stderr=stderr)
    said = os.environ.get("COLUMNS", "")
    told = console.is_terminal or (said.isdigit() and int(said) > 0)
    width = max(console.width, NARROWEST) if told else WIDTH
    return _Console(width=width, markup=False, highlight=False, stderr=stderr)


class _Console(Console):
    """A console whose reader may leave: `printing` decides what that means."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise BrokenPipeError, where rich would end the process."""
        raise BrokenPipeError
