"""Linear probe: logistic regression on the frozen encoder's pooled features, no augmentation."""

from __future__ import annotations

import torch
from torch import nn

from .encoder import CLASSES, Classifier

PENALTY = 1e-3
"""L2 penalty on the head, features standardised; the same for every encoder."""
_ITERATIONS = 200


def fit_head(classifier: Classifier, features: torch.Tensor, labels: torch.Tensor) -> None:
    """Set the head of a classifier from features [n, channels] of labelled images."""
    mean, spread = features.mean(0), features.std(0) + 1e-4
    weight, bias = _logistic((features - mean) / spread, labels)
    with torch.no_grad():
        classifier.head.weight.copy_(weight / spread)
        classifier.head.bias.copy_(bias - (weight / spread) @ mean)


def _logistic(x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights [classes, channels] and biases [classes] of penalised logistic regression."""
    weight = torch.zeros(CLASSES, x.shape[1], device=x.device, requires_grad=True)
    bias = torch.zeros(CLASSES, device=x.device, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy(x @ weight.T + bias, labels)
        value = value + PENALTY * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
