"""Claims on CIFAR-10 end to end, on generated images and tiny networks; killed in the middle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from mrpverify import check as command
from mrpverify.images import cifar_runs, networks
from mrpverify.images.fetch import adopt
from mrpverify.images.setup import SettingsError, load_settings
from mrpverify.images.sources import source
from mrpverify.records import collect as collecting
from mrpverify.records.store import CACHE_VARIABLE
from tests.images.generated import write_batches

pytest.importorskip("PIL", reason="claims on images need Pillow, extra [images]")

NAMES = ("gain", "gain-all", "occlusion", "regions", "kernels", "overlap")
SIZES = {
    "seeds": 2, "pool": 60, "labels": "30", "width": 8, "pretraining_steps": 6,
    "pretraining_batch": 20, "label_steps": 100, "label_batch": 20, "label_rate": 0.03,
    "sweep_ratios": 0.3, "sweep_seeds": 1, "snapshots": 3, "looked_at": 100,
}  # fmt: skip


WITH_FEW = (
    "import sys; from mrpverify import check; from mrpverify.images import networks; "
    "networks.MATCHED_ON = 300; check.app(sys.argv[1:])"
)
"""The command in a process of its own, with as few images to match on as there are."""


def arguments(json_file, names=NAMES, **changes):
    sets = [f"images.{name}={value}" for name, value in {**SIZES, **changes}.items()]
    flags = [word for text in sets for word in ("--set", text)]
    return [*(f"images.{name}" for name in names), *flags, "--json", str(json_file)]


def records(cache):
    return {path.name: path.stat().st_mtime_ns for path in cache.rglob("*.nc")}


def check(cache, *words):
    """The command in this process, with one worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "default_workers", lambda: 1)
        patch.setattr(networks, "MATCHED_ON", 300)
        patch.setenv(CACHE_VARIABLE, str(cache))
        cifar_runs.data.cache_clear()
        result = CliRunner().invoke(command.app, words)
    cifar_runs.data.cache_clear()
    return result


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """Two caches with the same generated data set."""
    folder = tmp_path_factory.mktemp("caches")
    write_batches(folder / "batches", train_each=10, test_each=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder / "one"))
        adopt(source("cifar10"), folder / "batches")
    shutil.copytree(folder / "one", folder / "other")
    return folder / "one", folder / "other"


@pytest.fixture(scope="module")
def undisturbed(caches):
    cache, file = caches[0], caches[0] / "r.json"
    result = check(cache, *arguments(file))
    assert result.exit_code == 0, result.output
    return json.loads(file.read_text())


def details(record, name):
    return next(c for c in record["claims"] if c["id"] == f"images.{name}")["details"]


def test_every_claim_is_measured_with_controls_and_two_seeds_support_nothing(undisturbed):
    claims = {claim["id"]: claim for claim in undisturbed["claims"]}
    assert set(claims) == {f"images.{name}" for name in NAMES}
    for claim in claims.values():
        assert claim["verdict"] in ("REFUTED", "INCONCLUSIVE", "UNINFORMATIVE")
        for row in claim["details"]["differences"]:
            assert row["seeds"] == 2
            low, high = row["interval"]
            assert low is None or low <= row["mean"] <= high
    for name in ("occlusion", "regions", "kernels", "overlap"):
        assert [c["id"] for c in claims[f"images.{name}"]["controls"]] == [
            "pretraining on noise images", "learning shuffled labels", "an untrained encoder",
        ]  # fmt: skip


def test_the_networks_learn_what_can_be_learned(undisturbed):
    accuracy = {row["run"]: row["mean"] for row in details(undisturbed, "gain")["accuracies"]}
    assert accuracy["supervised long"] > 0.4
    rows = details(undisturbed, "kernels")["networks"]
    both_right = {row["arm"]: row["both_right"] for row in rows}
    assert min(both_right[arm] for arm in ("pixels", "teacher")) > 20, "of 100: no seed has none"
    mixed = next(r for r in rows if (r["arm"], r["network"]) == ("shuffled", "pretrained"))
    assert mixed["accuracy"] < 0.2


