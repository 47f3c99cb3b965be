"""Does mask reconstruction leave more features than supervised learning? Four ways to be wrong.

Networks are compared at matched accuracy (images/matching.py) on images both classify correctly;
paired over seeds. MRP is pretrained on all images and fine-tuned with few labels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from ...images.cifar_study import METHODS
from ...images.comparison import PRETRAINED, SUPERVISED, compare_all, overlap
from ...images.occlusion import ALONE, FILLS, HIDDEN
from ...images.setup import Setup
from ...judge.measurement import Measurement
from ..claim import Claim, Control
from .paired import differences_above_zero, not_supported


def pairs(setup: Setup) -> xr.Dataset:
    """Every arm beside supervised learning; the methods are judged."""
    return compare_all(setup).assign_attrs(judged=list(METHODS))


def measure_occlusion(setup: Setup, seen: xr.Dataset) -> Measurement:
    """Still right without the own most decisive window, with both fillings of the window."""
    differences = {
        f"{arm}, {fill} fill": _difference(
            seen["still_right"].sel(arm=arm, fill=fill, window="own most decisive")
        )
        for arm in seen.attrs["judged"]
        for fill in FILLS
    }
    centre = seen["still_right"].sel(window="centre").mean("seed")
    rows = [
        {
            "arm": arm,
            "fill": fill,
            **{
                n: float(centre.sel(arm=arm, fill=fill, network=n))
                for n in (PRETRAINED, SUPERVISED)
            },
        }
        for arm in seen["arm"].values.tolist()
        for fill in FILLS
    ]
    return _paired(
        setup, seen, differences, f"share still right without the own decisive {HIDDEN} px window",
        {"without_the_centre": rows},
    )  # fmt: skip


def _counted(variable: str, statistic: str) -> Callable[[Setup, xr.Dataset], Measurement]:
    """A measure: one number per network must be larger for the pretrained one."""

    def measure(setup: Setup, seen: xr.Dataset) -> Measurement:
        differences = {
            arm: _difference(seen[variable].sel(arm=arm)) for arm in seen.attrs["judged"]
        }
        return _paired(setup, seen, differences, statistic, {})

    return measure


def _difference(values: xr.DataArray) -> np.ndarray:
    """Pretrained minus supervised [seed]."""
    return np.asarray((values.sel(network=PRETRAINED) - values.sel(network=SUPERVISED)).values)


def _paired(
    setup: Setup,
    seen: xr.Dataset,
    differences: dict[str, np.ndarray],
    statistic: str,
    details: dict[str, Any],
) -> Measurement:
    """The measurement with the matched accuracies and the plain means beside it."""
    means = seen.mean("seed")
    rows = [
        {
            "arm": arm,
            "network": network,
            **{
                name: float(means[name].sel(arm=arm, network=network))
                for name in ("accuracy", "regions", "directions", "classes")
            },
        }
        for arm in seen["arm"].values.tolist()
        for network in (PRETRAINED, SUPERVISED)
    ]
    return differences_above_zero(
        differences,
        f"{statistic}, pretrained - supervised",
        {"networks": rows, **details},
        1 / setup.settings.looked_at,
    )


def measure_overlap(setup: Setup, found: xr.Dataset) -> Measurement:
    """Overlap of two inits: mask-pretrained runs minus supervised runs."""
    kind = found.attrs["judged"]
    difference = (found["cka"].sel(kind=kind) - found["cka"].sel(kind="supervised")).values
    means = [
        {"kind": str(k), "mean_overlap": float(found["cka"].sel(kind=k).mean())}
        for k in found["kind"].values
    ]
    return differences_above_zero(
        {kind: difference},
        "linear CKA of two inits, mask-pretrained - supervised",
        {"overlaps": means},
        1 / setup.settings.looked_at,
    )


@cache
def _in_place(arm: str, expected: str) -> Control:
    """A control: another network in place of the pretrained one."""
    names = {"noise": "pretraining on noise images", "shuffled": "learning shuffled labels"}
    return Control(
        names[arm],
        expected,
        look=lambda setup, seen: seen.assign_attrs(judged=[arm]),
        failed=not_supported,
    )


NOISE = _in_place("noise", "reconstructing noise leaves no more features than labels do")
SHUFFLED = _in_place("shuffled", "memorising shuffled labels leaves no more features")
FRESH = Control(
    "untrained networks",
    "two fresh networks overlap no more than two supervised ones",
    look=lambda setup, found: found.assign_attrs(judged="fresh"),
    failed=not_supported,
)

_SHARED: dict[str, Any] = {
    "provenance": "[D] what 'captures more features' predicts",
    "role": "finding",
    "role_reason": "a fingerprint of the theory on networks it was not made for",
    "horizon": "none",
    "needs": ("cifar10",),
}

CLAIMS = (
    Claim(
        id="images.occlusion",
        name="images.occlusion",
        statement="without its own decisive window a mask-pretrained network is right more often",
        order=4,
        evidence=pairs,
        measure=measure_occlusion,
        controls={None: (NOISE,)},
        **_SHARED,
    ),
    Claim(
        id="images.regions",
        name="images.regions",
        statement="a mask-pretrained network recognises more disjoint regions of an image alone",
        order=5,
        evidence=pairs,
        measure=_counted("regions", f"disjoint sufficient {ALONE} px windows per image"),
        controls={None: (NOISE,)},
        **_SHARED,
    ),
    Claim(
        id="images.kernels",
        name="images.kernels",
        statement="a mask-pretrained network's last convolution uses more directions per class",
        order=6,
        evidence=pairs,
        measure=_counted("directions", "effective number of directions per class"),
        controls={None: (NOISE, SHUFFLED)},
        **_SHARED,
    ),
    Claim(
        id="images.overlap",
        name="images.overlap",
        statement="two mask-pretrained networks of two inits overlap more than two supervised",
        order=7,
        evidence=lambda setup: overlap(setup).assign_attrs(judged="pixels"),
        measure=measure_overlap,
        controls={None: (FRESH,)},
        **_SHARED,
    ),
)
