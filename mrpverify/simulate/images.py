"""Images with everything that is known of them: labels, what they show, owners and strengths."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch

from .seeding import generator

BACKGROUND = -1
"""Owner of a patch that shows no feature."""

NO_PATCH = -2
"""Owner of an all-zero patch that pads a seed to the widest seed of its batch (section 1 raises P
per data set). It is exactly neutral: activation 0, gradient 0, nothing to reconstruct."""

MULTI_VIEW = -1
"""Value of ``Images.shown_view`` for a multi-view image."""


@dataclass(frozen=True)
class Images:
    """One data set per seed; seeds are the leading axis everywhere."""

    patches: torch.Tensor
    """x_p [seeds, images, patches, dimension], floating."""
    labels: torch.Tensor
    """y in [0, k) [seeds, images], int64."""
    shown_view: torch.Tensor
    """lhat in [0, views) of a single-view image, MULTI_VIEW otherwise [seeds, images], int64."""
    owner: torch.Tensor
    """Feature a patch belongs to, in [0, views k), BACKGROUND or NO_PATCH
    [seeds, images, patches], int64. Feature f is view f % views of class f // views."""
    strength: torch.Tensor
    """Coefficient z_p of the owner; 0 on background [seeds, images, patches], floating."""
    features: torch.Tensor
    """Orthonormal v_f [seeds, views k, dimension], floating."""

    @cached_property
    def totals(self) -> torch.Tensor:
        """S, the sum of all patches of an image [seeds, images, dimension]."""
        return self.patches.sum(2)

    @cached_property
    def squares(self) -> torch.Tensor:
        """||x_p||^2 [seeds, images, patches]."""
        return self.patches.square().sum(3)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Images:
        """The same images on a device, floating fields cast to `dtype`."""
        moved = {}
        for item in fields(self):
            value: torch.Tensor = getattr(self, item.name)
            moved[item.name] = value.to(device, dtype if value.is_floating_point() else value.dtype)
        return replace(self, **moved)

    def select(self, seeds: torch.Tensor) -> Images:
        """The data sets of some seeds (indices along the leading axis)."""
        return replace(self, **{f.name: getattr(self, f.name)[seeds] for f in fields(self)})

    def part(self, begin: int, end: int) -> Images:
        """The images from `begin` up to `end` of every seed, without copying."""
        return self._images((slice(None), slice(begin, end)))

    def _images(self, chosen: tuple[slice, slice] | tuple[torch.Tensor, torch.Tensor]) -> Images:
        """Some of the images, by index along seeds and images; the features are all images'."""
        own = (f.name for f in fields(self) if f.name != "features")
        return replace(self, **{name: getattr(self, name)[chosen] for name in own})

    @classmethod
    def of_patches(cls, patches: torch.Tensor) -> Images:
        """Images of which nothing is known but the patches [seeds, images, patches, dimension]."""
        none = patches.new_zeros(patches.shape[:3], dtype=torch.int64)
        return cls(patches, none[..., 0], none[..., 0], none, none.to(patches), patches[:, 0, :0])

    def first_per_class(self, number: int, classes: int) -> Images:
        """The first `number` images of every class, in their order: the labels that were paid for.

        Raises ValueError where a seed has fewer images of a class.
        """
        same = self.labels.unsqueeze(2) == torch.arange(classes, device=self.labels.device)
        rank = same.cumsum(1).masked_fill(~same, 0).sum(2)
        fewest = int(same.sum(1).min())
        if fewest < number:
            raise ValueError(f"labels={number}: a class has only {fewest} images; raise N.")
        keep = [(row <= number).nonzero().squeeze(1) for row in rank]
        seed = torch.arange(len(keep)).unsqueeze(1)
        return self._images((seed, torch.stack(keep)))

    def with_shuffled_labels(self, salt: str, seeds: list[int]) -> Images:
        """The same images, the labels of each seed in random order: they say nothing."""
        number = self.labels.shape[1]
        order = [torch.randperm(number, generator=generator(salt, s, "labels")) for s in seeds]
        return replace(self, labels=self.labels.gather(1, torch.stack(order)))

    def coefficients(self) -> torch.Tensor:
        """Dense z [seeds, images, patches, views k]: the strength of each feature in each patch."""
        count = self.features.shape[1]
        shows = self.owner.unsqueeze(-1) == torch.arange(count, device=self.owner.device)
        return torch.where(shows, self.strength.unsqueeze(-1), 0.0)
