"""On how many seeds a verdict rests, as tables say it."""

import json

import numpy as np
import pytest

from mrpverify.judge.measurement import mean_above, share_of_seeds, together
from mrpverify.judge.numbers import Rival, all_numbers, mean_number
from mrpverify.report.record import as_json
from mrpverify.report.seeds_used import seeds_used

RIVAL = Rival("twice as much", 2.0)


def number(name, values):
    return mean_number(name, np.array(values), 1.0, RIVAL)


def row(measurement):
    """Of a record, as far as it is asked."""
    return json.loads(as_json({"trials": measurement.trials, "details": measurement.details}))


def test_a_design_that_stops_early_used_fewer_seeds_than_were_asked_for():
    assert seeds_used(row(share_of_seeds(np.ones(24, dtype=bool), "")), 24) == "16"


@pytest.mark.parametrize(
    ("missing", "said"), [(0, "20"), (7, "13 to 20")], ids=["all", "some without a value"]
)
def test_a_number_has_the_seeds_that_have_a_value(missing, said):
    some = [np.nan] * missing + [1.0] * (20 - missing)
    numbers = [number("whole", [1.0] * 20), number("some", some)]
    assert seeds_used(row(all_numbers(numbers, "")), 24) == said


def test_parts_and_what_keeps_its_own_count():
    parts = {"one": mean_above(np.arange(18.0), 0.5), "other": mean_above(np.arange(18.0), 0.5)}
    assert seeds_used(row(together("", parts)), 24) == "18"
    assert seeds_used({"trials": None, "details": {"seeds": 2}}, 24) == "2"
    assert seeds_used({"trials": None, "details": {"conditions": []}}, 24) == "-"
    assert seeds_used({"trials": None, "details": {}}, 24) == "24"
