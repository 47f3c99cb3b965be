"""D.cover: what pretraining was never shown is missing downstream, and only that."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...dominoes.draw import lacks, pairing
from ...judge.intervals import SHARE
from ...judge.measurement import Measurement
from ...judge.per_seed import above, at_least, in_each_seed
from ...parameters import STAND_INS, Parameters
from ..accuracies import IN_DISTRIBUTION, counts, shares
from ..claim import Claim, Control, Runs
from ..laws.exchange import exchange
from ..legs import Legs
from . import arms

LACKING = ("garments", "two garments", "digits")
NOTHING = "nothing"
SHOWN = STAND_INS["single_view_accuracy"].value
HIDDEN = 0.5
"""An image that shows a view that was never seen is more often wrong than right."""


def legs(parameters: Parameters) -> Legs:
    """Pretraining that lacks something, with a linear probe: no label can teach its encoder."""
    laws = {name: arms.pretrained(parameters, lacking=name) for name in LACKING}
    whole = {NOTHING: arms.pretrained(parameters)}
    probes = {_probe(name): arms.probed(leg.parameters) for name, leg in {**laws, **whole}.items()}
    return {**laws, **whole, **probes}


def _probe(name: str) -> str:
    return f"{name}, probe"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which hidden views are below 0.5, and shown ones at 0.97, in all three."""
    p = arms.regime(parameters)
    parts, beside = {}, {}
    for name in LACKING:
        run = runs[_probe(name)]
        missing = hidden(p, run, name)
        unseen, seen = _accuracy(run, missing), _accuracy(run, ~missing)
        parts[f"shown views, lacking {name}"] = at_least(seen, SHOWN, SHARE)
        parts[f"error on hidden views, lacking {name}"] = above(1 - unseen, 1 - HIDDEN, SHARE)
        beside[f"hidden views, lacking {name}"] = unseen
    return in_each_seed(
        "share of seeds in which what was hidden is missing, and only that",
        parts,
        shares(beside),
    )


def hidden(parameters: Parameters, runs: xr.Dataset, lacking: str) -> np.ndarray:
    """Views that pretraining never saw [seeds, classes, views], by the pairing of each seed."""
    salt, p = str(runs.attrs["salt"]), parameters
    places = [pairing(p, salt, int(seed)).numpy() for seed in runs["seed"].values]
    return np.stack([lacks(lacking, place, np.arange(p.views)) for place in places])


def _accuracy(runs: xr.Dataset, views: np.ndarray) -> np.ndarray:
    """Accuracy on single-view images of some views [seeds]."""
    correct, number = counts(runs, IN_DISTRIBUTION)
    right = np.where(views, correct[..., 1:], 0).sum((1, 2))
    return np.asarray(right / np.where(views, number[..., 1:], 0).sum((1, 2)))


def _nothing_lacking(parameters: Parameters, runs: Runs) -> Runs:
    """Pretraining that was shown everything."""
    del parameters
    whole: dict[str, Any] = {_probe(name): runs[_probe(NOTHING)] for name in LACKING}
    return arms.first({**runs, **whole})


def _other_lacking(parameters: Parameters, runs: Runs) -> Runs:
    """Pretraining that lacked the other view."""
    del parameters
    places = {"garments": "digits", "two garments": "digits", "digits": "garments"}
    return exchange(runs, {_probe(name): _probe(other) for name, other in places.items()})


CLAIMS = (
    Claim(
        id="D.cover",
        name="dominoes.cover",
        statement="what pretraining was never shown is missing downstream, and only that",
        provenance="[A] Theorem 2, coverage; pictures [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                Control(
                    "pretraining that lacks nothing",
                    "views that were shown are not missing",
                    look=_nothing_lacking,
                ),
                Control(
                    "pretraining that lacked the other view",
                    "then what was shown is missing, and what was hidden is not",
                    look=_other_lacking,
                ),
            )
        },
        per_seed=True,
        order=8,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
