"""The record store as a whole: what it holds, what is damaged, and how it is emptied."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.table import Table

from ..command_app import printing, say, tell
from ..terminal import report_console
from .asked import FILE as ASKED
from .netcdf import attributes
from .provenance import key_of
from .reservations import NOTES
from .store import CACHE_VARIABLE, SET_ASIDE, default_folder

RESTS = ("??/*.part", f"{SET_ASIDE}/*.nc", f"{NOTES}/*.json", ASKED, "*.part")
"""What killed processes have left, what was found damaged, what was asked: no records."""

MEGABYTE = 1e6
USAGE = 2
"""Exit code of a command that was not given what it needs."""


def files() -> Iterator[Path]:
    """Files of all records, of every kind of device; none in a folder that is not made yet.

    Exits as a usage error where the store is no folder: it would look empty.
    """
    folder = default_folder()
    if folder.exists() and not folder.is_dir():
        tell(f"{CACHE_VARIABLE}={folder}: is no folder; set it to a folder of yours.")
        raise typer.Exit(USAGE)
    return iter(sorted(folder.glob("*/??/*.nc")))


def show() -> None:
    """Print runs by device, framework and salt."""
    number: Counter[tuple[str, str, str]] = Counter()
    weight: Counter[tuple[str, str, str]] = Counter()
    for path in files():
        kind = (path.parents[1].name, *_of(path))
        number[kind] += 1
        weight[kind] += _size(path)
    table = Table("device", "framework", "salt", "records", "MB", title=str(default_folder()))
    for kind in sorted(number):
        table.add_row(*kind, str(number[kind]), f"{weight[kind] / MEGABYTE:.1f}")
    with printing():
        report_console().print(table)


def size() -> None:
    """Print how many records there are, and their size."""
    sizes = [_size(path) for path in files()]
    say(f"{len(sizes)} records, {sum(sizes) / MEGABYTE:.1f} MB in {default_folder()}")


def verify() -> int:
    """Read everything; prints what is damaged or foreign, and returns 1 where something is."""
    seen, damaged = 0, []
    for path in files():
        seen += 1
        try:
            if key_of(attributes(path.read_bytes())) != (path.stem, path.parents[1].name):
                damaged.append(path)
        except MemoryError:
            raise
        except Exception:  # nearly anything, where HDF5 finds a file damaged
            damaged.append(path)
    for path in damaged:
        say(f"damaged or of another run: {path} (it will be trained again)")
    say(f"{seen} records, {len(damaged)} damaged, in {default_folder()}")
    return int(bool(damaged))


def clear(yes: bool) -> int:
    """Remove all records; without `yes` nothing is removed and the exit code is that of usage."""
    found = list(files())
    if not yes:
        tell(f"{len(found)} records in {default_folder()}: add --yes to remove them.")
        return USAGE
    left = 0
    folder = default_folder()
    rests = [path for pattern in RESTS for path in folder.glob(f"*/{pattern}")]
    for path in [*found, *rests]:
        try:
            path.unlink()
        except OSError as error:
            left += 1
            tell(f"{path}: {error.strerror}")
    removed = sum(not path.exists() for path in found)
    say(f"{removed} records removed from {folder}")
    return int(left > 0)


def _size(path: Path) -> int:
    """Bytes of a record; of a link to nowhere, or of a file that is gone by now, none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _of(path: Path) -> tuple[str, str]:
    """Framework and salt of a record, '?' where it does not say."""
    try:
        said = attributes(path.read_bytes())
        return json.loads(said["parameters"])["framework"], str(said["salt"])
    except MemoryError:
        raise
    except Exception:  # damaged, or a look at a real image
        return "?", "?"
