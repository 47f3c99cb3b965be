"""Images that a law from outside draws itself, looked at before anything is trained on them.

What is wrong with them would show as an error of a product of matrices, or as an accuracy of 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from .. import outside
from ..parameters import Parameters
from ..simulate.data_law import law_of
from ..simulate.images import MULTI_VIEW, NO_PATCH, Images

PURPOSES = ("data", "test 0")
"""Of training images, and of images that are tested on."""
SHAPES = {
    "patches": ("images", "patches", "dimension"),
    "labels": ("images",),
    "shown_view": ("images",),
    "owner": ("images", "patches"),
    "strength": ("images", "patches"),
    "features": ("features", "dimension"),
}
"""Axes of what `Images` hold, of one data set without the axis of seeds."""


def check_law(parameters: Parameters, salt: str, seeds: Sequence[int]) -> None:
    """Raise ValueError where a law from outside draws what is no data set of its regime."""
    law = law_of(parameters)
    if law.draw is None or law.name in outside.own(outside.LAWS):
        return
    for seed in seeds:
        for purpose in PURPOSES:
            found = law.draw(parameters, salt, seed, purpose)
            wrong = next(_complaints(parameters, found), None)
            if wrong is not None:
                raise ValueError(f"law {law.name}: draw({purpose!r}), seed {seed}: {wrong}")


def _complaints(parameters: Parameters, found: Any) -> Iterator[str]:
    """What is wrong with a data set, the coarsest first."""
    if not isinstance(found, Images):
        yield f"a {type(found).__name__}, where mrpverify.Images are wanted"
        return
    values = {name: getattr(found, name) for name in SHAPES}
    for name, value in values.items():
        if not isinstance(value, torch.Tensor):
            yield f"{name} is a {type(value).__name__}, where a torch.Tensor is wanted"
            return
    yield from _of_shapes(parameters, values)
    yield from _of_values(parameters, values)


def _of_shapes(parameters: Parameters, values: dict[str, torch.Tensor]) -> Iterator[str]:
    """Axes that are missing, too many or not equally long; without an image there is nothing."""
    p, patches = parameters, values["patches"].shape
    if len(patches) != 3 or 0 in patches:
        yield f"patches are {list(patches)}, where [images, patches, {p.dimension}] is wanted"
        return
    sizes = dict(zip(("images", "patches"), patches[:2], strict=True))
    sizes |= {"features": p.features, "dimension": p.dimension}
    for name, value in values.items():
        wanted = [sizes[axis] for axis in SHAPES[name]]
        if list(value.shape) != wanted:
            axes = ", ".join(SHAPES[name])
            yield f"{name} has the shape {list(value.shape)}, where [{axes}] = {wanted} is wanted"


def _of_values(parameters: Parameters, values: dict[str, torch.Tensor]) -> Iterator[str]:
    """Numbers that are none, and labels, views and owners that there are not."""
    p = parameters
    ranges = {
        "labels": (0, p.classes),
        "shown_view": (MULTI_VIEW, p.views),
        "owner": (NO_PATCH, p.features),
    }
    for name, value in values.items():
        low, high = ranges.get(name, (None, None))
        if low is None or high is None:
            if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
                yield f"{name} are not all finite floating numbers"
        elif value.dtype != torch.int64 or int(value.min()) < low or int(value.max()) >= high:
            yield f"{name} are not all whole numbers (int64) from {low} to {high - 1}"
