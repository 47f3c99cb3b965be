"""The legs of masked supervised learning, and those that take its masks away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from ...parameters import Parameters
from ..claim import CONTROL_SEEDS, Control, Runs
from ..legs import Leg, Legs, masked_supervised

MASKED = "masked supervised"
WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "nothing masked": {"visible": 1.0},
    "background masked": {"hides": "background"},
    "shuffled labels": {"true_labels": False},
}
"""What takes the explanation away, by name: changes of the masked run."""


def as_long(parameters: Parameters, runs: Runs) -> Legs:
    """Runs WITHOUT what explains, four seeds each, for as long as the longest of those with it."""
    time = float(runs[MASKED]["final_time"].values[:CONTROL_SEEDS].max())
    steps = max(1, ceil(time / parameters.supervised_step) + 1)
    return {
        name: Leg(
            masked_supervised(parameters, **changes, horizon=time, max_steps=steps).parameters,
            seeds=CONTROL_SEEDS,
        )
        for name, changes in WITHOUT.items()
    }


def instead(name: str, expected: str, places: Sequence[str] = (MASKED,)) -> Control:
    """The control that looks at the runs without one thing in the `places` of the masked ones."""

    def look(parameters: Parameters, runs: Runs) -> Runs:
        del parameters
        return {**runs, **dict.fromkeys(places, runs[name])}

    return Control(name, expected, look=look)
