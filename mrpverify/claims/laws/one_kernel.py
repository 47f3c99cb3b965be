"""An MAE kernel that holds one view of its class and has next to nothing of the other (L8, L14)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ...parameters import Parameters
from ...theory.curvature import largest_curvature
from .regimes import fixed_strength, siblings

SECOND = 1e-3
"""d_0 / c_0: so little that its own growth changes nothing else."""
HELD = 2.0
"""c_0 in units of C_p varrho: patches of the held view lie in the linear part."""
STEPS = 3000
"""Steps of half the stable size: the decoder settles within the first tenth of them."""


def one_kernel(parameters: Parameters, **changes: Any) -> Parameters:
    """One kernel per class, no bias, a decoder that starts small and is trained, equal strength.

    Two classes whose features are orthogonal and whose kernels never meet: two copies of one class.
    """
    p = siblings(
        parameters,
        dimension=4,
        kernels_per_class=1,
        init="features",
        images=16,
        bias=False,
        decoder="independent",
        **{"second_view": SECOND, **fixed_strength(), **changes},
    )
    start = HELD * p.patches_per_feature * p.linear_from
    p = replace(p, init_scale=start)
    p = replace(p, step=0.5 / max(largest_curvature(p, "mae"), start**2))
    return replace(p, horizon=STEPS * p.step, max_steps=2 * STEPS)


def late_drive(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """b . (residual) that the second view of class 0 feels late in a run [seeds].

    From dd/dt = E[1_y A] (d/varrho)^{q-1} (drive), integrated over the last fifth of the run in
    d^{2-q}, which is exact while the drive stands still.
    """
    q = p.power
    drives = []
    activity = run["own_activity"].values[:, 1]
    for t, d in zip(run["time"].values, run["correlations"].values[:, :, 0, 1], strict=True):
        there = np.isfinite(t)
        t, d = t[there], d[there]
        late = int(np.searchsorted(t, 0.8 * t[-1]))
        drives.append((d[late] ** (2 - q) - d[-1] ** (2 - q)) / ((q - 2) * (t[-1] - t[late])))
    return np.asarray(np.array(drives) * p.linear_from ** (q - 1) / activity)
