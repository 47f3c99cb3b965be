"""Correlations with directions, and the learned part inside and outside their span."""

import numpy as np

from mrpverify.observe.correlations import (
    correlate,
    first_crossed,
    learned_parts,
    random_orthonormal,
)


def directions(count, dimension, seed):
    return random_orthonormal(count, dimension, np.random.default_rng(seed))


def test_correlations_are_inner_products():
    weights, directions = np.random.default_rng(0).standard_normal((2, 3, 4, 7))
    ours = correlate(weights, directions)
    assert np.isclose(ours[1, 2, 3], weights[1, 2] @ directions[1, 3])


def test_random_directions_are_orthonormal_and_differ_by_seed():
    one, other = directions(4, 9, 0), directions(4, 9, 1)
    assert np.allclose(one @ one.T, np.eye(4))
    assert np.abs(one - other).max() > 0.1


def test_learned_parts_follow_pythagoras():
    random = np.random.default_rng(1)
    features = directions(4, 9, 2)[None]
    initial, final = random.standard_normal((2, 1, 5, 9))
    inside, outside = learned_parts(final, initial, features)
    assert np.allclose(inside**2 + outside**2, ((final - initial) ** 2).sum(-1))
    assert (inside > 0).all()
    assert (outside > 0).all()


def test_learning_along_a_feature_is_all_inside():
    features = directions(2, 5, 3)[None]
    initial = np.zeros((1, 1, 5))
    inside, outside = learned_parts(initial + 3 * features[:, :1], initial, features)
    assert np.isclose(inside, 3)
    assert np.allclose(outside, 0)


def test_first_crossed_is_the_earliest_and_minus_one_without_any():
    times = np.array([[5.0, 2.0, np.inf], [np.inf] * 3])
    at_crossing = np.array([[0.4, 0.5, 0.1], [np.nan] * 3])
    assert first_crossed(times, at_crossing).tolist() == [1, -1]


def test_of_features_crossed_in_one_step_the_larger_is_first():
    times = np.array([[3.0, 3.0, 9.0]])
    assert first_crossed(times, np.array([[0.52, 0.61, 0.9]])).tolist() == [1]
