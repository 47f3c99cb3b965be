"""Runs for the tests of claims."""

import pytest

from mrpverify.records.collect import Machine, collect


@pytest.fixture(scope="session")
def get():
    """Train without a store, in this process (so that a test can tamper with the gradient)."""
    return lambda requests: collect(requests, Machine("cpu"), None)
