"""Pictures other than the published ones leave a trace: in list, lock, record and every report."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from mrpverify import check as command
from mrpverify import checking, lock
from mrpverify.images import __main__ as images
from mrpverify.images import entries, fetch, folder, idx
from mrpverify.images.sources import SOURCES, source
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.report.html import page
from mrpverify.report.kept import compact
from mrpverify.report.markdown import markdown
from mrpverify.report.run import own_data
from tests.dominoes.conftest import write_idx
from tests.report.test_text import result


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A cache with made pictures, that may be changed."""
    shutil.copytree(made / "images", tmp_path / "cache" / "images")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path


def run(app, *words):
    return CliRunner().invoke(app, list(map(str, words)))


def publish(monkeypatch, *names):
    """What lies here is what was published."""
    own = {name: folder.manifest(name)["digest"] for name in names}
    changed = {
        name: source if name not in own else _with(source, own[name])
        for name, source in SOURCES.items()
    }
    for module in (folder, entries):
        monkeypatch.setattr(module, "SOURCES", changed)


def _with(source, content):
    return type(source)(**{**vars(source), "content": content})


def test_pictures_of_ones_own_are_told_where_they_are_taken_and_listed(here):
    taken = run(images.app, "fetch", "garments", "--from", write_idx(here / "own", 5))
    assert taken.exit_code == 0
    digest = folder.manifest("garments")["digest"]
    told = f"NOT the published one: SHA-256 {digest[:12]}"
    assert told in taken.stderr
    listed = run(images.app, "list").stdout
    assert f"garments (is there, but {told})" in listed
    assert told in run(images.app, "fetch", "garments").stderr


def test_pictures_that_are_another_data_set_are_refused(here, monkeypatch):
    publish(monkeypatch, "digits")
    digits = write_idx(here / "copy", 0)
    refused = run(images.app, "fetch", "garments", "--from", digits)
    assert refused.exit_code == 2
    assert "garments: this is digits, not garments (MNIST" in refused.stderr
    there = folder.data_folder()
    for name in (folder.MANIFEST, idx.ARRAYS):
        shutil.copy(there / "digits" / name, there / "garments" / name)
    with pytest.raises(folder.MissingDataError, match="this is digits, not garments"):
        idx.load("garments")
    assert "garments (BROKEN: garments: this is digits" in run(images.app, "list").stdout


def test_a_lock_holds_the_pictures(here, monkeypatch):
    file = here / "lock.json"
    asked = ("D.lottery", "--seeds", "1", "--lock", file)
    assert run(lock.app, *asked).exit_code == 0
    locked = json.loads(file.read_text())["data"]
    assert locked["digits"] == {
        "digest": folder.manifest("digits")["digest"],
        "as_published": False,
    }
    monkeypatch.setattr(checking, "_carry_out", lambda order: 0)
    assert run(command.app, *asked).exit_code == 0
    fetch.adopt(source("garments"), write_idx(here / "own", 5))
    changed = run(command.app, *asked)
    assert changed.exit_code == 8
    assert "garments, digest: locked" in changed.stderr
    shutil.rmtree(folder.data_folder() / "digits")
    for app in (command.app, lock.app):
        absent = run(app, "D.lottery", "--seeds", "1", "--lock", file)
        assert absent.exit_code == 2
        assert "images fetch digits" in absent.stderr


def test_a_lock_made_before_names_no_pictures_and_is_not_kept(here, monkeypatch):
    file = here / "lock.json"
    asked = ("D.lottery", "--seeds", "1", "--lock", file)
    run(lock.app, *asked)
    content = json.loads(file.read_text())
    del content["data"]
    file.write_text(json.dumps(content))
    refused = run(command.app, *asked)
    assert refused.exit_code == 8
    assert "digits: not locked" in refused.stderr


@pytest.fixture
def record(here):
    """That of a claim about pictures, with the answer of another one, which is had at once."""
    file = here / "r.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "_evaluate", lambda order: [result()])
        done = run(command.app, "D.lottery", "T1.capture", "--seeds", "1", "--json", file)
    content = json.loads(file.read_text())
    (claim,) = content["claims"]
    failed = {
        "id": "permuted initial correlations", "expected": "", "observed": "0.5: REFUTED",
        "failed_as_it_should": True,
    }  # fmt: skip
    claim["controls"] = [{**claim, **failed}]
    content["command"] = ["python", "-m", "mrpverify.check", claim["id"], "--seeds", "1"]
    file.write_text(json.dumps(content))
    return done, file


def test_a_record_and_its_reports_say_what_the_pictures_are(record):
    done, file = record
    content = json.loads(file.read_text())
    own = {name: folder.manifest(name)["digest"] for name in ("digits", "garments")}
    assert content["data"] == {
        name: {"digest": digest, "as_published": False} for name, digest in own.items()
    }
    line = f"garments is NOT as published (SHA-256 {own['garments'][:12]})"
    assert f"warning: {line}" in done.stderr
    assert line in " ".join(done.stdout.split())
    assert line in page(content)
    assert line.replace("(", r"(") in markdown(content)
    assert compact(file)["data"] == content["data"]
    assert run(command.app, "--verify", file).exit_code == 0


def test_a_record_from_before_has_no_such_entry(record):
    _, file = record
    content = json.loads(file.read_text())
    del content["data"]
    file.write_text(json.dumps(content))
    assert "as published" not in page(content) + markdown(content)
    assert "data" not in compact(file)
    assert run(command.app, "--verify", file).exit_code == 0


def test_published_data_are_not_spoken_of(here, monkeypatch):
    publish(monkeypatch, "digits")
    found = entries.entries(["digits", "garments", "digits"])
    assert [name for name, one in found.items() if one["as_published"]] == ["digits"]
    assert [line.split()[0] for line in own_data(found)] == ["garments"]
    assert "digits (is there): " in run(images.app, "list").stdout
