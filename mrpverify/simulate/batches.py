"""Which seeds are trained alone, whatever else is missing: they may go ways that a batch cannot.

On a CPU the seeds of a small regime are trained together, as many as are missing. A seed must come
out the same in any such batch, to rounding; so what goes other ways for one seed than for several
asks its regime, and never its batch.
"""

from __future__ import annotations

from ..parameters import Parameters

TOGETHER = 2**17
"""Activations of the seeds that a core trains together. Calls cost more than numbers below; above,
seeds pay for the steps of the neediest, and for a worker that waits for the last batch."""


def activations(parameters: Parameters) -> int:
    """Of one seed, images x patches x kernels (patches after a typical raise)."""
    p = parameters
    shown = p.patches_per_feature * (p.views + 3 * max(1.0, p.off_class))
    return p.images * max(p.patches, int(shown)) * max(p.kernels, p.dimension)


def always_alone(parameters: Parameters) -> bool:
    """Whether no two seeds of a regime are trained together on a CPU."""
    return 2 * activations(parameters) > TOGETHER
