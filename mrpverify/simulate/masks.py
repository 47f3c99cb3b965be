"""The masks of a run: their law on the images it has, and masks drawn from it (section 2 [R], FIX).

Masks of fixed size show n = theta P patches of each image, P the data set's own number: it may have
been raised (section 1), and patches that pad a seed to the widest of its batch are none.
"""

from __future__ import annotations

import torch

from ..parameters import Parameters
from ..parts.mask_law import MaskLaw
from .images import NO_PATCH, Images
from .seeding import generator


def law_of_masks(parameters: Parameters, images: Images) -> MaskLaw:
    """The law of masks on these images; where P matters, an array [seeds, 1, 1, 1]."""
    if parameters.masks == "bernoulli":
        return parameters.mask_law
    own = own_patches(images.owner).to(images.patches)
    return MaskLaw(parameters.visible, own[:, None, None, None])


def own_patches(owner: torch.Tensor) -> torch.Tensor:
    """P of every data set from the owners of its patches [seeds, images, patches], [seeds]."""
    return (owner[:, 0] != NO_PATCH).sum(1)


def mask_streams(salt: str, seeds: list[int], purpose: str) -> torch.Tensor:
    """State of one stream of masks per seed [seeds, bytes], apart from data and init."""
    return torch.stack([generator(salt, seed, purpose).get_state() for seed in seeds])


def draw_masks(
    parameters: Parameters,
    streams: torch.Tensor,
    patches: torch.Tensor,
    owner: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """eps [seeds, images, patches] in the dtype of `patches`; the new streams.

    Under masks=fixed `owner` (of `Images`, same shape) tells patches from padding; ValueError where
    it is missing. A seed's masks do not depend on its batch unless its data set is padded.
    """
    p, masks, moved = parameters, [], []
    if p.masks == "fixed" and owner is None:
        raise ValueError("masks=fixed: draw_masks needs images.owner as its last argument")
    for index, state in enumerate(streams):
        stream = torch.Generator()
        stream.set_state(state.clone())  # a view into the batch crashes it
        drawn = torch.rand(patches.shape[1:3], generator=stream)
        if owner is None or p.masks == "bernoulli":
            masks.append(drawn < p.visible)
        else:
            masks.append(_smallest(p, drawn, owner[index].cpu()))
        moved.append(stream.get_state())
    return torch.stack(masks).to(patches), torch.stack(moved)


def _smallest(p: Parameters, drawn: torch.Tensor, owner: torch.Tensor) -> torch.Tensor:
    """The n = theta P smallest of the drawn numbers of every image [images, patches], bool."""
    padding = owner == NO_PATCH
    rank = drawn.masked_fill(padding, 2.0).argsort(stable=True, dim=1).argsort(1)
    shown = torch.round(p.visible * (~padding).sum(1, keepdim=True))
    return rank < shown
