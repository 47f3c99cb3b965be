"""The record holds what a count of seeds was judged by, so that its verdict follows from it."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.claims.concluded import ClaimResult, ControlResult
from mrpverify.claims.registry import select
from mrpverify.judge.measurement import judged_by, judged_by_e_value, share_of_seeds
from mrpverify.judge.sequential import USUAL_CAP, Design, design
from mrpverify.judge.verdicts import Verdict
from mrpverify.report.record import as_json, record
from tests.report.test_text import result, run

SEEDS = st.lists(st.sampled_from([True, True, True, False, None]), min_size=4, max_size=USUAL_CAP)


def counted(seeds, judge=judged_by):
    """Seeds (None: not known) as a claim of a check is judged: by the usual design."""
    sure = np.array([seed is not None for seed in seeds])
    found = share_of_seeds(np.array([seed is True for seed in seeds]), "share", known=sure)
    return judge(found, design(USUAL_CAP, found.threshold))


def recorded(measurement):
    """A claim with one control, both of this measurement, as read from the record's text."""
    (claim,) = select(["T1.lottery"])
    control = ControlResult(claim.controls["mae"][0], measurement, True)
    found = ClaimResult(claim, "mae", measurement, (control,), (), measurement.measured, None)
    (row,) = json.loads(as_json(record(run(), [found])))["claims"]
    return row, row["controls"][0]


@given(SEEDS)
def test_outcomes_and_boundaries_of_the_record_give_the_verdict_again(seeds):
    for row in recorded(counted(seeds)):
        said = row["details"]["sequential"]
        rule = Design(
            said["p0"], tuple(said["looks"]), tuple(said["supported_from"]),
            tuple(said["refuted_up_to"]), said["level"],
        )  # fmt: skip
        used, verdict = rule.decide(row["outcomes"])
        assert row["outcomes"] == seeds
        assert (used, verdict) == (row["trials"], row["measured"])
        assert row["successes"] == sum(seed is True for seed in seeds[:used])
        assert row["threshold"] == said["p0"]


@given(SEEDS)
def test_outcomes_stand_beside_an_e_value_too(seeds):
    for row in recorded(counted(seeds, judged_by_e_value)):
        assert row["details"]["sequential"]["by"] == "e-value"
        assert row["outcomes"] == seeds


def test_a_control_has_the_numbers_it_was_judged_by():
    band = result(band=(0.3, 0.7), measured=Verdict.SUPPORTED).measurement
    _, control = recorded(band)
    assert (control["threshold"], control["band"]) == (0.8, [0.3, 0.7])
    assert control["outcomes"] is control["successes"] is control["trials"] is None
