"""The command line as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from mrpverify import check as command
from mrpverify import checking
from mrpverify.claims.registry import all_claims
from mrpverify.records import collect as collecting
from mrpverify.records.store import CACHE_VARIABLE

TINY = """
seeds = 3
[shared]
k = 2
s = 0.1
d = 10
N = 60
sigma_p = 0.015
[teacher-student]
m = 20
Delta = 16
sigma_0 = 0.06
eta = 1
deadline = 8000
max_steps = 6000
[mae]
m = 8
sigma_0 = 0.04
eta = 0.3
deadline = 8000
max_steps = 12000
"""


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "tiny.toml"
    path.write_text(TINY)
    return str(path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def environment(cache):
    return {**os.environ, CACHE_VARIABLE: str(cache), "COLUMNS": "200"}


def run(*arguments, cache):
    return subprocess.run(
        [sys.executable, "-m", "mrpverify.check", *arguments],
        capture_output=True,
        text=True,
        env=environment(cache),
        check=False,
    )


def here(*arguments, cache):
    """The same in this process, for what trains nothing: imports would take longer than it does."""
    found = CliRunner().invoke(command.app, list(arguments), env=environment(cache))
    return subprocess.CompletedProcess(arguments, found.exit_code, found.stdout, found.stderr)


@pytest.fixture(scope="module")
def finished(preset, cache, tmp_path_factory):
    """One run of theorem1 with everything switched on."""
    out = tmp_path_factory.mktemp("out")
    process = run(
        "theorem1", "--preset", preset, "--json", str(out / "r.json"), "--out", str(out),
        cache=cache,
    )  # fmt: skip
    return process, json.loads((out / "r.json").read_text()), out


def test_exit_code_record_and_report_agree(finished):
    process, record, out = finished
    assert process.returncode == record["exit_code"], process.stderr
    assert process.returncode in (0, 3, 4, 5, 6)
    assert json.loads((out / "record.json").read_text()) == record
    report = (out / "report.txt").read_text()
    for text in (process.stdout, report):
        assert f"exit code {record['exit_code']}" in text
        assert "E[g_+^q]" in text, "markup must not swallow brackets"


def test_the_record_keeps_its_contract(finished):
    _, record, _ = finished
    assert set(record) >= {
        "mrpverify", "command", "regime", "seeds", "salt", "device", "versions", "seconds",
        "exit_code", "claims",
    }  # fmt: skip
    for claim in record["claims"]:
        assert set(claim) >= {
            "id", "role", "framework", "statement", "provenance", "verdict", "measured", "violated",
            "statistic", "value", "interval", "threshold", "successes", "trials", "details",
            "controls",
        }  # fmt: skip
        for control in claim["controls"]:
            assert set(control) >= {"id", "expected", "observed", "failed_as_it_should"}
    shown = {(c["id"], c["framework"], c["horizon"]) for c in record["claims"]}
    assert len(shown) == len(record["claims"]) == 14
    rows = next(c for c in record["claims"] if c["id"] == "T1.capture")["details"]["features"]
    assert set(rows[0]) >= {"class", "view", "captured_share", "median_correlation"}


def test_the_report_shows_every_claim_condition_control_and_feature(finished):
    process, record, _ = finished
    for claim in record["claims"]:
        assert claim["id"] in process.stdout
        assert claim["verdict"] in process.stdout
    for condition in record["conditions"]["mae"]:
        if "mae" in condition["applies_to"]:
            assert condition["id"] in process.stdout
    assert "Negative controls" in process.stdout
    assert process.stdout.count("T1.capture, every feature") == 2


def test_stored_runs_are_used_again_and_give_the_same_numbers(finished, preset, cache, tmp_path):
    _, record, _ = finished
    stored = sorted(p.stat().st_mtime_ns for p in cache.rglob("*.nc"))
    again = run("theorem1", "--preset", preset, "--json", str(tmp_path / "2.json"), cache=cache)
    assert again.returncode == record["exit_code"]
    second = json.loads((tmp_path / "2.json").read_text())
    assert second["claims"] == record["claims"]
    assert sorted(p.stat().st_mtime_ns for p in cache.rglob("*.nc")) == stored


def test_what_follows_pretraining_keeps_its_contract(preset, cache, tmp_path):
    """Numbers at three seeds support nothing; what is tested is what a script reads."""
    path = tmp_path / "r.json"
    process = run("T2.test", "SL.test", "CMP.gain", "--preset", preset, "--framework", "both",
                  "--set", "test_images=60", "--json", str(path), cache=cache)  # fmt: skip
    record = json.loads(path.read_text())
    assert process.returncode == record["exit_code"], process.stderr
    assert process.returncode in (3, 4, 5, 6)
    claims = {(c["id"], c["framework"]): c for c in record["claims"]}
    assert set(claims) == {
        ("T2.test", "teacher-student"), ("T2.test", "mae"), ("SL.test", "supervised"),
        ("CMP.gain", "teacher-student"), ("CMP.gain", "mae"),
    }  # fmt: skip
    legs = claims["T2.test", "mae"]["details"]["accuracies"]
    assert set(legs) == {"fine-tuned", "linear probe", "fine-tuned, few labels"}
    rows = legs["fine-tuned"]["confusion"]
    assert set(rows[0]) == {"shown", "learned", "images", "accuracy"}
    assert sum(row["images"] for row in rows) == 2 * 60 * record["seeds"]
    band = claims["SL.test", "supervised"]["band"]
    assert band[0] < claims["SL.test", "supervised"]["threshold"] < band[1]
    for part in claims["CMP.gain", "mae"]["details"]["parts"].values():
        assert set(part) >= {"mean", "interval", "threshold", "band", "measured", "outcomes"}
    for words in ("CMP.gain, accuracies", "class learned", "single-view gain", "in ["):
        assert words in process.stdout


def test_a_framework_the_claim_is_not_about_is_named(preset, cache):
    process = here("SL.test", "CMP.ssl", "--preset", preset, "--framework", "mae", cache=cache)
    assert process.returncode == 2
    assert "is about supervised, teacher-student" in process.stderr


def test_another_salt_rolls_every_draw_again(preset, cache, tmp_path):
    values = []
    for salt in "ab":
        path = tmp_path / f"{salt}.json"
        run("T1.lottery", "--framework", "mae", "--preset", preset, "--salt", salt, "--seeds", "2",
            "--no-cache", "--json", str(path), cache=cache)  # fmt: skip
        record = json.loads(path.read_text())
        assert record["salt"] == salt
        values.append(record["claims"][0]["details"])
    assert values[0] != values[1]


def test_quiet_says_nothing_and_strict_counts_findings(finished, preset, cache):
    _, record, _ = finished
    quiet = run("theorem1", "--preset", preset, "--quiet", cache=cache)
    assert (quiet.stdout, quiet.stderr) == ("", "")
    assert quiet.returncode == record["exit_code"]
    finding = run("T1.monosemantic", "--preset", preset, cache=cache)
    assert finding.returncode == 0, "a finding does not count"
    strict = run("T1.monosemantic", "--preset", preset, "--strict", cache=cache)
    assert strict.returncode != 0


def test_regime_conditions_need_no_run_and_have_their_exit_code(preset, tmp_path):
    inside = here("A.regime", cache=tmp_path)
    assert inside.returncode == 0, inside.stdout
    outside = here("A.regime", "--set", "sigma_0=0.6", cache=tmp_path)
    assert outside.returncode == 6
    assert "outside the regime, initial scale" in outside.stdout
    assert not list(tmp_path.rglob("*.nc"))


def test_list_is_short_and_shows_what_is_named_in_depth(cache):
    short = here("--list", cache=cache)
    ids = {claim.id for claim in all_claims()}
    assert short.returncode == 0
    assert ids <= set(short.stdout.split())
    assert len(short.stdout.splitlines()) < len(all_claims()) + 20
    deep = here("--list", "t1.CAPTURE", "parameters", "stand-ins", cache=cache).stdout
    for word in ("T1.capture", "[A]", "control", "U[rho", "sigma_0", "much_less", "varrho",
                 "Finite stand-ins"):  # fmt: skip
        assert word in deep
    unknown = here("--list", "T1.captur", cache=cache)
    assert (unknown.returncode, "T1.capture" in unknown.stderr) == (2, True)


def test_json_to_stdout_is_all_there_is_on_it(cache):
    process = here("A.regime", "--json", "-", cache=cache)
    assert {claim["id"] for claim in json.loads(process.stdout)["claims"]} == {"A.regime"}
    assert "SUPPORTED" in process.stderr
    assert not Path("-").exists()


BAD_INPUT = [
    (["theorem9"], "did you mean theorem", None),
    ([], "name a group or a claim", None),
    (["theorem1", "--set", "theta=1.5"], "theta=1.5: must be a number > 0 and <= 1", None),
    (["theorem1", "--set", "theta=lots"], "theta=lots", None),
    (["theorem1", "--set", "thetta=0.5"], "did you mean theta", None),
    (["theorem1", "--set", "theta"], "expected key=value", None),
    (["theorem1", "--set", "k=40"], "must be at least views k = 80", None),
    (["theorem1", "--preset", "absent.toml"], "cannot read", None),
    (["theorem1", "--preset", "fast"], "quick, paper, large", None),
    (["theorem1", "--framework", "clip"], "teacher-student, mae, supervised or both", None),
    (["theorem1", "--seeds", "0"], "allowed are 1 to 10000", None),
    (["theorem1", "--seeds", "two"], "Invalid value for '--seeds'", None),
    (["theorem1", "--device", "tpu"], "expected auto, cpu or cuda", None),
    (["theorem1", "--json", "no/such/folder/r.json"], "cannot be written", None),
    (["theorem1", "--set", "theta=0.5", "--set", "visible=0.6"], "given twice", None),
    (["theorem1", "--json", "."], "this is a folder", None),
    (["theorem1", "--out", "{file}/out"], "cannot be made", None),
    (["theorem1", "--out", "{taken}"], "this is a folder", None),
    (["theorem1", "--frobnicate"], "No such option", None),
    (["theorem1", "--out", "{file}.d", "--format", "word"], "expected markdown or latex", None),
    (["theorem1", "--format", "latex"], "add --out DIR", None),
]


@pytest.mark.parametrize(("arguments", "part", "_"), BAD_INPUT, ids=lambda v: str(v)[:40])
def test_bad_input_ends_in_one_message_and_exit_code_2_before_training(
    arguments, part, _, cache, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "record.json").mkdir(parents=True)
    arguments = [a.format(file=tmp_path / "file", taken=tmp_path / "taken") for a in arguments]
    monkeypatch.setattr(checking, "_carry_out", lambda order: pytest.fail("training began"))
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    result = CliRunner().invoke(command.app, arguments)
    assert result.exit_code == 2, result.output
    assert part in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_formats_are_written_beside_the_page(cache, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    asked = ["A.regime", "--out", str(tmp_path / "o"), "--quiet"]
    formats = ["--format", "markdown", "--format", "latex", "--format", "latex"]
    result = CliRunner().invoke(command.app, [*asked, *formats])
    assert result.exit_code == 0, result.output
    written = {file.name for file in (tmp_path / "o").iterdir()}
    assert written == {"record.json", "report.txt", "report.html", "report.md", "report.tex"}
    assert "A.regime" in (tmp_path / "o" / "report.md").read_text()
    assert "\\mrpTable" in (tmp_path / "o" / "report.tex").read_text()


def test_bad_input_in_a_real_process(cache):
    process = run("theorem1", "--set", "theta=2", cache=cache)
    assert process.returncode == 2
    assert process.stdout == ""
    assert len(process.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_asking_for_cuda_without_one(cache):
    process = here("theorem1", "--device", "cuda", cache=cache)
    assert process.returncode == 2
    assert "no CUDA device" in process.stderr


def test_absent_data_end_in_the_command_that_gets_them(tmp_path):
    pytest.importorskip("PIL", reason="claims on images need Pillow, extra [images]")
    process = here("images.gain", cache=tmp_path)
    assert process.returncode == 2
    assert "get with: python -m mrpverify.images fetch cifar10" in process.stderr
    assert len(process.stderr.strip().splitlines()) == 1
    assert process.stdout == ""
    assert not list(tmp_path.rglob("*.nc"))


def test_unwritable_store_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    process = here("theorem1", cache=tmp_path / "file")
    assert process.returncode == 2
    assert CACHE_VARIABLE in process.stderr
    assert "use --no-cache" in process.stderr
    conditions = here("A.regime", cache=tmp_path / "file")
    assert conditions.returncode == 0, "nothing to be stored"


@pytest.mark.parametrize(
    "failure",
    [
        OSError(28, "No space left on device"),
        MemoryError(),
        RuntimeError("CUDA error"),
        ValueError("labels=5: a class has only 3 images; raise N."),
    ],
)
def test_a_failing_machine_is_exit_code_1_without_a_traceback(
    failure, preset, monkeypatch, tmp_path
):
    def fail(*_):
        raise failure

    monkeypatch.setattr(collecting, "train", fail)
    monkeypatch.setattr(collecting, "default_workers", lambda: 1)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    result = CliRunner().invoke(command.app, ["theorem1", "--preset", preset])
    assert result.exit_code == 1
    assert type(failure).__name__ in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process group")
def test_ctrl_c_keeps_finished_runs_and_says_how_to_go_on(preset, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "mrpverify.check", "theorem1", "--preset", preset, "--seeds", "400"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_records(tmp_path, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted: finished runs are stored" in errors
    assert list(Path(tmp_path).rglob("*.nc"))
    assert not list(Path(tmp_path).rglob("*.part"))


def wait_for_records(folder, process):
    for _ in range(1800):
        if list(Path(folder).rglob("*.nc")):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    pytest.fail("no run was stored within three minutes")


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        (["--framework", "mae", "--set", "theta=1"], "mask ratio"),
        (["--framework", "mae", "--set", "s=1.9"], "sparse presence"),
        (["--framework", "teacher-student", "--set", "m=1"], "coverage"),
    ],
    ids=str,
)
def test_outside_the_regime_is_answered_with_the_condition_and_its_margin(
    arguments, condition, preset, cache
):
    process = run("T1.capture", "--preset", preset, "--seeds", "6", "--set", "deadline=1000",
                  *arguments, cache=cache)  # fmt: skip
    # 5: at two classes and such an init supervised learning may learn every view as well.
    assert process.returncode in (3, 4, 5, 6), process.stdout
    line = next(x for x in process.stdout.splitlines() if f"outside the regime, {condition}" in x)
    assert "has margin" in line
    assert "Traceback" not in process.stderr


def test_a_record_is_asked_again(tmp_path, preset):
    record, second = tmp_path / "first.json", tmp_path / "second.json"
    asked = ("L14", "--preset", preset, "--salt", "z", "--set", "varrho=0.6", "--quiet")
    first = run(*asked, "--json", str(record), cache=tmp_path / "one")
    again = run("--from", str(record), "--json", str(second), cache=tmp_path / "another")
    assert again.returncode == first.returncode
    assert "The simulation is the same as then." in again.stdout
    then, now = (json.loads(path.read_text()) for path in (record, second))
    for key in ("regime", "config_hash", "simulation", "seeds", "salt", "claims"):
        assert now[key] == then[key]
    assert len(then["simulation"]) == 64


IMAGE_CLAIM = {
    "id": "IMG.gain", "horizon": "end", "verdict": "SUPPORTED", "framework": None, "value": 1.0,
}  # fmt: skip


CLAIM = {**IMAGE_CLAIM, "id": "A.regime", "horizon": "none", "framework": "mae"}


def test_what_cannot_be_asked_again_is_said_before_any_work(tmp_path):
    record = {"regime": {"mae": {"theta": 0.5}}, "seeds": 2, "salt": "a", "claims": []}
    cases = {
        "nothing": ("nothing.json", "cannot be read"),
        "{": ("broken.json", "no JSON"),
        "[]": ("list.json", "no record of a check; name a record of --json"),
        "{}": ("empty.json", "lacks regime, seeds, salt, claims"),
        json.dumps(record): ("none.json", "a record without claims"),
        json.dumps({**record, "claims": [CLAIM]}): ("regime.json", "not one of this version"),
        json.dumps({**record, "regime": {}, "claims": [CLAIM]}): ("without.json", "about mae"),
        json.dumps({**record, "claims": [IMAGE_CLAIM]}): ("image.json", "real images"),
    }
    for text, (name, message) in cases.items():
        path = tmp_path / name
        if text != "nothing":
            path.write_text(text)
        found = CliRunner().invoke(command.app, ["--from", str(path)])
        assert found.exit_code == 2
        assert message in found.output
    also = CliRunner().invoke(command.app, ["L14", "--from", str(tmp_path / "regime.json")])
    assert also.exit_code == 2
    assert "leave out names" in also.output
