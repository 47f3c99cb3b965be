"""Cores and memory that this process may use: those there are, and what its group is granted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from math import inf
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


def memory_here() -> float:
    """Bytes of memory that this process may use, inf where the system does not say."""
    try:
        whole = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        whole = inf
    granted = [float(text) for text in _of_groups("memory.max") if text.strip().isdecimal()]
    return min([whole, *granted])


def _quotas() -> Iterator[float]:
    """CPU seconds a second that this process's groups grant, those with a limit."""
    for text in _of_groups("cpu.max"):
        with suppress(ValueError, ZeroDivisionError):  # "max" is no number
            quota, period = text.split()
            yield float(quota) / float(period)


def _of_groups(name: str) -> Iterator[str]:
    """What a file of each group of this process says, where it is there (cgroup v2)."""
    try:
        lines = OWN_GROUP.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    own = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    group = PurePosixPath(own)
    for part in (group, *group.parents):
        with suppress(OSError, ValueError):  # no such file
            yield (GROUPS / str(part).lstrip("/") / name).read_text()
