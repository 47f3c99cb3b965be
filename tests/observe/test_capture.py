"""Hand-made weight matrices with known capture sets: fused, pure, sign-flipped, borderline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mrpverify.observe.capture import (
    active,
    captured,
    counts,
    held,
    is_apart,
    largest_elsewhere,
    separate_kernels,
)

VIEWS = 2
LEVEL = 0.25
ALWAYS = np.bool_(True)


def crossed_everywhere(correlations):
    return np.ones(np.shape(correlations), dtype=bool)


def captured_set(rows, level=LEVEL):
    correlations = np.array(rows, dtype=float)
    found = captured(correlations, crossed_everywhere(correlations), VIEWS, level)
    return set(np.flatnonzero(found))


def test_pure_kernels_capture_their_feature():
    assert captured_set([[1, 0, 0, 0], [0, 0, 0, 1]]) == {0, 3}


def test_kernel_fused_over_views_of_one_class_captures_both():
    assert captured_set([[1.0, 0.9, 0.1, 0.0]]) == {0, 1}


def test_kernel_fused_across_classes_captures_nothing():
    assert captured_set([[1.0, 1.0, 1.0, 1.0]]) == set()
    assert captured_set([[1.0, 0.0, 0.6, 0.0]]) == set()


def test_mean_image_kernel_beside_pure_ones_does_not_hide_them():
    assert captured_set([[1, 1, 1, 1], [1, 0, 0, 0]]) == {0}


def test_sign_flipped_kernel_captures_nothing():
    assert captured_set([[-1.0, 0, 0, 0], [0, 0, 0, -2.0]]) == set()


def test_negative_residue_elsewhere_does_no_harm():
    assert captured_set([[1.0, 0.0, -0.9, 0.0]]) == {0}


@pytest.mark.parametrize(
    ("correlation", "expected"), [(0.25, {0}), (np.nextafter(0.25, 0), set()), (0.26, {0})]
)
def test_level_is_included(correlation, expected):
    assert captured_set([[correlation, 0, 0, 0]]) == expected


@pytest.mark.parametrize(("residue", "expected"), [(0.4999, {0}), (0.5, set()), (0.51, set())])
def test_half_of_the_largest_is_excluded(residue, expected):
    assert captured_set([[1.0, 0.0, residue, 0.0]]) == expected


def test_ratio_is_to_the_kernels_own_largest_of_any_class():
    # 0.6 of class 2 is held, but the kernel's largest is on class 1 and 1.0 >= 0.5 * 1.0.
    assert captured_set([[1.0, 0.0, 0.3, 0.0]], level=0.2) == {0}


def test_a_feature_never_crossed_is_not_held_however_large():
    correlations = np.array([[1.0, 0.8, 0, 0]])
    crossed = np.array([[True, False, False, False]])
    assert held(correlations, crossed, LEVEL).tolist() == [[True, False, False, False]]
    assert captured(correlations, crossed, VIEWS, LEVEL).tolist() == [True, False, False, False]


def test_pure_and_class_pure_differ_on_siblings():
    correlations = np.array([[1.0, 0.8, 0.1, 0.0]])
    assert separate_kernels(correlations, VIEWS).tolist() == [True]
    assert separate_kernels(correlations, VIEWS, same_class=True).tolist() == [False]


def test_absolute_form_compares_with_the_level():
    correlations = np.array([[2.0, 0.0, 0.9, 0.0]])
    assert is_apart(correlations, VIEWS)[0, 0]
    assert not is_apart(correlations, VIEWS, absolute=LEVEL)[0, 0]


def test_counts_of_a_mixed_set():
    correlations = np.array(
        [[1.5, 1.4, 0.0, 0.0], [0.0, 0.0, 1.5, 0.4], [0.3, 0.3, 0.3, 0.3]], dtype=float
    )
    found = counts(correlations, crossed_everywhere(correlations), VIEWS, LEVEL, LEVEL)
    assert {name: int(value) for name, value in found.items()} == {
        "held": 4,
        "class_pure": 4,
        "class_pure_absolute": 4,
        "pure": 1,
        "pure_absolute": 0,
    }


def test_active_needs_one_held_feature():
    correlations = np.array([[0.3, 0, 0, 0], [0.2, 0.1, 0, 0]])
    assert active(correlations, crossed_everywhere(correlations), LEVEL).tolist() == [True, False]


MATRICES = arrays(float, (5, 6), elements=st.floats(-2, 2, allow_nan=False, allow_subnormal=False))


@given(MATRICES, st.permutations(range(5)))
def test_kernel_order_does_not_matter(correlations, order):
    crossed = crossed_everywhere(correlations)
    first = captured(correlations, crossed, VIEWS, LEVEL)
    assert (first == captured(correlations[list(order)], crossed, VIEWS, LEVEL)).all()


@given(MATRICES)
def test_swapping_classes_swaps_the_captured_features(correlations):
    swapped = correlations[:, [2, 3, 0, 1, 4, 5]]
    crossed = crossed_everywhere(correlations)
    first = captured(correlations, crossed, VIEWS, LEVEL)
    assert (first[[2, 3, 0, 1, 4, 5]] == captured(swapped, crossed, VIEWS, LEVEL)).all()


@given(MATRICES)
def test_stricter_forms_never_find_more(correlations):
    found = counts(correlations, crossed_everywhere(correlations), VIEWS, LEVEL, LEVEL)
    assert found["pure"] <= found["class_pure"] <= found["held"]


@given(MATRICES)
def test_largest_elsewhere_by_plain_loops(correlations):
    ours = largest_elsewhere(correlations, VIEWS, same_class=False)
    for kernel, feature in np.ndindex(correlations.shape):
        foreign = [c for f, c in enumerate(correlations[kernel]) if f // 2 != feature // 2]
        assert ours[kernel, feature] == max(foreign)


def test_the_absolute_limit_does_not_move_with_the_level():
    correlations = np.array([[1.0, 0.0, 0.3, 0.0]])
    crossed = crossed_everywhere(correlations)
    found = counts(correlations, crossed, VIEWS, level=0.5, limit=LEVEL)
    assert found["class_pure"] == 1
    assert found["class_pure_absolute"] == 0
