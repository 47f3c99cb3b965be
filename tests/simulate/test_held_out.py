"""Tests on held-out images: a network that knows everything, one that knows one view, none."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters, changed
from mrpverify.parts import Law
from mrpverify.simulate import held_out, sample
from mrpverify.simulate.held_out import count_correct, training_margins
from mrpverify.simulate.sample import sample_features, sample_images
from mrpverify.simulate.seeding import generator

P = Parameters(
    framework="supervised", classes=4, kernels_per_class=2, dimension=12, images=50,
    off_class=0.8, patch_noise=0.005, weak_view=0.1, feature_noise=0.0, test_images=300,
    precision="float64", single_view=0.3,
)  # fmt: skip
SEEDS = [0, 1]


def network(*views):
    """Kernels of each block aligned with the given views of its class, 3 varrho long."""
    weights = torch.zeros(len(SEEDS), P.kernels, P.dimension, dtype=torch.float64)
    for row, seed in enumerate(SEEDS):
        v = sample_features(P, "h", seed).view(P.classes, P.views, -1)
        blocks = weights[row].view(P.classes, P.kernels_per_class, -1)
        for slot, view in enumerate(views):
            blocks[:, slot] = 3 * P.linear_from * v[:, view]
    return {"weights": weights}


def accuracies(state, p=P):
    """Shares by law and by what is shown [laws, 1 + views], seeds and classes pooled."""
    right, number = count_correct(p, state, supervised.logits, "h", SEEDS)
    assert (number > 0).all()
    assert (number.sum((2, 3)) == 2 * p.test_images).all()
    return (right.sum((0, 2)) / number.sum((0, 2))).numpy()


def test_who_knows_both_views_answers_everything():
    assert (accuracies(network(0, 1)) >= 0.99).all()


def test_who_knows_one_view_answers_the_other_iff_nothing_disturbs():
    """L12 without training: 600 images a cell, five standard errors."""
    found = accuracies(network(0))
    law = 0  # in distribution
    assert found[law, 0] == 1
    assert found[law, 1] == 1
    alone = (1 - P.off_class / P.classes) ** (P.classes - 1)
    error = np.sqrt(alone * (1 - alone) / 300)
    assert found[law, 2] == pytest.approx(alone, abs=5 * error)
    removed = list(held_out.test_laws(P)).index("one own view removed")
    # Nothing weak is left: what is not disturbed is a tie or noise, a guess at best.
    assert found[removed, 2] < alone / 2
    larger = list(held_out.test_laws(P)).index("larger s")
    assert found[larger, 2] < found[law, 2] - 5 * error


def test_who_knows_nothing_answers_nothing():
    """All logits are zero: a tie is no right answer."""
    state = {"weights": torch.zeros(2, P.kernels, P.dimension, dtype=torch.float64)}
    assert (accuracies(state) == 0).all()


def test_the_control_hides_nothing_in_test_images_either():
    assert (accuracies(network(0), replace(P, hide=False)) >= 0.99).all()


def test_training_margins_are_the_least_ones_of_each_kind():
    images = sample_images(P, "h", SEEDS)
    state = network(0)
    share, least = training_margins(P, state, supervised.logits, images)
    logits = supervised.logits(P, state, images.patches)
    for seed in range(2):
        for kind, single in enumerate((False, True)):
            rows = [
                float(f[y] - max(f[j] for j in range(P.classes) if j != y))
                for f, y, view in zip(
                    logits[seed], images.labels[seed], images.shown_view[seed], strict=True
                )
                if (view >= 0) == single
            ]
            assert least[seed, kind] == pytest.approx(min(rows))
            assert share[seed, kind] == pytest.approx(np.mean(np.array(rows) > 0))


def test_without_images_of_a_kind_there_is_no_margin():
    images = sample_images(replace(P, single_view=0.0), "h", SEEDS)
    share, least = training_margins(P, network(0), supervised.logits, images)
    assert torch.isnan(share[:, 1]).all()
    assert torch.isnan(least[:, 1]).all()
    assert torch.isfinite(least[:, 0]).all()


def test_test_images_are_no_training_images_and_both_kinds_differ():
    train = sample_images(P, "h", [0])
    for share in (0.0, 1.0):
        held = sample_images(replace(P, single_view=share), "h", [0], f"test {share:g}")
        assert not torch.equal(held.labels[:, :50], train.labels)


def test_remembered_noise_is_the_noise_that_would_be_drawn(monkeypatch):
    monkeypatch.setattr(held_out, "REMEMBERED_BYTES", 0)
    sample._remembered.cache_clear()
    first = accuracies_of_a_draw("h")
    again = accuracies_of_a_draw("h")
    found = sample._remembered.cache_info()
    assert found.misses == 4 * len(SEEDS), "multi- and single-view, typical and larger s"
    assert found.hits == (20 - 4) * len(SEEDS)
    other = accuracies_of_a_draw("other salt")
    monkeypatch.setattr(sample, "REMEMBERED_BYTES", 0)
    assert torch.equal(first, again)
    assert torch.equal(first, accuracies_of_a_draw("h"))
    assert not torch.equal(first, other)


def accuracies_of_a_draw(salt):
    """Right answers of drawn kernels, which are right by chance: any change of an image shows."""
    draw = torch.Generator().manual_seed(4)
    weights = torch.randn(len(SEEDS), P.kernels, P.dimension, generator=draw, dtype=torch.float64)
    return count_correct(P, {"weights": weights}, supervised.logits, salt, SEEDS)[0]


@pytest.mark.parametrize("remembered", [0, sample.REMEMBERED_BYTES])
def test_a_stream_goes_on_after_the_noise(remembered, monkeypatch):
    monkeypatch.setattr(sample, "REMEMBERED_BYTES", remembered)
    ends = []
    for _ in range(2):
        stream = generator("h", 0, "somewhere")
        sample._noise(P, sample_features(P, "h", 0), 30, stream)
        ends.append(float(torch.rand((), generator=stream)))
    monkeypatch.setattr(sample, "REMEMBERED_BYTES", 0)
    stream = generator("h", 0, "somewhere")
    sample._noise(P, sample_features(P, "h", 0), 30, stream)
    assert ends == [float(torch.rand((), generator=stream))] * 2


def test_the_memory_of_a_process_is_bounded():
    assert sample.REMEMBERED * sample.REMEMBERED_BYTES < 200e6
    sample._remembered.cache_clear()
    large = sample.REMEMBERED_BYTES // (8 * (P.features + P.dimension)) + 1
    sample._noise(P, sample_features(P, "h", 0), large, generator("h", 0, "somewhere"))
    assert sample._remembered.cache_info().currsize == 0


def test_every_draw_of_a_test_is_its_own_stream_and_law(monkeypatch):
    """As many test as training images: from the training stream they would be the same images."""
    p = replace(P, test_images=P.images, coverage=0.5)
    train = {
        share: sample_images(replace(p, coverage=1.0, single_view=share), "h", SEEDS)
        for share in (P.single_view, 0.0, 1.0)
    }
    drawn = []

    def noted(law, salt, seeds, purpose="data"):
        images = sample_images(law, salt, seeds, purpose)
        drawn.append((law, salt, seeds, images))
        return images

    monkeypatch.setattr(held_out, "sample_images", noted)
    right, number = count_correct(p, network(0), supervised.logits, "h", SEEDS)
    changes = list(held_out.test_laws(p).values())
    assert right.shape == number.shape == (len(SEEDS), len(changes), p.classes, 1 + p.views)
    for index, (law, salt, seeds, images) in enumerate(drawn):
        expected = replace(p, coverage=1.0, images=P.images, **changes[index // 2])
        expected = replace(expected, single_view=float(index % 2))
        for field in fields(Law):
            assert getattr(law, field.name) == getattr(expected, field.name), field.name
        assert (salt, seeds) == ("h", SEEDS)
        torch.testing.assert_close(images.features, train[0.0].features)
        for same in train.values():
            assert not torch.equal(images.labels, same.labels)
            width = min(images.patches.shape[2], same.patches.shape[2])
            apart = (images.patches[:, :, :width] - same.patches[:, :, :width]).abs().amax(-1)
            real = (images.owner != sample.NO_PATCH)[..., :width]
            assert (apart > 1e-6)[real].all(), "a patch of the training images"
    assert len(drawn) == 2 * len(changes)


def test_answers_of_three_views_stand_at_what_an_image_shows():
    """Every kind of image is counted once, in the place of its class and of the view it shows."""
    p = Parameters(
        framework="supervised", classes=2, views=3, kernels_per_class=2, dimension=8, images=30,
        test_images=60,
    )  # fmt: skip
    weights = torch.zeros(2, p.kernels, p.dimension, dtype=torch.float64)
    right, number = count_correct(p, {"weights": weights}, supervised.logits, "three views", [0, 1])
    assert number.shape == (2, len(held_out.test_laws(p)), p.classes, 1 + p.views)
    assert not right.any()  # all logits are equal: a tie is wrong
    assert (number[..., 0].sum(-1) == p.test_images).all()
    assert (number[..., 1:].sum((-1, -2)) == p.test_images).all()
    assert (number > 0).all()


@pytest.mark.parametrize("share", [held_out.ALL_VIEWS, held_out.SINGLE_VIEW])
def test_held_out_images_are_drawn_apart_from_the_training_stream(share):
    """The same law from the same seed: nothing but the stream can make them differ."""
    test = held_out.held_out(P, "h", SEEDS, share)
    train = sample_images(replace(P, images=P.test_images, single_view=share), "h", SEEDS)
    assert test.patches.shape[:2] == train.patches.shape[:2]
    assert (test.labels != train.labels).double().mean() > 0.5
    other = held_out.held_out(P, "h", SEEDS, held_out.ALL_VIEWS + held_out.SINGLE_VIEW - share)
    assert (test.labels != other.labels).double().mean() > 0.5, "one stream a kind"
    assert torch.equal(test.features, train.features)


def test_test_images_are_drawn_once_for_all_that_is_tested_on_them():
    """Whatever the network: another framework, tolerance or init sees the same tensors."""
    first = held_out.held_out(P, "once", [3], 0.0)
    other = replace(
        P, framework="fine-tuning", power=4, init_scale=0.3, labels=2, tolerance=1e-5,
        coverage=0.5, images=7, single_view=0.6,
    )  # fmt: skip
    assert held_out.held_out(other, "once", [3], 0.0) is first
    drawn = held_out._drawn(held_out.tested(other, 0.0), "once", [3])
    for name, value in vars(first).items():
        assert torch.equal(value, getattr(drawn, name)), name


@pytest.mark.parametrize(
    "changes",
    [{field.name: None} for field in fields(Law) if field.name not in ("law", "basis")]
    + [{"test_images": None}],
    ids=str,
)
def test_every_option_of_the_law_is_in_what_is_remembered(changes):
    """Another value of it is another draw, and never an answer of the first."""
    (name,) = changes
    value = getattr(P, name)
    others = {
        "split": "equal", "noise": "off_span", "signal": False, "hide": False, "views": 1,
        "dimension": 16, "coverage": 0.5, "single_view": 0.9, "own_high": 1.2, "off_high": 0.9,
    }  # fmt: skip
    if name in others:
        new = others[name]
    else:
        new = value + 1 if isinstance(value, int) else 0.5 * value + 0.01
    p = replace(P, **{name: new})
    found = held_out.held_out(p, "other", [3], 1.0)
    drawn = held_out._drawn(held_out.tested(p, 1.0), "other", [3])
    assert torch.equal(found.patches, drawn.patches)
    assert torch.equal(found.labels, drawn.labels)


def test_large_sets_and_other_laws_are_not_remembered(monkeypatch):
    """The first would fill the memory; what the second read is their own affair."""
    again = [held_out.held_out(P, "large", [3], 0.0) for _ in range(2)]
    assert again[0] is again[1]
    size = 8 * P.test_images * P.patches * P.dimension
    monkeypatch.setattr(held_out, "REMEMBERED_BYTES", size)
    assert held_out.held_out(P, "large", [3], 0.0) is again[0]
    monkeypatch.setattr(held_out, "REMEMBERED_BYTES", size - 1)
    again = [held_out.held_out(P, "large", [3], 0.0) for _ in range(2)]
    assert again[0] is not again[1]
    monkeypatch.undo()
    other = changed(P, law="imperfect")
    again = [held_out.held_out(other, "large", [3], 0.0) for _ in range(2)]
    assert again[0] is not again[1]
