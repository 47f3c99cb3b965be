"""The search for counterexamples: on measures whose boundary is known, and as a command."""

import math
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from mrpverify.counterexample import __main__ as program
from mrpverify.counterexample import searching
from mrpverify.counterexample.nearest import (
    CLOSER,
    FACTORS,
    HALVINGS,
    Budget,
    distance,
    nearest_failure,
)
from mrpverify.judge.verdicts import Verdict

COARSEST = math.log(FACTORS[-1] / FACTORS[-2]) / 2**HALVINGS
"""What bisection leaves open at most."""
ONE_DIGIT = math.log(1.1)
"""What rounding to two digits adds at most."""


@given(st.floats(1.3, 7.5), st.sampled_from([1, -1]), st.floats(1e-3, 1e3))
def test_the_boundary_of_one_parameter_is_found_as_closely_as_it_is_searched(ratio, sign, start):
    edge = start * ratio**sign
    found = nearest_failure({"x": start}, Budget(lambda p: sign * (p["x"] - edge) > 0, 100))
    assert sign * (found["x"] - edge) > 0
    assert distance({"x": start}, found) <= math.log(ratio) + COARSEST + ONE_DIGIT
    assert found["x"] == float(f"{found['x']:.2g}")


@given(st.floats(1.3, 4), st.floats(1.3, 4))
def test_the_nearer_of_two_boundaries_is_taken(right, down):
    start = {"x": 1.0, "y": 1.0}
    fails = Budget(lambda p: p["x"] > right or p["y"] < 1 / down, 200)
    found = nearest_failure(start, fails)
    nearest = math.log(min(right, down))
    assert nearest <= distance(start, found) <= (nearest + COARSEST + ONE_DIGIT) / CLOSER


def test_a_diagonal_is_found_where_it_is_nearer_than_both_axes():
    found = nearest_failure({"x": 1.0, "y": 1.0}, Budget(lambda p: p["x"] * p["y"] > 2.5, 200))
    assert found["x"] == pytest.approx(found["y"], rel=0.1)
    assert found["x"] * found["y"] > 2.5


def test_where_nothing_fails_nothing_is_found():
    assert nearest_failure({"x": 1.0}, Budget(lambda _: False, 100)) is None


@given(st.integers(1, 12))
def test_the_budget_is_kept_and_what_was_found_by_then_fails(budget):
    asked = []

    def fails(point):
        asked.append(point)
        return point["x"] > 1.7

    found = nearest_failure({"x": 1.0, "y": 1.0}, Budget(fails, budget))
    assert len(asked) <= budget
    assert found is None or found["x"] > 1.7


def run(*arguments):
    return CliRunner().invoke(program.app, list(arguments))


def answering(measured):
    """A judge that knows the answers; the last condition is violated below 0.25."""

    def judge(search, point, salt):
        violated = [SimpleNamespace(id="mask ratio")] if point["theta"] < 0.25 else []
        return SimpleNamespace(
            measurement=SimpleNamespace(measured=measured(point, salt)), violated=violated
        )

    return judge


@pytest.mark.parametrize(
    ("confirmed", "code"), [(True, 0), (False, 4)], ids=["confirmed", "not confirmed"]
)
def test_the_command_prints_a_check_that_another_salt_confirms(confirmed, code, monkeypatch):
    def measured(point, salt):
        fails = point["theta"] < 0.3 and (salt == "explore" or confirmed)
        return Verdict.REFUTED if fails else Verdict.SUPPORTED

    monkeypatch.setattr(searching.Search, "judge", answering(measured))
    result = run("T1.capture", "--vary", "theta", "--framework", "mae", "--set", "s=0.2",
                 "--set", "theta=0.6")  # fmt: skip
    assert result.exit_code == code, result.output
    if confirmed:
        assert "(inside every condition)" in result.stdout
        command = result.stdout.splitlines()[-1]
        start = "python -m mrpverify.check T1.capture --preset quick --framework mae --set s=0.2 "
        assert command.startswith(start + "--set theta=")
        assert 0.27 < float(command.removeprefix(start + "--set theta=").split()[0]) < 0.3
    else:
        assert "not confirmed on salt a" in result.stderr
        assert not result.stdout


