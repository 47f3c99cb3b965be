"""What asks for runs gets them, asks again, and is closed where one is missing."""

import pytest
import xarray as xr

from mrpverify.claims.driver import answered, answered_or_missing
from mrpverify.parameters import Parameters
from mrpverify.records.labelled import Request

FIRST, SECOND = (Request(Parameters(framework="mae"), "driver", seed) for seed in (0, 1))


def run(request):
    return xr.Dataset({"seed": request.seed})


def asking(log):
    """Asks for one run, then for another, and answers with both."""
    try:
        one = yield [FIRST]
        two = yield [SECOND, SECOND]
        return [int(one[FIRST]["seed"]), int(two[SECOND]["seed"])]
    finally:
        log.append("closed")


def test_what_asks_twice_gets_both():
    wanted = []

    def collect(requests):
        wanted.append(list(requests))
        return {request: run(request) for request in requests}

    assert answered(asking([]), collect) == [0, 1]
    assert wanted == [[FIRST], [SECOND, SECOND]]


def test_what_needs_nothing_is_never_given_anything():
    def nothing():
        return 7
        yield

    assert answered(nothing(), None) == 7


@pytest.mark.parametrize(("there", "missing"), [([], [FIRST]), ([FIRST], [SECOND])])
def test_what_misses_a_run_says_which_and_is_closed(there, missing):
    def stored(requests):
        lacking = [request for request in dict.fromkeys(requests) if request not in there]
        return {request: run(request) for request in requests if request in there}, lacking

    log = []
    assert answered_or_missing(asking(log), stored) == (None, missing)
    assert log == ["closed"]
    there += missing
    if SECOND in there:
        assert answered_or_missing(asking(log), stored) == ([0, 1], ())


def test_a_failure_where_runs_come_from_is_no_answer():
    def collect(requests):
        raise StopIteration(requests)

    with pytest.raises(StopIteration):
        answered(asking([]), collect)
