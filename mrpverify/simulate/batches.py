"""Which seeds are trained alone, whatever else is missing: they may go ways that a batch cannot.

On a CPU the seeds of a small regime are trained together, as many as are missing. A seed must come
out the same in any such batch, to rounding; so what goes other ways for one seed than for several
asks its regime, and never its batch.
"""

from __future__ import annotations

from ..parameters import Parameters

LARGE = 2**13
"""Activations of a seed above which it is trained alone. What is compiled for one seed takes it to
T in 0.4 to 0.6 of the time that it takes in a batch (10,000 to 64,000 activations); laws of one
kernel a class, of 4,000, take a tenth of theirs in one."""


def activations(parameters: Parameters) -> int:
    """Of one seed, images x patches x kernels (patches after a typical raise)."""
    p = parameters
    shown = p.patches_per_feature * (p.views + 3 * max(1.0, p.off_class))
    return p.images * max(p.patches, int(shown)) * max(p.kernels, p.dimension)


def always_alone(parameters: Parameters) -> bool:
    """Whether no two seeds of a regime are trained together on a CPU."""
    return activations(parameters) > LARGE
