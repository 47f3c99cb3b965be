"""``python -m mrpverify.check NAME...``: a verdict for every claim, with controls and an exit code.

Exit codes: 0 supported, 1 error, 2 usage, 3 refuted, 4 inconclusive, 5 uninformative (a control
passed), 6 out of regime; the worst of the run, 3 before 5 before 6 before 4.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .claims.claim import Claim
from .claims.evaluate import ClaimResult, evaluate
from .claims.registry import UnknownClaimError, all_claims, select
from .judge.verdicts import EXIT_USAGE, exit_code
from .parameters import FRAMEWORKS, Framework, Parameters
from .records.collect import DeviceError, Machine, choose_machine, collect
from .records.labelled import Request
from .records.store import Store, default_folder
from .regime import RegimeError, allowed, check_seeds, load_preset, parse_settings
from .report.record import Run, record, write_json
from .report.text import claims_table, print_report, stand_ins_table

WIDTH = 160
"""Columns of a report that is not read in a terminal."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class UsageError(ValueError):
    """Input that cannot be used, found before any training; exit code 2."""


@dataclass(frozen=True)
class Order:
    """A checked request: everything needed before the first run starts."""

    claims: tuple[Claim, ...]
    regimes: Mapping[Framework, Parameters]
    seeds: int
    salt: str
    machine: Machine
    store: Store | None
    json_file: Path | None
    folder: Path | None
    quiet: bool
    strict: bool


@app.command(help=__doc__)
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="groups (theorem1, all) or claims (T1.capture, theorem1.capture)"),
    ] = None,
    preset: Annotated[str, typer.Option(help="quick, paper, large or a .toml file")] = "quick",
    framework: Annotated[str, typer.Option(help="teacher-student, mae or both")] = "both",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, repeatable; keys: --list")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="number of seeds (preset: 24 or more)")] = None,
    salt: Annotated[str, typer.Option(help="re-rolls every random draw")] = "a",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="write the record here")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for report.txt and record.json")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="claims, parameters, stand-ins")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="train everything again, store nothing")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="no progress, no report")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="findings count for the exit code too")
    ] = False,
) -> None:
    """Check claims of the theory in simulation."""
    if list_all:
        _list_everything(_console())
        return
    try:
        order = Order(
            claims=select(_names(names)),
            regimes=_regimes(preset, framework, settings or []),
            seeds=check_seeds(seeds if seeds is not None else load_preset(preset).seeds),
            salt=salt,
            machine=choose_machine(device),
            store=None if no_cache else _store(),
            json_file=_writable_file(json_file),
            folder=_writable_folder(out),
            quiet=quiet,
            strict=strict,
        )
    except (RegimeError, UnknownClaimError, DeviceError, UsageError) as error:
        _stop(f"error: {error}", EXIT_USAGE)
    raise typer.Exit(_carry_out(order))


def _carry_out(order: Order) -> int:
    """Run the order, show and write what came out; returns the exit code."""
    start = time.monotonic()
    try:
        results = _evaluate(order)
    except KeyboardInterrupt:
        kept = "nothing was stored" if order.store is None else "finished runs are stored"
        _stop(f"interrupted: {kept}; the same command goes on from there.", 1)
    except (OSError, MemoryError, RuntimeError) as error:
        _stop(f"error: the run failed ({type(error).__name__}: {error}).", 1)
    counted = [r.verdict for r in results if order.strict or r.claim.role == "gate"]
    run = Run(
        command=["python", "-m", "mrpverify.check", *sys.argv[1:]],
        regimes=order.regimes,
        seeds=order.seeds,
        salt=order.salt,
        device=order.machine.name,
        seconds=time.monotonic() - start,
        exit_code=exit_code(counted),
    )
    _publish(order, run, results)
    return run.exit_code


def _evaluate(order: Order) -> list[ClaimResult]:
    """Verdicts of the order, with a progress bar where somebody looks."""
    with _progress(order.quiet) as show:

        def get(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            return collect(requests, order.machine, order.store, show)

        return evaluate(order.claims, order.regimes, range(order.seeds), order.salt, get)


def _publish(order: Order, run: Run, results: Sequence[ClaimResult]) -> None:
    """Report on the terminal, JSON and text files."""
    if not order.quiet:
        print_report(_console(), run, results, order.strict)
    content = record(run, results)
    if order.json_file is not None:
        write_json(order.json_file, content)
    if order.folder is not None:
        write_json(order.folder / "record.json", content)
        with (order.folder / "report.txt").open("w", encoding="utf-8") as file:
            print_report(Console(file=file, width=WIDTH), run, results, order.strict)


def _console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for the tables in a file or pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _names(names: list[str] | None) -> list[str]:
    """The names asked for; raises UsageError where there are none."""
    if not names:
        raise UsageError("name a group or a claim, for example theorem1; --list shows all of them.")
    return names


def _regimes(preset: str, framework: str, settings: list[str]) -> dict[Framework, Parameters]:
    """The regimes of the chosen frameworks, with the settings applied."""
    if framework not in (*FRAMEWORKS, "both"):
        raise UsageError(f"--framework {framework}: expected {', '.join(FRAMEWORKS)} or both.")
    loaded = load_preset(preset).override(parse_settings(settings))
    return {f: p for f, p in loaded.regimes.items() if framework in (f, "both")}


def _store() -> Store:
    """The record store; raises UsageError where its folder cannot be written."""
    store = Store(default_folder())
    try:
        store.check_writable()
    except OSError as error:
        raise UsageError(
            f"the record store {store.folder} cannot be written ({error.strerror}); use --no-cache "
            f"or set MRPVERIFY_CACHE to a folder of yours."
        ) from None
    return store


def _writable_file(path: Path | None) -> Path | None:
    """The path if a file can be written there; raises UsageError otherwise."""
    if path is None:
        return None
    if path.is_dir():
        raise UsageError(f"--json {path}: this is a folder; name a file in it.")
    _try_to_write(path.parent, f"--json {path}")
    return path


def _writable_folder(path: Path | None) -> Path | None:
    """The folder, made if need be; raises UsageError where it cannot be written."""
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be made ({error.strerror}).") from None
    _try_to_write(path, f"--out {path}")
    return path


def _try_to_write(folder: Path, option: str) -> None:
    """Raise UsageError where `folder` does not take a file."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{option}: the folder {folder} cannot be written ({error.strerror}); name another."
        ) from None


@contextmanager
def _progress(quiet: bool):  # type: ignore[no-untyped-def]
    """A callback (finished, total) that draws a bar on standard error."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("runs")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _list_everything(console: Console) -> None:
    """Claims, parameters and stand-ins."""
    console.print(claims_table(all_claims()))
    table = Table("symbol", "name", "default", "allowed", "meaning", title="Parameters (--set)")
    for item in fields(Parameters):
        if item.name != "framework":
            meta = item.metadata
            table.add_row(
                meta["symbol"], item.name, str(item.default), allowed(item.name), meta["meaning"]
            )
    console.print(table)
    console.print(stand_ins_table())


def _stop(message: str, code: int) -> None:
    """One clear message on standard error, then the exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
