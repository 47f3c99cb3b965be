"""Does mask reconstruction leave more features than supervised learning? Four ways to be wrong.

Networks are compared at matched accuracy (images/matching.py) on images both classify correctly;
paired over seeds. MRP is pretrained on all images and fine-tuned with few labels. Every claim has
the same three controls: something that cannot have learned features of the images stands in place
of pretraining and must not be found to have more of them than supervised learning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ...images.cifar_study import METHODS
from ...images.comparison import PRETRAINED, SUPERVISED, compare_all
from ...images.occlusion import FILLS, HIDDEN
from ...images.overlap import EQUAL_STEPS, LONG, MATCHED, OWN, UNTRAINED, overlaps
from ...images.setup import Setup
from ...images.sizes import check_matched
from ...judge.findings import Findings, Note, Table
from ...judge.measurement import Measurement
from ..claim import Control, NetworkClaim
from ..paired import COLUMNS, difference_row, differences_above_zero, not_supported
from .fingerprint_pictures import COUNTED, of_counts, of_occlusion, of_overlap


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
        [Table("without_the_centre", rows)],
    )  # fmt: skip


def _counted(variable: str, statistic: str) -> Callable[[Setup, xr.Dataset], Measurement]:
    """A measure: one number per network must be larger for the pretrained one."""

    def measure(setup: Setup, seen: xr.Dataset) -> Measurement:
        differences = {
            arm: _difference(seen[variable].sel(arm=arm)) for arm in seen.attrs["judged"]
        }
        return _paired(setup, seen, differences, statistic, ())

    return measure


def _difference(values: xr.DataArray) -> np.ndarray:
    """Pretrained minus supervised [seed]."""
    return np.asarray((values.sel(network=PRETRAINED) - values.sel(network=SUPERVISED)).values)


def _paired(
    setup: Setup,
    seen: xr.Dataset,
    differences: dict[str, np.ndarray],
    statistic: str,
    findings: Findings,
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
            "both_right": float(means["both_right"].sel(arm=arm)),
        }
        for arm in seen["arm"].values.tolist()
        for network in (PRETRAINED, SUPERVISED)
    ]
    return differences_above_zero(
        differences,
        f"{statistic}, pretrained - supervised",
        (Table("networks", rows), Note("lines", _never_right(seen)), *findings),
        1 / setup.settings.looked_at,
    )


def _never_right(seen: xr.Dataset) -> tuple[str, ...]:
    """Judged arms with seeds in which no image can be compared, in words."""
    empty = {arm: int((seen["both_right"].sel(arm=arm) == 0).sum()) for arm in seen.attrs["judged"]}
    return tuple(
        f"{arm}: no image that both networks classify correctly in {number} of "
        f"{seen.sizes['seed']} seeds, which are left out where it is about such images; more "
        "training or a larger images.looked_at finds some"
        for arm, number in empty.items()
        if number
    )


def agreements(setup: Setup) -> xr.Dataset:
    """Overlaps of every arm beside supervised learning; MAE-style pretraining is judged."""
    return overlaps(setup).assign_attrs(judged=["pixels"])


def measure_overlap(setup: Setup, found: xr.Dataset) -> Measurement:
    """Overlap of two inits minus that of supervised runs, equal in accuracy and in label steps."""
    resolution = 1 / setup.settings.looked_at

    def beside(networks: Mapping[str, str]) -> dict[str, np.ndarray]:
        return {
            f"{arm} - supervised, {words}": _overlap(found, arm, OWN) - _overlap(found, arm, n)
            for arm in found.attrs["judged"]
            for n, words in networks.items()
        }

    unequal = beside({LONG: "long budget"})
    not_judged = [difference_row(n, values, resolution) for n, values in unequal.items()]
    return differences_above_zero(
        beside({MATCHED: "equal accuracy", EQUAL_STEPS: "equal label steps"}),
        "linear CKA of two inits, mask-pretrained - supervised",
        (
            Table("not_judged", not_judged, columns=COLUMNS),
            Table("overlaps", _overlap_rows(found)),
        ),
        resolution,
    )


def _overlap(found: xr.Dataset, arm: str, network: str) -> np.ndarray:
    """Overlaps of one arm's own networks, or of supervised ones beside it [seed]."""
    return np.asarray(found["cka"].sel(arm=arm, network=network).values)