def test_the_printed_check_can_be_pasted_whatever_salts_and_files_are_called(monkeypatch, tmp_path):
    def measured(point, salt):
        return Verdict.REFUTED if point["theta"] < 0.3 else Verdict.SUPPORTED

    monkeypatch.setattr(searching.Search, "judge", answering(measured))
    preset = tmp_path / "my preset.toml"
    preset.write_text("[shared]\ntheta = 0.6\n")
    salt = "it's $HOME & more"
    result = run("T1.capture", "--vary", "theta", "--preset", str(preset), "--confirm", salt)
    words = shlex.split(result.stdout.splitlines()[-1])
    assert words[words.index("--salt") + 1] == salt
    assert words[words.index("--preset") + 1] == str(preset)


@pytest.mark.parametrize("verdict", [Verdict.REFUTED, Verdict.INCONCLUSIVE])
def test_a_start_that_is_not_supported_is_no_start(verdict, monkeypatch):
    monkeypatch.setattr(searching.Search, "judge", answering(lambda point, salt: verdict))
    result = run("T1.capture", "--vary", "theta")
    assert result.exit_code == 4
    assert f"{verdict}, not SUPPORTED where the search starts" in result.stderr


def test_a_claim_that_breaks_at_the_start_is_an_error(monkeypatch):
    broke = SimpleNamespace(measured=Verdict.ERROR, statistic="failed with KeyError: 'v'")
    judge = lambda search, point, salt: SimpleNamespace(measurement=broke, violated=[])  # noqa: E731
    monkeypatch.setattr(searching.Search, "judge", judge)
    result = run("T1.capture", "--vary", "theta")
    assert result.exit_code == 1
    assert "failed with KeyError: 'v' where the search starts" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["T1.captur", "--vary", "theta"], "did you mean"),
        (["T1.capture", "--vary", "thetta"], "error: thetta: no parameter has this name; did you"),
        (["T1.capture", "--vary", "m"], "no number > 0 with decimals"),
        (["T1.capture", "--vary", "x_0"], "start it above 0 with --set x_0="),
        (["T1.capture", "--vary", "theta", "--vary", "visible"], "keep one of the two"),
        (["T1.capture", "--vary", "theta", "--set", "theta=7"], "theta=7: must be"),
        (["theorem1", "--vary", "theta"], "name exactly one"),
        (["T1.monosemantic", "--vary", "theta"], "--at 'crossing' or --at 'T'"),
        (["T1.monosemantic", "--vary", "theta", "--at", "end"], "--at 'crossing' or"),
        (["T1.capture", "--vary", "theta", "--framework", "supervised"], "frameworks: mae, teach"),
        (["images.gain", "--vary", "theta"], "no regime to vary"),
        (["T1.capture", "--vary", "theta", "--confirm", "explore"], "must differ from --salt"),
        (["T1.capture", "--vary", "theta", "--seeds", "8"], "at least 14 are needed"),
        (["SL.test", "--vary", "theta", "--framework", "supervised"], "changes no run of SL.test"),
        (["T1.capture", "--vary", "c_low"], "c_low: the regime has no such parameter"),
        (["L8", "--vary", "s"], "--vary s: changes no run of L8"),
        (["T1.capture", "--vary", "theta", "--set", "eta_SL=1"], "--set eta_SL=1"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, part):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert part in result.stderr


def test_a_measured_judgement_says_no_and_names_what_is_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("MRPVERIFY_CACHE", str(tmp_path))
    tiny = ["k=2", "s=1.0", "d=8", "N=20", "m=3", "signal=false"]
    asked = searching.Asked(
        name="T1.capture", vary=["theta"], framework="mae", preset="quick", settings=tiny, seeds=16,
        budget=1, salt="b", confirm="c", device="cpu", quiet=True,
    )  # fmt: skip
    search = searching._search(asked)
    result = search.judge({"theta": 0.5}, "a")
    assert result.measurement.measured is Verdict.REFUTED  # no image shows a feature
    assert searching._outside(result).startswith("(violates: ")
    assert search.judge({"theta": 5.0}, "a") is None  # no such regime
    assert not search.fails({"theta": 5.0}, "a")


def test_a_claim_of_a_file_is_printed_with_its_file(monkeypatch):
    claim = str(Path(__file__).parent / "outside" / "two_views.py")

    def measured(point, salt):
        return Verdict.REFUTED if point["theta"] < 0.3 else Verdict.SUPPORTED

    monkeypatch.setattr(searching.Search, "judge", answering(measured))
    for name in ([claim], ["my.two_views", "--plugin", claim]):
        result = run(*name, "--vary", "theta", "--framework", "mae")
        assert result.exit_code == 0, result.output
        start = f"python -m mrpverify.check my.two_views --plugin {claim} --preset quick "
        assert result.stdout.splitlines()[-1].startswith(start)
