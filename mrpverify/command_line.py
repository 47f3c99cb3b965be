"""What the commands share: checked output files, the record store, progress, how they end."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from .command_app import tell
from .outside import use
from .records.progress import Progress as Hears
from .records.store import CACHE_VARIABLE, Store, UnwritableStoreError, device_store
from .records.work import TooLargeError

BROKEN = (
    OSError, MemoryError, RuntimeError, ValueError, ArithmeticError, LookupError, SystemExit,
)  # fmt: skip
"""What a run may raise where its machine fails, or its numbers leave their range.

An objective or a law from outside may also end the process, and its code would pass for a verdict.
"""


class UsageError(ValueError):
    """Input that cannot be used, found before any training; exit code 2."""


def use_plugins(files: Sequence[str]) -> None:
    """Know from now on what files of --plugin bring; raises OutsideError for a broken one."""
    for file in files:
        use(file)


ANOTHER_STORE = f"set {CACHE_VARIABLE} to a folder of yours."
"""What helps where a store cannot be written."""


def readable_store(device: str, advice: str = "") -> Store:
    """The record store, for runs that say themselves where one is missing that it cannot take.

    Raises UsageError where there is no store to read, and none can be made.
    """
    store = device_store(device)
    return store if os.path.isdir(store.folder) else usable_store(device, advice)


def usable_store(device: str, advice: str = "") -> Store:
    """The record store; raises UsageError where its folder cannot be written."""
    store = device_store(device)
    try:
        store.check_writable()
    except OSError as error:
        raise UsageError(
            f"the record store {store.folder} cannot be written ({error.strerror});{advice} "
            f"{ANOTHER_STORE}"
        ) from None
    return store


def writable_file(path: Path | None, option: str) -> Path | None:
    """The path if a file can be written there; raises UsageError otherwise."""
    if path is None:
        return None
    try:
        if path.is_dir():
            raise UsageError(f"{option} {path}: this is a folder; name a file in it.")
        _try_to_write(path)
    except OSError as error:
        raise UsageError(
            f"{option} {path}: cannot be written ({error.strerror}); name another file."
        ) from None
    return path


def _try_to_write(path: Path) -> None:
    """Raise OSError where nothing can be written; what is there stays, what is not is not made."""
    existed = path.exists()
    if existed and not path.is_file():  # a pipe, say: to open it is to wait for who reads it
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return
    with path.open("ab"):
        pass
    if not existed:
        path.unlink()


@contextmanager
def progress_bar(quiet: bool, what: str = "runs") -> Iterator[Hears | None]:
    """A callback (finished, total, seconds left) that draws a bar on standard error."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    time_left = TextColumn("{task.fields[left]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), time_left)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, left="")

        def show(done: int, total: int, left: float | None = None, /) -> None:
            bar.update(task, completed=done, total=total)
            known = bar.tasks[0].time_remaining if left is None else left
            words = "" if known is None or done == total else f"about {_duration(known)} left"
            bar.update(task, left=words)

        yield show


@contextmanager
def progress_shown(quiet: bool, what: str = "runs") -> Iterator[Hears | None]:
    """The bar where somebody looks; in a file, as a batch job writes, a line now and then."""
    console = Console(stderr=True)
    if quiet or console.is_terminal:
        with progress_bar(quiet, what) as show:
            yield show
    else:
        yield _Lines(what)


class _Lines:
    """A callback (finished, total, seconds left) that writes a line every half minute.

    On standard error, and one before anything is finished where it is going to take longer.
    """

    EVERY_SECONDS = 30.0

    def __init__(self, what: str = "runs") -> None:
        self._what = what
        self._begin = self._last = time.monotonic()

    def __call__(self, done: int, total: int, left: float | None = None, /) -> None:
        """Hear of a finished run; unless it is told, the time left is that of as many as seen."""
        now = time.monotonic()
        if done == 0:
            self._begin = now
            if left is not None and left >= self.EVERY_SECONDS:
                tell(f"{total} {self._what}, about {_duration(left)}")
        elif done < total and now - self._last >= self.EVERY_SECONDS:
            self._last = now
            known = (now - self._begin) / done * (total - done) if left is None else left
            tell(f"{done} of {total} {self._what}, about {_duration(known)} left")


def _duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def stop(message: str, code: int) -> NoReturn:
    """One clear message on standard error, then the exit code."""
    tell(message)
    raise typer.Exit(code)


@contextmanager
def resumable(what: str) -> Iterator[None]:
    """Ends work whose finished runs are stored with one clear message and exit code 1.

    2 where nothing was begun, for its runs could not be stored or held.
    """
    try:
        yield
    except typer.Exit:  # a RuntimeError too, and no failure
        raise
    except KeyboardInterrupt:
        stop("interrupted: finished runs are stored; the same command goes on from there.", 1)
    except UnwritableStoreError as error:
        stop(f"error: {error}; {ANOTHER_STORE}", 2)
    except TooLargeError as error:
        stop(f"error: {error}", 2)
    except BROKEN as error:
        stop(
            f"error: the {what} failed ({type(error).__name__}: {error}). Finished runs are "
            f"stored; the same command goes on from there.",
            1,
        )
