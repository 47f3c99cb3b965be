"""What is cut off loses no finished run, and the same command then gives the same table."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from mrpverify.records import collect as collecting
from mrpverify.records.store import Store
from tests.sweep.tiny import (
    RUNS,
    hash_in,
    records,
    start,
    sweep_command,
    write_plan,
)

posix = pytest.mark.skipif(os.name != "posix", reason="sends signals to process groups")


PATIENCE = 300
"""Seconds that a process of a test may take on a machine that does much else."""

LONG = 300
"""Steps of runs that are to be caught in the middle."""
LONGER = 1500
"""Of runs that another process has time to take part in."""


def wait_until(condition, process, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_an_interruption_in_this_process(undisturbed, command, tmp_path, monkeypatch):
    digest, _ = undisturbed()
    genuine, calls = collecting.train, []

    def stop_at_fifth(job, machine):
        calls.append(job)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return genuine(job, machine)

    plan, cache = write_plan(tmp_path), tmp_path / "cache"
    monkeypatch.setattr(collecting, "train", stop_at_fifth)
    cut = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert cut.exit_code == 1
    assert "interrupted: finished runs are stored" in cut.stderr
    assert not (tmp_path / "t.csv").exists()
    assert len(records(cache)) == 4
    again = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert hash_in(again.stdout) == digest
    assert len(calls) == 5 + RUNS - 4, "finished runs were done again"


def test_a_full_disk_keeps_what_was_written(undisturbed, command, tmp_path, monkeypatch):
    genuine = Store.save

    def until_full(store, request, run):
        if len(records(store.folder)) == 3:
            raise OSError(28, "No space left on device")
        genuine(store, request, run)

    plan, cache = write_plan(tmp_path), tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(Store, "save", until_full)
        full = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert full.exit_code == 1
    assert "No space left on device" in full.stderr
    assert "the same command goes on" in full.stderr
    before = records(cache)
    assert len(before) == 3
    again = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert hash_in(again.stdout) == undisturbed()[0]
    assert before.items() <= records(cache).items()


@posix
def test_a_file_that_cannot_be_written_in_full_is_not_taken_for_a_record(
    undisturbed, command, tmp_path
):
    """The operating system refuses in the middle of a file, as a full disk does."""
    plan, cache = write_plan(tmp_path), tmp_path / "cache"
    with files_of_at_most(10_000):
        full = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert full.exit_code == 1, full.output
    assert "error: the sweep failed" in full.stderr
    assert not records(cache)
    assert not list(cache.rglob("*.part"))
    again = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert hash_in(again.stdout) == undisturbed()[0]


@contextmanager
def files_of_at_most(size):
    """No file may grow beyond so many bytes: the rest of a write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_claims_whose_runs_start_from_others_survive_too(command, tmp_path, monkeypatch):
    plan = """
    preset = "tiny.toml"
    claims = ["T2.retain"]
    frameworks = ["mae"]
    set = {steps_2 = 5, N_test = 10}
    grid = {theta = [0.3, 0.5]}
    """
    path = write_plan(tmp_path, plan)
    whole = command(path, "--out", tmp_path / "w.csv", cache=tmp_path / "whole")
    assert whole.exit_code == 0, whole.output
    genuine, calls = collecting.train, []

    def stop_every_fifth(job, machine):
        calls.append(job)
        if len(calls) % 5 == 0:
            raise MemoryError
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", stop_every_fifth)
    for _ in range(20):
        result = command(path, "--out", tmp_path / "t.csv", cache=tmp_path / "cut")
        if result.exit_code == 0:
            break
    assert hash_in(result.stdout) == hash_in(whole.stdout)
    assert any(job.start is not None for job in calls)
    assert len(records(tmp_path / "cut")) == len(records(tmp_path / "whole"))


@posix
def test_ctrl_c_and_the_death_of_a_process_on_several_workers(undisturbed, command, tmp_path):
    plan, cache = write_plan(tmp_path, steps=LONG), tmp_path / "cache"
    process = start(sweep_command(plan, tmp_path / "t.csv", "--workers", "2"), cache)
    wait_until(lambda: len(records(cache)) >= 3, process)
    children = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    workers = [int(line.split()[0]) for line in children.splitlines() if "spawn_main" in line]
    os.kill(workers[0], signal.SIGKILL)
    seen = len(records(cache))
    wait_until(lambda: len(records(cache)) >= seen + 2, process)  # somebody took its place
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "interrupted: finished runs are stored" in errors
    assert not list(cache.rglob("*.part"))
    before = records(cache)
    assert len(before) < RUNS, "the interruption came too late to mean anything"
    again = command(plan, "--out", tmp_path / "t.csv", cache=cache)
    assert hash_in(again.stdout) == undisturbed(LONG)[0]
    assert before.items() <= records(cache).items(), "a finished run was done again"


@posix
def test_two_sweeps_share_a_store_and_the_work(undisturbed, command, tmp_path, monkeypatch):
    alone, _ = undisturbed(LONGER)  # before training is counted
    plan, cache = write_plan(tmp_path, steps=LONGER), tmp_path / "cache"
    other = start(sweep_command(plan, tmp_path / "one.csv", "--workers", "1"), cache)
    wait_until(lambda: len(records(cache)) >= 1, other)
    genuine, trained = collecting.train, []

    def noted(job, machine):
        trained.extend(job.batch)
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", noted)
    mine = command(plan, "--out", tmp_path / "two.csv", cache=cache)
    out, errors = other.communicate(timeout=PATIENCE)
    assert other.returncode == 0, errors
    assert hash_in(out) == hash_in(mine.stdout) == alone
    assert 0 < len(trained) < RUNS, "the two did not share the work"
    assert len(records(cache)) == RUNS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def cluster(port, cache):
    """A scheduler and one worker on this machine, as the README starts them."""
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = start([*dask, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], cache)
    worker = start(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
         "--no-nanny", "--no-dashboard", "--death-timeout", "60"], cache,
    )  # fmt: skip
    try:
        yield scheduler, worker
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.communicate()


@posix
@pytest.mark.slow
def test_killed_worker_and_scheduler_then_the_same_command_gives_the_same_table(
    undisturbed, tmp_path
):
    pytest.importorskip("distributed")
    plan, cache, port = write_plan(tmp_path, steps=LONG), tmp_path / "cache", free_port()
    command = sweep_command(plan, tmp_path / "t.csv", "--scheduler", f"tcp://127.0.0.1:{port}")
    with cluster(port, cache) as (scheduler, worker):
        sweep = start_when_listening(command, cache, port)
        wait_until(lambda: len(records(cache)) >= 3, sweep)
        worker.kill()
        worker.wait()
        time.sleep(2)
        kept = records(cache)
        assert sweep.poll() is None, "the sweep waits for another worker"
        assert 3 <= len(kept) < RUNS
        scheduler.kill()
        _, errors = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 1
    assert f"the scheduler at tcp://127.0.0.1:{port} is gone" in errors
    assert "the same command goes on from there" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "t.csv").exists()
    with cluster(port, cache):
        again = start_when_listening(command, cache, port)
        out, errors = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, errors
    assert hash_in(out) == undisturbed(LONG)[0]
    assert kept.items() <= records(cache).items(), "a finished run was done again"
    assert json.loads((tmp_path / "t.json").read_text())["device"] == "cpu, Dask cluster"


def start_when_listening(command, cache, port):
    """The sweep, once the scheduler takes connections."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return start(command, cache)
        time.sleep(0.1)
    raise AssertionError("no scheduler is listening")
