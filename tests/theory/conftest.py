"""A sampler of the data law in numpy, independent of the package's own torch sampler."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from mrpverify.parameters import Parameters

Draw = Callable[[Parameters, int, int], NDArray[np.float64]]


@pytest.fixture
def draw() -> Draw:
    """(parameters, images, seed) -> z [images, features, C_p], zero where a feature is absent."""
    return _draw


def _draw(p: Parameters, images: int, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    label = random.integers(p.classes, size=images)
    shown = np.where(
        random.random(images) < p.single_view, random.integers(p.views, size=images), -1
    )
    z = np.zeros((images, p.features, p.patches_per_feature))
    for n in range(images):
        for f in range(p.features):
            own, single = f // p.views == label[n], shown[n] >= 0
            if own and (not single or f % p.views == shown[n]):
                total = random.uniform(p.own_low, p.own_high)
            elif own:
                total = random.uniform(p.weak_view, 2 * p.weak_view)
            elif random.random() >= p.off_class / p.classes:
                continue
            elif single:
                total = random.uniform(p.single_view_off_class / 2, p.single_view_off_class)
            else:
                total = random.uniform(p.off_low, p.off_high)
            share = random.uniform(0.75, 1.25, p.patches_per_feature)
            z[n, f] = total * (share / share.sum() if p.split == "random" else 1 / len(share))
    return z
