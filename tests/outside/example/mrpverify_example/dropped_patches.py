"""Supervised learning on randomly masked images, with a mask drawn anew in every step.

    L = -1/N sum_n log softmax(F)_y,   F_i = sum of kernels of class i of sum_p eps_p a_p [/ theta].

Given the masks the gradient is exact; their expectation goes through a softmax and is not taken.
"""

from dataclasses import dataclass

import mrpverify as mv
from mrpverify import parts


@dataclass(frozen=True, kw_only=True)
class Options:
    """What this objective alone reads."""

    louder: bool = mv.parameter(True, "louder", "masked outputs are divided by theta")


def start(parameters, weights, salt, seeds):
    """Kernels, and the streams that masks are drawn from."""
    return {"weights": weights, "streams": mv.mask_streams(salt, seeds, "dropped patches")}


def direction(parameters, state, images, largest):
    """-grad of the cross-entropy for new masks, and the largest pre-activation [seeds]."""
    masks, state["streams"] = mv.draw_masks(parameters, state["streams"], images.patches)
    u = mv.project(state["weights"], images.patches)
    a, slope = mv.smoothed_relu(u, parameters.power, parameters.linear_from)
    masks = masks / parameters.visible if parameters.louder else masks
    pull = mv.pull(by_class(parameters, (a * masks.unsqueeze(3)).sum(2)), images.labels)
    per_kernel = pull.repeat_interleave(parameters.kernels_per_class, 2)
    signal = slope * masks.unsqueeze(3) * per_kernel.unsqueeze(2)
    to_w = mv.back_project(signal, images.patches) / images.patches.shape[1]
    return {"weights": to_w}, u.amax((1, 2, 3))


def logits(parameters, state, patches):
    """F of whole images [seeds, images, classes]: nothing is masked in a test."""
    u = mv.project(state["weights"], patches)
    a, _ = mv.smoothed_relu(u, parameters.power, parameters.linear_from)
    return by_class(parameters, a.sum(2))


def loss(parameters, state, images, largest):
    """Cross-entropy on whole training images [seeds]."""
    return mv.cross_entropy(logits(parameters, state, images.patches), images.labels)


def by_class(parameters, outputs):
    """Sums over the kernels of each class."""
    return outputs.unflatten(2, (parameters.classes, -1)).sum(3)


OBJECTIVE = mv.Objective(
    name="dropped-patches",
    parts=(*parts.OF_LABELS, parts.Masks, Options),
    like="supervised",
    start=start,
    direction=direction,
    loss=loss,
    plateau_degree=lambda parameters: parameters.power,
    logits=logits,
    labelled=True,
)
