"""Records: content hash, store, resumption, labels, joining seeds of different length."""

import hashlib
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.parameters import Parameters, relevant
from mrpverify.records import collect as collecting
from mrpverify.records import labelled
from mrpverify.records.collect import DeviceError, Machine, choose_machine, collect
from mrpverify.records.labelled import AXES, Request, join, simulation_digest
from mrpverify.records.provenance import Addressed, commit
from mrpverify.records.reservations import LOCKS
from mrpverify.records.store import (
    CACHE_VARIABLE,
    Store,
    default_folder,
    stored_or_made,
)

pytestmark = pytest.mark.usefixtures("one_seed_a_job")

TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=12)
HERE = Machine("cpu")


def requests(count=3):
    return [Request(TINY, "records", seed) for seed in range(count)]


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


def flipped(content):
    """One bit of the middle, where arrays are."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def sealed(content):
    """With a checksum that is right, so that HDF5 has to find the fault."""
    return content + hashlib.sha256(content).digest()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"not a record",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"more",
        flipped,
        lambda content: sealed(b"not a record"),
        lambda content: sealed(content[: len(content) // 2]),
        lambda content: sealed(content[:2000] + bytes(500) + content[2500:-32]),
    ],
)
def test_a_damaged_record_is_trained_again(store, damage):
    request = requests(1)[0]
    good = collect([request], HERE, store)[request]
    path = store.path(request)
    path.write_bytes(damage(path.read_bytes()))
    assert store.load(request) is None
    again = collect([request], HERE, store)[request]
    xr.testing.assert_identical(good.drop_attrs(), again.drop_attrs())
    xr.testing.assert_identical(store.load(request), again)


TUNED = replace(TINY, framework="fine-tuning", horizon=2.0)
ONE = Request(TUNED, "records", 0, TINY)


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, seed=1),
        replace(ONE, salt="other"),
        replace(ONE, parameters=replace(TUNED, off_class=0.5)),
        replace(ONE, parameters=replace(TUNED, precision="float64")),
        replace(ONE, start=replace(TINY, visible=0.6)),
    ],
    ids=["seed", "salt", "regime", "precision", "start"],
)
def test_a_record_that_says_it_is_another_run_is_trained_again(store, other):
    runs = collect([ONE, other], HERE, store)
    store.path(ONE).write_bytes(store.path(other).read_bytes())
    assert store.load(ONE) is None
    xr.testing.assert_identical(store.load(other), runs[other])
    again = collect([ONE], HERE, store)[ONE]
    xr.testing.assert_identical(again.drop_attrs(), runs[ONE].drop_attrs())
    xr.testing.assert_identical(store.load(ONE), again)


@pytest.mark.parametrize("name", ["simulation_digest", "versions"])
def test_a_record_of_other_code_is_trained_again(store, monkeypatch, name):
    collect([ONE], HERE, store)
    key = ONE.key()
    monkeypatch.setattr(Request, "key", lambda _: key)
    assert store.load(ONE) is not None
    others = {
        "simulation_digest": lambda: "edited",
        "versions": lambda: {"torch": "0", "numpy": "0"},
    }
    monkeypatch.setattr(f"mrpverify.records.labelled.{name}", others[name])
    assert store.load(ONE) is None


def test_a_record_of_another_kind_of_device_is_neither_given_nor_stored(store):
    run = collect([ONE], HERE, store)[ONE]
    gpu = Store(store.folder.parent, "cuda")
    assert gpu.path(ONE) != store.path(ONE)
    gpu.path(ONE).parent.mkdir(parents=True)
    gpu.path(ONE).write_bytes(store.path(ONE).read_bytes())
    assert gpu.load(ONE) is None
    with pytest.raises(ValueError, match=r"not that of .* on cuda"):
        gpu.save(ONE, run)
    with pytest.raises(ValueError, match=r"not that of .*seed=1"):
        store.save(replace(ONE, seed=1), run)


def test_a_look_is_stored_with_what_it_is_a_look_at(store):
    class Look(Addressed):
        """A record that is no run."""

        def __init__(self, photo):
            self.photo = photo

        def identity(self):
            return {"photo": self.photo}

    one, other = Look("one"), Look("other")
    made = xr.Dataset({"label": 3})
    for _ in range(2):
        found = stored_or_made(store, one, lambda: made)
        assert int(found["label"]) == 3
        assert json.loads(found.attrs["identity"]) == {"photo": "one", "device": "cpu"}
    store.path(other).parent.mkdir(parents=True, exist_ok=True)
    store.path(other).write_bytes(store.path(one).read_bytes())
    assert store.load(other) is None


def test_saving_leaves_no_partial_file(store):
    collect(requests(1), HERE, store)
    files = [p.name for p in store.folder.rglob("*") if p.is_file()]
    assert sorted(files) == sorted([store.path(requests(1)[0]).name, LOCKS])


def test_several_processes_give_what_one_gives(store):
    alone = collect(requests(2), HERE, None)
    together = collect(requests(2), Machine("cpu", workers=2), store)
    for request in requests(2):
        assert set(alone[request].data_vars) == set(together[request].data_vars) <= set(AXES)
        for name in alone[request].data_vars:
            np.testing.assert_array_equal(alone[request][name], together[request][name])


def test_a_run_says_where_it_comes_from(store):
    request = requests(1)[0]
    run = collect([request], HERE, store)[request]
    assert json.loads(run.attrs["parameters"])["classes"] == 2
    identity = json.loads(run.attrs["identity"])
    assert identity == request.identity() | {"device": "cpu"}
    assert identity["parameters"] == relevant(TINY)
    assert identity["simulation"] == simulation_digest()
    assert json.loads(run.attrs["commit"]) == commit()
    assert run.attrs["arithmetic"] == "cpu float32"
    assert run.attrs["salt"] == "records"
    assert run.attrs["device"] == "cpu"
    assert json.loads(run.attrs["versions"])["torch"] == torch.__version__
    assert run["correlations"].dims == ("seed", "step", "kernel", "feature")
    assert run["seed"].values.tolist() == [0]


def test_runs_that_are_alike_are_joined_as_xarray_joins_them():
    """Of any lengths, tested or not, one or several; and what is not alike is left to xarray."""
    tested = replace(TINY, framework="supervised")
    for regimes in ([TINY, replace(TINY, max_steps=30)], [tested, tested], [tested]):
        requests = [Request(p, "joined", seed) for seed, p in enumerate(regimes)]
        found = collect(requests, HERE, None)
        runs = [found[request] for request in requests]
        runs[-1] = runs[-1].assign_attrs(only_here="1", commit="another")
        assert labelled._alike(runs)
        mine, theirs = join(runs), labelled._joined_by_xarray(runs)
        xr.testing.assert_identical(mine, theirs)
        for name, variable in theirs.variables.items():
            assert mine[name].dtype == variable.dtype, name
    first = runs[0]
    for other in (
        first.drop_vars("final_time"),
        first.assign_coords(law=first["law"].values[::-1]),
        first.assign(steps=first["steps"].astype(float)),
        first.isel(kernel=slice(2)),
        first.assign(own=("seed", [1.0])),
    ):
        assert not labelled._alike([first, other])
    assert join([first, first.drop_vars("final_time").assign_coords(seed=[7])]).sizes["seed"] == 2


def test_joining_keeps_every_seed_and_pads_shorter_ones_with_nan():
    short, long = Request(TINY, "j", 0), Request(replace(TINY, max_steps=30), "j", 1)
    found = collect([short, long], HERE, None)
    both = join([found[short], found[long]])
    assert both["seed"].values.tolist() == [0, 1]
    assert both.sizes["step"] == found[long].sizes["step"]
    assert np.isnan(both["time"].values[0]).any()
    assert np.isfinite(both["time"].values[1]).all()
    np.testing.assert_array_equal(both["final_weights"][0], found[short]["final_weights"][0])


def test_one_and_several_threads_in_the_caller_give_the_same_bits(store):
    request = Request(replace(TINY, images=200, max_steps=40), "threads", 0)
    alone = collect([request], HERE, None)[request]
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = collect([request], HERE, None)[request]
        assert torch.get_num_threads() == 2, "the caller's threads are given back"
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(alone["final_weights"], again["final_weights"])


RESERVING = """
import sys, time
from mrpverify.records.store import Store
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_records import requests
store = Store(Path(sys.argv[1]).parent)
for request in requests(2):
    assert store.reserve(request)
