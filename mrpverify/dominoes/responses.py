"""What kernels answer to pictures, whatever code they are in: capture without a direction.

Where a picture is several patches, or a feature no single direction, a correlation says little. The
mean output h_r of a kernel on pictures of one class says what it tells apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..simulate.encoder import smoothed_relu
from ..simulate.threads import one_thread
from .draw import pairing
from .options import SOURCES
from .pictures import bank

MOST = 200
"""Test pictures of a class."""


@one_thread()
def responses(parameters: Any, weights: np.ndarray, salt: str, seed: int) -> np.ndarray:
    """Mean of sum_p sReLU(<w_r, x_p>) over one test picture at full contrast [kernels, features].

    Features in the order of the seed. Raises MissingDataError where nothing is fetched.
    """
    p, pictures = parameters, bank(parameters)
    places = pairing(p, salt, seed).flatten().tolist()
    kernels = torch.tensor(weights.T).float()  # a copy: a claim may not write into its runs
    found = []
    for feature, place in enumerate(places):
        shown = pictures.of["test"][SOURCES[feature % p.views]][place][:MOST]
        patches = torch.from_numpy(p.loudness * shown.reshape(len(shown), -1, p.dimension))
        a, _ = smoothed_relu(patches @ kernels, p.power, p.linear_from)
        found.append(a.sum(1).mean(0).numpy())
    return np.stack(found, 1)
