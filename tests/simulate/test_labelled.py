"""Supervised learning and fine-tuning: closed-form gradients against autograd of the loss."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.objectives.fine_tuning import gradient as fine_tuning
from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters
from mrpverify.simulate.classifier import margins
from mrpverify.simulate.sample import MULTI_VIEW, Images

SEEDS, IMAGES, PATCHES, CLASSES, PER_CLASS, DIMENSION = 2, 7, 4, 3, 2, 6


def srelu(u, q, varrho):
    """The activation written a second time, so that autograd sees it."""
    return torch.where(
        u <= varrho, u.clamp(min=0) ** q / (q * varrho ** (q - 1)), u - (1 - 1 / q) * varrho
    )


def outputs(p, w, x):
    return srelu(x @ w.T, p.power, p.linear_from).sum(1)


def loss_of(logits, labels):
    """Mean of -log p_y, from the definition."""
    shifted = torch.exp(logits - logits.max())
    chance = shifted[torch.arange(len(labels)), labels] / shifted.sum(1)
    return -torch.log(chance).mean()


def draw_case(framework, q, seed, **changes):
    """Parameters, images with random labels, and kernels on all pieces of the activation."""
    p = Parameters(
        framework=framework, classes=CLASSES, kernels_per_class=PER_CLASS, power=q,
        dimension=DIMENSION, **changes,
    )  # fmt: skip
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    x = normal(SEEDS, IMAGES, PATCHES, DIMENSION) / DIMENSION**0.5
    labels = torch.randint(CLASSES, (SEEDS, IMAGES), generator=draw)
    empty = torch.zeros(SEEDS, IMAGES, PATCHES)
    images = Images(
        x, labels, torch.full_like(labels, MULTI_VIEW), empty.long(), empty, normal(SEEDS, 6, 6)
    )
    state = {"weights": normal(SEEDS, p.kernels, DIMENSION)}
    if framework == "fine-tuning":
        state["head"] = normal(SEEDS, CLASSES, p.kernels)
    u = x.flatten(1, 2) @ state["weights"].transpose(1, 2)
    assert (u < 0).any()
    assert ((u > 0) & (u < p.linear_from)).any()
    assert (u > p.linear_from).any()
    return p, images, state


@settings(max_examples=25)
@given(q=st.integers(2, 4), seed=st.integers(0, 10_000))
def test_supervised_gradient_is_that_of_the_cross_entropy_of_block_sums(q, seed, assert_same):
    p, images, state = draw_case("supervised", q, seed)
    move, reach = supervised.descent_direction(p, state, images, torch.zeros(SEEDS, p.kernels))
    loss = supervised.expected_loss(p, state, images, torch.zeros(SEEDS, p.kernels))
    for s in range(SEEDS):
        w = state["weights"][s].clone().requires_grad_()
        h = outputs(p, w, images.patches[s])
        logits = torch.stack(
            [h[:, PER_CLASS * i : PER_CLASS * (i + 1)].sum(1) for i in range(CLASSES)], 1
        )
        expected = loss_of(logits, images.labels[s])
        assert_same(move["weights"][s], -torch.autograd.grad(expected, w)[0])
        assert_same(loss[s], expected.detach())
        assert_same(reach[s], (images.patches[s] @ state["weights"][s].T).max())


@settings(max_examples=25)
@given(q=st.integers(2, 4), ratio=st.floats(0.05, 1), seed=st.integers(0, 10_000))
def test_fine_tuning_gradients_carry_the_ratio_of_the_steps(q, ratio, seed, assert_same):
    p, images, state = draw_case("fine-tuning", q, seed, head_step=0.5, encoder_step=0.5 * ratio)
    move, _ = fine_tuning.descent_direction(p, state, images, torch.zeros(SEEDS, p.kernels))
    for s in range(SEEDS):
        w, u = (state[name][s].clone().requires_grad_() for name in ("weights", "head"))
        expected = loss_of(outputs(p, w, images.patches[s]) @ u.T, images.labels[s])
        to_w, to_u = torch.autograd.grad(expected, (w, u))
        assert_same(move["head"][s], -to_u)
        assert_same(move["weights"][s], -ratio * to_w)


def test_a_probe_moves_its_head_as_fine_tuning_does_and_nothing_else(assert_same):
    p, images, state = draw_case("fine-tuning", 3, 5)
    frozen = replace(p, encoder_step=0.0)
    nothing = torch.zeros(SEEDS, p.kernels)
    tuned, _ = fine_tuning.descent_direction(p, dict(state), images, nothing)
    probe, _ = fine_tuning.descent_direction(frozen, dict(state), images, nothing)
    assert set(probe) == {"head"}
    assert_same(probe["head"], tuned["head"])
    kept: dict = dict(state)
    fine_tuning.descent_direction(frozen, kept, images, nothing)
    first = kept["outputs"]
    fine_tuning.descent_direction(frozen, kept, images, nothing)
    assert kept["outputs"] is first, "a frozen encoder's outputs are computed once"


def test_a_wrong_label_is_another_gradient(assert_different):
    """Negative control of the comparison: the oracle notices one label."""
    p, images, state = draw_case("supervised", 3, 1)
    other = replace(images, labels=(images.labels + 1) % CLASSES)
    nothing = torch.zeros(SEEDS, p.kernels)
    moves = [supervised.descent_direction(p, state, i, nothing)[0] for i in (images, other)]
    assert_different(moves[0]["weights"], moves[1]["weights"], by=0.1)


def test_the_head_starts_at_zero_and_a_fused_encoder_at_its_mean(assert_same):
    p, _, state = draw_case("fine-tuning", 3, 2)
    plain = fine_tuning.initial_state(p, state["weights"], "a", [0, 1])
    assert plain["head"].shape == (SEEDS, CLASSES, p.kernels)
    assert not plain["head"].any()
    assert plain["weights"] is state["weights"]
    fused = fine_tuning.initial_state(replace(p, fused=True), state["weights"], "a", [0, 1])
    for kernel in range(p.kernels):
        assert_same(fused["weights"][:, kernel], state["weights"].mean(1))


@pytest.mark.parametrize(
    ("logits", "margin"), [([3.0, 1.0, 2.0], 1.0), ([1.0, 3.0, 2.0], -2.0), ([0.0, 0.0, 0.0], 0.0)]
)
def test_margins_and_ties(logits, margin):
    """A tie is no right answer: what no kernel sees is not known."""
    found = margins(torch.tensor([[logits]]), torch.zeros(1, 1, dtype=torch.int64))
    assert float(found) == margin
