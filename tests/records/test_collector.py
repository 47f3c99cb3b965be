"""Collecting in rounds: processes are started once, and nothing is read or trained twice."""

import signal
from dataclasses import replace
from multiprocessing import active_children

import pytest
import xarray as xr

from mrpverify.parameters import Parameters
from mrpverify.records import collect as collecting
from mrpverify.records.collect import Collector, KeptTrainers, Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import Store

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
