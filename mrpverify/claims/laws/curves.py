"""What a figure of a law shows beside its numbers: measured points, prediction, rival."""

from __future__ import annotations

import numpy as np

from ...judge.findings import Curve
from ...judge.intervals import mean_interval


def curve(
    name: str,
    x: tuple[str, np.ndarray],
    y: tuple[str, np.ndarray],
    prediction: np.ndarray,
    rival: np.ndarray,
    logarithmic: bool = False,
) -> Curve:
    """Measured y [seeds, sizes] over x [sizes] with intervals; prediction and rival [sizes]."""
    columns = [np.asarray(column, dtype=float) for column in y[1].T]
    intervals = [mean_interval(column) for column in columns]
    return Curve(
        name,
        x_label=x[0],
        y_label=y[0],
        x=[float(value) for value in x[1]],
        y=[float(np.nanmean(c)) if np.isfinite(c).any() else None for c in columns],
        low=[low for low, _ in intervals],
        high=[high for _, high in intervals],
        prediction=[float(value) for value in prediction],
        rival=[float(value) for value in rival],
        logarithmic=logarithmic,
    )


def over_last(time: np.ndarray) -> np.ndarray:
    """Times [seeds, sizes] over the last one, NaN where either did not happen."""
    finite = np.where(np.isfinite(time), time, np.nan)
    return finite / finite[:, -1:]
