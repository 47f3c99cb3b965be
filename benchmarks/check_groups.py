"""``python benchmarks/check_groups.py``: the time of each group of claims, from an empty store.

Whole commands, with the start of Python and torch and of the workers. Two seeds by default, and the
groups that take about a minute together; `--full` adds theorem2 and comparison (minutes each), and
`--seeds 24` is what the preset asks for. Prints and appends wall-clock and CPU seconds to
check_groups.csv.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Annotated

import torch
import typer
from stored import keep

from mrpverify.judge.verdicts import EXIT_USAGE

QUICK = ("assumptions", "theorem1", "supervised")
REST = ("theorem2", "comparison")


def measure(
    full: Annotated[bool, typer.Option("--full", help="all groups of `check all`")] = False,
    seeds: Annotated[int, typer.Option(help="seeds of every claim", min=1)] = 2,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Time one group after the other and keep the seconds."""
    rows = []
    for group in (*QUICK, *REST) if full else QUICK:
        wall, cpu = seconds(group, seeds, salt)
        row = {"group": group, "seeds": seeds, "wall_s": round(wall, 1), "cpu_s": round(cpu, 1)}
        rows.append(row | {"torch": torch.__version__})
        print(rows[-1])
    keep("check_groups", rows)


def seconds(group: str, seeds: int, salt: str) -> tuple[float, float]:
    """Wall-clock and CPU time of one check with its workers."""
    command = [
        sys.executable, "-m", "mrpverify.check", group,
        "--seeds", str(seeds), "--salt", salt, "--quiet",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        before, begin = _cpu(), time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own command
            command, env={**os.environ, "MRPVERIFY_CACHE": folder}, check=False
        )
        wall, cpu = time.perf_counter() - begin, _cpu() - before
    if done.returncode in (1, EXIT_USAGE):
        raise typer.Exit(done.returncode)
    return wall, cpu


def _cpu() -> float:
    """CPU seconds of all ended children and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(measure)
