"""Whatever is put in, what comes back is one error of the command, never another exception.

Settings, presets, plans and records are drawn in three ways: text that is none of them, values of
any type in the right place, and files that were right before something in them was changed.
"""

import json
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mrpverify import asking, checking
from mrpverify import check as command
from mrpverify.claims.registry import UnknownClaimError
from mrpverify.parameters import DOMAINS, FRAMEWORKS, symbols
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import (
    RegimeError,
    check_salt,
    check_seeds,
    load_preset,
    parse_settings,
    preset_folder,
)
from mrpverify.report.again import RecordError, read
from mrpverify.report.html import page
from mrpverify.sweep.cluster import is_open
from mrpverify.sweep.plan import PlanError, lay_out, read_plan

NAMES = st.sampled_from([*DOMAINS, *symbols(), "framework", "seeds", "", "=", "thetta"])
NUMBERS = st.one_of(
    st.floats(), st.integers(), st.sampled_from([1e300, -1e300, 10**400, 1e-320, 0, -0.0])
)
SCALARS = st.one_of(NUMBERS, st.booleans(), st.text(max_size=8))
QUICK = (preset_folder() / "quick.toml").read_text(encoding="utf-8")
PLAN = (preset_folder() / "map_gain.toml").read_text(encoding="utf-8")
anything = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@st.composite
def edited(draw, text):
    """A text with a piece replaced: by other characters, another piece of it, or nothing."""
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(len(text), begin + 40)))
    piece = draw(st.one_of(st.text(max_size=9), SCALARS.map(str), st.just("["), st.just("\0")))
    return text[:begin] + piece + text[end:]


def written(text):
    """A file with the text, as bytes where it is no UTF-8."""
    path = Path(tempfile.mkdtemp()) / "file.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return path


@given(st.lists(st.tuples(NAMES, SCALARS), max_size=3))
@example([("Delta", 1e300)])
@example([("sigma_0", 1e-320)])
@example([("varrho", 1e150)])
def test_any_setting_is_taken_or_refused(pairs):
    try:
        given_settings = parse_settings([f"{name}={value}" for name, value in pairs])
        preset = QUICK_PRESET.override(given_settings)
    except RegimeError:
        return
    assert set(preset.regimes) == set(FRAMEWORKS)


QUICK_PRESET = load_preset("quick")


@given(st.one_of(st.binary(max_size=60), edited(QUICK), st.integers(1, 30_000).map("[".__mul__)))
@example("a = " + "[" * 20_000)
@anything
def test_any_file_is_a_preset_or_refused(text):
    path = written(text)
    with suppress(RegimeError):
        assert load_preset(str(path)).seeds >= 1


@given(st.one_of(st.binary(max_size=60), edited(PLAN), edited(PLAN).flatmap(edited)))
@example("a = " + "[" * 20_000)
@example('preset = "\\u0000.toml"\n' + PLAN.replace("preset", "#"))
@anything
def test_any_file_is_a_plan_or_refused(text):
    path = written(text)
    with suppress(PlanError, RegimeError, UnknownClaimError):
        assert lay_out(read_plan(path), "plan", seeds=2).cells


def a_record():
    """What `--json` writes, as far as it is read again."""
    claim = {"id": "T1.capture", "framework": "mae", "horizon": "T", "verdict": "SUPPORTED"}
    return {
        "regime": {"mae": asdict(QUICK_PRESET.regimes["mae"])},
        "seeds": 4,
        "salt": "a",
        "simulation": "0",
        "claims": [{**claim, "value": 1.0}],
    }


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)


@st.composite
def damaged_records(draw):
    """A record in which one entry, at some depth, is something else."""
    whole = a_record()
    place = whole
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else [0]))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(JSON)
        return json.dumps(whole)


