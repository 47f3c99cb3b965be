"""What soft labels drive, against the direction that a distilled run follows on drawn images."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mrpverify.objectives.distilled import gradient as distilled
from mrpverify.objectives.distilled import theory
from mrpverify.objectives.supervised import gradient as supervised
from mrpverify.parameters import Parameters
from mrpverify.simulate.sample import sample_images
from mrpverify.simulate.teaching import taught, truncated_softmax

P = Parameters(
    framework="distilled", classes=4, kernels_per_class=2, dimension=8, images=6000, patches=4,
    off_class=0.8, single_view=0.0, feature_noise=0.0, patch_noise=0.0, basis="canonical",
    power=3, linear_from=0.7, precision="float64", label_temperature=1.0, teacher_scale=1.0,
    taught_weight=3.0, derivative="truncated", off_low=0.3, off_high=0.4,
)  # fmt: skip
LENGTH, START = 10.0, 0.02
LOST, STRONG = 1, 2
"""View 2 of class 0, that the student lacks, and view 1 of class 1."""


def kernels(second, leak=0.0):
    """One kernel a view: view 1 of every class is held, view 2 has the correlation `second`.

    That of the lost view has the correlation `leak` with a strong feature of another label.
    """
    w = torch.zeros(1, P.kernels, P.dimension, dtype=torch.float64)
    for feature in range(P.features):
        w[0, feature, feature] = LENGTH if feature % 2 == 0 else second
    w[0, LOST, STRONG] = leak
    return w


def drive(p, leak=START):
    """Direction of the kernel of the lost view [dimension], and the mean gap where it shows."""
    images = sample_images(p, "distillation", [0])
    teacher, student = kernels(LENGTH), kernels(START, leak)
    images = taught(
        p, images, [supervised.logits(p, {"weights": teacher}, images.patches)], "", [0]
    )
    move, _ = distilled.descent_direction(p, {"weights": student}, images, torch.zeros(1))
    plain, _ = supervised.descent_direction(p, {"weights": student}, images, torch.zeros(1))
    own = truncated_softmax(
        supervised.logits(p, {"weights": student}, images.patches), p.label_temperature
    )
    shows = (images.owner == LOST).any(2) & (images.labels != 0)
    gap = float((images.soft - own).clamp(min=0)[..., 0][shows].mean())
    return (move["weights"] - plain["weights"])[0, LOST].numpy(), gap


def test_the_rate_of_a_lost_view_is_that_of_the_direction():
    """6000 images show it 900 times: 5 % at three standard errors of the mean of A."""
    found, gap = drive(P)
    assert 0.05 < gap < 0.5
    expected = theory.lift_rate(P, gap) * START**2
    assert found[LOST] == pytest.approx(expected, rel=0.1)
    assert found[LOST] != pytest.approx(theory.lift_rate(P, 0.7 * gap) * START**2, rel=0.1)


def test_the_leak_is_as_predicted_and_the_other_sign_holds_it_back():
    """Features of one label show with it 300 times in 6000 images."""
    found, _ = drive(P)
    ratio = theory.target_over_leak(P)
    assert ratio < 1
    assert found[LOST] / found[STRONG] == pytest.approx(ratio, rel=0.25)
    exact = replace(P, derivative="exact")
    assert drive(exact)[0][STRONG] > 0, "at the start nothing does"
    assert drive(exact, leak=1.0)[0][STRONG] < 0 < drive(P, leak=1.0)[0][STRONG]


@pytest.mark.parametrize("soft_labels", ["permuted", "smoothed"])
def test_soft_labels_that_know_nothing_of_the_image_drive_it_too(soft_labels):
    exact = replace(P, derivative="exact")
    own, _ = drive(exact)
    other, _ = drive(replace(exact, soft_labels=soft_labels))
    share = theory.visible_share(P)
    assert 0.4 * share < other[LOST] / own[LOST] < 2.5 * share


def test_many_classes_make_the_leak_nothing_and_knowledge_everything():
    many = replace(P, classes=1000, dimension=2000)
    assert theory.target_over_leak(many) / theory.target_over_leak(P) == pytest.approx(999 / 3)
    assert theory.visible_share(many) == pytest.approx(1 - (1 - 0.0008) ** 2)
    assert np.isclose(theory.visible_share(P), 0.36)
    assert "2.8" in theory.predict_knowledge(P)