def _overlap_rows(found: xr.Dataset) -> list[dict[str, Any]]:
    """Mean overlap and accuracy over seeds of everything that was looked at."""
    means = found.mean("seed")
    return [
        {
            "arm": arm,
            "network": network,
            "overlap": float(means["cka"].sel(arm=arm, network=network)),
            "accuracy": float(means["accuracy"].sel(arm=arm, network=network)),
        }
        for arm in found["arm"].values.tolist()
        for network in found["network"].values.tolist()
    ]


def _controls(noise: str, shuffled: str, untrained: str) -> Mapping[Any, tuple[Control, ...]]:
    """The three controls with what is expected of each: another arm in place of the pretrained."""
    return {
        None: tuple(
            Control(name, expected, look=_asked_about(arm), failed=not_supported)
            for name, arm, expected in (
                ("pretraining on noise images", "noise", noise),
                ("learning shuffled labels", "shuffled", shuffled),
                ("an untrained encoder", UNTRAINED, untrained),
            )
        )
    }


def _asked_about(arm: str) -> Callable[[Setup, xr.Dataset], xr.Dataset]:
    """The evidence, asked about another arm."""
    return lambda setup, seen: seen.assign_attrs(judged=[arm])


_SHARED: dict[str, Any] = {
    "provenance": "[D] what 'captures more features' predicts",
    "role": "finding",
    "role_reason": "a fingerprint of the theory on networks it was not made for",
    "horizon": "none",
    "needs": ("cifar10",),
    "fits": check_matched,
}

CLAIMS = (
    NetworkClaim(
        id="images.occlusion",
        name="images.occlusion",
        statement="without its own decisive window a mask-pretrained network is right more often",
        order=4,
        pictures=of_occlusion,
        evidence=pairs,
        measure=measure_occlusion,
        controls=_controls(
            noise="it has met hidden patches, but no features of images: no gain",
            shuffled="right by chance alone; still right more often, it would show that the "
            "statistic rewards not looking at the image",
            untrained="drawn kernels with a trained head, at equal accuracy, know fewer features",
        ),
        **_SHARED,
    ),
    NetworkClaim(
        id="images.regions",
        name="images.regions",
        statement="a mask-pretrained network recognises more disjoint regions of an image alone",
        order=5,
        pictures=of_counts(["regions"]),
        evidence=pairs,
        measure=_counted("regions", COUNTED["regions"]),
        controls=_controls(
            noise="noise has no features to leave: no gain at equal accuracy",
            shuffled="right by chance alone: its windows do not name the class",
            untrained="drawn kernels with a trained head, at equal accuracy, know fewer features; "
            "more regions would show that colour alone makes windows suffice",
        ),
        **_SHARED,
    ),
    NetworkClaim(
        id="images.kernels",
        name="images.kernels",
        statement="a mask-pretrained network's last convolution uses more directions per class",
        order=6,
        pictures=of_counts(["directions", "classes"]),
        evidence=pairs,
        measure=_counted("directions", COUNTED["directions"]),
        controls=_controls(
            noise="noise has no features to leave: no gain at equal accuracy",
            shuffled="memorised images are no features of a class: more directions would show "
            "that the statistic counts whatever keeps images apart",
            untrained="drawn kernels see brightness and edges alone: few directions",
        ),
        **_SHARED,
    ),
    NetworkClaim(
        id="images.overlap",
        name="images.overlap",
        statement="two mask-pretrained networks of two inits overlap more than two supervised",
        order=7,
        pictures=of_overlap,
        evidence=agreements,
        measure=measure_overlap,
        controls=_controls(
            noise="noise gives two networks nothing in common that fine-tuning alone does not",
            shuffled="what two networks memorise is arbitrary: less overlap",
            untrained="drawn kernels have the image alone in common, no feature: less overlap",
        ),
        **_SHARED,
    ),
)
