"""Carrying out ``mrpverify figures``: from what is asked for to files in a folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..command_app import say, tell
from ..command_line import (
    UsageError,
    progress_shown,
    resumable,
    stop,
    usable_store,
    writable_file,
)
from ..images.folder import MissingDataError
from ..images.setup import SettingsError, Setup, load_settings
from ..judge.verdicts import EXIT_USAGE
from ..parameters import check_device
from ..records.collect import Collector, DeviceError, Machine, choose_machine
from ..records.store import Store
from ..regime import Preset, RegimeError, check_salt, check_seeds, load_preset, preset_path
from .caption import caption
from .catalogue import ALL, chosen, figures
from .figure import AnyFigure, Study
from .files import files_of, write
from .from_records import RECORDS, RecordsFigure

PRESET, SALT = "quick", "a"
"""What is drawn unless somebody says otherwise."""
PUBLISHED = Path("paper_figures", "drawn")
"""End of the path of the folder whose figures are public."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for, unchecked."""

    names: Sequence[str]
    preset: str
    salt: str
    seeds: int | None
    device: str
    out: Path
    quiet: bool
    records: Path = RECORDS
    workers: int | None = None

    def command(self, figure: AnyFigure) -> str:
        """The command that draws one of the figures again."""
        words = ["mrpverify", "figures", figure.name]
        if isinstance(figure, RecordsFigure):
            words += [] if self.records == RECORDS else ["--records", str(self.records)]
            return shlex.join(words)
        words += ["--preset", self.preset, "--salt", self.salt]
        words += [] if self.seeds is None else ["--seeds", str(self.seeds)]
        return shlex.join(words)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A checked request: everything needed before the first run starts."""

    figures: list[AnyFigure]
    preset: Preset
    images: Setup
    machine: Machine
    store: Store


def list_figures() -> None:
    """Every figure with what it is about, one line each."""
    there = figures()
    width = max(map(len, there))
    for name, figure in there.items():
        say(f"{name:<{width}}  {figure.title}")
    say("\nDraw them: mrpverify figures NAME ... --out FOLDER (names, patterns, or all).")


def carry_out(asked: Asked) -> None:
    """Draw what is asked for and say which files were written.

    Raises typer.Exit for what ends early, after one message on standard error.
    """
    try:
        order = _order(asked)
    except (RegimeError, SettingsError, MissingDataError, DeviceError, UsageError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    with resumable("figure"):
        for figure in order.figures:
            for path in _draw(figure, asked, order):
                say(str(path))


def _order(asked: Asked) -> Order:
    """The checked request; what reads nothing but the words comes before what looks around."""
    published = asked.out.resolve().parts[-2:] == PUBLISHED.parts
    drawn = drawable(asked.names, published, asked.records)
    _check_read(asked, drawn)
    check_salt(asked.salt)
    preset = load_preset(asked.preset)
    settings = load_settings(preset_path(asked.preset), {})
    seeds = settings.seeds if asked.seeds is None else min(check_seeds(asked.seeds), settings.seeds)
    machine = choose_machine(asked.device, asked.workers)
    check_device(preset.regimes.values(), machine.device)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {asked.out}: no folder can be made ({error.strerror}).") from None
    for path in (path for figure in drawn for path in files_of(asked.out, figure.name)):
        writable_file(path, "--out")
    store = usable_store(machine.device)
    return Order(
        figures=drawn, preset=preset, machine=machine, store=store,
        images=Setup(settings, seeds, asked.salt, machine, store),
    )  # fmt: skip


def _check_read(asked: Asked, drawn: Sequence[AnyFigure]) -> None:
    """Raise UsageError for an option that none of the figures reads: it would change nothing."""
    of_records = [isinstance(figure, RecordsFigure) for figure in drawn]
    usual = (asked.preset, asked.salt, asked.seeds) == (PRESET, SALT, None)
    if drawn and all(of_records) and not usual:
        raise UsageError(
            "--preset, --salt and --seeds choose runs, and what is named is drawn from stored "
            "records; name their folder with --records."
        )
    if drawn and asked.records != RECORDS and not any(of_records):
        raise UsageError(
            "--records names stored records, and what is named is drawn from runs; leave it out."
        )


def drawable(names: Sequence[str], published: bool, records: Path = RECORDS) -> list[AnyFigure]:
    """The figures with these names; of a pattern those that can be drawn, and a line for the rest.

    Raises UsageError for an unknown name and MissingDataError for a named one that cannot be drawn.
    """
    found = []
    for figure in chosen(names):
        obstacle = figure.obstacle(published)
        if isinstance(figure, RecordsFigure):
            obstacle = obstacle or figure.missing(records)
        if obstacle and figure.name.lower() in map(str.lower, names):
            raise MissingDataError(f"{figure.name}: {obstacle}")
        if obstacle:
            tell(f"left out {figure.name}: {obstacle}")
        else:
            found.append(figure)
    return found


def _draw(figure: AnyFigure, asked: Asked, order: Order) -> list[Path]:
    """The files of one figure."""
    with (
        progress_shown(asked.quiet) as show,
        Collector(order.machine, order.store, show) as collect,
    ):
        study = Study(
            order.preset.regimes, asked.salt, collect, asked.seeds, order.images,
            records=asked.records,
        )  # fmt: skip
        data = figure.gather(study)
    text = caption(figure, data, study, order.preset.name, asked.command(figure))
    return write(asked.out, figure.name, figure.title, figure.draw(data), text)


__all__ = ["ALL", "Asked", "carry_out", "drawable", "list_figures"]
