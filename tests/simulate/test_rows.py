"""Patches as rows: sums over images and values spread back are those of the dense tensors."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.simulate.rows import every_patch, some_patches


def drawn(seeds, images, count, numbers, share):
    """Patches [seeds, images, count, 3], which of them are kept, and a generator to go on with."""
    draw = torch.Generator().manual_seed(numbers)
    patches = torch.randn(seeds, images, count, 3, generator=draw, dtype=torch.float64)
    return patches, torch.rand(seeds, images, count, generator=draw) < share, draw


sizes = st.integers(1, 4)
cases = st.builds(
    drawn, sizes, sizes, sizes, st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 0.7, 1.0])
)


@given(cases)
def test_sums_are_those_over_the_kept_patches(case):
    patches, kept, _ = case
    rows = some_patches(patches, kept)
    expected = (patches * kept.unsqueeze(3)).sum(2)
    np.testing.assert_allclose(rows.summed(rows.patches), expected, atol=1e-14)
    np.testing.assert_allclose(rows.totals, patches.sum(2))
    assert rows.patches.shape[1] == max(1, int(kept.sum((1, 2)).max()))


@given(cases)
def test_every_row_gets_the_value_of_its_image(case):
    """Its products with the rows, summed, are the image's value times the sum of its patches."""
    patches, kept, draw = case
    rows = some_patches(patches, kept)
    values = torch.randn(*patches.shape[:2], 3, generator=draw, dtype=torch.float64)
    found = rows.summed(rows.spread(values) * rows.patches)
    np.testing.assert_allclose(
        found, values * (patches * kept.unsqueeze(3)).sum(2), rtol=1e-12, atol=1e-13
    )


@given(cases)
def test_all_patches_kept_are_all_patches(case):
    patches, kept, draw = case
    some, every = some_patches(patches, torch.ones_like(kept)), every_patch(patches)
    values = torch.randn(*patches.shape[:2], 2, generator=draw, dtype=torch.float64)
    np.testing.assert_array_equal(some.patches, every.patches)
    np.testing.assert_array_equal(some.spread(values), every.spread(values))
    each = torch.randn(*every.patches.shape[:2], 2, generator=draw, dtype=torch.float64)
    np.testing.assert_allclose(some.summed(each), every.summed(each), atol=1e-14)
