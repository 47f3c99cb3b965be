"""Carrying out a sweep: from what the command line asks for to its table and an exit code."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..claims.concluded import ClaimResult, counts
from ..claims.registry import UnknownClaimError
from ..command_app import say, tell
from ..command_line import (
    UsageError,
    progress_shown,
    readable_store,
    resumable,
    stop,
    use_plugins,
    writable_file,
)
from ..judge.verdicts import EXIT_USAGE, Verdict, exit_code
from ..parameters import check_device
from ..records.collect import (
    DeviceError,
    Machine,
    Trainers,
    choose_machine,
    local_trainers,
)
from ..records.store import Store
from ..regime import RegimeError, parse_settings
from ..regular import read_regular
from ..report.record import as_json
from .cluster import Cluster
from .plan import Sweep, lay_out, read_plan
from .record import sweep_record
from .rounds import carry_out
from .table import table_hash, tabulate, write_table


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for, unchecked."""

    plan: Path
    workers: int | None
    scheduler: str | None
    settings: Sequence[str]
    seeds: int | None
    salt: str | None
    device: str
    out: Path | None
    quiet: bool
    verdicts: bool
    plugins: Sequence[str] = ()
    """Files whose claims, objectives and laws the plan may name."""


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


def sweep(asked: Asked) -> int:
    """Check the request and carry it out; returns the exit code.

    Raises typer.Exit for what ends early, after one message on standard error.
    """
    try:
        order = _order(asked)
    except (RegimeError, UnknownClaimError, DeviceError, UsageError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    try:
        return _carry_out(order)
    finally:
        order.trainers.stop()


def _order(asked: Asked) -> Order:
    """The checked request."""
    use_plugins(asked.plugins)
    settings = parse_settings(list(asked.settings))
    laid_out = lay_out(
        read_plan(asked.plan), asked.plan.stem, settings, asked.seeds, asked.salt, asked.plugins
    )
    table = _table_file(asked.out or Path(f"{asked.plan.stem}.csv"))
    machine = _machine(asked.device, asked.workers, asked.scheduler)
    regimes = (p for cell in laid_out.cells for p in cell.regimes.values())
    check_device(regimes, machine.device)
    store = readable_store(machine.device)
    trainers = _trainers(machine, asked.scheduler)
    where = machine.name if asked.scheduler is None else f"{machine.device}, Dask cluster"
    return Order(laid_out, machine, trainers, store, table, asked.quiet, asked.verdicts, where)


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
        own = {order.table.with_suffix(".json"): as_json(record).encode()}
        write_table(table, order.table, own)
    except OSError as error:
        stop(f"error: the table could not be written ({error}); its runs are stored.", 1)
    found = [result for cell in results for result in cell]
    if not order.quiet:
        say(f"{order.table}: {len(order.sweep.cells)} cells, {len(table)} rows, sha256 {digest}")
    for text in record["errors"]:
        tell(f"error: {text}")
    if order.verdicts:
        return exit_code(r.verdict for r in found if counts(r))
    return 1 if any(result.verdict is Verdict.ERROR for result in found) else 0


def _machine(device: str, workers: int | None, scheduler: str | None) -> Machine:
    """What trains: this machine, or the machines of a cluster; raises UsageError, DeviceError."""
    if scheduler is None:
        return choose_machine(device, workers)
    if workers is not None:
        raise UsageError("--workers counts processes of this machine; drop it or --scheduler.")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {device}: expected auto, cpu or cuda.")
    return Machine("cuda" if device == "cuda" else "cpu")


def _trainers(machine: Machine, scheduler: str | None) -> Trainers:
    """Processes here, or a cluster; raises UsageError where it does not answer."""
    if scheduler is None:
        return local_trainers(machine, machine.workers)
    return Cluster(scheduler, machine, tell)


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
    beside = path.with_suffix(".json")
    writable_file(beside, "--out")
    if not _replaceable(beside):
        raise UsageError(
            f"--out {path}: its record would take the place of {beside}, which is no sweep's; name "
            "another file."
        )
    writable_file(path, "--out")
    return path


def _replaceable(record: Path) -> bool:
    """Whether a file is not there, or is the record of a sweep."""
    if not record.exists():
        return True
    try:
        content = json.loads(read_regular(record))
    except (ValueError, OSError):
        return False
    return isinstance(content, dict) and {"axes", "first_cell"} <= content.keys()