def test_overlaps_are_measured_where_accuracies_are_equal(undisturbed):
    rows = details(undisturbed, "overlap")["overlaps"]
    found = {(row["arm"], row["network"]): row for row in rows}
    assert len(found) == 4 * 4
    assert all(0 < row["overlap"] <= 1 for row in rows)
    assert 0.0 <= found["untrained", "own"]["accuracy"] < 0.2, "an untrained head says one class"
    for row in rows:
        if row["network"] == "long":
            assert row["overlap"] == found["pixels", "long"]["overlap"]
    assert found["shuffled", "equal steps"] == {
        **found["shuffled", "long"], "network": "equal steps",
    }  # fmt: skip
    assert found["pixels", "equal steps"]["overlap"] != found["pixels", "long"]["overlap"]


def test_stored_runs_are_not_trained_again(undisturbed, caches, monkeypatch):
    before = records(caches[0])
    monkeypatch.setattr(cifar_runs, "train", lambda *_: pytest.fail("trained again"))
    again = check(caches[0], *arguments(caches[0] / "again.json"))
    assert again.exit_code == 0, again.output
    assert json.loads((caches[0] / "again.json").read_text())["claims"] == undisturbed["claims"]
    assert records(caches[0]) == before


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL and looks at a process group")
def test_a_killed_check_keeps_finished_runs_and_ends_the_same(undisturbed, caches):
    cache = caches[1]
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_FEW, *arguments(cache / "killed.json", ["overlap"])],
        env={**os.environ, CACHE_VARIABLE: str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until(lambda: len(records(cache)) >= 3 or process.poll() is not None)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    wait_until(lambda: not alive(process.pid))
    kept = records(cache)
    result = check(cache, *arguments(cache / "r.json", ["overlap"]))
    assert result.exit_code == 0, result.output
    now = records(cache)
    assert {name: now[name] for name in kept} == kept, "finished runs were trained again"
    assert 3 <= len(kept) < len(now) / 2, "it was not killed in the middle"
    assert now.keys() < records(caches[0]).keys()
    [claim] = json.loads((cache / "r.json").read_text())["claims"]
    assert claim == next(c for c in undisturbed["claims"] if c["id"] == "images.overlap")


def alive(group):
    """Whether a process of the group is there: the trainers of a killed check end by themselves."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        ({"looked_at": 50}, 2, "images.looked_at='50'"),
        ({"looked_at": 9000}, 2, "less than or equal to 8000"),
        ({"labels": "60,30"}, 2, "error: images.labels=60,30, images.pool=60: labels must rise"),
        ({"pool": 65}, 2, "multiples of 10"),
        ({"mask_ratio": 1}, 2, "images.mask_ratio='1'"),
        ({"precision": "float16"}, 2, "'float32' or 'bfloat16'"),
        ({"precision": "bfloat16"}, 2, "images.precision=bfloat16: allowed is float32 on a CPU"),
        ({"colour": 1}, 2, "no setting has this name"),
        ({"pool": 200}, 2, "images.pool=200: allowed are at most 100 here"),
        ({"looked_at": 110}, 2, "images.looked_at=110: allowed are at most 100 here"),
    ],
    ids=str,
)
def test_sizes_that_cannot_be_are_named(change, code, part, undisturbed, caches, tmp_path):
    result = check(caches[0], *arguments(tmp_path / "r.json", **change))
    assert result.exit_code == code, result.output
    assert part in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_too_few_test_images_to_match_networks_on_are_told_before_any_work(caches, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mrpverify.checking._carry_out", lambda order: pytest.fail("work began"))
        patch.setenv(CACHE_VARIABLE, str(caches[1]))
        cifar_runs.data.cache_clear()
        refused = CliRunner().invoke(command.app, arguments(tmp_path / "r.json", ["occlusion"]))
    cifar_runs.data.cache_clear()
    assert refused.exit_code == 2, refused.output
    said = " ".join(refused.stderr.split())
    assert "images.looked_at=100: allowed are at most 0 here" in said
    assert "the 2000 that networks are matched on" in said


def test_settings_that_are_no_table_are_refused(tmp_path):
    preset = tmp_path / "own.toml"
    preset.write_text("images = 3\n")
    with pytest.raises(SettingsError, match=r"images=3 is no table"):
        load_settings(preset, {})
