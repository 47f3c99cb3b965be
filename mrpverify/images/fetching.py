"""Carrying out ``python -m mrpverify.images``: what is fetched, and what is said meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..command_app import say, tell
from .download import Progress as Hears
from .entries import entry, not_published
from .fetch import adopt, fetch
from .folder import MANIFEST, MissingDataError, data_folder, is_there
from .sources import SOURCES, Source, UnknownSourceError, source


def bring(names: Sequence[str], given: str | None, again: bool) -> None:
    """Bring data sets and weights into the per-user cache; ends the process where that fails.

    `given` is the path of a local copy.
    """
    copy = None if given is None else Path(given)
    try:
        wanted = [source(name) for name in names]
        if copy is not None and len(wanted) != 1:
            raise UnknownSourceError("--from needs the name of the one data set it is a copy of.")
        if given is not None and not given.strip():
            raise UnknownSourceError(
                f"--from {given!r}: names no path; give the local copy, or . for this folder."
            )
    except UnknownSourceError as error:
        _stop(f"error: {error}", 2)
    for item in wanted:
        _one(item, copy, again)


def list_sources() -> None:
    """Say what can be fetched, and what is there."""
    for item in SOURCES.values():
        say(f"{item.name} ({_state(item.name)}): {item.holds}\n  instead: {item.local}")


def _state(name: str) -> str:
    """Whether a data set is there, is what its manifest says, and is what was published."""
    if not (data_folder() / name / MANIFEST).exists():
        return "not fetched"
    try:
        return not_published(name, entry(name)) or "is there"
    except MissingDataError as error:
        return f"BROKEN: {error}"


def _one(item: Source, copy: Path | None, again: bool) -> None:
    """Fetch or adopt one data set, and say what it is."""
    say(f"{item.name}: {item.holds}\n  licence: {item.licence}\n  cite: {item.cite}")
    if is_there(item.name) and copy is None and not again:
        say(f"  is there: {data_folder() / item.name}")
        _warn(item.name)
        return
    try:
        with _bars() as progress:
            folder = adopt(item, copy) if copy is not None else fetch(item, progress)
    except MissingDataError as error:
        _stop(f"error: {error}", 2 if copy is not None else 1)
    except OSError as error:
        _stop(f"error: {item.name} ({error}); the same command goes on from here.", 1)
    except KeyboardInterrupt:
        _stop("interrupted: the same command goes on from here.", 1)
    origin = copy or ", ".join(f"{a.registry} {a.package} {a.version}" for a in item.archives)
    say(f"  from: {origin}\n  is there: {folder}")
    _warn(item.name)


def _warn(name: str) -> None:
    """Say where what lies there is broken, or is not what was published."""
    try:
        found = not_published(name, entry(name))
    except MissingDataError as error:
        _stop(f"error: {error}", 1)
    if found:
        tell(f"warning: {name} {found}; every record and report will say so.")


@contextmanager
def _bars() -> Iterator[Callable[[str], Hears]]:
    """Gives a progress bar to every file, where somebody looks."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def start(name: str) -> Hears:
            task = bars.add_task(name, total=None)
            return lambda here, total: bars.update(task, completed=here, total=total or None)

        yield start


def _stop(message: str, code: int) -> None:
    """One clear message on standard error, then the exit code."""
    tell(message)
    sys.exit(code)
