"""Mini-batch descent, the same for every task: AdamW, linear warm-up, then a cosine to 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import cos, pi

import numpy as np
import torch

WEIGHT_DECAY = 0.05
WARM_UP = 0.05
"""Share of the steps in which the rate rises."""
LOSS_POINTS = 40
"""Points of the loss curve that are kept."""


class DivergedError(RuntimeError):
    """A loss that is no longer finite."""


def scheduled(rate: float, step: int, steps: int) -> float:
    """Learning rate of a step, 0 <= step < steps."""
    rising = max(1, round(WARM_UP * steps))
    if step < rising:
        return rate * (step + 1) / rising
    return rate * 0.5 * (1 + cos(pi * (step - rising) / max(1, steps - rising)))


def descend(
    weights: Iterable[torch.nn.Parameter],
    rate: float,
    steps: int,
    loss: Callable[[int], torch.Tensor],
    after: Callable[[int], None] = lambda step: None,
) -> np.ndarray:
    """Minimise `loss(step)`; `after(step)` hears every finished step. Returns the loss curve.

    Raises DivergedError where the loss is no longer finite.
    """
    optimiser = torch.optim.AdamW(list(weights), lr=rate, weight_decay=WEIGHT_DECAY)
    losses = np.empty(steps)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = scheduled(rate, step, steps)
        optimiser.zero_grad()
        value = loss(step)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses[step] = float(value.detach())
        if not np.isfinite(losses[step]):
            raise DivergedError(f"the loss is {losses[step]} after {step + 1} steps")
        after(step)
    return np.array([part.mean() for part in np.array_split(losses, min(steps, LOSS_POINTS))])
