"""``python benchmarks/load.py``: growth of time and memory with seeds and with stored runs.

Each size has a process of its own. `fresh` and `stored` are checks of T1.capture in a tiny regime
whose runs are trained, or read; `size` and `verify` look after a store of as many synthesised runs
(whole and sealed, each of a seed of its own), and `check` asks 24 seeds in that store. `plan` lays
out a grid of so many cells; `sweep` does all of the command on it but training: its claim needs
no runs, so that what is left is laying out, judging, table and record. Prints, and appends to
load.csv CPU seconds, MiB at most, and the exponent of growth from the size before.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from stored import keep

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import select
from mrpverify.parameters import Parameters
from mrpverify.records import housekeeping
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.netcdf import SEAL_BYTES
from mrpverify.records.store import CACHE_VARIABLE, Store, device_store
from mrpverify.sweep.plan import lay_out, read_plan
from mrpverify.sweep.sweeping import Asked, sweep

TINY = Parameters(
    framework="mae", classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=40,
    test_images=4,
)  # fmt: skip
PLAN = """
claims = ["A.regime"]
frameworks = ["mae"]
seeds = 4
[grid]
theta = {{from = 0.1, to = 0.9, points = {across}}}
sigma_0 = {{from = 0.005, to = 0.05, points = {down}, scale = "log"}}
"""
FIRST_SEED = 1_000_000
"""Of synthesised runs: all have as many digits."""


def measure(
    seeds: Annotated[str, typer.Option(help="seeds of the checks")] = "10 100 1000",
    runs: Annotated[str, typer.Option(help="runs of the stores")] = "1000 10000 100000",
    cells: Annotated[str, typer.Option(help="cells of the sweeps")] = "100 1000 10000",
) -> None:
    """Measure all sizes and keep them."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        for number in map(int, seeds.split()):
            folder = Path(name) / f"seeds{number}"
            rows += [_measured(what, number, folder) for what in ("fresh", "stored")]
        for number in map(int, cells.split()):
            folder = Path(name) / f"cells{number}"
            rows += [_measured(what, number, folder) for what in ("plan", "sweep")]
        folder = Path(name) / "runs"
        for number in map(int, runs.split()):
            _synthesise(number, folder)
            rows += [_measured(what, number, folder) for what in ("check", "size", "verify")]
    keep("load", _with_exponents(rows))


def _measured(what: str, number: int, folder: Path) -> dict[str, object]:
    """CPU seconds and most MiB of one task, in a process of its own."""
    own = {**os.environ, CACHE_VARIABLE: str(folder)}
    command = [sys.executable, __file__, "--task", what, str(number)]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=True)  # noqa: S603
    row = {"what": what, "number": number, **json.loads(done.stdout.splitlines()[-1])}
    print(row, flush=True)
    return row


def _task(what: str, number: int) -> None:
    """Do one task and print what it took."""
    torch.set_num_threads(1)
    begin = time.process_time()
    TASKS[what](number)
    seconds = time.process_time() - begin
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_seconds": round(seconds, 2), "most_mib": round(most)}))


def _check(number: int) -> None:
    """T1.capture of some seeds, from this process's store or trained."""
    store, regimes = device_store("cpu"), {"mae": TINY}
    evaluate(
        select(["T1.capture"]), regimes, range(number), "load",
        lambda requests: collect(requests, Machine("cpu"), store),
    )  # fmt: skip


def _plan(number: int) -> Path:
    """A plan of so many cells, one axis as long as the other; laid out once."""
    across = math.isqrt(number)
    path = Path(os.environ[CACHE_VARIABLE]) / "plan.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLAN.format(across=across, down=number // across), encoding="utf-8")
    lay_out(read_plan(path), "plan")
    return path


def _sweep(number: int) -> None:
    """The command on that plan, with its table and record."""
    plan = _plan(number)
    asked = Asked(
        plan=plan, workers=1, scheduler=None, settings=(), seeds=None, salt=None, device="cpu",
        out=plan.with_name("table.csv"), quiet=True, verdicts=False,
    )  # fmt: skip
    code = sweep(asked)
    lines = len(plan.with_name("table.csv").read_text(encoding="utf-8").splitlines())
    if code or lines <= number // 2:
        raise RuntimeError(f"exit code {code}, {lines} lines for {number} cells")


TASKS: dict[str, Callable[[int], object]] = {
    "fresh": _check,
    "stored": _check,
    "check": lambda number: _check(24),
    "plan": _plan,
    "sweep": _sweep,
    "size": lambda number: housekeeping.size(),
    "verify": lambda number: housekeeping.verify(),
}


def _synthesise(number: int, folder: Path) -> None:
    """Fill a store up to so many runs, all with the numbers of one but addresses of their own."""
    store = Store(folder)
    first = Request(TINY, "synthesised", FIRST_SEED)
    collect([first], Machine("cpu"), store)
    content = store.path(first).read_bytes()[:-SEAL_BYTES]
    own = f'"seed": {FIRST_SEED}'.encode()
    for seed in range(FIRST_SEED + 1, FIRST_SEED + number):
        path = store.path(Request(TINY, "synthesised", seed))
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            changed = content.replace(own, f'"seed": {seed}'.encode())
            path.write_bytes(changed + hashlib.sha256(changed).digest())


def _with_exponents(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows with d log(seconds)/d log(number) since the last one of their kind; 1 is linear."""
    before: dict[object, dict[str, object]] = {}
    for row in rows:
        last = before.get(row["what"])
        row["exponent"] = "" if last is None else round(_slope(last, row), 2)
        before[row["what"]] = row
    return rows


def _slope(last: dict[str, object], row: dict[str, object]) -> float:
    """Growth of the seconds between two sizes."""
    seconds = [math.log(max(float(str(r["cpu_seconds"])), 0.01)) for r in (last, row)]
    numbers = [math.log(int(str(r["number"]))) for r in (last, row)]
    return (seconds[1] - seconds[0]) / (numbers[1] - numbers[0])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        _task(sys.argv[2], int(sys.argv[3]))
    else:
        typer.run(measure)
