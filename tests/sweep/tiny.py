"""A sweep of a fraction of a second: small regimes, few steps, files in a folder of the test."""

import os
import subprocess
import sys
from pathlib import Path

from mrpverify.records.store import CACHE_VARIABLE

PRESET = """
seeds = 2
[shared]
k = 2
s = 0.1
d = 8
N = 20
m = 3
max_steps = {steps}
"""
PLAN = """
preset = "tiny.toml"
claims = ["T1.capture", "T1.lottery"]
frameworks = ["teacher-student", "mae"]
[grid]
theta = [0.3, 0.5, 0.9]
sigma_0 = {from = 0.02, to = 0.08, points = 2, scale = "log"}
"""
RUNS = 3 * 2 * 2 * 2
"""Cells, frameworks and seeds of the plan."""


def write_plan(folder, plan=PLAN, steps=12):
    """The plan's path; its preset beside it."""
    (folder / "tiny.toml").write_text(PRESET.format(steps=steps))
    path = folder / "plan.toml"
    path.write_text(plan)
    return path


def environment(cache):
    return {**os.environ, CACHE_VARIABLE: str(cache), "OMP_NUM_THREADS": "1"}


def start(command, cache, **more):
    """A process of its own session, as a terminal or a batch system starts it."""
    return subprocess.Popen(
        command, env=environment(cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, **more,
    )  # fmt: skip


def sweep_command(plan, table, *more):
    return [sys.executable, "-m", "mrpverify.sweep", str(plan), "--out", str(table), *more]


def hash_in(output):
    """The table's hash as the command line prints it."""
    return output.split()[-1]


def records(folder):
    """Stored runs and when they were written."""
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.nc")}
