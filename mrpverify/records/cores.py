"""Cores that this process may use: those it is bound to, and what its group is granted of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS, OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux tells what a group of processes may use, and in which group this one is."""


def default_workers() -> int:
    """Cores for work that keeps them busy, >= 1: a share of a core counts as none beside others."""
    count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if count is not None:
        cores = count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, int(min([float(cores), *_quotas()])))


def _quotas() -> Iterator[float]:
    """CPU seconds a second that this process's groups grant, those with a limit (cgroup v2)."""
    try:
        lines = OWN_GROUP.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    own = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    group = PurePosixPath(own)
    for part in (group, *group.parents):
        try:
            quota, period = (GROUPS / str(part).lstrip("/") / "cpu.max").read_text().split()
            yield float(quota) / float(period)
        except (OSError, ValueError, ZeroDivisionError):  # no such file; "max" is no number
            continue
