"""Tests on held-out images: the training law and laws not used in training (section 3, CMP.shift).

Every law is drawn twice, all multi-view and all single-view, so that an accuracy is known for both
kinds whatever the share mu of single-view images in training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import torch

from ..parameters import Parameters
from ..parts import Law
from ..parts.law import MULTI_VIEW_LAW
from .classifier import margins
from .sample import MULTI_VIEW, Images, sample_images

Logits = Callable[[Parameters, dict[str, torch.Tensor], torch.Tensor], torch.Tensor]
"""(parameters, state, patches) -> F [seeds, images, classes]."""

IN_DISTRIBUTION = "in distribution"

ALL_VIEWS, SINGLE_VIEW = 0.0, 1.0
"""Share of single-view images in a test on one kind of image."""

REMEMBERED, REMEMBERED_BYTES = 20, 8_000_000
"""Sets of test images that a process remembers, and the bytes of one at most: those of two seeds.
What is trained on a seed, from scratch or from any encoder, is tested on the same ten sets of the
paper's law."""

SHIFTED_NOISE, SHIFTED_PRESENCE, SHIFTED_GAMMA = 2.0, 3.0, 1.3


def test_laws(parameters: Parameters) -> Mapping[str, Mapping[str, Any]]:
    """Test laws by name, as changes of the training law.

    Coverage is a property of the pretraining law: test images show every feature.
    """
    p = parameters
    return MappingProxyType(
        {
            IN_DISTRIBUTION: {},
            "larger Gamma": {"single_view_off_class": SHIFTED_GAMMA * p.single_view_off_class},
            "larger s": {"off_class": min(SHIFTED_PRESENCE * p.off_class, float(p.classes))},
            "stronger noise": {"patch_noise": SHIFTED_NOISE * p.patch_noise},
            # Multi-view images from which one own view is erased: nothing weak is left of it.
            "one own view removed": {"weak_view": 0.0, "single_view_off_class": p.off_high},
        }
    )


def count_correct(
    parameters: Parameters,
    state: dict[str, torch.Tensor],
    logits: Logits,
    salt: str,
    seeds: list[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Right answers and images [seeds, laws, classes, 1 + views].

    The last axis is what an image shows: all views, view 1 alone, view 2 alone, ...
    """
    right, number = [], []
    for changes in test_laws(parameters).values():
        law = replace(parameters, **changes)
        multi = _count(parameters, law, state, logits, salt, seeds, ALL_VIEWS)
        single = _count(parameters, law, state, logits, salt, seeds, SINGLE_VIEW)
        right.append(multi[0] + single[0])
        number.append(multi[1] + single[1])
    return torch.stack(right, 1), torch.stack(number, 1)


def held_out(law: Parameters, salt: str, seeds: list[int], share: float) -> Images:
    """Test images with every feature, all of one kind: ALL_VIEWS or SINGLE_VIEW.

    To be read only: others may get the same.
    """
    own = tested(law, share)
    size = 8 * len(seeds) * own.images * own.patches * own.dimension
    if own.law == MULTI_VIEW_LAW and size <= REMEMBERED_BYTES:
        # Nothing else of a regime is in its images.
        values = tuple(getattr(own, field.name) for field in fields(Law))
        return _remembered(values, salt, tuple(seeds))
    return _drawn(own, salt, seeds)


def tested(law: Parameters, share: float) -> Parameters:
    """The law of test images with a share of single-view ones: every feature is in some of them."""
    return replace(law, coverage=1.0, images=law.test_images, single_view=share)


@lru_cache(maxsize=REMEMBERED)
def _remembered(law: tuple[Any, ...], salt: str, seeds: tuple[int, ...]) -> Images:
    """`_drawn` from the values of the law's options."""
    names = (field.name for field in fields(Law))
    return _drawn(Parameters(**dict(zip(names, law, strict=True))), salt, list(seeds))


def _drawn(law: Parameters, salt: str, seeds: list[int]) -> Images:
    """The draw itself."""
    return sample_images(law, salt, seeds, f"test {law.single_view:g}")


def _count(
    parameters: Parameters,
    law: Parameters,
    state: dict[str, torch.Tensor],
    logits: Logits,
    salt: str,
    seeds: list[int],
    share: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Right answers and images [seeds, classes, 1 + views] on one kind of image of one law."""
    weights = state["weights"]
    images = held_out(law, salt, seeds, share).to(weights.device, weights.dtype)
    correct = margins(logits(parameters, state, images.patches), images.labels) > 0
    cells = parameters.classes * (1 + parameters.views)
    cell = images.labels * (1 + parameters.views) + images.shown_view + 1
    zero = torch.zeros(len(weights), cells, dtype=torch.int64, device=weights.device)
    shape = (len(weights), parameters.classes, 1 + parameters.views)
    right = zero.scatter_add(1, cell, correct.to(torch.int64)).view(shape)
    number = zero.scatter_add(1, cell, torch.ones_like(cell)).view(shape)
    return right, number


def training_margins(
    parameters: Parameters, state: dict[str, torch.Tensor], logits: Logits, images: Images
) -> tuple[torch.Tensor, torch.Tensor]:
    """Share of right training images and their least margin, multi- and single-view [seeds, 2].

    NaN where a seed has no image of the kind.
    """
    found = margins(logits(parameters, state, images.patches), images.labels)
    single = images.shown_view != MULTI_VIEW
    shares, least = [], []
    for kind in (~single, single):
        some = kind.any(1)
        shares.append(((found > 0) & kind).sum(1) / torch.where(some, kind.sum(1), torch.nan))
        lowest = found.masked_fill(~kind, torch.inf).amin(1)
        least.append(torch.where(some, lowest, torch.nan))
    return torch.stack(shares, 1), torch.stack(least, 1)
