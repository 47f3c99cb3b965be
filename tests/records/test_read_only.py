"""A store that may only be read: what it holds is used, and nothing is trained that it lacks."""

import errno
import logging

import pytest
from typer.testing import CliRunner

from mrpverify.check import app as check
from mrpverify.records import asked, store
from mrpverify.records import collect as collecting
from mrpverify.sweep.__main__ import app as sweep
from tests.sweep.tiny import write_plan

ASKED = ["T1.noise", "--framework", "mae"]


def refuse(*_):
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.fixture
def read_only(monkeypatch, tmp_path):
    """From the call on nothing can be written to the store, and nothing may be trained."""
    monkeypatch.setenv(store.CACHE_VARIABLE, str(tmp_path / "cache"))

    def begin():
        monkeypatch.setattr(store.Store, "check_writable", refuse)
        monkeypatch.setattr(store, "write_whole", refuse)
        monkeypatch.setattr(asked, "_add", refuse)
        monkeypatch.setattr(collecting, "pretrain", lambda *_: pytest.fail("it was trained"))

    return begin


@pytest.fixture
def preset(tmp_path):
    return write_plan(tmp_path).with_name("tiny.toml")


def ask(preset, *words):
    return CliRunner().invoke(check, [*ASKED, "--preset", str(preset), *words])


def test_a_check_reads_what_is_there(read_only, preset, tmp_path, caplog):
    first = ask(preset, "--seeds", "4")
    (tmp_path / "cache" / "cpu" / asked.FILE).unlink()
    read_only()
    with caplog.at_level(logging.WARNING):
        again = ask(preset, "--seeds", "4")
    assert again.exit_code == first.exit_code != 1, again.output
    assert "it is not noted what was asked" in caplog.text


def test_a_check_that_lacks_a_run_is_refused_before_any_is_made(read_only, preset):
    ask(preset, "--seeds", "2")
    read_only()
    told = ask(preset, "--seeds", "2", "--salt", "b")
    assert told.exit_code == 2
    assert "cannot be written (Read-only file system) and lacks" in told.stderr
    assert "use --no-cache or set MRPVERIFY_CACHE" in told.stderr


def test_where_no_store_is_and_none_can_be_made_the_check_does_not_begin(read_only, preset):
    read_only()
    told = ask(preset)
    assert (told.exit_code, "cannot be written (Read-only" in told.stderr) == (2, True)


def test_a_sweep_reads_what_is_there_and_is_refused_where_it_is_not(read_only, tmp_path):
    plan = str(write_plan(tmp_path))
    words = [plan, "--out", str(tmp_path / "t.csv"), "--workers", "1"]
    first = CliRunner().invoke(sweep, words)
    read_only()
    again = CliRunner().invoke(sweep, words)
    assert (again.exit_code, again.stdout) == (first.exit_code, first.stdout)
    other = CliRunner().invoke(sweep, [*words, "--salt", "b"])
    assert other.exit_code == 2
    assert "and lacks" in other.stderr


def test_another_fault_of_the_disk_is_no_read_only_store(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(asked, "_add", full)
    with pytest.raises(OSError, match="No space"):
        asked.remember(tmp_path, ["a"], 1)
