"""What is noted along a run: first crossings, the kernel's correlations then, coverage, halfway."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.simulate.trajectory import Recorder

LEVEL = 0.5


def all_of(crossed):
    return crossed.all(1)


@given(st.integers(0, 10_000))
def test_crossings_are_those_of_the_whole_path(seed):
    """A path of eight moments is watched; the same numbers are read off it afterwards."""
    random = np.random.default_rng(seed)
    path = random.uniform(0, 0.7, (8, 2, 3, 2))
    times = np.cumsum(random.uniform(0.1, 1, (8, 2)), 0)
    recorder = Recorder(torch.from_numpy(path[0]), LEVEL, 8, all_of)
    for now, time in zip(path, times, strict=True):
        recorder.observe(torch.from_numpy(now), torch.from_numpy(time))

    above = path >= LEVEL  # [moments, seeds, kernels, features]
    first = np.where(above.any(0), above.argmax(0), -1)
    late = times[:, :, None, None]
    expected = np.where(first >= 0, np.take_along_axis(late, first[None].clip(0), 0)[0], np.inf)
    np.testing.assert_array_equal(recorder.crossing_time.numpy(), expected)
    np.testing.assert_array_equal(
        recorder.coverage_time.numpy(), expected.min(1).max(1), "of every feature by some kernel"
    )
    for seed_, kernel in np.ndindex(2, 3):
        whole = path[:, seed_, kernel]
        there = (whole >= LEVEL).any(1)
        one = whole[there.argmax()] if there.any() else np.full(2, np.nan)
        np.testing.assert_array_equal(recorder.crossing_correlations[seed_, kernel].numpy(), one)
