"""What cannot be printed loses no file and no exit code; what is printed in colour stays there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mrpverify.command_line import progress_shown
from mrpverify.records.store import CACHE_VARIABLE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")

OUTSIDE = "A.regime --framework mae --set sigma_0=0.6"
"""Exit code 6, without a run."""


def shell(line, folder, **environment):
    """A line of the shell in which $CHECK stands for the command."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={
            **os.environ,
            CACHE_VARIABLE: str(folder / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CHECK": f"{sys.executable} -m mrpverify.check",
            **environment,
        },
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    "where",
    [
        "| head -1 >first; exit ${PIPESTATUS[0]}",
        ">&- 2>&-",
        pytest.param(
            ">/dev/full 2>/dev/full",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full"),
        ),
    ],
)
def test_the_files_and_the_exit_code_are_there_whatever_becomes_of_the_report(where, tmp_path):
    done = shell(f"$CHECK {OUTSIDE} --json r.json --out out {where}", tmp_path)
    assert done.returncode == 6, done.stderr
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 6
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "record.json", "report.txt", "report.html",
    }  # fmt: skip
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_said_and_keeps_the_exit_codes(tmp_path):
    done = shell(f"$CHECK {OUTSIDE} >/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (
        6, b"what was to be said could not be printed (No space left on device)\n",
    )  # fmt: skip
    assert shell("$CHECK nothing 2>/dev/full", tmp_path).returncode == 2
    listed = shell(f"{sys.executable} -m mrpverify.records size >/dev/full", tmp_path)
    assert listed.returncode == 0
    helped = shell("$CHECK --help >/dev/full", tmp_path)
    assert (helped.returncode, helped.stderr.count(b"\n")) == (1, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("where", [">/dev/full", "| true; exit ${PIPESTATUS[0]}"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("list", 0), ("sweep --list", 0), ("figures", 0), ("images list", 0), ("records list", 0),
        ("images fetch resnet50 --from nothing.pth", 2),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_not_what_a_command_ends_with(words, code, where, tmp_path):
    done = shell(f"{sys.executable} -m mrpverify {words} {where}", tmp_path)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr


def test_standard_output_has_one_door():
    """`say` and `printing` hold what cannot be printed; an echo beside them would end the work."""
    package = Path(__file__).parents[1] / "mrpverify"
    beside = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "typer.echo" in path.read_text() and path.name != "command_app.py"
    ]
    assert beside == []


def test_colour_that_is_asked_for_stays_out_of_the_files(tmp_path):
    done = shell(f"$CHECK {OUTSIDE} --out out", tmp_path, FORCE_COLOR="1")
    assert b"\x1b[" in done.stdout
    for path in (tmp_path / "out").iterdir():
        assert b"\x1b" not in path.read_bytes(), path.name


def test_no_colour_is_stronger_than_colour_that_is_asked_for(tmp_path):
    coloured = re.compile(rb"\x1b\[[0-9;]*3[0-9]")
    assert coloured.search(shell("$CHECK A.regime", tmp_path, FORCE_COLOR="1").stdout)
    plain = shell("$CHECK A.regime", tmp_path, FORCE_COLOR="1", NO_COLOR="1")
    assert b"A.regime" in plain.stdout
    assert not coloured.search(plain.stdout)


def test_a_folder_may_have_any_name(tmp_path):
    name = "with spaces, größer 雪, \udcff\udcfe no text, a'b\"<&>"
    folder = tmp_path / name
    done = shell('$CHECK A.regime --framework mae --out "$NAME"', tmp_path, NAME=name)
    assert done.returncode == 0, done.stderr
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sizes.keys() == {"record.json", "report.txt", "report.html"}
    assert all(sizes.values())
    assert b"<&>" not in (folder / "report.html").read_bytes()


def test_a_bare_terminal_without_unicode_or_a_home_shows_what_it_can(tmp_path):
    plain = {
        "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii:strict",
    }  # fmt: skip
    done = shell(f"unset HOME {CACHE_VARIABLE}; $CHECK {OUTSIDE}", tmp_path, **plain)
    assert done.returncode == 6, done.stderr
    wrong = shell("$CHECK 'größer雪'", tmp_path, **plain)
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr


def test_in_a_file_lines_say_how_long_it_takes(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("mrpverify.command_line.time.monotonic", lambda: now[0])
    with progress_shown(quiet=False) as show:
        show(0, 8, 29.0)  # soon over: nothing is said
        show(0, 8, 250.0)
        now[0] = 31.0
        show(2, 8, 200.0)
        now[0] = 50.0
        show(3, 8, 180.0)  # half a minute has not passed
        now[0] = 80.0
        show(4, 8)  # as many as were seen take as long
        show(8, 8, 0.0)
    assert capsys.readouterr().err.splitlines() == [
        "8 runs, about 4 min",
        "2 of 8 runs, about 3 min left",
        "4 of 8 runs, about 80 s left",
    ]


def test_whoever_wants_quiet_hears_nothing(capsys):
    with progress_shown(quiet=True) as show:
        assert show is None
    assert capsys.readouterr().err == ""
