"""Getting runs: from the store where they are there, by training them where they are not."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import active_children, get_context

import numpy as np
import torch
import xarray as xr

from ..simulate.descend import pretrain
from ..simulate.encoder import ACTIVATIONS_IN_CACHE
from .labelled import Request, label
from .store import Store

Progress = Callable[[int, int], None]
"""Hears (runs finished, runs in all)."""

POLL_SECONDS = 0.2
"""How long Ctrl-C may wait to be heard while runs are in training."""

GPU_SHARE = 0.5
"""Share of the free GPU memory that one batch of seeds may plan for."""

GPU_SEEDS = 8
"""Seeds of one GPU batch at most: what an interruption can lose, and what progress counts in."""


WORTH_A_POOL = 10**9
"""Activations below which processes cost more to start than they save: a few seconds either way."""


class DeviceError(ValueError):
    """A device that is not there; the message says which are."""


@dataclass(frozen=True)
class Machine:
    """Where runs are trained: a torch device and, on the CPU, how many processes of one thread."""

    device: str
    workers: int = 1

    @property
    def name(self) -> str:
        """The device in words, for the record."""
        return torch.cuda.get_device_name() if self.device == "cuda" else "cpu"


def choose_machine(device: str) -> Machine:
    """Machine for auto, cpu or cuda (auto: cuda where there is one); raises DeviceError."""
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"--device {device}: expected auto, cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda: torch finds no CUDA device here; use auto or cpu.")
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return Machine(chosen, default_workers() if chosen == "cpu" else 1)


def collect(
    requests: Sequence[Request],
    machine: Machine,
    store: Store | None,
    progress: Progress | None = None,
) -> dict[Request, xr.Dataset]:
    """The runs of all requests.

    Every finished run is stored at once, so an interruption loses only the unfinished ones; the
    same call goes on from there.
    """
    wanted = list(dict.fromkeys(requests))
    found = _stored(wanted, store)
    # What a missing run goes on from is needed first, and counts as a run of its own.
    before = [r.before() for r in wanted if r not in found]
    earlier = [r for r in dict.fromkeys(before) if r is not None and r not in wanted]
    found |= _stored(earlier, store)
    wanted += earlier
    _tell(progress, len(found), len(wanted))
    for stage in _stages([r for r in wanted if r not in found]):
        jobs = [Job(tuple(batch), _starts(batch, found)) for batch in _batches(stage, machine)]
        # Closed by name: an interruption that arrives while a run is saved must end the processes.
        with closing(_train(jobs, machine)) as finished:
            for job, runs in finished:
                for request, run in zip(job.batch, runs, strict=True):
                    found[request] = run
                    if store is not None:
                        store.save(request, run)
                _tell(progress, len(found), len(wanted))
    return found


def _stored(requests: Sequence[Request], store: Store | None) -> dict[Request, xr.Dataset]:
    """Those of the runs that are stored."""
    if store is None:
        return {}
    runs = ((request, store.load(request)) for request in requests)
    return {request: run for request, run in runs if run is not None}


@dataclass(frozen=True, eq=False)
class Job:
    """Requests that differ in their seed only, and the kernels they start from."""

    batch: tuple[Request, ...]
    start: np.ndarray | None = None
    """[seeds, kernels, dimension]; None: the initial kernels are drawn."""


def train(job: Job, machine: Machine) -> list[xr.Dataset]:
    """Train one job as one batch."""
    first = job.batch[0]
    trajectory = pretrain(
        first.parameters,
        first.salt,
        [request.seed for request in job.batch],
        machine.device,
        None if job.start is None else torch.from_numpy(job.start),
    )
    return label(trajectory, job.batch, machine.name)


def _stages(requests: Sequence[Request]) -> list[list[Request]]:
    """First the runs that start from drawn kernels, then those that go on from others."""
    fresh = [request for request in requests if request.start is None]
    later = [request for request in requests if request.start is not None]
    return [stage for stage in (fresh, later) if stage]


def _starts(batch: Sequence[Request], known: Mapping[Request, xr.Dataset]) -> np.ndarray | None:
    """Final kernels of the runs that a batch goes on from [seeds, kernels, dimension]."""
    before = [request.before() for request in batch]
    if before[0] is None:
        return None
    return np.concatenate([known[r]["final_weights"].values for r in before if r is not None])


def default_workers() -> int:
    """Processes to train with on this CPU: one per core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _train(jobs: list[Job], machine: Machine) -> Generator[tuple[Job, list[xr.Dataset]]]:
    """Train jobs, in this process or in several where that pays, as they finish."""
    if machine.workers == 1 or len(jobs) < 2 or sum(map(_work, jobs)) < WORTH_A_POOL:
        for job in jobs:
            yield job, train(job, machine)
        return
    workers = min(machine.workers, len(jobs))
    # Fork after torch has started its threads can hang; a fresh interpreter cannot.
    context = get_context("spawn")
    with (
        _interrupts_noted() as start_listening,
        ProcessPoolExecutor(workers, context, _single_thread) as pool,
    ):
        running: dict[Future[list[xr.Dataset]], Job] = {
            pool.submit(train, job, machine): job for job in jobs
        }
        interrupted = start_listening()
        try:
            pending = set(running)
            while pending:
                done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    yield running[future], future.result()
                if interrupted.is_set():
                    raise KeyboardInterrupt
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise


