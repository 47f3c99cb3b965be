"""Correlations with directions, and the learned part inside and outside their span."""

import numpy as np

from mrpverify.observe.correlations import (
    correlate,
    first_crossed,
    learned_parts,
    random_orthonormal,
)


def test_correlations_are_inner_products():
    weights, directions = np.random.default_rng(0).standard_normal((2, 3, 4, 7))
    ours = correlate(weights, directions)
    assert np.isclose(ours[1, 2, 3], weights[1, 2] @ directions[1, 3])


def test_random_directions_are_orthonormal_and_differ_by_seed():
    one, other = random_orthonormal(4, 9, 0), random_orthonormal(4, 9, 1)
    assert np.allclose(one @ one.T, np.eye(4))
    assert np.abs(one - other).max() > 0.1


def test_learned_parts_follow_pythagoras():
    random = np.random.default_rng(1)
    features = random_orthonormal(4, 9, 2)[None]
    initial, final = random.standard_normal((2, 1, 5, 9))
    inside, outside = learned_parts(final, initial, features)
    assert np.allclose(inside**2 + outside**2, ((final - initial) ** 2).sum(-1))
    assert (inside > 0).all()
    assert (outside > 0).all()


def test_learning_along_a_feature_is_all_inside():
    features = random_orthonormal(2, 5, 3)[None]
    initial = np.zeros((1, 1, 5))
    inside, outside = learned_parts(initial + 3 * features[:, :1], initial, features)
    assert np.isclose(inside, 3)
    assert np.allclose(outside, 0)


def test_first_crossed_is_the_earliest_and_minus_one_without_any():
    times = np.array([[5.0, 2.0, np.inf], [np.inf] * 3])
    assert first_crossed(times).tolist() == [1, -1]
