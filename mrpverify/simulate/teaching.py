"""What trained networks say about the images of another run: soft labels (AZL [R]).

With G = g_KD times the mean of the teachers' logits and the temperature tau, the soft label is the
truncated softmax

    p_i = exp(min(tau^2 G_i, 1)/tau) / sum_j exp(min(tau^2 G_j, 1)/tau):

every class of which the teachers see a feature, however weakly, comes up to the same height. Where
some teacher holds a view that the student lacks, images of *other* classes that show it say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch

from ..parameters import Parameters
from .images import Images
from .seeding import generator


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network of every seed, by the regime it was trained in."""

    parameters: Parameters
    state: dict[str, torch.Tensor]
    """``weights`` [seeds, kernels, dimension] and, where it has one, ``head``."""


@dataclass(frozen=True)
class TaughtImages(Images):
    """Images with what the teachers say about them."""

    soft: torch.Tensor
    """Soft labels [seeds, images, classes] in [0, 1], floating; sum 1 over classes."""

    @classmethod
    def of(cls, images: Images, soft: torch.Tensor) -> TaughtImages:
        """The images with their soft labels."""
        return cls(**{f.name: getattr(images, f.name) for f in fields(Images)}, soft=soft)


def truncated_softmax(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """exp(min(tau^2 F_i, 1)/tau), normalised over the last axis; in [0, 1]."""
    capped = (temperature**2 * logits).clamp(max=1.0)
    return torch.softmax(capped / temperature, -1)


def taught(
    parameters: Parameters,
    images: Images,
    answers: Sequence[torch.Tensor],
    salt: str,
    seeds: Sequence[int],
) -> TaughtImages:
    """Images with the soft labels that follow from the teachers' logits [seeds, images, classes].

    As a control every image has that of another image of its class.
    """
    mean = torch.stack(list(answers)).mean(0)
    soft = truncated_softmax(parameters.teacher_scale * mean, parameters.label_temperature)
    if parameters.soft_labels == "permuted":
        order = torch.stack(
            [
                _within_classes(row, salt, seed)
                for row, seed in zip(images.labels, seeds, strict=True)
            ]
        )
        soft = soft.gather(1, order.unsqueeze(2).expand_as(soft))
    if parameters.soft_labels == "smoothed":
        soft = _smoothed(images.labels, soft)
    return TaughtImages.of(images, soft)


def _smoothed(labels: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Soft labels with the same mean weight on the label, and the rest alike on all other classes.

    They say nothing about an image but its label: what is left is label smoothing.
    """
    classes = soft.shape[-1]
    own = soft.gather(2, labels.unsqueeze(2)).mean(1, keepdim=True)  # [seeds, 1, 1]
    hot = torch.nn.functional.one_hot(labels, classes).to(soft)
    return hot * own + (1 - hot) * (1 - own) / (classes - 1)


def _within_classes(labels: torch.Tensor, salt: str, seed: int) -> torch.Tensor:
    """For every image [images] another one of its class at random, each of them once."""
    stream = generator(salt, seed, "soft labels")
    drawn = torch.rand(len(labels), generator=stream, dtype=torch.float64)
    # Both orders list the classes one after the other; within one they are independent.
    shuffled = torch.argsort(labels + drawn)
    order = torch.empty_like(shuffled)
    order[torch.argsort(labels, stable=True)] = shuffled
    return order
