"""A record's verdicts follow from its numbers, and whoever changes one of them is told."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mrpverify.check import app
from mrpverify.claims.evaluate import ClaimResult, ControlResult, evaluate
from mrpverify.claims.registry import select
from mrpverify.judge.measurement import judged_by, judged_by_e_value, mean_within, together
from mrpverify.judge.verdicts import Verdict, exit_code
from mrpverify.report.again import RecordError
from mrpverify.report.record import as_json, record
from mrpverify.report.verifying import EXIT_MISMATCH, verify
from tests.report.test_record import counted
from tests.report.test_text import REGIME, run

TRUE, FALSE = [True] * 16, [False] * 4


def made(measurement, control=None, verdict=None):
    """A record of one claim with one control that failed as it should."""
    (claim,) = select(["T1.capture"])
    refuted = ControlResult(claim.controls["mae"][0], control or counted(FALSE), True)
    outcome = verdict or measurement.measured
    result = ClaimResult(claim, "mae", measurement, (refuted,), (), outcome, None)
    content = json.loads(as_json(record(run(), [result])))
    return content | {"exit_code": exit_code([outcome])}


def written(folder, content):
    path = folder / "record.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("records")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([True, True, True, False, None]), min_size=4, max_size=24))
def test_what_a_check_writes_follows(folder, seeds):
    for judge in (judged_by, judged_by_e_value):
        found = verify(written(folder, made(counted(seeds, judge))))
        assert found.mismatches == ()
        assert (found.from_seeds, found.from_intervals) == (2, 0)


CHANGES = {
    "a seed": lambda c: c["outcomes"].__setitem__(3, False),
    "the count": lambda c: c.update(successes=15),
    "the seeds used": lambda c: c.update(trials=24),
    "the threshold": lambda c: c.update(threshold=0.5),
    "an end": lambda c: c["interval"].__setitem__(0, 0.9),
    "the value": lambda c: c.update(value=0.99),
    "what is measured": lambda c: c.update(measured="INCONCLUSIVE"),
    "the verdict": lambda c: c.update(verdict="REFUTED"),
    "a control that did not fail": lambda c: c["controls"][0].update(failed_as_it_should=False),
    "a control's seed": lambda c: c["controls"][0]["outcomes"].__setitem__(0, True),
    "a control's verdict": lambda c: c["controls"][0].update(measured="SUPPORTED"),
    "a level": lambda c: c["details"]["sequential"].update(level=1e-6),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_hand_is_told(folder, change):
    content = made(counted(TRUE))
    assert verify(written(folder, content)).mismatches == ()
    CHANGES[change](content["claims"][0])
    assert verify(written(folder, content)).mismatches


def test_the_exit_code_follows_from_the_gates(folder):
    content = made(counted(TRUE))
    assert verify(written(folder, content | {"exit_code": 3})).mismatches
    content["claims"][0]["role"] = "finding"
    assert verify(written(folder, content)).mismatches == ()  # 0 either way


def mean(value):
    """An equivalence test of two means: the first inside its band, the second at `value`."""
    spread = 0.001 * np.arange(16)
    parts = {
        "one": mean_within(0.5 + spread, 0.5, 0.1),
        "other": mean_within(value + spread, 0.5, 0.1),
    }
    return together("two means", parts)


@pytest.mark.parametrize(("value", "verdict"), [(0.5, Verdict.SUPPORTED), (0.9, Verdict.REFUTED)])
def test_means_are_held_against_their_intervals(folder, value, verdict):
    content = made(mean(value), verdict=verdict)
    assert content["claims"][0]["measured"] == verdict
    found = verify(written(folder, content))
    assert (found.mismatches, found.from_intervals) == ((), 1)
    changed = copy.deepcopy(content)
    changed["claims"][0]["details"]["parts"]["other"]["interval"] = [0.3, 0.7]
    if verdict is Verdict.SUPPORTED:
        assert verify(written(folder, changed)).mismatches
    changed["claims"][0]["details"]["parts"]["other"]["measured"] = "INCONCLUSIVE"
    assert verify(written(folder, changed)).mismatches


def test_a_condition_that_holds_violates_nothing(folder):
    (claim,) = select(["A.regime"])
    broken = replace(REGIME, off_class=4.0)
    results = evaluate((claim,), {"mae": broken}, range(2), "a", lambda _: {})
    content = json.loads(as_json(record(run(), results)))
    content["exit_code"] = exit_code([results[0].verdict])
    assert results[0].verdict is Verdict.OUT_OF_REGIME
    assert verify(written(folder, content)).mismatches == ()
    content["claims"][0]["violated"][0]["left"] /= 100
    assert verify(written(folder, content)).mismatches


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"claims": [{}]}', '{"claims": 3}', "nul\0"])
def test_what_is_no_record_is_refused(folder, text):
    path = folder / "none.json"
    path.write_text(text)
    with pytest.raises(RecordError, match="--verify"):
        verify(path)
    with pytest.raises(RecordError, match="cannot be read"):
        verify(folder / "absent.json")


def test_an_older_record_says_what_to_do(folder):
    content = made(counted(TRUE))
    del content["claims"][0]["outcomes"]
    with pytest.raises(RecordError, match="check --from"):
        verify(written(folder, content))


def test_the_command_has_an_exit_code_of_its_own(folder):
    content = made(counted(TRUE))
    good = CliRunner().invoke(app, ["--verify", str(written(folder, content))])
    assert (good.exit_code, "0 contradictions" in good.output) == (0, True)
    content["claims"][0]["verdict"] = "REFUTED"
    bad = CliRunner().invoke(app, ["--verify", str(written(folder, content))])
    assert bad.exit_code == EXIT_MISMATCH
    assert "REFUTED, recomputed SUPPORTED" in bad.output
    absent = CliRunner().invoke(app, ["--verify", str(folder / "absent.json")])
    assert absent.exit_code == 2
