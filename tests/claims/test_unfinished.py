"""A seed that ran out of work is not known, in whatever claim it stands."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import select
from mrpverify.judge.intervals import clopper_pearson
from mrpverify.judge.measurement import (
    Measurement,
    seeds_not_known,
    share_of_seeds,
    with_unknown,
)
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.collect import Machine, collect
from tests.claims.small import SMALL


def mean(interval, measured=Verdict.SUPPORTED):
    return Measurement("mean", sum(interval) / 2, interval, 0.5, measured)


def test_a_count_is_held_against_both_extremes():
    found = seeds_not_known(counted(20), np.arange(20) < 4)
    assert found.interval[0] == clopper_pearson(16, 20)[0]
    assert found.interval[1] == counted(20).interval[1]
    assert found.measured is Verdict.INCONCLUSIVE
    false = seeds_not_known(counted(0), np.arange(20) < 2)
    assert false.measured is Verdict.REFUTED, "two seeds more would not save it"


def counted(successes, trials=20):
    return share_of_seeds(np.arange(trials) < successes, "share")


def test_a_mean_is_decided_by_no_number_while_a_seed_is_open():
    found = with_unknown(mean((0.9, 1.0)), 1, 10)
    assert found.interval == pytest.approx((0.8, 1.1))
    assert found.measured is Verdict.INCONCLUSIVE
    assert found.details["seeds_not_known"] == 1


def test_what_counts_its_own_open_seeds_and_what_broke_stay():
    own = share_of_seeds(np.ones(20, bool), "share", known=np.ones(20, bool))
    assert seeds_not_known(own, np.arange(20) < 3) is own
    broken = mean((0.9, 1.0), Verdict.ERROR)
    assert with_unknown(broken, 3, 20) is broken


def test_a_check_without_the_work_says_what_would_finish_it():
    regime = replace(SMALL["mae"], method="flow", work=60, deadline=0.0, images=60, init_scale=0.01)
    claims = [replace(c, controls={"mae": ()}) for c in select(["T1.capture"])]

    def get(requests):
        return collect(requests, Machine("cpu"), None)

    [result] = evaluate(claims, {"mae": regime}, range(2), "short", get)
    assert result.measurement.measured is Verdict.INCONCLUSIVE
    [line] = result.measurement.details["unfinished"]
    assert "2 of 2 seeds of pretraining used up their 60 gradient evaluations" in line
    assert "--set work=" in line
    assert "; coverage is predicted at " in line
    assert "nan" not in line
    more = int(line.split("--set work=")[1].split()[0])
    assert more >= 120
