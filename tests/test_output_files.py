"""Where a command is told to write: looked at before any run, pipes as well."""

import json
import os
import subprocess
import sys
import threading

import pytest
from typer.testing import CliRunner

from mrpverify.check import app as check
from mrpverify.lock import app as lock
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
