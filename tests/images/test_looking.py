"""Windows, matching, statistics and Eigen-CAM on small generated arrays."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.images.eigen_cam import eigen_cam
from mrpverify.images.kernel_statistics import classes_per_kernel, directions_per_class
from mrpverify.images.matching import matched
from mrpverify.images.occlusion import without
from mrpverify.images.similarity import linear_cka
from mrpverify.images.windows import Window, alone, centred_grid, most_disjoint, sliding
from tests.images.grad_cam import published_projection


def test_the_deciding_grid_is_two_by_two_and_centred():
    assert [(w.top, w.left) for w in centred_grid(96, 224)] == [
        (16, 16), (16, 112), (112, 16), (112, 112),
    ]  # fmt: skip


@given(st.integers(1, 60), st.integers(60, 240))
def test_grid_windows_are_disjoint_and_inside(side, size):
    grid = centred_grid(side, size)[:9]
    assert all(w.top >= 0 and w.top + side <= size for w in grid)
    assert not any(a.overlaps(b) for i, a in enumerate(grid) for b in grid[:i])


def test_most_disjoint_is_exact():
    assert most_disjoint(sliding(96, 32, 224)) == 4
    # The middle one overlaps both others: a greedy choice that takes it first would find one.
    assert most_disjoint([Window(0, 50, 96), Window(0, 0, 96), Window(0, 100, 96)]) == 2
    assert most_disjoint([]) == 0


def test_alone_and_without_are_complements():
    image = torch.randn(3, 32, 32)
    window = Window(4, 8, 12)
    shown, hidden = alone(image, [window])[0], without(image[None], window, "mean")[0]
    torch.testing.assert_close(shown + hidden, image)


def test_shuffling_keeps_the_pixels_of_the_window():
    image = torch.randn(1, 3, 32, 32)
    mixed = without(image, Window(0, 0, 12), "shuffled")
    assert not torch.equal(mixed, image)
    for channel in range(3):
        before, after = (x[0, channel, :12, :12].flatten().sort()[0] for x in (image, mixed))
        torch.testing.assert_close(before, after)


def test_the_weaker_network_ends_and_the_other_is_taken_earlier():
    assert matched(np.array([0.2, 0.4]), np.array([0.1, 0.38, 0.6])) == (1, 1)
    assert matched(np.array([0.3, 0.5, 0.7]), np.array([0.1, 0.5])) == (1, 1)


def test_cka_ignores_rotation_and_scale_and_tells_noise_apart():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    rotation, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    assert linear_cka(x, 3 * x @ rotation) == pytest.approx(1)
    assert linear_cka(x, rng.normal(size=(400, 6))) < 0.1


def test_kernel_statistics_of_known_features():
    labels = np.repeat(np.arange(4), 50)
    one_class_each = np.eye(4)[labels]
    np.testing.assert_allclose(classes_per_kernel(one_class_each, labels), 1)
    rng = np.random.default_rng(0)
    one_way = rng.normal(size=(200, 1)) * np.ones((1, 5))
    np.testing.assert_allclose(directions_per_class(one_way, labels), 1)


def planted_map():
    rng = np.random.default_rng(1)
    place = np.zeros((5, 6))
    place[1:3, 2:5] = 1
    return place, np.abs(rng.normal(size=(8, 1, 1))) * place + 0.01 * rng.random((8, 5, 6))


def test_eigen_cam_finds_the_planted_region_with_its_sign():
    place, feature_map = planted_map()
    found = eigen_cam(feature_map)
    assert np.corrcoef(found.signed.ravel(), place.ravel())[0, 1] > 0.99
    assert found.picture.max() == 1
    assert found.share > 0.9


def test_eigen_cam_agrees_with_the_published_package_up_to_sign():
    _, feature_map = planted_map()
    theirs = published_projection()(feature_map[None].astype(np.float32))[0]
    ours = eigen_cam(feature_map).signed
    assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) > 0.9999


@given(seed=st.integers(0, 10_000), channels=st.integers(2, 9), side=st.integers(2, 6))
def test_eigen_cam_is_the_leading_eigenvector_of_the_covariance_of_channels(seed, channels, side):
    """By another way: no singular value decomposition, the covariance over positions."""
    feature_map = np.random.default_rng(seed).random((channels, side, side))
    features = feature_map.reshape(channels, -1).T
    sizes, directions = np.linalg.eigh(np.cov(features.T))
    projection = (features - features.mean(0)) @ directions[:, -1]
    found = eigen_cam(feature_map)
    gap = 1 - sizes[-2] / sizes[-1]
    alike = abs(np.corrcoef(found.signed.ravel(), projection)[0, 1])
    assert alike > 1 - 1e-9 / max(gap, 1e-3) ** 2
    assert found.share == pytest.approx(sizes[-1] / sizes.sum())
    energy = np.linalg.norm(features, axis=1)
    assert found.signed.ravel() @ (energy - energy.mean()) >= 0


def test_eigen_cam_of_a_map_that_is_the_same_everywhere_is_empty():
    found = eigen_cam(np.ones((4, 3, 3)))
    assert found.share == 0
    assert not found.picture.any()
