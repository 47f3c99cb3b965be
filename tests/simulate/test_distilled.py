"""Supervised learning taught by soft labels: its direction, its controls, and without teachers."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mrpverify.objectives.distilled import gradient as distilled
from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters
from mrpverify.regime import RegimeError
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.sample import sample_images
from mrpverify.simulate.teaching import TaughtImages, Teacher, taught, truncated_softmax
from mrpverify.simulate.trajectory import Trajectory

SALT = "distilled"
P = Parameters(
    framework="distilled", classes=3, kernels_per_class=2, dimension=8, images=40, test_images=8,
    off_class=1.0, precision="float64", init_scale=0.3, step=0.5, horizon=10.0,
    label_temperature=0.5, teacher_scale=2.0, taught_weight=3.0,
)  # fmt: skip
PLAIN = replace(P, framework="supervised")


def drawn(p, scale=1.0):
    """Images with random answers of one teacher, and kernels."""
    stream = torch.Generator().manual_seed(0)
    images = sample_images(p, SALT, [0, 1])
    answers = 3 * torch.rand(2, p.images, p.classes, generator=stream, dtype=torch.float64)
    weights = scale * torch.randn(2, p.kernels, p.dimension, generator=stream, dtype=torch.float64)
    return taught(p, images, [answers], SALT, [0, 1]), weights, answers


def teacher(p=PLAIN, seeds=(0, 1)):
    stream = torch.Generator().manual_seed(1)
    shape = (len(seeds), p.kernels, p.dimension)
    return Teacher(p, {"weights": torch.randn(shape, generator=stream, dtype=torch.float64)})


def direction(p, images, weights):
    return distilled.descent_direction(p, {"weights": weights}, images, torch.zeros(1))[0][
        "weights"
    ]


def test_soft_labels_are_the_truncated_softmax_of_the_scaled_mean_of_the_answers():
    images, _, answers = drawn(P)
    other = torch.flip(answers, [1])
    found = taught(P, images, [answers, other], SALT, [0, 1]).soft.numpy()
    mean = (answers.numpy() + other.numpy()) / 2
    raised = np.exp(
        np.minimum(P.label_temperature**2 * P.teacher_scale * mean, 1) / P.label_temperature
    )
    assert (P.label_temperature**2 * P.teacher_scale * mean > 1).any()
    np.testing.assert_allclose(found, raised / raised.sum(-1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("derivative", ["exact", "signed"])
def test_it_descends_the_cross_entropies_of_labels_and_soft_labels(derivative):
    """-grad of CE(labels) + eta_KD/tau CE(soft labels, truncated softmax), by autograd.

    The signed derivative does so below the cap alone.
    """
    tau = {"exact": 0.8, "signed": 0.1}[derivative]
    p = replace(P, derivative=derivative, label_temperature=tau)
    images, weights, _ = drawn(p, scale=0.3 if derivative == "signed" else 1.0)
    w = weights.clone().requires_grad_()
    logits = supervised.logits(p, {"weights": w}, images.patches)
    below = tau**2 * logits < 1
    assert bool(below.any())
    assert bool(below.all()) == (derivative == "signed")
    own = torch.log_softmax(logits, -1).gather(2, images.labels.unsqueeze(2)).squeeze(2)
    soft = (images.soft * torch.log(truncated_softmax(logits, tau))).sum(2)
    loss = -(own + p.taught_weight / p.label_temperature * soft).mean(1)
    loss.sum().backward()
    torch.testing.assert_close(direction(p, images, weights), -w.grad, rtol=1e-9, atol=1e-12)


def test_truncated_it_only_raises_logits():
    images, weights, _ = drawn(P)
    logits = supervised.logits(P, {"weights": weights}, images.patches)
    up = distilled.lift(P, logits, images.soft)
    both = distilled.lift(replace(P, derivative="signed"), logits, images.soft)
    assert bool((both < 0).any())
    assert bool((both > 0).any())
    assert torch.equal(up, torch.where(both > 0, both, 0.0))
    # It acts image by image: what one image raises another one does not lower.
    plain = direction(replace(P, taught_weight=0.0), images, weights)
    single = sum(
        direction(P, only(images, n), weights) - direction(weightless(), only(images, n), weights)
        for n in range(P.images)
    )
    added = direction(P, images, weights) - plain
    torch.testing.assert_close(added, single / P.images, rtol=1e-9, atol=1e-12)


def weightless():
    return replace(P, taught_weight=0.0)


def only(images, number):
    """One image of every seed."""
    kept = {
        f.name: getattr(images, f.name)[:, number : number + 1]
        for f in fields(images)
        if f.name != "features"
    }
    return replace(images, **kept)


def test_capped_classes_have_equal_soft_labels():
    found = truncated_softmax(torch.tensor([4.0, 400.0, 0.0]), 0.5)
    assert found[0] == found[1]
    assert float(found[0] / found[2]) == pytest.approx(np.exp(2.0))


def test_permuted_soft_labels_are_those_of_other_images_of_the_class():
    images, _, answers = drawn(P)
    moved = taught(replace(P, soft_labels="permuted"), images, [answers], SALT, [0, 1]).soft
    for seed in range(2):
        assert not torch.equal(moved[seed], images.soft[seed])
        for label in range(P.classes):
            there = images.labels[seed] == label
            one, other = (x[seed][there].sort(0).values for x in (moved, images.soft))
            assert torch.equal(one, other)


def test_with_no_weight_on_soft_labels_it_is_supervised_learning():
    """To rounding: labels alone have a compiled pass of their own."""
    found = pretrain(weightless(), SALT, [0, 1], teachers=[teacher()])
    plain = pretrain(PLAIN, SALT, [0, 1])
    for item in fields(Trajectory):
        one, other = getattr(found, item.name), getattr(plain, item.name)
        assert (one is None) == (other is None)
        if one is not None and item.name != "largest_curvature":
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=item.name)
    taught_run = pretrain(P, SALT, [0, 1], teachers=[teacher()])
    assert not np.allclose(taught_run.final_weights, plain.final_weights, rtol=0.01)


def test_images_keep_their_soft_labels():
    images, _, _ = drawn(P)
    assert isinstance(images.to("cpu", torch.float32), TaughtImages)
    assert torch.equal(images.select(torch.tensor([1])).soft[0], images.soft[1])


@pytest.mark.parametrize(
    ("p", "teachers", "message"),
    [
        (P, [], r"framework=distilled: is taught by other runs; give at least one teacher"),
        (PLAIN, [PLAIN], r"framework=supervised: learns from no soft labels, and 1 teachers"),
        (P, [replace(P, framework="mae")], r"taught by framework=mae: has no classifier"),
        (P, [replace(PLAIN, classes=4)], r"taught by a run with k=4: must be k=3"),
        (P, [replace(PLAIN, dimension=9)], r"taught by a run with d=9: must be d=8"),
    ],
)
def test_teachers_that_are_missing_or_do_not_fit_are_refused(p, teachers, message):
    with pytest.raises(RegimeError, match=message):
        pretrain(p, SALT, [0, 1], teachers=[teacher(q) for q in teachers])


def test_teachers_of_another_width_and_activation_answer_by_their_own_regime():
    other = replace(PLAIN, kernels_per_class=5, power=4, linear_from=0.3)
    run = pretrain(P, SALT, [0, 1], teachers=[teacher(), teacher(other)])
    assert run.final_weights.shape == (2, P.kernels, P.dimension)


def test_a_part_of_taught_images_keeps_their_soft_labels():
    images = sample_images(P, SALT, [0])
    own = taught(P, images, [torch.randn(1, P.images, P.classes)], SALT, [0])
    part = own.part(3, 7)
    torch.testing.assert_close(part.soft, own.soft[:, 3:7], rtol=0, atol=0)
    torch.testing.assert_close(part.features, own.features, rtol=0, atol=0)


def test_smoothed_soft_labels_are_the_mean_weight_on_the_label_and_the_rest_spread_evenly():
    """The mean over the images of a seed; nothing about an image is left but its label."""
    images, _, answers = drawn(P)
    soft = taught(P, images, [answers], SALT, [0, 1]).soft.numpy()
    found = taught(replace(P, soft_labels="smoothed"), images, [answers], SALT, [0, 1]).soft
    for s in range(2):
        labels = images.labels[s].numpy()
        own = np.mean([soft[s, n, y] for n, y in enumerate(labels)])
        for n, y in enumerate(labels):
            expected = [own if i == y else (1 - own) / (P.classes - 1) for i in range(P.classes)]
            np.testing.assert_allclose(found[s, n].numpy(), expected, rtol=1e-12)
