"""What was locked before a run is what is asked later, or the check does not begin."""

import copy
import json
import shlex
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from mrpverify import derivations
from mrpverify.check import app as check
from mrpverify.claims import lock as locking
from mrpverify.claims.lock import LockError, differences, locked, read_lock
from mrpverify.claims.registry import all_claims, select
from mrpverify.lock import app as lock
from mrpverify.locking import EXIT_UNLOCKED
from mrpverify.parameters import STAND_INS
from mrpverify.regime import load_preset

REGIMES = load_preset("quick").regimes
ASKED = ["A.regime", "--framework", "mae", "--set", "k=6"]


def test_every_claim_can_be_locked_and_keeps_its_lock():
    content = locked(all_claims(), REGIMES, 24, "a")
    assert {name.partition(" ")[0] for name in content["claims"]} == {c.id for c in all_claims()}
    again = json.loads(json.dumps(content))
    assert list(differences(again, locked(all_claims(), REGIMES, 24, "a"))) == []
    fewer = locked(select(["theorem1"]), REGIMES, 24, "a")
    assert list(differences(again, fewer)) == []
    assert [line.endswith("not locked") for line in differences(fewer, content)].count(False) == 0


def changed(part, monkeypatch):
    """The same question with one thing changed, as `locked` sees it."""
    (claim,) = select(["T1.capture"])
    regimes, seeds, salt = dict(REGIMES), 24, "a"
    if part == "seeds":
        seeds = 25
    elif part == "salt":
        salt = "b"
    elif part == "regime":
        regimes["mae"] = replace(regimes["mae"], classes=9)
    elif part == "statement":
        claim = replace(claim, statement="most features are captured")
    elif part == "role":
        claim = replace(claim, role="finding")
    elif part == "controls":
        claim = claim.without_controls()
    elif part == "measured by":
        monkeypatch.setattr(locking, "_source", lambda file: "0" * 64)
    elif part == "simulation":
        monkeypatch.setattr(locking, "simulation_digest", lambda: "0" * 64)
    else:
        looser = {**STAND_INS, "success_rate": replace(STAND_INS["success_rate"], value=0.5)}
        monkeypatch.setattr(locking, "STAND_INS", looser)
    return locked((claim,), regimes, seeds, salt)


@pytest.mark.parametrize(
    "part",
    [
        "seeds", "salt", "regime", "statement", "role", "controls", "measured by", "simulation",
        "stand-ins",
    ],
)  # fmt: skip
def test_what_changed_is_named(part, monkeypatch):
    before = copy.deepcopy(locked(select(["T1.capture"]), REGIMES, 24, "a"))
    lines = list(differences(before, changed(part, monkeypatch)))
    assert lines
    assert all(part in line for line in lines)


def test_a_check_keeps_its_lock_or_does_not_begin(tmp_path):
    file = str(tmp_path / "a.lock")
    made = CliRunner().invoke(lock, [*ASKED, "--lock", file])
    assert made.exit_code == 0, made.output
    kept = CliRunner().invoke(check, [*ASKED, "--lock", file])
    assert kept.exit_code == 0, kept.output
    other = CliRunner().invoke(check, [*ASKED, "--set", "theta=0.4", "--salt", "b", "--lock", file])
    assert other.exit_code == EXIT_UNLOCKED
    assert "salt: locked a, now b" in other.output
    assert "A.regime (mae, none), regime: locked" in other.output
    assert "Verdicts" not in other.output
    unknown = CliRunner().invoke(lock, ["T1.nothing", "--lock", file])
    assert unknown.exit_code == 2


def test_the_line_that_a_lock_ends_with_can_be_typed(tmp_path):
    file = str(tmp_path / "a lock")
    words = ["A.regime", "A.descent", *ASKED[1:], "--seeds", "2", "--lock", file]
    said = CliRunner().invoke(lock, words).stderr
    typed = shlex.split(said.partition("ask them with ")[2])
    assert typed == ["mrpverify", "check", "A.regime", "A.descent", "--framework", "mae",
                     "--seeds", "2", "--set", "k=6", "--lock", file]  # fmt: skip
    some = CliRunner().invoke(check, [*ASKED, "--seeds", "2", "--lock", file])
    assert some.exit_code == 0, some.output
    assert "locked, and not asked now: A.descent (mae, T)" in some.stderr


def test_a_lock_is_not_written_over_another_one(tmp_path):
    file, note = tmp_path / "a.lock", tmp_path / "note.txt"
    for _ in range(2):  # the same question again is no other lock
        assert CliRunner().invoke(lock, [*ASKED, "--lock", str(file)]).exit_code == 0
    kept = file.read_text()
    other = CliRunner().invoke(lock, [*ASKED, "--salt", "b", "--lock", str(file)])
    assert (other.exit_code, file.read_text()) == (2, kept)
    note.write_text("what was thought of")
    assert CliRunner().invoke(lock, [*ASKED, "--lock", str(note)]).exit_code == 2
    assert note.read_text() == "what was thought of"


@pytest.mark.parametrize("text", ["", "[]", '{"claims": 3}', "nul\0"])
def test_what_is_no_lock_is_refused(tmp_path, text):
    path = tmp_path / "a.lock"
    path.write_text(text)
    with pytest.raises(LockError, match="--lock"):
        read_lock(path)
    asked = CliRunner().invoke(check, [*ASKED, "--lock", str(path)])
    assert asked.exit_code == 2


def test_the_theories_of_the_objectives_count_though_no_import_names_them(monkeypatch, tmp_path):
    """What is derived about an objective is found by its name."""
    measured, theory = tmp_path / "claim.py", tmp_path / "theory.py"
    measured.write_text("")
    theory.write_text("LEVEL = 1")
    assert {file.parent.name for file in derivations.theory_files()} > {"mae", "supervised"}
    monkeypatch.setattr(locking, "theory_files", lambda: (theory,))
    before = locking._source.__wrapped__(measured)
    theory.write_text("LEVEL = 2")
    assert locking._source.__wrapped__(measured) != before
