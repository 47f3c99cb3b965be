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
from mrpverify.claims.concluded import ClaimResult, ControlResult
from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.paired import differences_above_zero
from mrpverify.claims.registry import select
from mrpverify.judge.measurement import (
    judged_by,
    judged_by_e_value,
    mean_above,
    mean_share_above,
    mean_share_over_seeds,
    mean_within,
    together,
    with_unknown,
)
from mrpverify.judge.numbers import Rival, all_numbers, bracket_number, mean_number, share_number
from mrpverify.judge.per_seed import above
from mrpverify.judge.per_seed import counted as counted_part
from mrpverify.judge.sequential import design
from mrpverify.judge.verdicts import Verdict, exit_code
from mrpverify.regime import load_preset
from mrpverify.report.again import RecordError
from mrpverify.report.record import as_json, record
from mrpverify.report.verifying import EXIT_MISMATCH, verify
from tests.report.test_record import counted
from tests.report.test_text import REGIME, run

TRUE, FALSE = [True] * 16, [False] * 4
(CLAIM,) = select(["T1.capture"])
CONTROLS = CLAIM.controls["mae"]


def made(measurement, control=None, verdict=None):
    """A record of one claim and its controls, which failed as they should; `control`: the first."""
    found = (control or counted(FALSE), *[counted(FALSE)] * (len(CONTROLS) - 1))
    refuted = tuple(ControlResult(one, m, True) for one, m in zip(CONTROLS, found, strict=True))
    outcome = verdict or measurement.measured
    result = ClaimResult(CLAIM, "mae", measurement, refuted, (), outcome, None)
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
        assert (found.from_seeds, found.from_intervals) == (1 + len(CONTROLS), 0)


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


def test_a_control_that_was_not_refuted_has_not_failed_as_it_should(folder):
    content = made(counted(TRUE), control=counted(TRUE))  # recorded as failed, whatever it measured
    (told,) = verify(written(folder, content)).mismatches
    assert "is recorded to have failed as it should, and measured SUPPORTED" in told


def test_controls_cannot_all_be_left_out(folder):
    content = made(counted(TRUE))
    content["claims"][0]["controls"] = []
    (told,) = verify(written(folder, content)).mismatches
    assert "no control, and this version has" in told


@pytest.mark.parametrize("name", ["L4", "L5"])
def test_a_claim_that_ended_before_its_controls_has_none(folder, name):
    """What a regime does not define is OUT_OF_REGIME at once."""
    regimes = {
        "teacher-student": replace(load_preset("quick").regimes["teacher-student"], visible=1.0)
    }
    results = evaluate(select([name]), regimes, range(4), "a", lambda requests: {})
    assert {result.verdict for result in results} == {Verdict.OUT_OF_REGIME}
    content = json.loads(as_json(record(replace(run(), regimes=regimes, salt="a"), results)))
    content["exit_code"] = exit_code([result.verdict for result in results])
    assert verify(written(folder, content)).mismatches == ()


def test_no_control_can_be_left_out_and_none_be_added(folder):
    for index, control in enumerate(CONTROLS):
        content = made(counted(TRUE))
        del content["claims"][0]["controls"][index]
        (told,) = verify(written(folder, content)).mismatches
        assert f"no control {control.id!r}, which its verdict rests on" in told
    content = made(counted(TRUE))
    content["claims"][0]["controls"][0]["id"] = "another"
    left_out, added = verify(written(folder, content)).mismatches
    assert "no control" in left_out
    assert "control 'another', which this version does not have" in added


