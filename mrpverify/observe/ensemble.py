"""The answer of several networks to one image, by the rule that combines them.

Logits are [members, ..., classes], labels [...]. A tie is wrong, as for one network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Right = NDArray[np.bool_]


def by_mean_logit(logits: np.ndarray, labels: np.ndarray) -> Right:
    """Whether the mean of the logits is largest at the label [...]."""
    return _largest(logits.mean(0), labels)


def by_mean_softmax(logits: np.ndarray, labels: np.ndarray) -> Right:
    """Whether the mean of the softmax is largest at the label [...]."""
    above = np.exp(logits - logits.max(-1, keepdims=True))
    return _largest((above / above.sum(-1, keepdims=True)).mean(0), labels)


def by_majority(logits: np.ndarray, labels: np.ndarray) -> Right:
    """Whether more members answer the label than any other class [...]; one with a tie abstains."""
    top = logits.max(-1, keepdims=True)
    votes = (logits == top) & ((logits == top).sum(-1, keepdims=True) == 1)
    return _largest(votes.sum(0), labels)


RULES = {
    "mean of logits": by_mean_logit,
    "mean of softmax": by_mean_softmax,
    "majority vote": by_majority,
}
"""What makes one answer of many, by name."""


def _largest(scores: np.ndarray, labels: np.ndarray) -> Right:
    """Whether the label's score lies above every other one [...]."""
    own = np.take_along_axis(scores, labels[..., None], -1)
    above: Right = (scores < own).sum(-1) == scores.shape[-1] - 1
    return above