print("reserved", flush=True)
time.sleep(float(sys.argv[3]))
"""


@contextmanager
def somebody_who_reserves(store, seconds):
    """Another process that has the first two runs reserved."""
    command = [sys.executable, "-c", RESERVING, store.folder, Path(__file__).parent, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "reserved\n"
        yield process
        process.kill()


def test_a_reservation_is_respected_and_dies_with_its_process(store):
    one, two, three = requests(3)
    with somebody_who_reserves(store, 600) as process:
        assert not store.reserve(one)
        assert store.reserve(three)
        process.kill()
        process.wait()
        assert store.reserve(one)
        assert store.reserve(two)


def test_a_run_in_work_elsewhere_is_waited_for_not_done_twice(store, monkeypatch):
    finished = collect(requests(2), HERE, None)
    genuine, calls, heard = collecting.train, [], []

    def count(job, machine):
        calls.extend(job.batch)
        return genuine(job, machine)

    def bring(done, total, left):
        # The other process finishes its runs when ours are done.
        heard.append(done)
        if done == 2:
            for request, run in finished.items():
                store.save(request, run)
            process.kill()

    monkeypatch.setattr(collecting, "train", count)
    with somebody_who_reserves(store, 600) as process:
        found = collect(requests(4), HERE, store, bring)
    assert sorted(request.seed for request in calls) == [2, 3]
    assert sorted(request.seed for request in found) == [0, 1, 2, 3]
    assert heard == [0, 1, 2, 3, 4]


def test_a_run_given_up_elsewhere_is_done_here(store):
    with somebody_who_reserves(store, 1.5):
        assert len(collect(requests(2), HERE, store)) == 2


def test_progress_counts_up_to_the_total(store):
    heard = []
    collect(requests(), HERE, store, lambda *told: heard.append(told))
    assert [told[:2] for told in heard] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    left = [seconds for *_, seconds in heard]
    assert left[0] > 0
    assert left[-1] == 0


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


@pytest.mark.parametrize(
    "changes",
    [{}, {"method": "flow"}, {"framework": "mae"}, {"framework": "mae", "method": "flow"}],
    ids=str,
)
def test_seeds_of_a_small_regime_are_trained_together_and_are_the_same(monkeypatch, changes):
    """Snapshots included, although they end at different steps: bit for bit without a flow.

    Kernels with clocks of their own are computed beside others in a batch: they are the same to
    rounding, which is a thousandth of a tolerance.
    """
    short = replace(TINY, init_scale=0.3, horizon_factor=1.5, deadline=150.0, max_steps=400)
    short = replace(short, **changes)
    asked = [Request(short, "batch", seed) for seed in range(4)]
    alone = collect(asked, HERE, None)
    monkeypatch.setattr(collecting, "TOGETHER", 2**17)
    jobs, genuine = [], collecting.train
    monkeypatch.setattr(collecting, "train", lambda j, m: jobs.append(j) or genuine(j, m))
    batched = collect(asked, HERE, None)
    assert len(jobs) == 1
    assert len({int(run["steps"][0]) for run in alone.values()}) > 1
    for request in asked:
        one, other = (runs[request].drop_attrs() for runs in (alone, batched))
        if "method" in changes:
            xr.testing.assert_allclose(one, other, rtol=1e-5)
        else:
            xr.testing.assert_identical(one, other)


def test_a_pool_is_started_for_work_that_is_worth_it(store, monkeypatch):
    def refuse(*_):
        raise AssertionError("processes for a few milliseconds of work")

    monkeypatch.setattr(collecting, "Processes", refuse)
    monkeypatch.setattr(collecting, "WORTH_A_POOL", 10**9)
    assert len(collect(requests(2), Machine("cpu", workers=2), store)) == 2
    monkeypatch.setattr(collecting, "WORTH_A_POOL", 0)
    with pytest.raises(AssertionError, match="processes"):
        collect(requests(4), Machine("cpu", workers=2), store)


def test_a_change_of_the_simulation_changes_every_key(monkeypatch):
    before = requests(1)[0].key()
    monkeypatch.setattr("mrpverify.records.labelled.simulation_digest", lambda: "edited")
    assert requests(1)[0].key() != before


def test_an_interruption_while_a_run_is_saved_ends_the_processes(store):
    def interrupt(done, total, left):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(requests(40), Machine("cpu", workers=2), store, interrupt)
    assert not active_children()
    assert 1 <= sum(store.load(r) is not None for r in requests(40)) < 40


def test_waiting_for_the_first_worker_listens_to_an_interruption(store):
    class Nobody:
        """A cluster that no worker has joined yet."""

        free = busy = False
        asked = 0

        def finished(self, timeout):
            self.asked += 1
            assert timeout > 0
            if self.asked == 3:
                signal.raise_signal(signal.SIGINT)
            return []

        def stop(self):
            pass

    nobody = Nobody()
    with pytest.raises(KeyboardInterrupt):
        list(collecting.train_missing(requests(2), HERE, store, trainers=nobody))
    assert nobody.asked == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_python_passes_over_ends_after_the_run(number, store, monkeypatch):
    """What a handler raises in a destructor is ignored: a SIGTERM was lost, an hour was trained."""
    genuine, calls = collecting.train, []

    class Dying:
        def __del__(self):
            signal.raise_signal(number)

    def interrupted_while_tidying_up(job, machine):
        calls.append(job)
        Dying()
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", interrupted_while_tidying_up)
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            collect(requests(4), HERE, store)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert len(calls) == 1
    assert sum(store.load(r) is not None for r in requests(4)) == 1
