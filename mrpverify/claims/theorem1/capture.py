"""T1.capture [A]: at T every feature v_{i,l} is captured, one line for every feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Column, Finding, Note, Table, recorded
from ...judge.intervals import share_interval
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.capture import captured, counts
from ...parameters import Parameters
from ...theory import theorem1
from ..claim import Claim
from ..observed import crossed, final, hold_level, holds_class_purely, known_at_horizon, reached
from . import controls

LEVELS = (0.5, 0.7, 1.0)
"""Shares of varrho at which the counts are reported; 0.5 is the one that decides."""
COLUMNS = (
    Column("class"), Column("view"), Column("captured_share", "captured"),
    Column("interval", "90 % interval"), Column("median_correlation"),
)  # fmt: skip


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds in which every feature is held by a class-pure kernel at T."""
    features = captured(final(runs), crossed(runs), parameters.views, hold_level(parameters))
    beside: tuple[Finding, ...] = (
        Table("features", _per_feature(parameters, runs, features), "every feature", COLUMNS),
        *_mean_counts(parameters, runs),
        *recorded(features_in_all=parameters.features),
    )
    return share_of_seeds(
        features.all(-1) & reached(runs),
        "share of seeds with every feature captured",
        beside,
        known_at_horizon(runs),
    )


def _per_feature(
    parameters: Parameters, runs: xr.Dataset, captured_features: np.ndarray
) -> list[dict[str, Any]]:
    """One row per feature: class, view, captured share of seeds, median correlation.

    The interval holds what the seeds that are not known at T may still say.
    """
    open_seeds = int((~known_at_horizon(runs)).sum())
    holding = np.where(holds_class_purely(parameters, runs), final(runs), np.nan)
    best = np.where(np.isnan(holding), -np.inf, holding).max(1)
    rows = []
    for index in range(parameters.features):
        won = captured_features[:, index] & reached(runs)
        correlations = best[won, index]
        rows.append(
            {
                "class": index // parameters.views + 1,
                "view": index % parameters.views + 1,
                "captured_share": float(won.mean()),
                "interval": [*share_interval(int(won.sum()), open_seeds, len(won))],
                "median_correlation": float(np.median(correlations)) if won.any() else None,
            }
        )
    return rows


def _mean_counts(parameters: Parameters, runs: xr.Dataset) -> list[Note]:
    """Mean number of features held at all, class-purely and purely, of known seeds, by level."""
    known = known_at_horizon(runs)
    if not known.any():
        return []
    levels = {f"{level:g} varrho": level * parameters.linear_from for level in LEVELS}
    limit = hold_level(parameters)
    found = {
        name: counts(final(runs), crossed(runs), parameters.views, level, limit)
        for name, level in levels.items()
    }
    means = {
        level: {name: float(np.mean(number[known])) for name, number in numbers.items()}
        for level, numbers in found.items()
    }
    return [_counted(parameters, level, row) for level, row in means.items()]


def _counted(parameters: Parameters, level: str, row: Mapping[str, float]) -> Note:
    """The means at one level."""
    about = f"features of {parameters.features} on average, at {level}"
    words = ", ".join(f"{form.replace('_', ' ')} {number:.2f}" for form, number in row.items())
    return Note(about, (words,), about, {"mean_counts": {level: dict(row)}})


CLAIMS = (
    Claim(
        id="T1.capture",
        name="theorem1.capture",
        statement="every semantic feature of every class is captured by some kernel at T",
        provenance="[A] abstract; form of 'captured' [D], section 3",
        role="gate",
        role_reason="the statement the paper is about",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={
            "teacher-student": (
                controls.NO_AMPLIFICATION,
                controls.THROUGH_TEACHER,
                controls.PURE_NOISE,
                controls.RANDOM_DIRECTIONS,
            ),
            # At the larger init of the teacher-student regime near ties let many a class learn both
            # views without pretraining, so this control is no test there.
            "mae": (
                controls.SUPERVISED,
                controls.NOTHING_MASKED,
                controls.PURE_NOISE,
                controls.RANDOM_DIRECTIONS,
            ),
        },
        prediction=theorem1.predict_capture,
        order=1,
    ),
)
