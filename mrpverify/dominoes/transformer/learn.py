"""Training the networks of several seeds at once: mask reconstruction, labels, a linear head.

The losses of the seeds are added, so that every seed has the gradient that it has alone; batches
and masks of a seed come from streams of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from ...images.learn.descend import LOSS_POINTS, WEIGHT_DECAY, DivergedError, scheduled
from ...images.learn.images import batches
from .network import Shape, Weights, decode, encode, logits, picked, pooled

PENALTY = 1e-3
"""L2 penalty on the head of a linear probe, features standardised."""
PROBE_ITERATIONS = 300
EVALUATED = 250
"""Images of a seed that go through the network at once where nothing is learned."""

Heard = Callable[[], None]


@dataclass(frozen=True)
class Labelled:
    """Images of several seeds as patches [seeds, n, tokens, values], with labels [seeds, n]."""

    tokens: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class Task:
    """What a network is trained for, on which device, in which precision."""

    shape: Shape
    visible: int
    """Patches that are seen where some are hidden."""
    device: str = "cpu"
    precision: str = "float32"

    def products(self) -> AbstractContextManager[object]:
        """The precision of the products inside."""
        if self.precision == "bfloat16":
            return torch.autocast(self.device, torch.bfloat16)
        return nullcontext()


class Draws:
    """Batches and masks, step by step, from a stream of each seed: the same on every device."""

    def __init__(
        self,
        streams: Sequence[torch.Generator],
        images: int,
        batch: int,
        steps: int,
        device: str = "cpu",
    ) -> None:
        self._streams, self._size, self._device = streams, batch, device
        order = torch.stack([batches(images, batch, steps, s) for s in streams], 1)
        self._order = order.to(device)
        self._rows = torch.arange(len(streams), device=device)[:, None]

    def batch(self, step: int, data: Labelled) -> Labelled:
        """The images of a step."""
        chosen = self._order[step]
        return Labelled(data.tokens[self._rows, chosen], data.labels[self._rows, chosen])

    def places(self, tokens: int) -> torch.Tensor:
        """Every patch of a batch's images in a random order [seeds, batch, tokens]."""
        size = (self._size, tokens)
        drawn = torch.stack([torch.rand(size, generator=s) for s in self._streams])
        if self._device != "cpu":
            # From pinned memory a copy need not wait until the GPU is done with earlier steps.
            drawn = drawn.pin_memory().to(self._device, non_blocking=True)
        return drawn.argsort(stable=True, dim=-1)


def reconstruct(weights: Weights, task: Task, data: Labelled, order: torch.Tensor) -> torch.Tensor:
    """Mean squared error on the hidden patches alone [seeds]; the first of `order` are seen."""
    seen, hidden = order[..., : task.visible], order[..., task.visible :]
    with task.products():
        found = encode(weights, task.shape, data.tokens, seen)
        predicted = decode(weights, task.shape, found, seen)
    error = picked(predicted, hidden).float() - picked(data.tokens, hidden)
    return error.square().mean((1, 2, 3))


def classify(
    weights: Weights, task: Task, data: Labelled, seen: torch.Tensor | None
) -> torch.Tensor:
    """Cross-entropy [seeds] on whole images, or on what is seen of them."""
    with task.products():
        found = encode(weights, task.shape, data.tokens, seen)
    predicted = logits(weights, pooled(found))
    values = cross_entropy(predicted.flatten(0, 1), data.labels.flatten(), reduction="none")
    return values.reshape(data.labels.shape).mean(1)


def pretrain(
    weights: Weights,
    task: Task,
    data: Labelled,
    draws: Draws,
    steps: int,
    rate: float,
    heard: Heard = lambda: None,
) -> tuple[Weights, np.ndarray]:
    """Encoder and decoder after mask reconstruction; the loss curve [seeds, points]."""

    def loss(own: Weights, step: int) -> torch.Tensor:
        part = draws.batch(step, data)
        order = draws.places(task.shape.tokens)
        return reconstruct(own, task, part, order)

    return descend(weights, loss, steps, rate, heard)


