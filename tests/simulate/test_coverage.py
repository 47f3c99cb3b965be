"""Laws over a part of the features, and the first labels of every class."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.simulate.sample import (
    BACKGROUND,
    absent_features,
    feature_moments,
    sample_images,
)

LAW = Parameters(classes=5, views=2, dimension=12, images=80, off_class=1.0, patch_noise=0.0)


@settings(max_examples=30)
@given(views=st.integers(1, 3), coverage=st.floats(0, 1), seed=st.integers(0, 1000))
def test_the_share_left_out_is_the_one_asked_for_and_classes_take_turns(views, coverage, seed):
    p = replace(LAW, views=views, dimension=20, coverage=coverage)
    absent = absent_features(p, "c", seed)
    assert int(absent.sum()) == round((1 - coverage) * p.features)
    by_class = absent.view(p.classes, views).sum(1)
    assert int(by_class.max() - by_class.min()) <= 1


def test_less_coverage_leaves_out_more_and_nothing_else_changes():
    before = torch.zeros(LAW.features, dtype=torch.bool)
    full = sample_images(LAW, "c", [0])
    for coverage in (0.9, 0.75, 0.5):
        p = replace(LAW, coverage=coverage)
        absent = absent_features(p, "c", 0)
        assert (absent | before).equal(absent)
        before = absent
        part = sample_images(p, "c", [0])
        assert torch.equal(part.labels, full.labels)
        gone = (full.owner != BACKGROUND) & absent[full.owner.clamp(min=0)]
        assert gone.any()
        assert (part.owner[gone] == BACKGROUND).all()
        assert torch.equal(part.owner[~gone], full.owner[~gone])
        shown = feature_moments(p, part).squared_activity[0] > 0
        assert torch.equal(shown, ~absent)


def test_the_first_images_of_every_class_in_their_order():
    images = sample_images(LAW, "c", [0, 1])
    few = images.first_per_class(3, LAW.classes)
    assert few.patches.shape[1] == 3 * LAW.classes
    for seed in range(2):
        assert torch.bincount(few.labels[seed], minlength=LAW.classes).tolist() == [3] * 5
        for label in range(LAW.classes):
            mine = few.patches[seed][few.labels[seed] == label]
            theirs = images.patches[seed][images.labels[seed] == label][:3]
            assert torch.equal(mine, theirs)


def test_more_labels_than_a_class_has_are_refused_with_the_number():
    images = sample_images(LAW, "c", [0])
    fewest = int(torch.bincount(images.labels[0], minlength=5).min())
    with pytest.raises(ValueError, match=f"labels={fewest + 1}: a class has only {fewest}"):
        images.first_per_class(fewest + 1, LAW.classes)
    assert images.first_per_class(fewest, LAW.classes).labels.shape == (1, fewest * LAW.classes)


def test_shuffled_labels_are_the_same_labels_on_other_images():
    images = sample_images(LAW, "c", [0, 1])
    shuffled = images.with_shuffled_labels("c", [0, 1])
    for seed in range(2):
        assert torch.equal(shuffled.labels[seed].sort()[0], images.labels[seed].sort()[0])
        agree = (shuffled.labels[seed] == images.labels[seed]).double().mean()
        assert agree < 0.5, "chance is 1/k = 0.2"
    assert torch.equal(shuffled.patches, images.patches)
    alone = sample_images(LAW, "c", [1]).with_shuffled_labels("c", [1])
    assert torch.equal(alone.labels[0], shuffled.labels[1])
