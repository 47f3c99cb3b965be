"""Runs for the tests of claims."""

import pytest

from mrpverify.records.collect import Machine, collect
from mrpverify.records.store import Store


@pytest.fixture(scope="session")
def get(shared_folder):
    """Runs of requests, each trained once in a session: the workers of a suite share a store."""
    store = Store(shared_folder / "records")
    return lambda requests: collect(requests, Machine("cpu"), store)


@pytest.fixture
def train():
    """Train without a store: for runs with a tampered gradient."""
    return lambda requests: collect(requests, Machine("cpu"), None)
