"""Where a command is told to write: looked at before any run, pipes as well."""

import json
import os
import subprocess
import sys
import threading

import pytest
from typer.testing import CliRunner

from mrpverify.__main__ import app
from mrpverify.check import app as check
from mrpverify.command_line import WIDTH
from mrpverify.lock import app as lock
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import load_preset
from mrpverify.sweep.__main__ import app as sweep
from mrpverify.together import app as together

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of a file system")

PLAN = 'claims = ["A.regime"]\nframeworks = ["supervised"]\nseeds = 2\n[grid]\nclasses = [4]\n'
ASKED = ["A.regime", "--seeds", "2", "--quiet"]


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_record_goes_through_a_pipe(pipe):
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = CliRunner().invoke(check, [*ASKED, "--json", str(pipe)])
    reader.join(60)
    assert done.exit_code == 0, done.output
    assert json.loads(heard[0])["seeds"] == 2
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["record.json", "report.txt", "report.html", "report.md"])
def test_a_folder_in_place_of_a_file_of_out_is_found_before_any_run(name, tmp_path, monkeypatch):
    monkeypatch.setattr("mrpverify.checking._publish", lambda *_: pytest.fail("it was asked"))
    (tmp_path / "out" / name).mkdir(parents=True)
    words = [*ASKED, "--out", str(tmp_path / "out"), "--format", "markdown"]
    done = CliRunner().invoke(check, words)
    assert done.exit_code == 2
    assert f"{name}: this is a folder" in done.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (together, ["--framework", "supervised", "--out", "pipe"]),
        (sweep, ["plan.toml", "--out", "pipe.csv"]),
        (lock, ["A.regime", "--seeds", "2", "--lock", "pipe"]),
    ],
)
def test_what_would_take_a_place_is_read_only_where_reading_ends(
    command, words, pipe, tmp_path, monkeypatch
):
    """A pipe where another process's file could be: told, without waiting for who writes it."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.json")
    (tmp_path / "plan.toml").write_text(PLAN)
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 2, done.output
    assert "pipe" in done.stderr


def ended(words, capsys):
    """Exit code, standard output and standard error of the program itself, in this process."""
    with pytest.raises(SystemExit) as told:
        app(words, prog_name="mrpverify")
    return told.value.code, *capsys.readouterr()


LONG = "x" * 300
"""No file has such a name: what looks whether it is there ends in an error of the system."""


@pytest.mark.parametrize(
    "words",
    [
        ["check", "A.regime", "--json", LONG],
        ["check", "--verify", LONG],
        ["lock", "A.regime", "--lock", LONG],
        ["sweep", LONG],
        ["list", "--plugin", LONG],
        ["figures", "all", "--records", LONG, "--out", "out"],
    ],
    ids=lambda words: words[0],
)
def test_a_path_that_may_not_be_looked_at_is_named(words, tmp_path, monkeypatch, capsys):
    """A user other than root meets it as a folder of somebody else's: it was no matter of print."""
    monkeypatch.chdir(tmp_path)
    code, _, told = ended(words, capsys)
    assert code == 2
    assert LONG in told
    assert "File name too long" in told
    assert "printed" not in told


@pytest.mark.parametrize(
    "words", [["records", "list"], ["check", "T1.capture", "--seeds", "4", "--quiet"]]
)
def test_a_store_that_may_not_be_looked_at_is_named(words, monkeypatch, capsys):
    monkeypatch.setenv(CACHE_VARIABLE, LONG)
    code, _, told = ended(words, capsys)
    assert code == 2
    assert LONG in told
    if words[0] == "check":
        assert CACHE_VARIABLE in told
        assert "--no-cache" in told


@pytest.mark.parametrize("name", ["report.html", "report.txt", "report.md"])
def test_a_record_is_not_written_where_out_writes_another_text(name, tmp_path, monkeypatch):
    monkeypatch.setattr("mrpverify.checking._carry_out", lambda *_: pytest.fail("it was asked"))
    out = ["--out", str(tmp_path), "--format", "markdown"]
    done = CliRunner().invoke(check, [*ASKED, *out, "--json", str(tmp_path / "." / name)])
    assert done.exit_code == 2
    assert "--out writes this file too" in done.stderr


def test_the_record_of_out_may_be_that_of_json(tmp_path):
    out = ["--out", str(tmp_path), "--json", str(tmp_path / "record.json")]
    assert CliRunner().invoke(check, [*ASKED, *out]).exit_code == 0
    assert json.loads((tmp_path / "record.json").read_text())["seeds"] == 2


def test_standard_output_by_another_name_keeps_the_report(tmp_path):
    """A new file took the place of the one that the shell had opened: the report was in neither."""
    words = [sys.executable, "-m", "mrpverify.check", "A.regime", "--framework", "supervised"]
    with (tmp_path / "both").open("w") as file:
        done = subprocess.run(
            [*words, "--seeds", "2", "--json", "/dev/stdout"],
            stdout=file, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "both").read_text())["seeds"] == 2
    assert "gates: A.regime" in done.stderr


@pytest.mark.parametrize("no_store", [["--no-cache"], []])
def test_nothing_is_said_to_be_stored_that_is_not(no_store, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mrpverify.checking._publish", full)
    done = CliRunner().invoke(check, [*ASKED, *no_store])
    assert done.exit_code == 1
    assert "No space left" in done.stderr
    assert "stored" not in done.stderr


@pytest.mark.parametrize("columns", ["\u00b2", "99999999", "-5", "0", "wide", ""])
def test_a_width_that_no_terminal_has_counts_as_not_set(columns, monkeypatch, capsys):
    """Rich took a raised 2 for a number, and padded a table to a hundred million columns."""
    monkeypatch.setenv("COLUMNS", columns)
    code, shown, told = ended(["list", "T1.capture"], capsys)
    assert (code, told) == (0, "")
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_a_salt_that_would_break_a_line_is_told_with_escapes():
    done = CliRunner().invoke(check, ["A.regime", "--seeds", "2", "--salt", "a\n\x1b[31mb"])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert r"salt 'a\n\x1b[31mb', mrpverify" in " ".join(done.output.split())


def test_a_preset_may_begin_with_a_mark_of_byte_order(tmp_path):
    (tmp_path / "mine.toml").write_text("seeds = 3\n[supervised]\nk = 4\n", encoding="utf-8-sig")
    assert load_preset(str(tmp_path / "mine.toml")).regimes["supervised"].classes == 4


def test_an_interruption_while_the_report_is_made_says_what_is_kept(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mrpverify.checking.record", interrupt)
    code, _, told = ended(["check", *ASKED], capsys)
    assert (code, "nothing was trained" in told) == (1, True)