@contextmanager
def _interrupts_noted() -> Iterator[Callable[[], threading.Event]]:
    """Ctrl-C is noted and acted on between runs, never while one is being saved.

    Yields a function that starts listening. Before that it is ignored, which the processes started
    in the meantime inherit: the parent alone hears it, and ends them.
    """
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield lambda: noted  # only the main thread may handle signals
        return

    def listen() -> threading.Event:
        signal.signal(signal.SIGINT, lambda *_: noted.set())
        return noted

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield listen
    finally:
        signal.signal(signal.SIGINT, before)


def _batches(requests: Sequence[Request], machine: Machine) -> list[list[Request]]:
    """Requests grouped for training, the costliest first.

    On the CPU as many seeds as have activations that fit a core's cache: one of a common regime,
    all of the small ones of a law (24 take as long as two there). On a GPU all seeds of a regime
    together, as far as memory allows.
    """
    groups: dict[str, list[Request]] = {}
    for request in requests:
        key = repr((asdict(request.parameters), request.start, request.salt))
        groups.setdefault(key, []).append(request)
    parts = [part for group in groups.values() for part in _split(group, machine)]
    return sorted(parts, key=lambda part: len(part) * _cost(part[0]), reverse=True)


def _split(group: list[Request], machine: Machine) -> list[list[Request]]:
    """Parts of a group that fit a core's cache, or the free memory of the GPU."""
    if machine.device == "cuda":
        free, _ = torch.cuda.mem_get_info()
        fitting = min(int(GPU_SHARE * free / (_cost(group[0]) * 8 * _BYTES)), GPU_SEEDS)
    else:
        fitting = ACTIVATIONS_IN_CACHE // _cost(group[0])
    size = max(1, fitting)
    return [group[i : i + size] for i in range(0, len(group), size)]


_BYTES = 8
"""Bytes of a float64; eight tensors of the size of the activations live at once."""


def _cost(request: Request) -> int:
    """Activations of one seed, images x patches x kernels (patches after a typical raise)."""
    p = request.parameters
    shown = p.patches_per_feature * (p.views + 3 * max(1.0, p.off_class))
    return p.images * max(p.patches, int(shown)) * max(p.kernels, p.dimension)


def _work(job: Job) -> int:
    """Activations that a job computes at most, over all its seeds and steps."""
    return sum(_cost(request) * request.parameters.max_steps for request in job.batch)


def _single_thread() -> None:
    """One thread per process: the processes share the cores."""
    torch.set_num_threads(1)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    """Report progress where somebody listens."""
    if progress is not None:
        progress(done, total)
