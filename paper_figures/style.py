"""What figures of simulated runs share: bands over seeds, runs of a leg, lines of predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mrpverify.claims.evaluate import Collect
from mrpverify.claims.legs import Leg
from mrpverify.figures.style import COLOURS
from mrpverify.judge.intervals import mean_interval
from mrpverify.records.labelled import join

__all__ = ["ASYMPTOTIC", "COLOURS", "PREDICTION", "band", "in_panel", "line", "runs_of"]

PREDICTION = {"color": "0.25", "lw": 1.2}
ASYMPTOTIC = {"color": "0.25", "lw": 1.2, "ls": ":"}


def runs_of(leg: Leg, salt: str, seeds: Sequence[int], get: Collect) -> xr.Dataset:
    """The runs of a leg along `seed`."""
    requests = [leg.request(salt, seed) for seed in seeds]
    found = get(requests)
    return join([found[request] for request in requests])


def band(
    axes: Axes, x: Sequence[float], values: Sequence[np.ndarray], colour: str, label: str
) -> list[dict[str, object]]:
    """Mean over seeds with its 90 % interval as a band; returns the drawn numbers."""
    mean = np.array([float(np.nanmean(v)) for v in values])
    low, high = np.array([mean_interval(v) for v in values]).T
    axes.plot(x, mean, "o-", ms=4, color=colour, label=label)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
    return [
        {"curve": label, "x": float(a), "mean": b, "low": float(c), "high": float(d)}
        for a, b, c, d in zip(x, mean, low, high, strict=True)
    ]


def line(
    axes: Axes, x: Sequence[float], y: Sequence[float], label: str, **style: object
) -> list[dict[str, object]]:
    """A prediction without spread; returns the drawn numbers."""
    axes.plot(x, y, label=label, **style)
    return [
        {"curve": label, "x": float(a), "mean": float(b), "low": "", "high": ""}
        for a, b in zip(x, y, strict=True)
    ]


def in_panel(name: str, numbers: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The same numbers with the name of their panel."""
    return [{"panel": name, **row} for row in numbers]
