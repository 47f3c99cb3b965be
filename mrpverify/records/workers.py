"""Who does the work: this process, or a few processes beside it that may die without harm."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import current_process, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

LIVES = 3
"""Times a task is tried before the death of its process is taken for the task's own doing."""

POLL_SECONDS = 0.2
"""How long Ctrl-C may wait to be heard while tasks are worked on."""

PATIENCE_SECONDS = 5.0
"""How long a process may take to end when asked to, before it is killed."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")


ORPHANED = 70
"""Exit code of a process whose parent ended before it."""

IMPORT_FAILED = 1
"""Exit code of a process that ended while it imported the program that started it."""
GUARD = 'a program that trains in several processes needs `if __name__ == "__main__":`'


def can_start_processes() -> bool:
    """Whether processes may be started here: each imports this program's main module anew.

    Not one that was read from standard input, and not from a process of somebody's pool. Raises
    RuntimeError in a process that is just importing the program: it has no main guard.
    """
    if getattr(current_process(), "_inheriting", False):
        raise RuntimeError(f"{GUARD} around what it does.")
    file = getattr(sys.modules["__main__"], "__file__", None)
    return not current_process().daemon and (file is None or Path(file).is_file())


class WorkerDiedError(RuntimeError):
    """A task whose process died every time it was tried."""


class Workers(Protocol[Task, Answer]):
    """Takes tasks and gives answers, in any order."""

    @property
    def free(self) -> bool:
        """Whether another task would be worked on now."""

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""

    def start(self, task: Task) -> None:
        """Hand out a task."""

    def finished(self, timeout: float) -> list[tuple[Task, Answer]]:
        """What got done, after at most `timeout` seconds of waiting; raises what a task raised."""

    def stop(self) -> None:
        """Give up what is not finished."""


class InThisProcess(Generic[Task, Answer]):
    """One task at a time, done while its answer is waited for."""

    def __init__(self, work: Callable[[Task], Answer]) -> None:
        self._work = work
        self._tasks: deque[Task] = deque()

    @property
    def free(self) -> bool:
        """Whether another task would be worked on now."""
        return not self._tasks

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._tasks)

    def start(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def finished(self, timeout: float) -> list[tuple[Task, Answer]]:
        """The task that was taken, done; raises what it raised."""
        if not self._tasks:
            time.sleep(timeout)
            return []
        task = self._tasks.popleft()
        return [(task, self._work(task))]

    def stop(self) -> None:
        """Forget the task."""
        self._tasks.clear()


def carried_out(
    tasks: Iterable[Task], workers: Workers[Task, Answer]
) -> Generator[tuple[Task, Answer]]:
    """Every task with its answer, as they finish; the workers are stopped in the end."""
    waiting = deque(tasks)
    try:
        while waiting or workers.busy:
            while waiting and workers.free:
                workers.start(waiting.popleft())
            yield from workers.finished(POLL_SECONDS)
    finally:
        workers.stop()


@dataclass(eq=False)
class _Worker:
    """A process and this end of its pipe."""

    process: BaseProcess
    pipe: Connection


@dataclass
class _Attempt(Generic[Task]):
    """A task in a process, for the how-manieth time."""

    task: Task
    number: int = 1


class Processes(Generic[Task, Answer]):
    """Processes that are started when needed and replaced when they die.

    Each has a pipe of its own, so that the end of one is seen at once and disturbs no other; a
    process whose parent is gone ends by itself, within a task too.
    """

    def __init__(self, work: Callable[[Task], Answer], count: int) -> None:
        self._work, self._count = work, count
        self._idle: list[_Worker] = []
        self._at_work: dict[_Worker, _Attempt[Task]] = {}
        self._failure: BaseException | None = None

    @property
    def free(self) -> bool:
        """Whether another task would be worked on now."""
        return len(self._at_work) < self._count

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._at_work) or self._failure is not None

    def start(self, task: Task) -> None:
        """Send a task to an idle process, or to a new one."""
        self._send(_Attempt(task))

    def finished(self, timeout: float) -> list[tuple[Task, Answer]]:
        """What got done; what a task raised is raised after the finished ones have been given."""
        self._raise_failure()
        if not self._at_work:
            time.sleep(timeout)
        workers = {worker.pipe: worker for worker in self._at_work}
        done = [
            answer
            for pipe in wait(list(workers), timeout)
            for answer in self._receive(workers[pipe])  # type: ignore[index]
        ]
        if not done:
            self._raise_failure()
        return done

    def stop(self) -> None:
        """End all processes, and return when they have ended."""
        workers = [*self._idle, *self._at_work]
        self._idle.clear()
        self._at_work.clear()
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            _end(worker)

    def _raise_failure(self) -> None:
        """Raise what a task raised."""
        if self._failure is not None:
            raise self._failure

    def _send(self, attempt: _Attempt[Task]) -> None:
        """Hand a task to a process; one that died while idle is left aside."""
        while True:
            worker = self._idle.pop() if self._idle else self._spawn()
            try:
                worker.pipe.send(attempt.task)
            except OSError:
                _end(worker)
                continue
            self._at_work[worker] = attempt
            return

    def _receive(self, worker: _Worker) -> Iterator[tuple[Task, Answer]]:
        """The answer of a process, none where the task raised or the process died."""
        attempt = self._at_work.pop(worker)
        try:
            failure, answer = worker.pipe.recv()
        except (EOFError, OSError):
            self._try_again(worker, attempt)
            return
        self._idle.append(worker)
        if failure is None:
            yield attempt.task, answer
        else:
            self._failure = failure

    def _try_again(self, worker: _Worker, attempt: _Attempt[Task]) -> None:
        """Give the task of a dead process to another one, a few times."""
        _end(worker)
        if attempt.number < LIVES:
            self._send(_Attempt(attempt.task, attempt.number + 1))
        else:
            code = worker.process.exitcode
            advice = GUARD if code == IMPORT_FAILED else "is there enough memory?"
            self._failure = WorkerDiedError(
                f"the process of a run died {LIVES} times, the last time with exit code {code}; "
                f"{advice}"
            )

    def _spawn(self) -> _Worker:
        """A new process."""
        # Fork after torch has started its threads can hang; a fresh interpreter cannot.
        context = get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(self._work, there), daemon=True)
        with _deaf_to_interrupts():
            process.start()
        there.close()
        return _Worker(process, here)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here never hear Ctrl-C: the parent alone does, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it later would open the mask again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(work: Callable[[Any], Any], pipe: Connection) -> None:
    """A process: answer tasks until nobody asks any more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            pipe.send(_answer(work, pipe.recv()))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    """End this process when its parent is gone, however that went, in the middle of a task."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(ORPHANED)


def _answer(work: Callable[[Any], Any], task: Any) -> tuple[BaseException | None, Any]:
    """(None, answer), or (what was raised, None) with its traceback as a note."""
    try:
        return None, work(task)
    except (Exception, SystemExit) as error:  # an exit would only say that a process is gone
        error.add_note(traceback.format_exc())
        return error, None


def _end(worker: _Worker) -> None:
    """Wait for a process that should end, and make it."""
    worker.pipe.close()
    worker.process.join(PATIENCE_SECONDS)
    if worker.process.exitcode is None:
        worker.process.kill()
        worker.process.join()
