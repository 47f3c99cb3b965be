"""When a run may be called uncovered before T: on evidence, never because a limit was met.

Either no uncovered feature is driven: the kernel that is most of the way there does not come
nearer, for as long as it had come before and for the time scale of its start. Or PATIENCE times the
slowest hitting time that the flow itself promises at time 0 have passed: below varrho a correlation
follows dc/dt ~ c^{n+1}, n + 2 the degree of the loss, and arrives after c/(n dc/dt) (L2 [D]).

Where kernels do not interact (teacher-student) each goes to one feature, the one it arrives at
first (L5): it promises nothing for the others, however near it is to them. A feature that no kernel
goes to can only be reached by a leak, and sets no time. Where kernels share a target, one that
others have taken leaves a kernel to its next one: each kernel near a feature is a promise.
"""

from __future__ import annotations

import torch

from ..parameters import Parameters
from .objective import Objective, one_feature_a_class
from .trajectory import NEVER

PATIENCE = 10.0
"""Hitting times neglect what kernels do to each other, which a factor of ten allows for."""
NEAR = 0.5
"""Share of the largest correlation that a kernel on its way to a feature has: of its own ones where
kernels do not interact, else of all kernels' with that feature. One that lies across a feature
moves by what leaks into it, fast for its length: that promises no hitting time."""


def hitting_times(
    correlations: torch.Tensor, slopes: torch.Tensor, exponent: int, independent: bool
) -> torch.Tensor:
    """Time until the first kernel on its way there arrives at each feature [seeds, features].

    From C and dC/dt at the start [seeds, kernels, features], n >= 1 as above, and whether kernels
    do not interact. NEVER where no kernel is on its way.
    """
    c, slope = correlations.double(), slopes.double()
    largest = c.amax(2 if independent else 1, keepdim=True)
    driven = (c > 0) & (slope > 0) & (c >= NEAR * largest)
    times = torch.where(driven, c / (exponent * slope), NEVER)
    if independent:
        times = times.masked_fill(times > times.amin(2, keepdim=True), NEVER)
    return times.amin(1)


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
        objective: Objective,
        correlations: torch.Tensor,
        slopes: torch.Tensor,
        shown: torch.Tensor,
    ) -> None:
        """`shown` [seeds, features]: what the images show."""
        degree, independent = objective.plateau_degree(parameters), objective.independent_kernels
        times = hitting_times(correlations, slopes, max(degree - 2, 1), independent)
        if objective.covers == "one feature a class":
            times = one_feature_a_class(times.masked_fill(~shown, NEVER), parameters.classes)
            times = times.amin(2)
        else:
            reached = torch.isfinite(times).any(1, keepdim=True)
            unreached = torch.isinf(times) & reached if independent else torch.zeros_like(shown)
            times = times.masked_fill(~shown | unreached, 0.0)
        self.latest = PATIENCE * objective.slowdown(parameters) * times.amax(1)
        """Time after which a seed that is not covered will not be [seeds]."""
        self._shows_nothing = ~shown.any(1)
        self._scale = rest_times(correlations, slopes).masked_fill(~shown, 0.0).amax(1)
        self._idle_since = torch.full_like(self.latest, NEVER)

    def holds(
        self,
        time: torch.Tensor,
        correlations: torch.Tensor,
        slopes: torch.Tensor,
        uncovered: torch.Tensor,
    ) -> torch.Tensor:
        """Whether each seed is known never to be covered, at the time of its last clock [seeds].

        One without `uncovered` features [seeds, features] is covered as soon as all clocks are.
        """
        idle = undriven(correlations, slopes, uncovered)
        since = torch.minimum(self._idle_since, time)
        self._idle_since = torch.where(idle, since, NEVER)
        long = (time >= 2 * self._idle_since) & (time - self._idle_since >= self._scale)
        waits = uncovered.any(1) | self._shows_nothing
        return waits & ((idle & long) | (time >= self.latest))