def test_a_claim_that_the_command_names_cannot_be_left_out(folder):
    content = made(counted(TRUE))
    asked = ["theorem1", "SL.test", "--salt", "A.flow"]
    content |= {"command": ["python", "-m", "mrpverify.check", *asked], "salt": "A.flow"}
    (told,) = verify(written(folder, content)).mismatches
    assert told == "SL.test: its command asks for it, and nothing is said of it"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--salt", "b"], "its command says --salt b, and the record salt a"),
        (["--seeds=96"], "its command says --seeds 96, and the record seeds 24"),
        (["--salt=a", "--seeds", "24"], None),
        (["--seeds", "024"], None),
        (["--seeds", "many"], "its command says --seeds many, and the record seeds 24"),
        (["--workers", "1"], None),
    ],
)
def test_salt_and_seeds_are_those_of_the_command(folder, words, told):
    content = made(counted(TRUE)) | {"salt": "a", "seeds": 24}
    content["command"] = ["python", "-m", "mrpverify.check", "theorem1", *words]
    assert verify(written(folder, content)).mismatches == (() if told is None else (told,))


def test_a_violated_condition_cannot_be_left_out(folder):
    content = made(counted(TRUE))
    content["regime"]["mae"]["off_class"] = 4.0  # s/k = 0.5
    content["simulation"] = "other code, whose hashes are others"
    assert any("sparse presence" in told for told in verify(written(folder, content)).mismatches)


def test_a_regime_that_was_changed_is_told_by_its_hash(folder):
    content = made(counted(TRUE))
    content["regime"]["mae"]["visible"] = 0.6
    (told,) = verify(written(folder, content)).mismatches
    assert told == "regime of mae: its config hash is another one"


def test_the_exit_code_follows_from_the_gates(folder):
    content = made(counted(TRUE))
    assert verify(written(folder, content | {"exit_code": 3})).mismatches
    content["claims"][0]["role"] = "finding"
    content |= {"mrpverify": "0.0.1", "simulation": "of another source"}  # where it may be one
    assert verify(written(folder, content)).mismatches == ()  # 0 either way


OTHER = {
    "more seeds than were asked by": lambda r: r.update(seeds=10_000),
    "less seeds than have outcomes": lambda r: r.update(seeds=8),
    "another claim": lambda r: r["claims"][0].update(id="T1.noise"),
    "another statement": lambda r: r["claims"][0].update(statement="more than is so"),
    "another name": lambda r: r["claims"][0].update(name="laws.capture"),
    "another role": lambda r: r["claims"][0].update(role="finding"),
    "another horizon": lambda r: r["claims"][0].update(horizon="none"),
    "another framework": lambda r: r["claims"][0].update(framework="supervised"),
    "a lower threshold": lambda r: lowered(r),
}


def lowered(record):
    """Everything that follows from a threshold, at one that is easier to meet."""
    found = replace(counted(TRUE), threshold=0.5)
    record.update(made(judged_by(found, design(24, 0.5))))


@pytest.mark.parametrize("change", OTHER)
def test_a_claim_is_the_one_that_it_names(folder, change):
    content = made(counted(TRUE))
    assert verify(written(folder, content)).mismatches == ()
    OTHER[change](content)
    assert verify(written(folder, content)).mismatches
    content |= {"mrpverify": "0.0.1", "simulation": "of another source"}
    told = verify(written(folder, content)).mismatches  # other versions have other words
    assert bool(told) == (change == "less seeds than have outcomes")


def test_a_refuted_gate_is_no_finding(folder):
    content = made(counted(FALSE))
    assert content["exit_code"] == 3
    content["claims"][0]["role"] = "finding"
    (told,) = verify(written(folder, content | {"exit_code": 0})).mismatches
    assert "role 'finding', of this version 'gate'" in told


def mean(value):
    """An equivalence test of two means: the first inside its band, the second at `value`."""
    spread = 0.001 * np.arange(16)
    parts = {
        "one": mean_within(0.5 + spread, 0.5, 0.1),
        "other": mean_within(value + spread, 0.5, 0.1),
    }
    return together("two means", parts)


