"""Runs for the tests of claims."""

import pytest

from mrpverify.records.collect import Machine, collect
from mrpverify.records.store import Store


@pytest.fixture(scope="session")
def get(tmp_path_factory):
    """Runs of requests, each trained once in a session and in this process."""
    store = Store(tmp_path_factory.mktemp("records"))
    return lambda requests: collect(requests, Machine("cpu"), store)


@pytest.fixture
def train():
    """Train without a store: for runs with a tampered gradient."""
    return lambda requests: collect(requests, Machine("cpu"), None)
