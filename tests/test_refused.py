"""What the command line refuses or escapes before any run, however it is given."""

import json
import os

import pytest
from typer.testing import CliRunner

from mrpverify.__main__ import app
from mrpverify.check import app as check
from mrpverify.records.collect import DeviceError
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import load_preset
from mrpverify.terminal import WIDTH

ASKED = ["A.regime", "--seeds", "2", "--quiet"]


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


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices")
@pytest.mark.parametrize(
    ("make", "said"),
    [(pipe, "a pipe or a device"), (device, "a pipe or a device"), (sparse, "more than")],
)
@pytest.mark.parametrize(
    "words",
    [
        ["check", "A.regime", "--preset", "it.toml"],
        ["sweep", "it.toml"],
        ["images", "fetch", "resnet50", "--from", "it.toml"],
        ["check", "A.regime", "--lock", "it.toml"],
        ["check", "--from", "it.toml"],
        ["check", "--verify", "it.toml"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_never_ends_or_cannot_be_held_is_not_read(
    words, make, said, tmp_path, monkeypatch, capsys
):
    """A preset that is a pipe was waited for, and /dev/zero filled the memory."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "it.toml")
    code, _, told = ended(words, capsys)
    assert code == 2
    assert said in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["check", "A.regime", "--out", ""], "--out"),
        (["check", "A.regime", "--json="], "--json"),
        (["check", "A.regime", "--salt", ""], "--salt"),
        (["check", ""], "NAME"),
        (["sweep", ""], "NAME"),
        (["figures", "all", "--out", ""], "--out"),
        (["images", "fetch", "digits", "--from", ""], "--from"),
        (["archive", ""], "NAME"),
    ],
)
def test_an_empty_word_is_refused(words, named, tmp_path, monkeypatch, capsys):
    """`--out ''` wrote a report into the folder one was in."""
    monkeypatch.chdir(tmp_path)
    code, _, told = ended(words, capsys)
    assert code == 2
    assert f"{named} '': is empty" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["check", "A.regime", "--seeds", "3", "--seeds", "4"], "--seeds"),
        (["check", "A.regime", "--salt=a", "--salt", "a"], "--salt"),
        (["figures", "all", "--out", "a", "--out", "b"], "--out"),
    ],
)
def test_an_option_that_takes_one_value_is_refused_twice(
    words, named, tmp_path, monkeypatch, capsys
):
    """The first of the two was passed over without a word."""
    monkeypatch.chdir(tmp_path)
    code, _, told = ended(words, capsys)
    assert code == 2
    assert f"{named}: is given 2 times; keep one" in told
    assert not list(tmp_path.iterdir())


def test_repeatable_options_and_switches_may_be_given_again(capsys):
    words = ["check", "A.regime", "--set", "theta=0.5", "--set", "mu=0.02", "--quiet", "--quiet"]
    assert ended(words, capsys)[0] == 0


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["check", "T1.capture"], "checking"),
        (["figures", "theorem1"], "figures.drawing_order"),
        (["counterexample", "T1.capture", "--vary", "theta"], "counterexample.searching"),
        (["sweep", "map_gain"], "sweep.sweeping"),
    ],
)
def test_every_command_that_trains_may_be_told_how_many_processes(
    words, module, tmp_path, monkeypatch, capsys
):
    def asked(device, workers=None):
        raise DeviceError(f"{workers} of them")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"mrpverify.{module}.choose_machine", asked)
    code, _, told = ended([*words, "--workers", "3"], capsys)
    assert code == 2
    assert "3 of them" in told


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


@pytest.mark.parametrize("before", [[], ["--verify", "record.json"]])
def test_a_file_in_place_of_the_folder_of_out_is_named(before, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if before:
        assert ended(["check", *ASKED, "--json", "record.json"], capsys)[0] == 0
    (tmp_path / "file").touch()
    code, _, told = ended(["check", *(before or ASKED), "--out", "file"], capsys)
    assert (code, "file: this is no folder" in told) == (2, True)


def test_a_checkout_that_there_is_not_is_named(tmp_path, capsys):
    code, _, told = ended(["calibrate", "--root", str(tmp_path / "none")], capsys)
    assert (code, "name a checkout with --root" in told) == (2, True)
    assert "Errno" not in told


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["N=1e20"], "N=1e+20: a number other than 0 must be between 1e-12 and 1e+12"),
        (["m=1e19"], "m=1e+19: a number"),
        (["N=1e11"], "GiB are here; lower one of them"),
        (["m=1e11"], "GiB are here; lower one of them"),
    ],
)
def test_a_run_that_no_memory_holds_is_refused_before_it(
    settings, said, tmp_path, monkeypatch, capsys
):
    """A whole number beyond 64 bits was a traceback; N = 1e9 took all memory and was killed."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    words = ["check", "T1.capture", "--framework", "mae", "--seeds", "4", "--quiet", "--set", "k=2"]
    code, _, told = ended([*words, *(w for s in settings for w in ("--set", s))], capsys)
    assert code == 2
    assert said in told
