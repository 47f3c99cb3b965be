"""Runs that another process has reserved: said for whom one waits, and for whom no longer."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from .labelled import Request
from .reservations import BEAT_SECONDS, Holder
from .store import Store

LOG = logging.getLogger(__name__)

SAY_SECONDS = 5.0
"""How long one waits without a word."""

LOST_SECONDS = 15 * BEAT_SECONDS
"""How long a process may show no sign before its runs are done here too.

It may be stopped, or its machine be gone. Should it go on, both store the same numbers."""


class Waiting:
    """Those for whom one waits, and when they last showed a sign."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._seen: dict[Request, tuple[Holder, float]] = {}
        self._since = time.monotonic()
        self._said: set[tuple[str, bool]] = set()

    def begin(self) -> None:
        """Nothing else is left to do from now on."""
        self._since = time.monotonic()

    def lost(self, requests: Sequence[Request]) -> set[Request]:
        """Those that are waited for in vain; they are this process's to do."""
        return {request for request in requests if self._lost(request)}

    def _lost(self, request: Request) -> bool:
        """Whether nothing has been heard for long of the one that has reserved a run."""
        if self._store is None:
            return False
        now, holder = time.monotonic(), self._store.holder(request)
        before = self._seen.get(request)
        if before is None or before[0] != holder:
            self._seen[request] = before = (holder, now)
        if now - before[1] >= LOST_SECONDS:
            self._say(holder, lost=True)
            self._store.take_over(request)
            return True
        if now - self._since >= SAY_SECONDS:
            self._say(holder, lost=False)
        return False

    def _say(self, holder: Holder, lost: bool) -> None:
        """One line for each that is waited for, and one when no longer."""
        if (holder.text, lost) in self._said:
            return
        self._said.add((holder.text, lost))
        told = (
            "waiting for runs reserved by %s; without a sign of it for %.0f s they are done here."
        )
        if lost:
            told = "no sign of %s for %.0f s: its runs are trained here too."
        LOG.warning(told, holder.text, LOST_SECONDS)
