"""mrpverify.observe against the loops of the second implementation, on random arrays."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.observe import capture
from mrpverify.observe.accuracy import multi_view_accuracy, single_view_accuracy
from mrpverify.observe.correlations import correlate, learned_parts
from mrpverify.parameters import Parameters
from mrpverify.simulate.held_out import training_margins
from mrpverify.simulate.sample import sample_images
from tests.reference import reference_losses
from tests.reference import reference_observables as ref

SEEDS = st.integers(0, 10_000)


@given(seed=SEEDS, views=st.integers(1, 3), classes=st.integers(2, 4))
def test_captured(seed, views, classes):
    """Correlations on a coarse grid, so that ties and exact halves occur."""
    random = np.random.default_rng(seed)
    c = random.integers(-2, 9, size=(4, views * classes)) / 4
    crossed, varrho = random.random(c.shape) < 0.6, 1.0
    found = capture.counts(c, crossed, views, varrho / 2, varrho / 2)
    for purity, name in (("none", "held"), ("class", "class_pure"), ("feature", "pure")):
        assert found[name] == ref.captured(c, crossed, varrho, views, purity).sum(), name
    expected = ref.captured(c, crossed, varrho, views)
    np.testing.assert_array_equal(capture.captured(c, crossed, views, varrho / 2), expected)


@given(seed=SEEDS)
def test_correlations_and_what_is_learned_outside(seed):
    random = np.random.default_rng(seed)
    features = np.linalg.qr(random.normal(size=(7, 4)))[0].T
    w, start = random.normal(size=(2, 5, 7))
    np.testing.assert_allclose(correlate(w, features), ref.correlations(w, features), atol=1e-13)
    inside, outside = learned_parts(w, start, features)
    expected = ref.outside_and_inside(w - start, features)
    np.testing.assert_allclose((outside, inside), expected, atol=1e-13)


@given(seed=st.integers(0, 50))
def test_accuracies(seed):
    """From weights to the shares of right answers, through both networks."""
    p = Parameters(
        framework="supervised", classes=3, kernels_per_class=2, dimension=8, images=60,
        single_view=0.4, patch_noise=0.1, precision="float64",
    )  # fmt: skip
    images = sample_images(p, "reference", [seed])
    w = np.random.default_rng(seed).normal(size=(p.kernels, p.dimension))
    state = {"weights": torch.as_tensor(w)[None]}
    share, _ = training_margins(p, state, supervised.logits, images)
    activation = reference_losses.Activation(p.power, p.linear_from)
    h = activation.value(images.patches[0].numpy() @ w.T).sum(1)
    logits = h.reshape(len(h), p.classes, -1).sum(2)
    labels, shown = images.labels[0].numpy(), images.shown_view[0].numpy()
    expected = ref.accuracies(logits, labels, shown)
    np.testing.assert_allclose(share[0].numpy(), expected)
    right, number = np.zeros((2, p.classes, 3))
    np.add.at(number, (labels, shown + 1), 1)
    np.add.at(right, (labels, shown + 1), logits.argmax(1) == labels)
    found = multi_view_accuracy(right, number), single_view_accuracy(right, number)
    np.testing.assert_allclose(found, expected)
