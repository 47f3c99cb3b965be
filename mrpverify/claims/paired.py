"""Paired differences over training seeds: same images, labels and init, two ways of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..judge.findings import Findings, Table, columns
from ..judge.measurement import Measurement, Part
from ..judge.over_seeds import OverSeeds
from ..judge.verdicts import Verdict, all_of

FEWEST = 5
"""Fewer seeds support nothing: even five equal signs have probability 2^-5 < 0.05 by chance."""
COLUMNS = columns(
    "difference", "mean", "interval", "threshold", "band", "measured", "fewest", "seeds",
    "seeds_above_0", measured="verdict",
)  # fmt: skip


def differences_above_zero(
    differences: Mapping[str, np.ndarray],
    statistic: str,
    findings: Findings,
    resolution: float,
) -> Measurement:
    """Every mean paired difference [seeds] must lie above 0: t-intervals, all of them together.

    The smallest mean is the value; the others stand in a table. `resolution` is how finely one
    difference is known. Refuted by one that lies below 0, at a level divided by their number.
    """
    number = len(differences)
    rows = [difference_row(name, one, resolution, number) for name, one in differences.items()]
    least = min(rows, key=lambda row: row["mean"] if np.isfinite(row["mean"]) else -np.inf)
    return Measurement(
        f"{statistic} (smallest of {len(rows)}: {least['difference']})",
        least["mean"],
        tuple(least["interval"]),
        0.0,
        all_of(row["measured"] for row in rows),
        findings=(Table("differences", rows, columns=COLUMNS), *findings),
    )


def not_supported(of: Any, measurement: Measurement) -> bool:
    """Whether a control failed as it should: it is known, and not shown to hold.

    Of a setup or of a regime; for one that chance makes true in a seed now and then.
    """
    del of
    return bool(np.isfinite(measurement.value)) and measurement.measured is not Verdict.SUPPORTED


def difference_row(
    name: str, values: np.ndarray, resolution: float, together: int = 1
) -> dict[str, Any]:
    """One of some differences with its interval over the seeds in which it exists (is not NaN)."""
    known = values[np.isfinite(values)]
    mean = Part(OverSeeds.of("t", values, resolution), 0.0, fewest=FEWEST)
    return {
        "difference": name,
        **mean.summary(together),
        "seeds": len(known),
        "seeds_above_0": int((known > 0).sum()),
    }
