"""Cross-entropy of a linear classifier on encoder outputs, shared by all objectives with labels."""

from __future__ import annotations

import torch
from torch.nn.functional import log_softmax, one_hot


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over images of -log p_y per seed [seeds], from [seeds, images, classes] and labels."""
    own = log_softmax(logits, -1).gather(2, labels.unsqueeze(2))
    return -own.squeeze(2).mean(1)


def blocks(outputs: torch.Tensor, classes: int) -> torch.Tensor:
    """Sums over the kernels of each class, [seeds, images, kernels] -> [seeds, images, classes]."""
    return outputs.view(*outputs.shape[:2], classes, -1).sum(3)


def pull(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """1[y = i] - p_i, minus the derivative of -log p_y in the logits [seeds, images, classes]."""
    return one_hot(labels, logits.shape[-1]).to(logits) - torch.softmax(logits, -1)


def margins(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Own logit minus the largest other one [seeds, images]; an image is right where it is > 0.

    A tie, as between logits that are all zero, is wrong: no guess is counted as knowledge.
    """
    own = logits.gather(2, labels.unsqueeze(2)).squeeze(2)
    mine = one_hot(labels, logits.shape[-1]).bool()
    return own - logits.masked_fill(mine, -torch.inf).amax(2)
