"""``python -m mrpverify.check NAME...``: a verdict for every claim, with controls and an exit code.

Exit codes: 0 supported, 1 error, 2 usage, 3 refuted, 4 inconclusive, 5 uninformative (a control
passed), 6 out of regime; the worst of the run, 3 before 5 before 6 before 4.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer
import xarray as xr
from rich.console import Console
from rich.table import Table

from .claims.claim import Claim
from .claims.evaluate import ClaimResult, evaluate
from .claims.registry import UnknownClaimError, all_claims, select
from .command_line import (
    WIDTH,
    UsageError,
    progress_bar,
    report_console,
    stop,
    usable_store,
    writable_file,
)
from .judge.verdicts import EXIT_USAGE, Verdict, exit_code
from .parameters import FRAMEWORKS, Framework, Parameters
from .records.collect import DeviceError, Machine, choose_machine, collect
from .records.labelled import Request
from .records.store import Store
from .regime import Preset, RegimeError, allowed, check_seeds, load_preset, parse_settings
from .report.record import Run, record, write_json
from .report.text import claims_table, print_report, stand_ins_table

RECORD, REPORT = "record.json", "report.txt"
"""Files of --out."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


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
        _list_everything(report_console())
        return
    try:
        machine = choose_machine(device)
        chosen = load_preset(preset).override(parse_settings(settings or []))
        claims = select(_names(names))
        order = Order(
            claims=claims,
            regimes=_regimes(chosen, framework, claims),
            seeds=check_seeds(chosen.seeds if seeds is None else seeds),
            salt=salt,
            machine=machine,
            store=None if no_cache else usable_store(machine.device, " use --no-cache or"),
            folder=_writable_folder(out),
            json_file=writable_file(json_file, "--json"),
            quiet=quiet,
            strict=strict,
        )
    except (RegimeError, UnknownClaimError, DeviceError, UsageError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    raise typer.Exit(_carry_out(order))


def _carry_out(order: Order) -> int:
    """Run the order, show and write what came out; returns the exit code."""
    start = time.monotonic()
    try:
        results = _evaluate(order)
    except KeyboardInterrupt:
        kept = "finished runs are stored; the same command goes on from there."
        lost = "nothing was stored (--no-cache); the same command starts anew."
        stop(f"interrupted: {lost if order.store is None else kept}", 1)
    except (OSError, MemoryError, RuntimeError, ValueError) as error:
        stop(f"error: the run failed ({type(error).__name__}: {error}).", 1)
    counted = [r.verdict for r in results if order.strict or _counts(r)]
    run = Run(
        command=["python", "-m", "mrpverify.check", *sys.argv[1:]],
        regimes=order.regimes,
        seeds=order.seeds,
        salt=order.salt,
        device=order.machine.name,
        seconds=time.monotonic() - start,
        exit_code=exit_code(counted),
    )
    try:
        _publish(order, run, results)
    except OSError as error:
        stop(f"error: the result could not be written ({error}); its runs are stored.", 1)
    return run.exit_code


def _counts(result: ClaimResult) -> bool:
    """Whether a claim counts for the exit code: gates do, and whatever broke."""
    return result.claim.role == "gate" or result.verdict is Verdict.ERROR


def _evaluate(order: Order) -> list[ClaimResult]:
    """Verdicts of the order, with a progress bar where somebody looks."""
    with progress_bar(order.quiet) as show:

        def get(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            return collect(requests, order.machine, order.store, show)

        return evaluate(order.claims, order.regimes, range(order.seeds), order.salt, get)


def _publish(order: Order, run: Run, results: Sequence[ClaimResult]) -> None:
    """Report on the terminal, JSON and text files."""
    if not order.quiet:
        print_report(report_console(), run, results, order.strict)
    content = record(run, results)
    if order.json_file is not None:
        write_json(order.json_file, content)
    if order.folder is not None:
        write_json(order.folder / RECORD, content)
        with (order.folder / REPORT).open("w", encoding="utf-8") as file:
            print_report(Console(file=file, width=WIDTH, markup=False), run, results, order.strict)


def _names(names: list[str] | None) -> list[str]:
    """The names asked for; raises UsageError where there are none."""
    if not names:
        raise UsageError("name a group or a claim, for example theorem1; --list shows all of them.")
    return names


def _regimes(
    preset: Preset, framework: str, claims: Sequence[Claim]
) -> dict[Framework, Parameters]:
    """The regimes of the chosen frameworks that the claims are about; raises UsageError for none.

    Claims about supervised learning alone belong to every choice: they have no other framework.
    """
    if framework not in (*FRAMEWORKS, "both"):
        raise UsageError(f"--framework {framework}: expected {', '.join(FRAMEWORKS)} or both.")
    asked = {f for claim in claims for f in claim.frameworks}
    chosen = {
        f: p
        for f, p in preset.regimes.items()
        if f in asked and (framework in (f, "both") or asked == {"supervised"})
    }
    if not chosen:
        named = ", ".join(dict.fromkeys(claim.id for claim in claims))
        raise UsageError(
            f"--framework {framework}: {named} is about {', '.join(sorted(asked))}; choose that."
        )
    return chosen


def _writable_folder(path: Path | None) -> Path | None:
    """The folder, made if need be; raises UsageError where it cannot be written."""
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be made ({error.strerror}).") from None
    for name in (RECORD, REPORT):
        writable_file(path / name, "--out")
    return path


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


if __name__ == "__main__":
    app()
