"""What tests of collecting share: a store, and jobs as small as there are."""

import pytest

from mrpverify.records import collect as collecting
from mrpverify.records.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def one_seed_a_job(monkeypatch):
    """As in runs of a common size; small ones are trained together in one process."""
    monkeypatch.setattr(collecting, "TOGETHER", 1)
    monkeypatch.setattr(collecting, "WORTH_A_POOL", 0)