@given(st.one_of(damaged_records(), edited(json.dumps(a_record())), st.binary(max_size=40)))
@example("[" * 100_000)
@anything
def test_any_file_is_a_record_or_refused_before_any_work(text):
    asked = asking.Asked(
        names=[], preset="quick", framework="both", settings=[], seeds=None, salt="a", device="cpu",
        json_file=None, out=None, no_cache=True, quiet=True, strict=False,
    )  # fmt: skip
    try:
        question = asking.asked_before(asked, written(text))
    except (RecordError, RegimeError, UnknownClaimError):
        return
    assert 1 <= question.seeds <= 10_000
    assert isinstance(question.salt, str)


def test_a_whole_record_is_read():
    found = read(written(json.dumps(a_record())))
    assert found.names == ["T1.capture"]
    assert found.regimes == {"mae": QUICK_PRESET.regimes["mae"]}


@given(st.one_of(st.text(), st.sampled_from(["a\0b", "\ud800", "", " ", "größer"]), NUMBERS))
def test_a_salt_is_text_that_a_record_can_hold(salt):
    if (
        isinstance(salt, str)
        and "\0" not in salt
        and not any(0xD800 <= ord(c) < 0xE000 for c in salt)
    ):
        assert check_salt(salt).encode().decode() == salt
    else:
        with pytest.raises(RegimeError, match="salt="):
            check_salt(salt)


@given(st.one_of(SCALARS, st.none(), st.lists(st.integers(), max_size=2)))
def test_a_number_of_seeds_is_one(seeds):
    if type(seeds) is int and 1 <= seeds <= 10_000:
        assert check_seeds(seeds) == seeds
    else:
        with pytest.raises(RegimeError, match="seeds="):
            check_seeds(seeds)


def test_a_salt_that_is_no_text_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "_carry_out", lambda order: pytest.fail("training began"))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(command.app, ["T1.capture", "--salt", "\udcff"])
    assert result.exit_code == 2
    assert "salt=" in result.stderr
    assert not list(tmp_path.iterdir())


TAGS = st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=1>', "&lt;", "'", "{{7*7}}"]
)


@given(TAGS, TAGS, TAGS)
@settings(max_examples=20)
def test_whatever_a_record_says_is_escaped_in_its_page(statement, salt, key):
    claim = {
        "id": statement, "name": statement, "horizon": salt, "role": "gate", "role_reason": salt,
        "framework": "mae", "statement": statement, "provenance": salt, "quantifier": salt,
        "prediction": statement, "verdict": "SUPPORTED", "measured": "SUPPORTED", "violated": [],
        "statistic": statement,
        "value": 0.5, "interval": [0.4, 0.6], "threshold": 0.3, "band": None, "successes": None,
        "trials": None, "controls": [],
        "details": {"lines": [statement], "diverged": [salt], key: [{key: statement}]},
    }  # fmt: skip
    record = {
        "mrpverify": "0", "simulation": salt, "commit": statement, "command": [statement, salt],
        "regime": {"mae": {"salt": salt}}, "config_hash": {"mae": "0"}, "conditions": {"mae": []},
        "seeds": 1, "salt": salt, "device": statement, "versions": {"python": salt}, "seconds": 1.0,
        "exit_code": 0, "claims": [claim],
    }  # fmt: skip
    plain = json.loads(json.dumps(record).replace("<", "(").replace(">", ")"))
    found = page(record)
    # No tag and no attribute more than where nothing could be one; nothing is evaluated.
    for sign in ("<", ">"):
        assert found.count(sign) == page(plain).count(sign)
    assert found.count("49") == page(plain).count("49")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("127.0.0.1:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://localhost:8786", False),
        ("tls://10.0.0.1:8786", False),
        ("tcp://10.0.0.1:8786", True),
        ("10.0.0.1:8786", True),
        ("tcp://login-node:8786", True),
        ("tcp://127.0.0.1.example.org:8786", True),
        ("tcp://0.0.0.0:8786", True),
    ],
)
def test_a_scheduler_that_others_reach_is_said(address, expected):
    assert is_open(address) is expected
