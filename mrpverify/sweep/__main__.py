"""``python -m mrpverify.sweep PLAN.toml``: claims over a grid of regimes, as one tidy table.

Exit codes: 0 the table is complete, 1 error or interruption, 2 usage; with --verdicts that of the
worst verdict, as ``python -m mrpverify.check`` has it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..claims.evaluate import ClaimResult
from ..claims.registry import UnknownClaimError
from ..command_line import UsageError, progress_shown, resumable, stop, usable_store, writable_file
from ..judge.verdicts import EXIT_USAGE, Verdict, exit_code
from ..records.collect import DeviceError, Machine, Trainers, choose_machine, local_trainers
from ..records.store import Store
from ..regime import RegimeError, parse_settings
from ..report.record import write_json
from .cluster import Cluster
from .plan import Sweep, lay_out, read_plan
from .record import sweep_record
from .rounds import carry_out
from .table import table_hash, tabulate, write_table

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Order:
    """A checked request: everything needed before the first run starts."""

    sweep: Sweep
    machine: Machine
    trainers: Trainers
    store: Store
    table: Path
    quiet: bool
    verdicts: bool
    device: str


@app.command(help=__doc__)
def sweep(
    plan: Annotated[Path, typer.Argument(help="TOML file, for example experiments/map_gain.toml")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="processes on this machine (default: one per core)")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="address of a Dask scheduler to train on instead")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, in every cell; repeatable")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="number of seeds (default: the plan's)")] = None,
    salt: Annotated[str | None, typer.Option(help="re-rolls every draw (default: plan's)")] = None,
    device: Annotated[str, typer.Option(help="auto (cpu on a cluster), cpu or cuda")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="table, .csv or .parquet (default: NAME.csv)")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="no progress")] = False,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="exit code of the worst verdict, as check's")
    ] = False,
) -> None:
    """Sweep claims over a grid of regimes."""
    try:
        laid_out = lay_out(read_plan(plan), plan.stem, parse_settings(settings or []), seeds, salt)
        table = _table_file(out or Path(f"{plan.stem}.csv"))
        machine = _machine(device, workers, scheduler)
        store = usable_store(machine.device)
        trainers = _trainers(machine, scheduler)
    except (RegimeError, UnknownClaimError, DeviceError, UsageError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    where = machine.name if scheduler is None else f"{machine.device}, Dask cluster"
    order = Order(laid_out, machine, trainers, store, table, quiet, verdicts, where)
    try:
        code = _carry_out(order)
    finally:
        trainers.stop()
    raise typer.Exit(code)


def _carry_out(order: Order) -> int:
    """Run the sweep, write its table and record; returns the exit code."""
    start = time.monotonic()
    with resumable("sweep"), progress_shown(order.quiet) as show:
        results = carry_out(order.sweep, order.machine, order.store, order.trainers, show)
    return _publish(order, results, time.monotonic() - start)


def _publish(order: Order, results: Sequence[Sequence[ClaimResult]], seconds: float) -> int:
    """Table, record and one line on the terminal; returns the exit code."""
    table = tabulate(order.sweep, results)
    digest = table_hash(table)
    command = ["python", "-m", "mrpverify.sweep", *sys.argv[1:]]
    record = sweep_record(order.sweep, results, command, order.device, digest, seconds)
    try:
        write_table(table, order.table)
        write_json(order.table.with_suffix(".json"), record)
    except OSError as error:
        stop(f"error: the table could not be written ({error}); its runs are stored.", 1)
    found = [result for own in results for result in own]
    if not order.quiet:
        typer.echo(
            f"{order.table}: {len(order.sweep.cells)} cells, {len(table)} rows, sha256 {digest}"
        )
    for text in record["errors"]:
        typer.echo(f"error: {text}", err=True)
    if order.verdicts:
        return exit_code(r.verdict for r in found if r.claim.role == "gate" or _broke(r))
    return 1 if any(map(_broke, found)) else 0


def _broke(result: ClaimResult) -> bool:
    """Whether a claim could not be measured."""
    return result.verdict is Verdict.ERROR


def _machine(device: str, workers: int | None, scheduler: str | None) -> Machine:
    """What trains: this machine, or the machines of a cluster; raises UsageError, DeviceError."""
    if scheduler is None:
        here = choose_machine(device)
        return here if workers is None or here.device == "cuda" else Machine(here.device, workers)
    if workers is not None:
        raise UsageError("--workers counts processes of this machine; drop it or --scheduler.")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {device}: expected auto, cpu or cuda.")
    return Machine("cuda" if device == "cuda" else "cpu")


def _trainers(machine: Machine, scheduler: str | None) -> Trainers:
    """Processes here, or a cluster; raises UsageError where it does not answer."""
    if scheduler is None:
        return local_trainers(machine, machine.workers)
    return Cluster(scheduler, machine, lambda text: typer.echo(text, err=True))


def _table_file(path: Path) -> Path:
    """Where table and record go; raises UsageError where they cannot."""
    if path.suffix not in (".csv", ".parquet"):
        raise UsageError(f"--out {path}: the name must end in .csv or .parquet.")
    if path.suffix == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise UsageError(
                f"--out {path}: Parquet needs pyarrow: python -m pip install 'mrpverify[parquet]', "
                f"or choose a name in .csv."
            ) from None
    writable_file(path.with_suffix(".json"), "--out")
    writable_file(path, "--out")
    return path


if __name__ == "__main__":
    app()
