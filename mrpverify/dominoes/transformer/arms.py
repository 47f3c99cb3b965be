"""The arms of one comparison, of several seeds at once: all from the same init, on the same images.

An encoder is pretrained as a masked autoencoder on the images that are labelled later, and then
probed or fine-tuned. Supervised learning starts from the very same encoder, for as long as
fine-tuning and longer; so does supervised learning on masked images, whose hidden patches are
dropped. The decoder is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ...simulate.seeding import generator
from .canvas import Canvas, canvas, patches
from .learn import (
    Draws,
    Labelled,
    Task,
    accuracies,
    learn_labels,
    pretrain,
    probed,
)
from .network import Shape, Weights, fresh_decoder, fresh_encoder, stacked
from .size import Size

MULTI, SINGLE, TRAINING = "multi-view", "single-view", "training"
"""What accuracies are of: test images that show both views, or one; the labelled images."""
TUNED, PROBE = "fine-tuned", "linear probe"
RANDOM = "random encoder, linear probe"
SUPERVISED, LONGER = "supervised", "supervised, longer"
MASKED, MASKED_LONGER = "masked supervised", "masked supervised, longer"
SHUFFLED = "fine-tuned, shuffled labels"
ARMS = (TUNED, PROBE, RANDOM, SUPERVISED, LONGER, MASKED, MASKED_LONGER, SHUFFLED)
PRETRAINING = "pretraining"
"""Name of its loss curve."""

Heard = Callable[[float], None]
"""Hears the share of the work that is done, 0 to 1."""


@dataclass(frozen=True)
class Found:
    """What the arms of some seeds came to."""

    accuracy: np.ndarray
    """[seeds, ARMS, (multi-view, single-view, training)]."""
    loss: Mapping[str, np.ndarray]
    """Loss curves [seeds, points] by arm, that of pretraining included: there in units of the
    pixels' variance over training images."""


@dataclass(frozen=True)
class Sets:
    """The images of some seeds."""

    training: Labelled
    tests: Mapping[str, Labelled]


def sets(parameters: Any, size: Size, salt: str, seeds: Sequence[int], device: str = "cpu") -> Sets:
    """Training images, and test images that show both views or one; raises MissingDataError.

    Pixels have mean 0 and variance 1 over a seed's training images.
    """
    own = [_of_seed(parameters, size, salt, seed) for seed in seeds]
    found = {
        name: Labelled(*(torch.stack(part).to(device) for part in zip(*rows, strict=True)))
        for name, rows in ((name, [seed[name] for seed in own]) for name in own[0])
    }
    return Sets(found.pop(TRAINING), found)


