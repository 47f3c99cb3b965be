"""Collecting in rounds: processes are started once, and nothing is read or trained twice."""

import signal
from dataclasses import replace
from multiprocessing import active_children

import pytest
import xarray as xr

from mrpverify.parameters import Parameters
from mrpverify.records import collect as collecting
from mrpverify.records.collect import Collector, KeptTrainers, Machine, collect, train_missing
from mrpverify.records.labelled import Request
from mrpverify.records.store import Store
from mrpverify.records.workers import InThisProcess

pytestmark = pytest.mark.usefixtures("one_seed_a_job")

TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=12)
TWO = Machine("cpu", workers=2)


def requests(count):
    return [Request(TINY, "collector", seed) for seed in range(count)]


def processes():
    return {process.pid for process in active_children()}


def test_processes_serve_all_rounds_and_end_with_the_last(store):
    alone = collect(requests(6), Machine("cpu"), None)
    with Collector(TWO, store) as getting:
        getting(requests(2))
        first = processes()
        found = getting(requests(6))
        assert processes() == first != set()
    assert not processes()
    for request, run in found.items():
        xr.testing.assert_identical(run.drop_attrs(), alone[request].drop_attrs())


def test_a_round_reads_no_run_of_the_last_one_anew(store, monkeypatch):
    read, genuine = [], Store.load
    monkeypatch.setattr(
        Store, "load", lambda own, request: read.append(request) or genuine(own, request)
    )
    with Collector(Machine("cpu"), store) as getting:
        first = getting(requests(2))
        read.clear()
        second = getting(requests(3))
    assert all(second[request] is first[request] for request in requests(2))
    assert set(read) == {requests(3)[2]}


@pytest.mark.parametrize(("room", "read_again"), [(10**9, 0), (0, 2)])
def test_few_runs_are_known_until_the_end_and_many_until_the_next_round(
    room, read_again, store, monkeypatch
):
    """What an earlier round had is asked for again by the controls of a later one."""
    monkeypatch.setattr(collecting, "KNOWN_BYTES", room)
    read, genuine = [], Store.load
    monkeypatch.setattr(
        Store, "load", lambda own, request: read.append(request) or genuine(own, request)
    )
    with Collector(Machine("cpu"), store) as getting:
        first = getting(requests(2))
        assert set(getting(requests(3)[2:])) == set(requests(3)[2:])
        read.clear()
        again = getting(requests(2))
    assert len(read) == read_again
    for request in requests(2):
        xr.testing.assert_identical(again[request], first[request])


def test_the_next_run_is_handed_out_before_the_last_one_is_stored(store, monkeypatch):
    """Storing takes a tenth of what a short run takes, and nobody waits for it."""
    noted, genuine = [], collecting._keep

    def keep(request, run, own):
        noted.append(("stored", request.seed))
        genuine(request, run, own)

    class Trainers(InThisProcess):
        def start(self, task):
            noted.append(("started", task.batch[0].seed))
            super().start(task)

    monkeypatch.setattr(collecting, "_keep", keep)
    trainers = Trainers(lambda job: collecting.train(job, Machine("cpu")))
    given = list(train_missing(requests(3), Machine("cpu"), store, None, trainers))
    assert [request.seed for request, _ in given] == [0, 1, 2]
    assert noted == [
        ("started", 0), ("started", 1), ("stored", 0), ("started", 2), ("stored", 1), ("stored", 2),
    ]  # fmt: skip
    assert all(store.load(request) is not None for request in requests(3))


def test_what_is_finished_is_stored_though_the_next_run_cannot_be_started(store):
    class Trainers(InThisProcess):
        def start(self, task):
            if task.batch[0].seed == 1:
                raise OSError("no more processes")
            super().start(task)

    trainers = Trainers(lambda job: collecting.train(job, Machine("cpu")))
    with pytest.raises(OSError, match="no more processes"):
        list(train_missing(requests(2), Machine("cpu"), store, None, trainers))
    assert [store.load(request) is not None for request in requests(2)] == [True, False]


def test_what_a_round_has_is_not_read_for_the_runs_that_go_on_from_it(store, monkeypatch):
    """Encoders that the last round gave, and their fine-tuning in this one."""
    later = [Request(replace(TINY, framework="fine-tuning"), "collector", seed, TINY)
             for seed in range(2)]  # fmt: skip
    with Collector(Machine("cpu"), store) as getting:
        getting(requests(2))
        read, genuine = [], Store.load
        monkeypatch.setattr(
            Store, "load", lambda own, request: read.append(request) or genuine(own, request)
        )
        found = getting([*requests(2), *later])
    assert not set(read) & set(requests(2))
    expected = collect(later, Machine("cpu"), None)
    for request in later:
        xr.testing.assert_identical(found[request].drop_attrs(), expected[request].drop_attrs())


def test_without_a_store_no_round_trains_what_the_last_one_did(monkeypatch):
    trained, genuine = [], collecting.train

    def counted(job, machine):
        trained.extend(job.batch)
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", counted)
    with Collector(Machine("cpu"), None) as getting:
        getting(requests(2))
        getting(requests(3))
    assert trained == requests(3)


def test_what_is_left_undone_is_given_up_and_the_next_round_has_its_own_answers(store):
    """An answer to a question of before would be stored as another run."""

    def interrupt(done, total, left):
        if done:
            raise KeyboardInterrupt

    kept = KeptTrainers(TWO)
    with pytest.raises(KeyboardInterrupt):
        collect(requests(40), TWO, store, interrupt, kept)
    assert not processes()
    found = collect(requests(4), TWO, store, None, kept)
    kept.stop()
    alone = collect(requests(4), Machine("cpu"), None)
    for request, run in found.items():
        xr.testing.assert_identical(run.drop_attrs(), alone[request].drop_attrs())


def test_a_process_that_died_between_two_rounds_is_replaced(store):
    before = signal.getsignal(signal.SIGINT)
    with Collector(TWO, store) as getting:
        getting(requests(2))
        for process in active_children():
            process.kill()
            process.join()
        assert set(getting(requests(6))) == set(requests(6))
    assert signal.getsignal(signal.SIGINT) is before