def learn_labels(
    weights: Weights,
    task: Task,
    data: Labelled,
    draws: Draws,
    steps: int,
    rate: float,
    masked: bool = False,
    heard: Heard = lambda: None,
) -> tuple[Weights, np.ndarray]:
    """Encoder and head after cross-entropy, hidden patches dropped where it is `masked`."""

    def loss(own: Weights, step: int) -> torch.Tensor:
        part, seen = draws.batch(step, data), None
        if masked:
            seen = draws.places(task.shape.tokens)[..., : task.visible]
        return classify(own, task, part, seen)

    return descend(weights, loss, steps, rate, heard)


def descend(
    weights: Weights,
    loss: Callable[[Weights, int], torch.Tensor],
    steps: int,
    rate: float,
    heard: Heard,
) -> tuple[Weights, np.ndarray]:
    """AdamW on the sum of the seeds' losses; linear warm-up, then a cosine to 0.

    Returns the weights and the loss curve [seeds, points]; `heard` is called after every step.
    Raises DivergedError where a loss is no longer finite.
    """
    own = {name: value.clone().requires_grad_() for name, value in weights.items()}
    fused = next(iter(own.values())).is_cuda
    optimiser = torch.optim.AdamW(own.values(), lr=rate, weight_decay=WEIGHT_DECAY, fused=fused)
    losses = []
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = scheduled(rate, step, steps)
        optimiser.zero_grad()
        values = loss(own, step)
        values.sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(values.detach())
        heard()
    curve = torch.stack(losses, 1).cpu().numpy()
    if not np.isfinite(curve).all():
        raise DivergedError(f"the loss is no longer finite in {steps} steps at a rate of {rate:g}")
    points = np.array_split(curve, min(steps, LOSS_POINTS), axis=1)
    return {name: value.detach() for name, value in own.items()}, np.stack(
        [part.mean(1) for part in points], 1
    )


@torch.no_grad()
def features(weights: Weights, task: Task, data: Labelled) -> torch.Tensor:
    """Features [seeds, n, width] of whole images, float32 whatever training was in."""
    parts = torch.split(data.tokens, EVALUATED, 1)
    return torch.cat([pooled(encode(weights, task.shape, part)) for part in parts], 1)


@torch.no_grad()
def accuracy(weights: Weights, task: Task, data: Labelled) -> np.ndarray:
    """Share of images classified correctly [seeds]."""
    answers = logits(weights, features(weights, task, data)).argmax(-1)
    found: np.ndarray = (answers == data.labels).double().mean(1).cpu().numpy()
    return found


def probed(weights: Weights, task: Task, data: Labelled) -> Weights:
    """The same encoders, each with the head of a penalised logistic regression on its features."""
    found = features(weights, task, data).cpu().double()
    classes = weights["head.bias"].shape[1]
    heads = [_head(x, y, classes) for x, y in zip(found, data.labels.cpu(), strict=True)]
    device = weights["head.bias"].device
    matrix, bias = (torch.stack(part).float().to(device) for part in zip(*heads, strict=True))
    return {**weights, "head.weight": matrix, "head.bias": bias}


def _head(x: torch.Tensor, y: torch.Tensor, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights [width, classes] and biases [classes] for features [n, width] as they are."""
    middle, spread = x.mean(0), x.std(0) + 1e-6
    weight = torch.zeros(x.shape[1], classes, dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(classes, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=PROBE_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        value = cross_entropy((x - middle) / spread @ weight + bias, y)
        value = value + PENALTY * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    scaled = weight.detach() / spread[:, None]
    return scaled, bias.detach() - middle @ scaled


def accuracies(weights: Weights, task: Task, sets: Mapping[str, Labelled]) -> np.ndarray:
    """Accuracy on every set [seeds, sets]."""
    return np.stack([accuracy(weights, task, data) for data in sets.values()], 1)
