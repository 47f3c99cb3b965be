"""Controls that look at a law's own runs under each other's names: the law must tell them apart.

They show that the bands of a law are narrow enough to refute it; a mechanism that is switched off
is what a trained control is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from ..claim import Runs


def exchange(runs: Runs, places: Mapping[str, str]) -> Runs:
    """The runs with the names in `places` standing for other ones' runs."""
    return {name: runs[places.get(name, name)] for name in runs}


def swapped(one: Sequence[str], other: Sequence[str]) -> dict[str, str]:
    """Places of two lists of names in each other's stead."""
    return dict(zip([*one, *other], [*other, *one], strict=True))


def unmoved(run: xr.Dataset) -> xr.Dataset:
    """The runs as if no kernel had moved, and none had diverged."""
    start = run["initial_correlations"]
    return run.assign(
        final_correlations=start,
        reference_correlations=(run["reference_correlations"].dims, start.values),
        diverged=xr.zeros_like(run["diverged"]),
    )


def of_another_seed(run: xr.Dataset) -> xr.Dataset:
    """The runs with each seed standing for the one after it: no effect, and a real spread."""
    return run.roll(seed=1)


def backwards(names: Sequence[str]) -> dict[str, str]:
    """Places of names in reverse order: of an odd number the middle one keeps its own."""
    return dict(zip(names, reversed(names), strict=True))


def cycled(names: Sequence[str]) -> dict[str, str]:
    """Places of names in the stead of the one before them, the first in that of the last."""
    return dict(zip(names, [*names[1:], *names[:1]], strict=True))
