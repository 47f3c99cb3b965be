"""Records: content hash, store, resumption, labels, joining seeds of different length."""

import json
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import active_children

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.parameters import Parameters
from mrpverify.records import collect as collecting
from mrpverify.records.collect import DeviceError, Machine, choose_machine, collect
from mrpverify.records.labelled import AXES, Request, join
from mrpverify.records.store import CACHE_VARIABLE, Store, default_folder

TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=12)
HERE = Machine("cpu")


def requests(count=3):
    return [Request(TINY, "records", seed) for seed in range(count)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_equal_requests_share_a_key_and_any_difference_changes_it():
    one = requests(1)[0]
    assert one.key() == requests(1)[0].key()
    others = [
        replace(one, seed=1),
        replace(one, salt="other"),
        replace(one, parameters=replace(TINY, visible=0.6)),
        replace(one, parameters=replace(TINY, precision="float64")),
    ]
    assert len({one.key(), *(o.key() for o in others)}) == 5


def test_collected_runs_are_stored_and_reused(store, monkeypatch):
    first = collect(requests(), HERE, store)
    monkeypatch.setattr(collecting, "train", lambda *_: pytest.fail("trained again"))
    again = collect(requests(), HERE, store)
    for request in requests():
        xr.testing.assert_identical(first[request], again[request])


def test_without_a_store_everything_is_trained_and_nothing_kept(tmp_path):
    found = collect(requests(1), HERE, None)
    assert len(found) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_keeps_finished_runs(store, monkeypatch):
    genuine, calls = collecting.train, []

    def stop_at_third(batch, machine):
        calls.append(batch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return genuine(batch, machine)

    monkeypatch.setattr(collecting, "train", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        collect(requests(4), HERE, store)
    assert sum(store.load(r) is not None for r in requests(4)) == 2
    calls.clear()
    monkeypatch.setattr(collecting, "train", lambda b, m: calls.append(b) or genuine(b, m))
    assert len(collect(requests(4), HERE, store)) == 4
    assert len(calls) == 2


@pytest.mark.parametrize("content", [b"", b"not a record"])
def test_a_damaged_record_is_trained_again(store, content):
    request = requests(1)[0]
    good = collect([request], HERE, store)[request]
    store.path(request).write_bytes(content)
    assert store.load(request) is None
    again = collect([request], HERE, store)[request]
    np.testing.assert_array_equal(good["final_weights"], again["final_weights"])


def test_saving_leaves_no_partial_file(store):
    collect(requests(1), HERE, store)
    assert [p.suffix for p in store.folder.rglob("*") if p.is_file()] == [".nc"]


def test_several_processes_give_what_one_gives(store):
    alone = collect(requests(2), HERE, None)
    together = collect(requests(2), Machine("cpu", workers=2), store)
    for request in requests(2):
        for name in AXES:
            np.testing.assert_allclose(alone[request][name], together[request][name], rtol=1e-5)


def test_a_run_says_where_it_comes_from(store):
    request = requests(1)[0]
    run = collect([request], HERE, store)[request]
    assert json.loads(run.attrs["parameters"])["classes"] == 2
    assert run.attrs["config_hash"] == request.key()
    assert run.attrs["salt"] == "records"
    assert run.attrs["device"] == "cpu"
    assert json.loads(run.attrs["versions"])["torch"] == torch.__version__
    assert run["correlations"].dims == ("seed", "step", "kernel", "feature")
    assert run["seed"].values.tolist() == [0]


def test_joining_keeps_every_seed_and_pads_shorter_ones_with_nan():
    short, long = Request(TINY, "j", 0), Request(replace(TINY, max_steps=30), "j", 1)
    found = collect([short, long], HERE, None)
    both = join([found[short], found[long]])
    assert both["seed"].values.tolist() == [0, 1]
    assert both.sizes["step"] == found[long].sizes["step"]
    assert np.isnan(both["time"].values[0]).any()
    assert np.isfinite(both["time"].values[1]).all()
    np.testing.assert_array_equal(both["final_weights"][0], found[short]["final_weights"][0])


def test_progress_counts_up_to_the_total(store):
    heard = []
    collect(requests(), HERE, store, lambda done, total: heard.append((done, total)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_store_moves_with_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert default_folder() == tmp_path


def test_devices_are_checked():
    assert choose_machine("cpu").device == "cpu"
    with pytest.raises(DeviceError, match="expected auto, cpu or cuda"):
        choose_machine("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="no CUDA device"):
            choose_machine("cuda")


def test_a_dying_worker_is_an_error_not_a_result(store, monkeypatch):
    # Two requests so that processes are used; the initialiser kills them at once.
    monkeypatch.setattr(collecting, "_single_thread", _die)
    with pytest.raises(BrokenProcessPool):
        collect(requests(2), Machine("cpu", workers=2), store)


def _die():
    raise SystemExit(1)


def test_a_change_of_the_simulation_changes_every_key(monkeypatch):
    before = requests(1)[0].key()
    monkeypatch.setattr("mrpverify.records.labelled.simulation_digest", lambda: "edited")
    assert requests(1)[0].key() != before


def test_an_interruption_while_a_run_is_saved_ends_the_processes(store):
    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(requests(40), Machine("cpu", workers=2), store, interrupt)
    # Polled: the pool's own thread waits for the same processes, and while it holds the answer of
    # the operating system, a process that has ended is still listed here.
    end = time.monotonic() + 20
    while active_children() and time.monotonic() < end:
        time.sleep(0.05)
    assert not active_children()
    assert 1 <= sum(store.load(r) is not None for r in requests(40)) < 40
