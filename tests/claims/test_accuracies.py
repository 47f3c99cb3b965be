"""Accuracies of test images in another kind's place: what controls look at."""

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.accuracies import kinds_exchanged, multi_view, of_one_view, single_view

DIMS = ("law", "seed", "class", "shown")


@pytest.fixture
def runs():
    """Two seeds, three classes, two views; of multi-view images 9 of 10 are right, else 3 of 4."""
    number = np.broadcast_to([10, 4, 8], (1, 2, 3, 3)).copy()
    correct = np.broadcast_to([9, 3, 6], (1, 2, 3, 3)).copy()
    arrays = {"test_correct": (DIMS, correct), "test_number": (DIMS, number)}
    return xr.Dataset(arrays, {"law": ["in distribution"]})


def test_single_view_images_stand_for_those_of_every_view(runs):
    found = of_one_view(runs)
    np.testing.assert_allclose(multi_view(found), single_view(runs))
    np.testing.assert_allclose(single_view(found), single_view(runs))
    np.testing.assert_allclose(multi_view(runs), 0.9)  # the runs are as they were


def test_both_kinds_stand_in_each_others_place(runs):
    found = kinds_exchanged(runs)
    np.testing.assert_allclose(multi_view(found), single_view(runs))
    np.testing.assert_allclose(single_view(found), multi_view(runs))
    np.testing.assert_allclose(single_view(runs), 0.75)
