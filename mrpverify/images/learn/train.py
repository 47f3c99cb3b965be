"""Carrying out one run: the data it sees, its task, and the arrays that are stored."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from ...simulate.seeding import generator
from . import pixels, probe, teacher
from .descend import descend
from .encoder import Classifier, Encoder, flat, fresh, load_flat
from .images import Labelled, augmented, batches, shown
from .training import Training

Arrays = dict[str, np.ndarray]
_TEST_BATCH = 1000


# TF32 convolutions are no float32, and a GPU that does not repeat itself no record.
@torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
def train(training: Training, data: Labelled, test: Labelled, start: np.ndarray | None) -> Arrays:
    """Weights, loss curve and, where labels were learned, logits of the test images.

    `start` are the weights of the encoder of `training.start`. Keys: ``weights`` [weight],
    ``loss`` [point], ``logits`` [image, class], ``snapshots`` [snapshot, weight].
    """
    own, test = shown(training, data).to(training.device), test.to(training.device)
    if training.task in ("pixels", "teacher"):
        return _pretrain(training, own)
    classifier = initial_classifier(training, start).to(training.device)
    snapshots: list[torch.Tensor] = []
    if training.task == "probe":
        features = pooled(classifier.encoder, own)
        probe.fit_head(classifier, features, own.labels)
        loss = np.zeros(0)
    else:
        loss = _learn_labels(training, classifier, own, snapshots)
    found = {"weights": flat(classifier).numpy(), "loss": loss}
    found["logits"] = logits(classifier, test).numpy()
    if snapshots:
        found["snapshots"] = torch.stack(snapshots).numpy()
    return found


def stream_of(training: Training, purpose: str) -> torch.Generator:
    """Random stream of one purpose: weights, masks and batches follow seed and `init`."""
    return generator(training.salt, training.seed, f"cifar {purpose} {training.init}")


def _products(training: Training) -> AbstractContextManager[object]:
    """The precision of the products inside."""
    if training.precision == "bfloat16":
        return torch.autocast(training.device, torch.bfloat16)
    return nullcontext()


def _pretrain(training: Training, own: Labelled) -> Arrays:
    """The encoder after mask reconstruction."""
    encoder = _fresh_encoder(training)
    channels = encoder.channels
    pixel_task = training.task == "pixels"
    head: nn.Module = (
        pixels.PixelDecoder(channels) if pixel_task else teacher.Predictor(channels, training.width)
    )
    fresh(head, stream_of(training, "decoder"))
    encoder, head = encoder.to(training.device), head.to(training.device)
    tutor = deepcopy(encoder)
    stream = stream_of(training, training.task)
    order = batches(len(own), training.batch, training.steps, stream).to(training.device)

    def loss(step: int) -> torch.Tensor:
        images = _batch(own, order[step], stream)
        with _products(training):
            if isinstance(head, pixels.PixelDecoder):
                return pixels.loss(encoder, head, images, training.mask_ratio, stream)
            return teacher.loss(encoder, tutor, head, images, training.mask_ratio, stream)

    def after(step: int) -> None:
        del step
        if not pixel_task:
            teacher.follow(tutor, encoder)

    weights = [*encoder.parameters(), *head.parameters()]
    curve = descend(weights, training.rate, training.steps, loss, after)
    return {"weights": flat(encoder).numpy(), "loss": curve}


def _learn_labels(
    training: Training, classifier: Classifier, own: Labelled, snapshots: list[torch.Tensor]
) -> np.ndarray:
    """Cross-entropy on augmented images; all weights move. Returns the loss curve."""
    stream = stream_of(training, "labels")
    order = batches(len(own), training.batch, training.steps, stream).to(training.device)
    kept = np.linspace(0, training.steps, training.snapshots + 1)[1:].round() - 1

    def loss(step: int) -> torch.Tensor:
        images = _batch(own, order[step], stream)
        with _products(training):
            predicted = classifier(images)
        return nn.functional.cross_entropy(predicted.float(), own.labels[order[step]])

    def after(step: int) -> None:
        if step in kept:
            snapshots.append(flat(classifier))

    return descend(classifier.parameters(), training.rate, training.steps, loss, after)


def _batch(own: Labelled, chosen: torch.Tensor, stream: torch.Generator) -> torch.Tensor:
    """One augmented, normalised batch."""
    return own.normalised(augmented(own.images[chosen], stream))


def _fresh_encoder(training: Training) -> Encoder:
    """The run's initial encoder: the same for every task of one salt and seed."""
    encoder = Encoder(training.width)
    fresh(encoder, stream_of(training, "encoder"))
    return encoder


def initial_classifier(training: Training, start: np.ndarray | None = None) -> Classifier:
    """A zero head on the pretrained encoder, or on a fresh one."""
    classifier = Classifier(training.width)
    classifier.encoder = _fresh_encoder(training)
    if start is not None:
        load_flat(classifier.encoder, torch.from_numpy(start))
    return classifier


def network(training: Training, weights: np.ndarray) -> Classifier:
    """The classifier of a stored run."""
    classifier = Classifier(training.width)
    load_flat(classifier, torch.from_numpy(weights))
    return classifier.eval()


@torch.no_grad()
def pooled(encoder: Encoder, data: Labelled) -> torch.Tensor:
    """Features [n, channels] of images on the encoder's device, without augmentation."""
    parts = []
    for start in range(0, len(data), _TEST_BATCH):
        chosen = torch.arange(start, min(start + _TEST_BATCH, len(data)))
        images = data.normalised(data.images[chosen])
        parts.append(encoder(images).mean((2, 3)))
    return torch.cat(parts)


@torch.no_grad()
def logits(classifier: Classifier, data: Labelled) -> torch.Tensor:
    """Logits [n, classes] of images on the network's device, not augmented; on the CPU."""
    features = pooled(classifier.encoder, data)
    return torch.nn.functional.linear(features, classifier.head.weight, classifier.head.bias).cpu()
