"""Two networks at the same accuracy: the rule, fixed here, by which one is taken earlier."""

from __future__ import annotations

import numpy as np


def matched(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Snapshots of two networks that are compared, from their accuracies [snapshots].

    The network that ends weaker is taken as it ends; of the other one, the snapshot whose accuracy
    is closest to that, the later one of equals.
    """
    if first[-1] <= second[-1]:
        return len(first) - 1, _closest(second, first[-1])
    return _closest(first, second[-1]), len(second) - 1


def _closest(accuracies: np.ndarray, wanted: float) -> int:
    """Index of the last accuracy closest to the wanted one."""
    distance = np.abs(accuracies - wanted)
    return int(np.flatnonzero(distance == distance.min())[-1])
