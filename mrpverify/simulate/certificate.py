"""When a run may be called uncovered before T: on evidence, never because a limit was met.

Either no uncovered feature is driven: the kernel that is most of the way there does not come
nearer, for as long as it had come before and for the time scale of its start. Or PATIENCE times the
slowest hitting time that the flow itself promises at time 0 have passed: below varrho a correlation
follows dc/dt ~ c^{n+1}, n + 2 the degree of the loss, and arrives after c/(n dc/dt) (L2 [D]).
"""

from __future__ import annotations

import torch

from ..parameters import Parameters
from .trajectory import NEVER

PATIENCE = 10.0
"""Hitting times neglect what kernels do to each other, which a factor of ten allows for."""
NEAR = 0.5
"""Share of the largest correlation with a feature that a kernel on its way there has. One that lies
across it moves by what leaks into it, fast for its length, and its hitting time promises
nothing."""


def hitting_times(correlations: torch.Tensor, slopes: torch.Tensor, exponent: int) -> torch.Tensor:
    """Time until the first near kernel arrives at each feature, NEVER for none [seeds, features].

    From C and dC/dt at the start [seeds, kernels, features] and n >= 1 as above.
    """
    c, slope = correlations.double(), slopes.double()
    driven = (c > 0) & (slope > 0) & (c >= NEAR * c.amax(1, keepdim=True))
    return torch.where(driven, c / (exponent * slope), NEVER).amin(1)


def rest_times(correlations: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """|C|/|dC/dt| of the kernel nearest to each feature, 0 without drift [seeds, features]."""
    nearest = correlations.argmax(1, keepdim=True)
    c, slope = (x.gather(1, nearest).squeeze(1).double().abs() for x in (correlations, slopes))
    return torch.where(slope > 0, c / slope, 0.0)


def undriven(
    correlations: torch.Tensor, slopes: torch.Tensor, uncovered: torch.Tensor
) -> torch.Tensor:
    """Whether no uncovered feature [seeds, features] has a drive on its nearest kernel [seeds]."""
    nearest = correlations.argmax(1, keepdim=True)
    drive = slopes.gather(1, nearest).squeeze(1)
    return ((drive <= 0) | ~uncovered).all(1)


class Certificate:
    """Watches the drive of uncovered features along a batch of runs."""

    def __init__(
        self,
        parameters: Parameters,
        correlations: torch.Tensor,
        slopes: torch.Tensor,
        shown: torch.Tensor,
        degree: int,
        slowdown: float,
    ) -> None:
        """`shown` [seeds, features]; `slowdown` is how much longer than alone a view may need."""
        times = hitting_times(correlations, slopes, max(degree - 2, 1))
        if parameters.framework == "supervised":  # one view of a class is enough
            times = (
                times.masked_fill(~shown, NEVER).view(len(times), parameters.classes, -1).amin(2)
            )
        else:
            times = times.masked_fill(~shown, 0.0)
        self.latest = PATIENCE * slowdown * times.amax(1)
        """Time after which a seed that is not covered will not be [seeds]."""
        self._scale = rest_times(correlations, slopes).masked_fill(~shown, 0.0).amax(1)
        self._idle_since = torch.full_like(self.latest, NEVER)

    def holds(
        self,
        time: torch.Tensor,
        correlations: torch.Tensor,
        slopes: torch.Tensor,
        uncovered: torch.Tensor,
    ) -> torch.Tensor:
        """Whether each seed is known never to be covered, at the time of its last clock [seeds]."""
        idle = undriven(correlations, slopes, uncovered)
        since = torch.minimum(self._idle_since, time)
        self._idle_since = torch.where(idle, since, NEVER)
        long = (time >= 2 * self._idle_since) & (time - self._idle_since >= self._scale)
        return (idle & long) | (time >= self.latest)
