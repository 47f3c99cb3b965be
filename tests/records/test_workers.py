"""Processes that work beside this one: answers, failures, and what happens when they die."""

import os
import signal
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from mrpverify.records.workers import LIVES, InThisProcess, Processes, WorkerDiedError

PATIENCE = 120
"""Seconds that two processes may take to start on a machine that is busy."""


def work(task):
    """A task is a pair (what to do, with what)."""
    kind, value = task
    if kind == "raise":
        raise OSError(28, value)
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "die once" and not Path(value).exists():
        Path(value).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "sleep":
        time.sleep(value)
    return value


def gather(workers, found):
    while workers.busy:
        found += [answer for _, answer in workers.finished(0.2)]
    return found


def answers(workers):
    return gather(workers, [])


@pytest.fixture
def two():
    workers = Processes(work, 2)
    yield workers
    workers.stop()
    assert not active_children()


@pytest.mark.parametrize("make", [lambda: InThisProcess(work), lambda: Processes(work, 2)])
def test_every_task_is_answered_once(make):
    workers, waiting, found = make(), list(range(5)), []
    while waiting or workers.busy:
        while waiting and workers.free:
            workers.start(("give back", waiting.pop()))
        found += [answer for _, answer in workers.finished(0.2)]
    workers.stop()
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert not active_children()


def test_a_killed_process_is_replaced_and_its_task_tried_again(two, tmp_path):
    two.start(("die once", str(tmp_path / "mark")))
    assert answers(two) == [str(tmp_path / "mark")]


def test_a_task_that_kills_every_process_is_an_error(two):
    two.start(("die", None))
    with pytest.raises(WorkerDiedError, match=f"died {LIVES} times"):
        answers(two)


def test_a_process_killed_while_idle_is_replaced(two):
    two.start(("give back", 1))
    assert answers(two) == [1]
    for process in active_children():
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    two.start(("give back", 2))
    assert answers(two) == [2]


def test_what_is_finished_is_given_before_a_failure_is_raised(two):
    two.start(("raise", "disk full"))
    two.start(("give back", "kept"))
    assert all(worker.pipe.poll(PATIENCE) for worker in two._at_work), "both have answered"
    found = []
    with pytest.raises(OSError, match="disk full") as raised:
        gather(two, found)
    assert found == ["kept"]
    assert any("Traceback" in note for note in raised.value.__notes__)


def test_stopping_ends_a_process_in_the_middle_of_its_task(two):
    two.start(("sleep", 600))
    (process,) = active_children()
    two.stop()
    assert not active_children()
    assert process.exitcode == -signal.SIGTERM, "it ended when asked to, and had not to be killed"
