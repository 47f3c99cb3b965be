"""``python benchmarks/two_workers.py``: how much of one worker's time do two need for a sweep?

Runs `experiments/map_init.toml` from an empty store with one worker and with two, in turn, so that
what else the machine does meets both. Prints and appends the ratios to two_workers.csv; exit code 1
where the median is above the 0.6 that docs/sweeps.md promises. Whole commands are timed, with the
start of Python and torch; needs two free cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Annotated

import typer
from stored import HERE, keep

PLAN = HERE.parent / "experiments" / "map_init.toml"
PROMISED = 0.6
"""Of the time of one worker."""


def seconds(workers: int, seeds: int) -> float:
    """Wall-clock time of the sweep from an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "mrpverify.sweep", str(PLAN), "--seeds", str(seeds),
            "--workers", str(workers), "--out", f"{folder}/table.csv", "--quiet",
        ]  # fmt: skip
        environment = {**os.environ, "MRPVERIFY_CACHE": folder, "OMP_NUM_THREADS": "1"}
        begin = time.perf_counter()
        subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own command
        return time.perf_counter() - begin


def compare(
    seeds: Annotated[int, typer.Option(help="seeds of every cell")] = 8,
    repeats: Annotated[int, typer.Option(help="pairs of runs")] = 5,
) -> None:
    """Time both in turn and keep the ratios."""
    rows = []
    for number in range(repeats):
        one, two = seconds(1, seeds), seconds(2, seeds)
        rows.append(
            {
                "seeds": seeds,
                "one_worker_s": round(one, 2),
                "two_workers_s": round(two, 2),
                "ratio": round(two / one, 3),
            }
        )
        print(f"{number + 1} of {repeats}: {one:.1f} s, {two:.1f} s, ratio {two / one:.3f}")
    keep("two_workers", rows)
    found = median(row["ratio"] for row in rows)
    print(f"median ratio {found:.3f}; promised {PROMISED}")
    raise typer.Exit(0 if found <= PROMISED else 1)


if __name__ == "__main__":
    typer.run(compare)