def _of_seed(
    parameters: Any, size: Size, salt: str, seed: int
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Patches [n, tokens, values] and labels [n] of the three sets of one seed."""
    test = replace(parameters, images=parameters.test_images)
    drawn = {
        TRAINING: canvas(parameters, salt, seed, "data"),
        MULTI: canvas(replace(test, single_view=0.0), salt, seed, f"test {MULTI}"),
        SINGLE: canvas(replace(test, single_view=1.0), salt, seed, f"test {SINGLE}"),
    }
    shown = drawn[TRAINING].pixels
    return {name: _cut(own, shown.mean(), shown.std(), size) for name, own in drawn.items()}


def _cut(
    own: Canvas, mean: torch.Tensor, spread: torch.Tensor, size: Size
) -> tuple[torch.Tensor, torch.Tensor]:
    return patches((own.pixels - mean) / spread, size.side), own.labels


def inits(
    shape: Shape, classes: int, salt: str, seeds: Sequence[int], device: str = "cpu"
) -> tuple[Weights, Weights]:
    """Encoders with a head of zeros, and decoders, as every arm of a seed begins with them."""
    streams = [
        (generator(salt, s, "transformer encoder"), generator(salt, s, "transformer decoder"))
        for s in seeds
    ]
    encoders = stacked([fresh_encoder(shape, classes, first) for first, _ in streams])
    decoders = stacked([fresh_decoder(shape, second) for _, second in streams])
    return _to(encoders, device), _to(decoders, device)


def _to(weights: Weights, device: str) -> Weights:
    return {name: value.to(device) for name, value in weights.items()}


def compared(
    parameters: Any,
    size: Size,
    salt: str,
    seeds: Sequence[int],
    device: str = "cpu",
    precision: str = "float32",
    heard: Heard = lambda share: None,
) -> Found:
    """Every arm of some seeds; raises MissingDataError, and DivergedError where a loss is lost.

    The result of a seed does not depend on which others are trained with it, up to rounding.
    """
    p = parameters
    shape = size.shape(p.patches)
    task = Task(shape, size.visible(shape.tokens), device, precision)
    data = sets(p, size, salt, seeds, device)
    fresh, decoder = inits(shape, p.classes, salt, seeds, device)
    study = _Study(size, task, data, salt, seeds, _Work(size, task, heard))
    pretrained = study.pretrained(fresh, decoder)
    study.probe(PROBE, pretrained)
    study.probe(RANDOM, fresh)
    study.labels(TUNED, pretrained)
    study.labels(SHUFFLED, pretrained, shuffled=True)
    study.labels(SUPERVISED, fresh)
    study.labels(MASKED, fresh, masked=True)
    study.labels(MASKED_LONGER, fresh, masked=True, longer=size.longer)
    study.labels(LONGER, fresh, longer=size.longer)
    return Found(np.stack([study.accuracy[arm] for arm in ARMS], 1), study.loss)


class _Work:
    """How much of it all is done, by the products that a step takes."""

    def __init__(self, size: Size, task: Task, heard: Heard) -> None:
        self._heard, self._done, shape = heard, 0.0, task.shape
        seen = task.visible / shape.tokens
        body = shape.layers * shape.width**2
        back = shape.decoder_layers * shape.decoder_width**2
        self.of_pretraining = size.pretraining_batch * (seen * body + back)
        self.of_labels = {False: size.label_batch * body, True: size.label_batch * body * seen}
        arms = size.label_steps * (
            (3 + size.longer) * self.of_labels[False] + (1 + size.longer) * self.of_labels[True]
        )
        self._total = arms + size.pretraining_steps * self.of_pretraining

    def step(self, cost: float) -> Callable[[], None]:
        """What is called after every step of such a cost."""

        def after() -> None:
            self._done += cost
            self._heard(min(1.0, self._done / self._total))

        return after


class _Study:
    """Trains arm after arm and keeps what each came to."""

    def __init__(
        self, size: Size, task: Task, data: Sets, salt: str, seeds: Sequence[int], work: _Work
    ) -> None:
        self._size, self._task, self._data, self._work = size, task, data, work
        self._salt, self._seeds = salt, seeds
        self.accuracy: dict[str, np.ndarray] = {}
        self.loss: dict[str, np.ndarray] = {}

    def _streams(self, purpose: str) -> list[torch.Generator]:
        return [generator(self._salt, seed, f"transformer {purpose}") for seed in self._seeds]

    def pretrained(self, encoder: Weights, decoder: Weights) -> Weights:
        """The encoders after mask reconstruction."""
        size, data = self._size, self._data.training
        streams, images = self._streams(PRETRAINING), data.labels.shape[1]
        draws = Draws(
            streams, images, size.pretraining_batch, size.pretraining_steps, self._task.device
        )
        found, self.loss[PRETRAINING] = pretrain(
            {**encoder, **decoder}, self._task, data, draws, size.pretraining_steps,
            size.pretraining_rate, self._work.step(self._work.of_pretraining),
        )  # fmt: skip
        return {name: found[name] for name in encoder}

    def probe(self, arm: str, start: Weights) -> None:
        """A linear head on a frozen encoder."""
        self._keep(arm, probed(start, self._task, self._data.training))

    def labels(
        self,
        arm: str,
        start: Weights,
        longer: int = 1,
        masked: bool = False,
        shuffled: bool = False,
    ) -> None:
        """Encoder and head from a start; the same batches for every arm that is as long."""
        size, data = self._size, self._data.training
        if shuffled:
            data = self._shuffled(data)
        steps = longer * size.label_steps
        streams, images = self._streams("labels"), data.labels.shape[1]
        draws = Draws(streams, images, size.label_batch, steps, self._task.device)
        found, self.loss[arm] = learn_labels(
            start, self._task, data, draws, steps, size.label_rate, masked,
            self._work.step(self._work.of_labels[masked]),
        )  # fmt: skip
        self._keep(arm, found)

    def _shuffled(self, data: Labelled) -> Labelled:
        """The labels of every seed in another order: they say nothing about the images."""
        rows = zip(data.labels, self._streams("shuffled labels"), strict=True)
        own = [y[torch.randperm(len(y), generator=s).to(y.device)] for y, s in rows]
        return replace(data, labels=torch.stack(own))

    def _keep(self, arm: str, weights: Weights) -> None:
        """Its accuracies."""
        every = {**self._data.tests, TRAINING: self._data.training}
        self.accuracy[arm] = accuracies(weights, self._task, every)