@pytest.mark.parametrize(("value", "verdict"), [(0.5, Verdict.SUPPORTED), (0.9, Verdict.REFUTED)])
def test_a_record_without_its_seeds_is_held_against_its_intervals(folder, value, verdict):
    content = made(mean(value), verdict=verdict)
    assert content["claims"][0]["measured"] == verdict
    for part in content["claims"][0]["details"]["parts"].values():
        del part["over_seeds"]  # as older versions wrote it
    found = verify(written(folder, content))
    assert (found.mismatches, found.from_intervals) == ((), 1)
    changed = copy.deepcopy(content)
    changed["claims"][0]["details"]["parts"]["other"]["interval"] = [0.3, 0.7]
    if verdict is Verdict.SUPPORTED:
        assert verify(written(folder, changed)).mismatches
    changed["claims"][0]["details"]["parts"]["other"]["measured"] = "INCONCLUSIVE"
    assert verify(written(folder, changed)).mismatches


SOME = st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=24).map(np.array)
ENDS = st.lists(
    st.tuples(st.floats(0, 1) | st.just(-np.inf), st.floats(1, 2) | st.just(np.inf)),
    min_size=1, max_size=24,
).map(np.array)  # fmt: skip
RIVAL = Rival("another", 1.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOME, SOME, ENDS, st.sampled_from([0.0, 0.01]))
def test_means_brackets_and_shares_follow_from_their_seeds(folder, one, other, ends, resolution):
    """Whatever seeds gave: nothing, all the same, no threshold at all."""
    numbers = [
        mean_number("mean", one, 0.5, RIVAL, resolution=resolution),
        mean_number("open band", other, 0.5, RIVAL, (0.2, np.inf)),
        bracket_number("threshold", *ends.T, 1.0, RIVAL),
        share_number("share", other > 0.5, RIVAL),
    ]
    parts = {
        "share": mean_share_above(one, 0.5),
        "seeds": counted_part(above(other, 0.5)),
        "mean": mean_above(other, 0.3, resolution),
        "band": mean_within(one, 0.5, 0.2),
    }
    for measurement in (
        all_numbers(numbers, "numbers"),
        together("parts", parts),
        mean_share_over_seeds(one, 0.5, "share"),
        with_unknown(together("parts", parts), 1, len(one)),
        differences_above_zero({"a": one - 0.5, "b": other}, "differences", {}, 0.01),
    ):
        found = verify(written(folder, made(measurement)))
        assert found.mismatches == ()
        few = "over_seeds" not in json.dumps(measurement.details)
        assert found.from_intervals == int(few)
        assert not few or (measurement.measured == "INCONCLUSIVE" and len(one) < 16)


def shift(content, by):
    """The same record with the first value of every mean changed."""
    details = content["claims"][0]["details"]
    for row in details.get("numbers", ()) or details["parts"].values():
        row["over_seeds"]["values"][0] += by
    return content


@pytest.mark.parametrize("kind", ["numbers", "parts"])
def test_a_mean_changed_by_hand_is_told(folder, kind):
    seeds = 0.5 + 0.01 * np.arange(16)
    law = all_numbers([mean_number("n", seeds, 0.58, RIVAL)], "a law")
    content = made(law if kind == "numbers" else mean(0.5))
    assert verify(written(folder, content)).mismatches == ()
    assert verify(written(folder, shift(copy.deepcopy(content), 0.001))).mismatches
    row = content["claims"][0]["details"][kind]
    row = row[0] if kind == "numbers" else row["one"]
    for key, value in (("interval", [0.1, 0.2]), ("measured", "REFUTED"), ("band", [0.0, 0.1])):
        changed = copy.deepcopy(content)
        inside = changed["claims"][0]["details"][kind]
        (inside[0] if kind == "numbers" else inside["one"])[key] = value
        assert verify(written(folder, changed)).mismatches, key


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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"claims": [{}]}',
        '{"claims": 3}',
        '{"claims": [], "command": []}',
        "nul\0",
        '{"claims": [], "command": true}',
        '{"claims": ["T1.capture"], "command": ["python", "-m", "mrpverify.sweep", "p.toml"]}',
    ],
)
def test_what_is_no_record_is_refused(folder, text):
    path = folder / "none.json"
    path.write_text(text)
    with pytest.raises(RecordError, match="--verify") as refused:
        verify(path)
    assert "mrpverify.sweep" not in str(refused.value), "a sweep has no --json"
    with pytest.raises(RecordError, match="cannot be read"):
        verify(folder / "absent.json")


