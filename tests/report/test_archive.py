"""An archive as a person uses it: written, moved, verified; whoever changes it is told."""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from mrpverify import archive
from mrpverify.__main__ import app
from mrpverify.report import archived, archiving
from mrpverify.report.archiving import pins
from mrpverify.report.crate import METADATA
from tests.report.test_verifying import CONTROLS, FALSE, TRUE, counted, made


def ask(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Two records, one of them refuted, a lock and a figure, in a folder of one's own."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "t1 a.json").write_text(json.dumps(made(counted(TRUE))))
    (folder / "b.json").write_text(json.dumps(made(counted(FALSE)) | {"salt": "b"}))
    (folder / "figures").mkdir()
    (folder / "figures" / "one of them.svg").write_text("<svg/>")
    locked = ask("lock", "A.regime", "--lock", folder / "t1.lock")
    assert locked.exit_code == 0, locked.output
    return folder


def wrote(given, target):
    options = ["--figures", given / "figures", "--lock", given / "t1.lock"]
    done = ask("archive", target, given / "t1 a.json", given / "b.json", *options)
    assert done.exit_code == 0, done.output
    return target


@pytest.fixture(params=["folder", "file.zip"])
def target(request, given, tmp_path):
    return wrote(given, tmp_path / request.param)


def test_every_verdict_is_recomputed_from_the_archive_alone(target, tmp_path):
    moved = tmp_path / "elsewhere" / target.name
    moved.parent.mkdir()
    shutil.move(target, moved)
    told = ask("check", "--verify", moved)
    assert told.exit_code == 0, told.output
    again = f"{1 + len(CONTROLS)} measurements decided again from their seeds"
    assert f"records/t1_a.json: {again}" in told.output
    assert f"records/b.json: {again}" in told.output
    assert "0 changed; 2 records" in told.output


def test_the_crate_names_every_file_with_its_digest(given, tmp_path):
    folder = wrote(given, tmp_path / "a")
    content = json.loads((folder / METADATA).read_text())
    assert content["@context"] == "https://w3id.org/ro/crate/1.2/context"
    by_id = {entity["@id"]: entity for entity in content["@graph"]}
    assert by_id[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    assert len(by_id) == len(content["@graph"]), "an id names one thing"
    root = by_id["./"]
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    parts = {part["@id"] for part in root["hasPart"]}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {part.replace("%20", " ") for part in parts} == there - {METADATA}
    for part in parts:
        found = (folder / part.replace("%20", " ")).read_bytes()
        assert by_id[part]["sha256"] == hashlib.sha256(found).hexdigest()
        assert by_id[part]["contentSize"] == str(len(found))
    references = [r["@id"] for e in content["@graph"] for v in e.values() if isinstance(v, list)
                  for r in v if isinstance(r, dict)]  # fmt: skip
    assert set(references) <= by_id.keys()


def test_folder_and_zip_hold_the_same(given, tmp_path):
    folder, packed = wrote(given, tmp_path / "a"), wrote(given, tmp_path / "b.zip")
    with zipfile.ZipFile(packed) as file:
        inside = {name: file.read(name) for name in file.namelist()}
    assert inside == {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    assert wrote(given, tmp_path / "c.zip").read_bytes() == packed.read_bytes()


def test_a_folder_packed_by_hand_is_read_too(given, tmp_path):
    wrote(given, tmp_path / "a")
    packed = shutil.make_archive(str(tmp_path / "by_hand"), "zip", tmp_path, "a")
    assert ask("check", "--verify", packed).exit_code == 0


CHANGES = {
    "a record": (lambda f: (f / "records/b.json").write_text("{}"), None),
    "a verdict": (lambda f: turned(f / "records" / "b.json"), "does not follow: T1.capture"),
    "a figure": (lambda f: (f / "figures/one of them.svg").write_text("<svg />"), "one of them"),
    "a file gone": (lambda f: (f / "constraints.txt").unlink(), "constraints.txt is missing"),
    "a file more": (lambda f: (f / "more.txt").write_text(""), "more.txt is not in the manifest"),
}


def turned(path):
    content = json.loads(path.read_text())
    content["claims"][0]["verdict"] = "SUPPORTED"
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_changes_it_is_told(given, tmp_path, change):
    folder = wrote(given, tmp_path / "a")
    by, said = CHANGES[change]
    by(folder)
    told = ask("check", "--verify", folder)
    assert told.exit_code == (7 if said else 2), told.output
    assert (said or "no record of a check") in told.output


def test_a_verdict_and_its_digest_changed_together_are_told(given, tmp_path):
    folder = wrote(given, tmp_path / "a")
    turned(folder / "records" / "b.json")
    content = json.loads((folder / METADATA).read_text())
    (entity,) = [e for e in content["@graph"] if e["@id"] == "records/b.json"]
    entity["sha256"] = hashlib.sha256((folder / "records" / "b.json").read_bytes()).hexdigest()
    (folder / METADATA).write_text(json.dumps(content))
    told = ask("check", "--verify", folder)
    assert told.exit_code == 7
    assert "changed:" not in told.output
    assert "SUPPORTED, recomputed REFUTED" in told.output


@pytest.mark.parametrize("name", ["../out.json", "/out.json", "records\\..\\x", "C:x", "a/../../b"])
def test_a_zip_that_leads_out_is_refused_and_writes_nothing(given, tmp_path, name):
    (tmp_path / "inner").mkdir()
    packed = wrote(given, tmp_path / "inner" / "a.zip")
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr(name, "{}")
    before = sorted(tmp_path.rglob("*"))
    told = ask("check", "--verify", packed)
    assert told.exit_code == 2
    assert "leads out of the archive" in told.output
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_a_folder_is_refused(given, tmp_path):
    folder = wrote(given, tmp_path / "a")
    (folder / "records" / "c.json").symlink_to(given / "b.json")
    told = ask("check", "--verify", folder)
    assert (told.exit_code, "is a link" in told.output) == (2, True)


def test_a_zip_that_unpacks_to_too_much_is_refused(given, tmp_path, monkeypatch):
    packed = wrote(given, tmp_path / "a.zip")
    monkeypatch.setattr(archived, "LARGEST", 100)
    told = ask("check", "--verify", packed)
    assert (told.exit_code, "no file of an archive is as large" in told.output) == (2, True)


def test_what_is_no_archive_is_said(given, tmp_path):
    packed = wrote(given, tmp_path / "a.zip")
    broken = bytearray(packed.read_bytes())
    broken[60:90] = bytes(30)
    (tmp_path / "broken.zip").write_bytes(broken)
    assert "broken ZIP file" in ask("check", "--verify", tmp_path / "broken.zip").output
    (tmp_path / "empty").mkdir()
    told = ask("check", "--verify", tmp_path / "empty")
    assert (told.exit_code, METADATA in told.output) == (2, True)
    for text in ("[]", "{}", '{"@graph": [{"@type": "File"}]}', "nul\0"):
        (tmp_path / "empty" / METADATA).write_text(text)
        told = ask("check", "--verify", tmp_path / "empty")
        assert (told.exit_code, "cannot be read" in told.output) == (2, True)


def test_only_records_that_can_be_recomputed_are_archived(given, tmp_path):
    content = json.loads((given / "b.json").read_text())
    older = copy.deepcopy(content)
    del older["claims"][0]["outcomes"]
    wrong = copy.deepcopy(content)
    wrong["claims"][0]["verdict"] = "SUPPORTED"
    for name, made_so, code, said in (
        ("older", older, 2, "Make it again"),
        ("wrong", wrong, 7, "do not follow"),
        ("none", {}, 2, "no record of a check"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(made_so))
        told = ask("archive", tmp_path / "out", tmp_path / f"{name}.json")
        assert (told.exit_code, said in told.output) == (code, True), told.output
    assert not (tmp_path / "out").exists()


def test_every_record_that_is_refused_is_named(given, tmp_path):
    wrong = made(counted(TRUE)) | {"exit_code": 3}
    for name, content in (("bare", {}), ("wrong", wrong), ("contrary", wrong)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    record = given / "t1 a.json"
    asked = [tmp_path / f"{name}.json" for name in ("wrong", "contrary")]
    told = ask("archive", tmp_path / "x", asked[0], record, asked[1])
    assert told.exit_code == 7
    assert all(f"archive {path}: its verdicts do not follow" in told.output for path in asked)
    assert str(record) not in told.output
    asked += [tmp_path / "bare.json", tmp_path / "absent.json"]
    told = ask("archive", tmp_path / "x", *asked)
    assert told.exit_code == 2
    assert all(f"{path}: " in told.output for path in asked)
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_written_or_read_is_said(given, tmp_path):
    record = given / "b.json"
    assert "exists; name a new" in ask("archive", given, record).output
    assert ask("archive", record / "a.zip", record).exit_code == 1
    for option, said in (("--figures", "no folder"), ("--lock", "cannot be read as a lock")):
        told = ask("archive", tmp_path / "a", record, option, tmp_path / "absent")
        assert (told.exit_code, said in told.output) == (2, True)


def test_a_name_says_what_is_written_and_folders_above_it_are_made(given, tmp_path):
    record = given / "b.json"
    told = ask("archive", tmp_path / "a.txt", record)
    assert (told.exit_code, ".txt is neither a folder nor a ZIP" in told.output) == (2, True)
    for name in ("one/deep/a.zip", "two/deep/runs-0.2", "two/A.ZIP"):
        assert ask("archive", tmp_path / name, record).exit_code == 0
        assert ask("check", "--verify", tmp_path / name).exit_code == 0
    (tmp_path / "empty.d").mkdir()
    assert ask("archive", tmp_path / "empty.d", record).exit_code == 0
    assert not list(tmp_path.rglob("*.part"))


NAMES = {"a\\b.svg": "no name for every machine", "a:b.svg": "no name for every machine",
         b"\xff.svg".decode(errors="surrogateescape"): "no name in UTF-8"}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="names that other systems do not have")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_figure_that_verify_would_refuse_is_refused(given, tmp_path, name):
    figures, target = tmp_path / "figures", tmp_path / "a.zip"
    figures.mkdir()
    (figures / name).write_text("<svg/>")
    told = ask("archive", target, given / "b.json", "--figures", figures)
    assert (told.exit_code, NAMES[name] in told.output) == (2, True)
    assert not target.exists()


def test_a_large_figure_is_refused_and_a_hidden_one_left_out(given, tmp_path):
    figures, target = tmp_path / "figures", tmp_path / "a"
    (figures / ".git" / "objects").mkdir(parents=True)
    (figures / ".git" / "objects" / "x").write_text("")
    (figures / "x.svg").write_text("<svg/>")
    asked = ["archive", target, given / "b.json", "--figures", figures]
    assert ask(*asked).exit_code == 0
    assert [path.name for path in (target / "figures").rglob("*")] == ["x.svg"]
    shutil.rmtree(target)
    with (figures / "large.svg").open("wb") as file:
        file.truncate(archived.LARGEST + 1)
    told = ask(*asked)
    assert (told.exit_code, "'large.svg' cannot be kept (more than 256" in told.output) == (2, True)
    assert not target.exists()


@pytest.mark.parametrize("name", ["a", "a.zip"])
def test_a_disk_that_is_full_leaves_nothing(given, tmp_path, monkeypatch, name):
    def full(path, content):
        if not path.name.endswith(".json") or "records" in str(path):
            path.touch()
            raise OSError(28, "No space left on device")
        return len(content)

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    told = ask("archive", tmp_path / name, given / "b.json")
    assert (told.exit_code, "No space left" in told.output) == (1, True)
    assert not list(tmp_path.iterdir())


def test_what_its_own_verifier_refuses_is_not_put_in_place(given, tmp_path, monkeypatch):
    monkeypatch.setattr(archiving, "manifest", lambda *_: '{"@graph": []}')
    told = ask("archive", tmp_path / "a.zip", given / "b.json")
    assert (told.exit_code, "check --verify would refuse it" in told.output) == (2, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["check", "--verify"], ["archive", "OUT"], ["results"],
                                   ["check", "--from"]], ids=" ".join)  # fmt: skip
def test_a_pipe_is_no_record_and_is_not_waited_for(tmp_path, words):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told = ask(*words, pipe)
    assert (told.exit_code, "a pipe or a device" in told.output) == (2, True)
    told = ask(*words, "/dev/zero")
    assert (told.exit_code, "a pipe or a device" in told.output) == (2, True)


def test_a_device_is_no_lock(given, tmp_path):
    told = ask("archive", tmp_path / "out", given / "b.json", "--lock", "/dev/zero")
    assert (told.exit_code, "a pipe or a device" in told.output) == (2, True)


def test_a_zip_that_is_cut_off_is_a_broken_zip(given, tmp_path):
    packed = wrote(given, tmp_path / "a.zip")
    packed.write_bytes(packed.read_bytes()[:2000])
    told = ask("check", "--verify", packed)
    assert (told.exit_code, "a broken ZIP file" in told.output) == (2, True)


def test_other_versions_than_here_are_said(given, tmp_path):
    content = json.loads((given / "b.json").read_text())
    content["versions"]["torch"] = "1.0"
    (tmp_path / "old.json").write_text(json.dumps(content))
    told = ask("archive", tmp_path / "a", tmp_path / "old.json")
    assert (told.exit_code, "was made with torch 1.0" in told.output) == (0, True)


def test_constraints_pin_what_the_package_needs():
    names = [line.partition("==")[0] for line in pins("mrpverify")]
    assert {"numpy", "scipy", "torch", "typer", "mpmath"} <= set(names)  # sympy needs mpmath
    assert "mrpverify" not in names
    assert len(names) == len(set(names))


def test_the_module_runs_as_a_command():
    told = subprocess.run(
        [sys.executable, "-m", archive.__name__, "--help"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "RO-Crate" in told.stdout
