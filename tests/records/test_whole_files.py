"""A write that fails half way, on a full disk say, leaves every file of a user as it was."""

import json
import os
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from typer.testing import CliRunner

from mrpverify.calibration import page
from mrpverify.check import app as check
from mrpverify.figures import files
from mrpverify.lock import app as lock
from mrpverify.records.atomic import replace_together, replace_whole
from mrpverify.report import kept
from mrpverify.sweep.table import write_table

ROOT = Path(__file__).parents[2]
FULL = "No space left on device"
ASKED = ["A.regime", "--framework", "mae"]
"""A claim that needs no run."""


@pytest.fixture
def full(monkeypatch):
    """From the call on, so many files are written whole; of the next one half, and then no more."""

    def begin(after=0):
        genuine, left = Path.write_bytes, [after]

        def write(path, content):
            if not left[0]:
                genuine(path, content[: len(content) // 2])
                raise OSError(28, FULL)
            left[0] -= 1
            return genuine(path, content)

        monkeypatch.setattr(Path, "write_bytes", write)

    return begin


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def earlier(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f"the earlier {name}")
    return contents(folder)


def figure(folder):
    drawn = plt.figure(), [{"x": 1.0}]
    files.write(folder, "a", "A", drawn, "text")


def calibration(folder):
    page.write(folder / "page.md", ["| a |"], 100, "a")


def records(folder):
    kept.write_records(folder, {"a.json": {"a": 1}, "b.json": {"a": 2}})


def table(folder):
    write_table(pd.DataFrame({"a": [1]}), folder / "t.csv", {folder / "t.json": b"{}"})


WRITERS = {
    figure: ("a.svg", "a.png", "a.csv", "a.md"),
    calibration: ("page.md",),
    records: ("a.json", "b.json"),
    table: ("t.csv", "t.json"),
}


@pytest.mark.parametrize(
    ("write", "after"), [(w, n) for w, names in WRITERS.items() for n in range(len(names))]
)
def test_what_is_written_together_is_replaced_together_or_not_at_all(tmp_path, full, write, after):
    there = earlier(tmp_path, *WRITERS[write])
    if write is calibration:
        (tmp_path / "page.md").write_text(f"{page.BEGIN}\n{page.END}\n")
        there = contents(tmp_path)
    full(after)
    with pytest.raises(OSError, match=FULL):
        write(tmp_path)
    assert contents(tmp_path) == there


@pytest.mark.parametrize("write", WRITERS)
def test_without_a_fault_every_file_is_new(tmp_path, write):
    there = earlier(tmp_path, *WRITERS[write])
    if write is calibration:
        (tmp_path / "page.md").write_text(f"{page.BEGIN}\n{page.END}\n")
    write(tmp_path)
    now = contents(tmp_path)
    assert now.keys() == there.keys()
    assert all(now[name] != there[name] for name in there)


def asked(*words):
    return CliRunner().invoke(check, [*ASKED, *map(str, words)])


def test_a_full_disk_costs_no_earlier_record(tmp_path, full):
    there = earlier(tmp_path, "x.json")
    full()
    told = asked("--json", tmp_path / "x.json")
    assert told.exit_code == 1
    assert f"the result could not be written ([Errno 28] {FULL}" in told.stderr
    assert contents(tmp_path) == there


@pytest.mark.parametrize("after", range(5))
def test_the_files_of_a_folder_are_of_one_check(tmp_path, full, after):
    out = tmp_path / "out"
    there = earlier(out, "record.json", "report.txt", "report.html", "report.md", "report.tex")
    full(after)
    told = asked("--out", out, "--format", "markdown", "--format", "latex")
    assert (told.exit_code, f"could not be written ([Errno 28] {FULL}" in told.stderr) == (1, True)
    assert contents(out) == there


@pytest.mark.parametrize("after", range(2))
def test_reports_made_of_a_record_are_all_new_or_none(tmp_path, full, after):
    assert asked("--out", tmp_path / "first").exit_code == 0
    there = earlier(tmp_path / "out", "report.md", "report.tex")
    full(after)
    words = ["--verify", tmp_path / "first" / "record.json", "--out", tmp_path / "out"]
    words += ["--format", "markdown", "--format", "latex"]
    told = CliRunner().invoke(check, list(map(str, words)))
    assert (told.exit_code, FULL in told.stderr) == (2, True)
    assert contents(tmp_path / "out") == there


def test_half_a_lock_is_not_there_to_block_a_new_one(tmp_path, full, monkeypatch):
    words = [*ASKED, "--lock", str(tmp_path / "a.lock")]
    full()
    told = CliRunner().invoke(lock, words)
    assert (told.exit_code, f"cannot be written ({FULL})" in told.stderr) == (1, True)
    assert not contents(tmp_path)
    monkeypatch.undo()
    assert CliRunner().invoke(lock, words).exit_code == 0
    assert json.loads((tmp_path / "a.lock").read_text())["claims"]


def test_a_file_keeps_its_mode_and_a_link_stays(tmp_path):
    there, link = tmp_path / "a.json", tmp_path / "link.json"
    there.write_text("old")
    there.chmod(0o640)
    link.symlink_to(there)
    replace_whole(link, b"new")
    assert link.is_symlink()
    assert (there.read_text(), there.stat().st_mode & 0o777) == ("new", 0o640)


def test_a_device_is_written_to_and_stays_one(tmp_path):
    device = Path(os.devnull)
    replace_together({device: b"a", tmp_path / "a": b"b"})
    assert not device.is_file()
    assert contents(tmp_path) == {"a": b"b"}


def test_a_folder_that_takes_no_new_file_has_its_file_written_as_it_lies(tmp_path, monkeypatch):
    there = tmp_path / "a"
    there.write_text("old")
    number = there.stat().st_ino
    monkeypatch.setattr(os, "access", lambda *_: False)
    replace_whole(there, b"new")
    assert (there.read_text(), there.stat().st_ino) == ("new", number)


def test_the_longest_name_can_be_written(tmp_path):
    name = "\u96ea" * 83 + ".json"  # 254 bytes of the 255 that a folder takes
    replace_whole(tmp_path / name, b"new")
    assert contents(tmp_path) == {name: b"new"}
    shutil.rmtree(tmp_path)