def test_an_older_record_says_what_to_do(folder):
    content = made(counted(TRUE))
    del content["claims"][0]["outcomes"]
    with pytest.raises(RecordError, match="check --from"):
        verify(written(folder, content))
    del content["regime"]  # then --from cannot ask it, and its own command can
    content["command"] = ["python", "-m", "mrpverify.check", "A.regime", "--salt", "b"]
    with pytest.raises(RecordError, match=r"mrpverify\.check A\.regime --salt b --json"):
        verify(written(folder, content))


def test_a_claim_that_stands_twice_and_a_parameter_that_there_is_not_are_told(folder):
    content = made(counted(TRUE))
    twice = content | {"claims": content["claims"] * 2}
    assert "stands there 2 times" in verify(written(folder, twice)).mismatches[0]
    strange = {**content["regime"]["mae"], "k": 99}
    other = content | {"regime": {"mae": strange}}
    assert "this version has no parameter k" in verify(written(folder, other)).mismatches[0]
    old = other | {"mrpverify": "0.0.1", "simulation": "another"}
    assert verify(written(folder, old)).mismatches == ()


def test_a_record_that_readers_would_read_differently_is_refused(folder):
    text = json.dumps(made(counted(TRUE)))
    path = folder / "twice.json"
    path.write_text(text[:-1] + ', "exit_code": 0}')
    with pytest.raises(RecordError, match="'exit_code' stands twice"):
        verify(path)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["T1.capture", "--verify", "r.json"], "NAME"),
        (["--verify", "r.json", "--json", "again.json", "--seeds", "3"], "--seeds, --json"),
        (["--list", "--verify", "r.json"], "--verify"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(words, named):
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 2
    assert f"does nothing with {named}; leave it out" in told.stderr


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


def test_a_record_without_contradictions_can_have_its_reports(folder, tmp_path):
    path, out = written(folder, made(counted(TRUE))), tmp_path / "out"
    asked = ["--verify", str(path), "--out", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert [file.name for file in out.iterdir()] == ["report.html"]
    both = [*asked, "--format", "latex", "--format", "markdown"]
    assert CliRunner().invoke(app, both).exit_code == 0
    assert r"\newcommand{\mrpTable}" in (out / "report.tex").read_text()
    assert "T1.capture" in (out / "report.md").read_text()


def test_a_report_that_cannot_be_made_of_a_record_is_told_and_none_of_a_contradiction(
    folder, tmp_path
):
    content, out = made(counted(TRUE)), tmp_path / "out"
    for claim in content["claims"]:
        del claim["role_reason"]
    asked = ["--verify", str(written(folder, content)), "--out", str(out)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 2
    assert "lacks 'role_reason'" in told.stderr
    assert not out.exists()
    assert CliRunner().invoke(app, [*asked, "--format", "latex"]).exit_code == 0
    written(folder, content | {"exit_code": 3})
    other = tmp_path / "other"
    asked = ["--verify", str(folder / "record.json"), "--out", str(other), "--format", "latex"]
    assert CliRunner().invoke(app, asked).exit_code == EXIT_MISMATCH
    assert not other.exists()


def test_a_report_of_a_record_that_holds_something_else_is_told(folder, tmp_path):
    content = made(counted(TRUE))
    content["conditions"] = {"mae": [5]}
    asked = ["--verify", str(written(folder, content)), "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(app, asked)
    assert (told.exit_code, "holds what no report shows" in told.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "says"), [(["--format", "latex"], "add --out"), (["--format", "x"], "expected")]
)
def test_a_format_of_verify_is_refused_as_that_of_a_check_is(folder, more, says):
    told = CliRunner().invoke(app, ["--verify", str(written(folder, made(counted(TRUE)))), *more])
    assert told.exit_code == 2
    assert says in told.stderr
