"""What holds for every test: hypothesis profiles and one thread for torch."""

import os

import pytest
import torch
from hypothesis import settings

from tests.slow_list import is_slow

# "ci" draws the same examples in every run, so that a red run is red again; "dev" looks further
# (--hypothesis-profile dev, or the variable). No deadline: the first call of a kernel is slow.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=500, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Small matrices: several threads only wait for each other, and sums would depend on their number.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Mark what `slow.txt` lists, of all parameters and in whatever class."""
    for item in items:
        if is_slow(item.nodeid):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder of this run of the suite, one for all of its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
