"""Who hears how far runs are."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears it before the first run, and after every one."""

    def __call__(self, done: int, total: int, left: float | None = None, /) -> None:
        """Runs finished and in all; seconds left, as far as they can be said."""
