"""Who does which run of a store: locks that end with their process, and notes that say whose.

A lock is one byte of an empty file, at the run's place in it. The note beside it holds process,
machine and time, and its own time of change moves on while the process goes on: so those who wait
can say for whom, and see when a process is stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LOCKS, NOTES = "reservations.lock", "reserved"
"""File of the locks and folder of the notes, in a store."""

BEAT_SECONDS = 2.0
"""How often a process shows that it goes on."""


@dataclass(frozen=True)
class Holder:
    """What the note of a run says, and when it last changed."""

    text: str
    """In words, for those who wait."""
    beat: int
    """Time of change in ns by the file system's clock; to be compared with itself alone."""


class Reservations:
    """The runs that this process has reserved in one store.

    The file of the locks is open as long as one is held: closing it gives up all locks of the
    process, those of another object on the same store too, which costs time only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: int | None = None
        self._held: dict[str, Path] = {}
        self._over: threading.Event | None = None

    def take(self, key: str) -> bool:
        """Whether a run is this process's to do: False while another process has it.

        Where files cannot be locked everything is granted: a run done twice is a loss of time only.
        """
        try:
            self._lock(key, exclusive=True)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            pass
        self.take_over(key)
        return True

    def take_over(self, key: str) -> None:
        """Say that this process does a run, whoever has locked it."""
        self._held[key] = note = self._note(key)
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        said = {"process": os.getpid(), "machine": socket.gethostname(), "since": since}
        with contextlib.suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps(said), encoding="utf-8")
        if self._over is None:
            self._over = threading.Event()
            threading.Thread(target=self._beat, args=(self._over,), daemon=True).start()

    def give_back(self, key: str) -> None:
        """End a reservation."""
        note = self._held.pop(key, None)
        with contextlib.suppress(OSError):
            if note is not None:
                note.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._lock(key, exclusive=False)
        if not self._held:
            self._close()

    def holder(self, key: str) -> Holder:
        """Who has reserved a run, as far as its note tells."""
        note = self._note(key)
        try:
            beat = note.stat().st_mtime_ns
            said = json.loads(note.read_text(encoding="utf-8"))
            text = f"process {said['process']} on {said['machine']}, since {said['since']}"
        except (OSError, ValueError, KeyError, TypeError):  # none, or half written
            return Holder("another process", 0)
        return Holder(text, beat)

    def _note(self, key: str) -> Path:
        """File of a run's note."""
        return self._folder / NOTES / f"{key}.json"

    def _beat(self, over: threading.Event) -> None:
        """Touch the notes until nothing is reserved any more."""
        while not over.wait(BEAT_SECONDS):
            for note in list(self._held.values()):
                with contextlib.suppress(OSError):
                    os.utime(note)

    def _lock(self, key: str, exclusive: bool) -> None:
        """Lock or unlock the byte of a run, where there are such locks; raises OSError."""
        if sys.platform == "win32":
            return
        if self._locks is None:
            if not exclusive:
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            self._locks = os.open(self._folder / LOCKS, os.O_RDWR | os.O_CREAT)
        kind = fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_UN
        fcntl.lockf(self._locks, kind, 1, _place(key))

    def _close(self) -> None:
        """Nothing is reserved: no file is open, no thread runs."""
        if self._over is not None:
            self._over.set()
            self._over = None
        if self._locks is not None:
            locks, self._locks = self._locks, None
            os.close(locks)


def _place(key: str) -> int:
    """Place of a run in the file of the locks, in [0, 2^60)."""
    return int(key[:15], 16)
