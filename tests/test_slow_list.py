"""What is left out of a run of the suite is listed by names that exist."""

from pathlib import Path

import pytest

from tests.slow_list import SLOW, is_slow

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("entry", sorted(SLOW))
def test_a_slow_test_is_there(entry):
    file, _, name = entry.partition("::")
    text = (ROOT / file).read_text()
    assert not name or f"def {name.rpartition('::')[2]}(" in text


def test_a_test_is_left_out_with_its_parameters_or_its_file(monkeypatch):
    monkeypatch.setattr("tests.slow_list.SLOW", {"tests/a.py", "tests/b.py::test_one"})
    assert is_slow("tests/a.py::test_any[x::y]")
    assert is_slow("tests/b.py::test_one[2]")
    assert not is_slow("tests/b.py::test_one_more")
