"""How long runs take beside each other, before they have run: the longest are started first.

With two processes and jobs of seconds, one long run that starts last keeps one of them waiting.
"""

from __future__ import annotations

from math import ceil

from ..parameters import Parameters
from .labelled import Request

USUAL_GRADIENTS = {"mae": 3000, "supervised": 1000, "teacher-student": 400, "fine-tuning": 150}
"""Gradient evaluations of a flow to its T, about what runs of preset quick counted."""
OF_ANY_OTHER = 500
"""Of an objective that is not among them."""


def activations(request: Request) -> int:
    """Of one seed, images x patches x kernels (patches after a typical raise)."""
    p = request.parameters
    shown = p.patches_per_feature * (p.views + 3 * max(1.0, p.off_class))
    return p.images * max(p.patches, int(shown)) * max(p.kernels, p.dimension)


def gradients(parameters: Parameters) -> int:
    """Gradients that a run takes, at most where it descends and usually where it flows."""
    p = parameters
    if p.method == "flow":
        return USUAL_GRADIENTS.get(p.framework, OF_ANY_OTHER)
    end = p.horizon or p.deadline
    return min(p.max_steps, ceil(end / p.step)) if end > 0 else p.max_steps


def work(request: Request) -> float:
    """Activations that a run computes in all: a measure of its time, to be compared alone."""
    return float(activations(request) * gradients(request.parameters))
