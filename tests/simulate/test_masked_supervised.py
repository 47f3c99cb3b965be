"""Masked supervised learning: exact given its masks, and supervised learning without them."""

from dataclasses import replace

import pytest
import torch

from mrpverify.objectives.masked_supervised import gradient as masked_supervised
from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters
from mrpverify.simulate.masks import draw_masks
from mrpverify.simulate.sample import sample_images

SALT = "masked supervised"
P = Parameters(
    framework="masked-supervised", classes=3, kernels_per_class=2, dimension=8, images=40,
    visible=0.5, precision="float64",
)  # fmt: skip


def drawn(p, seeds=(0, 1)):
    images = sample_images(p, SALT, list(seeds))
    stream = torch.Generator().manual_seed(0)
    shape = (len(seeds), p.kernels, p.dimension)
    weights = torch.randn(shape, generator=stream, dtype=torch.float64)
    return images, masked_supervised.initial_state(p, weights, SALT, list(seeds))


def masked_loss(p, weights, images, masks):
    """Cross-entropy of images whose hidden patches are zero, outputs over theta if rescaled."""
    scale = p.visible if p.rescaled else 1.0
    x = images.patches * masks.unsqueeze(3)
    logits = supervised.logits(p, {"weights": weights}, x) / scale
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), images.labels.flatten(), reduction="none"
    ).view(images.labels.shape).mean(1)  # fmt: skip


@pytest.mark.parametrize("rescaled", [False, True])
@pytest.mark.parametrize("hides", ["any patch", "background"])
def test_the_direction_is_minus_the_gradient_for_the_masks_drawn(rescaled, hides):
    p = replace(P, rescaled=rescaled, hides=hides)
    images, state = drawn(p)
    masks, after = draw_masks(p, state["streams"], images.patches)
    if hides == "background":
        masks = torch.where(images.owner >= 0, 1.0, masks)
        assert bool((masks == 0).any())
    weights = state["weights"].clone().requires_grad_()
    masked_loss(p, weights, images, masks).sum().backward()
    move, _ = masked_supervised.descent_direction(p, state, images, torch.zeros(2, p.kernels))
    torch.testing.assert_close(move["weights"], -weights.grad, rtol=1e-10, atol=1e-12)
    assert torch.equal(state["streams"], after)


def test_without_masks_it_is_supervised_learning():
    p = replace(P, visible=1.0)
    images, state = drawn(p)
    largest = torch.zeros(2, p.kernels)
    found, reach = masked_supervised.descent_direction(p, state, images, largest)
    plain, other = supervised.descent_direction(p, state, images, largest)
    torch.testing.assert_close(found["weights"], plain["weights"], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(reach, other)


def test_masks_are_common_to_runs_of_a_salt_and_a_seed_and_new_in_every_step():
    images, state = drawn(P)
    _, again = drawn(replace(P, init_scale=0.01))
    assert torch.equal(state["streams"], again["streams"])
    first, streams = draw_masks(P, state["streams"], images.patches)
    second, _ = draw_masks(P, streams, images.patches)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
