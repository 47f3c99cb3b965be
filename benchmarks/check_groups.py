"""``python benchmarks/check_groups.py [GROUP...]``: seconds of groups of claims, from empty stores.

Whole commands, with the start of Python and torch and of the workers. Two seeds by default, and the
groups that take about a minute together; `--seeds 24` is what the preset asks for, and groups are
what `check` takes (all: the five of the paper's theorems and the comparison). Pictures that were
fetched are found where they are. Prints and appends wall-clock and CPU seconds to check_groups.csv.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from stored import keep

from mrpverify.images.folder import data_folder
from mrpverify.judge.verdicts import EXIT_USAGE

QUICK = ["assumptions", "theorem1", "supervised"]


def measure(
    groups: Annotated[list[str] | None, typer.Argument(help="as for check")] = None,
    seeds: Annotated[int, typer.Option(help="seeds of every claim", min=1)] = 2,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Time one group after the other and keep the seconds."""
    rows = []
    for group in groups or QUICK:
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
        if data_folder().is_dir():
            Path(folder, "images").symlink_to(data_folder())
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
