"""Getting runs: from the store where they are there, by training them where they are not."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from types import MappingProxyType

import numpy as np
import torch
import xarray as xr

from ..command_app import ENDINGS
from ..parameters import check_device
from ..simulate.batches import always_alone
from ..simulate.descend import pretrain
from ..simulate.replay import ACTIVATIONS as LAUNCHES_COST_MORE
from ..simulate.teaching import Teacher
from ..theory.cost import usual_gradients
from .cores import default_workers
from .drawn_outside import check_law
from .labelled import Request, label
from .moved_outside import check_end, check_objective, told_where
from .progress import Progress as Progress
from .reads_outside import check_reads
from .store import Store
from .waiting import Waiting
from .work import TimeLeft, activations, check_fits, memory, work
from .workers import POLL_SECONDS, InThisProcess, Processes, Workers, can_start_processes

PATIENCE_SECONDS = 1.0
"""How often a run that another process has reserved is asked for."""

GPU_SHARE = 0.5
"""Share of the free GPU memory that one batch of seeds may plan for."""

GPU_SEEDS = 8
"""Seeds of one GPU batch at most: what an interruption can lose, and what progress counts in. As
many as are replayed in one graph where that is more: their launches cost what those of one seed do.
"""

GPU_PROCESSES = 8
"""Processes that share a GPU by default, at most one for every core: a small regime keeps a core
busy with launches and leaves most of a GPU to others."""

TOGETHER = 2**17
"""Activations of the small seeds that a core trains together. Calls cost more than numbers below;
above, seeds pay for the steps of the neediest, and for a worker that waits for the last batch."""

KNOWN_BYTES = 2**29
"""Of runs that are kept for the next round of questions, beside those of the last one: a check of
all claims of preset quick asks for 900 of them, of half a megabyte."""

LONG = 1 / 10
"""Share of one process's part of a stage from which on a batch is long: one that is started last
keeps the others waiting for so long at most."""

WORTH_A_POOL = 10**9
"""Activations below which processes cost more to start than they save: a few seconds either way."""


class DeviceError(ValueError):
    """A device that is not there; the message says which are."""


@dataclass(frozen=True)
class Machine:
    """Where runs are trained: a torch device and how many processes, on the CPU of one thread."""

    device: str
    workers: int = 1

    @property
    def name(self) -> str:
        """The device in words, for the record."""
        return torch.cuda.get_device_name() if self.device == "cuda" else "cpu"


def choose_machine(device: str, workers: int | None = None) -> Machine:
    """Machine for auto, cpu or cuda (auto: cuda where there is one); raises DeviceError.

    Processes by default: one for every core that this process may use, on a GPU GPU_PROCESSES at
    most.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"--device {device}: expected auto, cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda: torch finds no CUDA device here; use auto or cpu.")
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    cores = default_workers()
    usual = min(cores, GPU_PROCESSES) if chosen == "cuda" else cores
    return Machine(chosen, usual if workers is None else workers)


End = Mapping[str, np.ndarray]
"""What a run ended with: ``weights`` [seeds, kernels, dimension], and its ``head`` if any."""


@dataclass(frozen=True, eq=False)
class Job:
    """Requests that differ in their seed only, what they start from and who teaches them."""

    batch: tuple[Request, ...]
    start: np.ndarray | None = None
    """[seeds, kernels, dimension]; None: the initial kernels are drawn."""
    teachers: tuple[End, ...] = ()
    """In the order of the requests' `taught_by`."""


Trainers = Workers[Job, list[xr.Dataset]]
"""Who trains the jobs."""


class KeptTrainers:
    """This machine's trainers for one stage of runs after another: processes are started once.

    A process takes seconds to start, and what it has read it remembers. To be stopped.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._processes: Trainers | None = None

    @contextmanager
    def of(self, jobs: int) -> Iterator[Trainers]:
        """Those for so many jobs; where the block ends with some undone, these are given up."""
        chosen = self._processes or local_trainers(self._machine, jobs)
        if not isinstance(chosen, InThisProcess):
            self._processes = chosen
        try:
            yield chosen
        finally:
            if chosen.busy:
                self.stop()

    def stop(self) -> None:
        """End the processes; the next stage starts others."""
        processes, self._processes = self._processes, None
        if processes is not None:
            processes.stop()


class Collector:
    """Gets runs again and again, as claims ask for them in rounds: `collect` that keeps something.

    Processes are started once, and runs that the calls gave are not read anew: those of the last
    one, and of all as long as they are no more than KNOWN_BYTES. A context, which ends the
    processes.
    """

    def __init__(
        self, machine: Machine, store: Store | None, progress: Progress | None = None
    ) -> None:
        self._machine, self._store, self._progress = machine, store, progress
        self._trainers = KeptTrainers(machine)
        self._known: dict[Request, xr.Dataset] = {}

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        self._trainers.stop()

    def __call__(self, requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
        """The runs of all requests."""
        found = collect(
            requests, self._machine, self._store, self._progress, self._trainers, self._known
        )
        every = {**self._known, **found}
        few = sum(run.nbytes for run in every.values()) <= KNOWN_BYTES
        self._known = every if few else found
        return found


def collect(
    requests: Sequence[Request],
    machine: Machine,
    store: Store | None,
    progress: Progress | None = None,
    trainers: KeptTrainers | None = None,
    known: Mapping[Request, xr.Dataset] = MappingProxyType({}),
) -> dict[Request, xr.Dataset]:
    """The runs of all requests, those `known` as they are.

    Every finished run is stored at once, so an interruption loses only the unfinished ones; the
    same call goes on from there.
    """
    wanted = list(dict.fromkeys(requests))
    found = {request: known[request] for request in wanted if request in known}
    found |= _stored([request for request in wanted if request not in found], store)
    missing = [request for request in wanted if request not in found]
    already = len(found)

    def tell(done: int, total: int, left: float | None = None, /) -> None:
        _tell(progress, already + done, already + total, left)

    read = {**known, **found}
    with closing(train_missing(missing, machine, store, tell, trainers, read)) as finished:
        for request, run in finished:
            found[request] = run
    return found


def train_missing(
    missing: Sequence[Request],
    machine: Machine,
    store: Store | None,
    progress: Progress | None = None,
    trainers: Trainers | KeptTrainers | None = None,
    known: Mapping[Request, xr.Dataset] = MappingProxyType({}),
) -> Generator[tuple[Request, xr.Dataset]]:
    """Runs that are not stored, as they are finished and stored; the caller may let go of them.

    What a run needs, itself or through others, is trained first where it is missing too, and
    counts as a run of its own; runs that are `known` are not read. `trainers` are kept for the
    caller to stop; by default processes of this machine. Raises UnwritableStoreError, before any
    run, where none could be stored, and TooLargeError where one does not fit.
    """
    check_device((request.parameters for request in missing), machine.device)
    earlier, ends = _needed(missing, store, known)
    todo, done = [*missing, *earlier], 0
    check_fits(todo)
    if todo and store is not None:
        store.check_takes(len(todo))
    wanted = {need for request in todo for need in request.needs()}
    clock = TimeLeft(todo, machine.device, machine.workers)
    _tell(progress, done, len(todo), clock.seconds)
    for stage in _stages(todo):
        batches = _batches(stage, machine)
        # Closed by name: an interruption that arrives while a run is saved must end it all.
        with (
            _trainers(_worth(batches), machine, trainers) as chosen,
            closing(_work(batches, chosen, store, ends)) as finished,
        ):
            for request, run in finished:
                if request in wanted:
                    ends[request] = _end(run)
                done += 1
                clock.finished(request)
                yield request, run
                _tell(progress, done, len(todo), clock.seconds)


def _worth(batches: Sequence[list[Request]]) -> int:
    """Processes that pay at most: one for work of a few seconds, else one for every batch."""
    return len(batches) if sum(map(_activations, batches)) >= WORTH_A_POOL else 1


def _work(
    batches: Sequence[list[Request]],
    trainers: Trainers,
    store: Store | None,
    ends: Mapping[Request, End],
) -> Generator[tuple[Request, xr.Dataset]]:
    """Train batches as trainers are free; what another process trains meanwhile is waited for."""
    waiting: deque[list[Request]] = deque(batches)
    elsewhere: list[list[Request]] = []
    others_work, held = Waiting(store), set[Request]()
    done: list[tuple[Job, list[xr.Dataset]]] = []

    def hand_out() -> Iterator[tuple[Request, xr.Dataset]]:
        while waiting and trainers.free:
            mine, stored, others = _reserve(waiting.popleft(), store, others_work)
            yield from stored.items()
            held.update(mine)
            if mine:
                trainers.start(Job(tuple(mine), _starts(mine, ends), _teachers(mine, ends)))
            if others:
                elsewhere.append(others)

    with _interrupts_noted(trainers) as interrupted, _given_back(held, store):
        while True:
            kept = [(r, run) for job, runs in done for r, run in zip(job.batch, runs, strict=True)]
            # Those that are free get their next run before the last ones are stored, which are
            # stored whatever becomes of that.
            try:
                found = list(hand_out())
            finally:
                for request, run in kept:
                    _keep(request, run, store)
                    held.discard(request)
            yield from [*found, *kept]
            if interrupted.is_set():
                raise KeyboardInterrupt
            if not (waiting or elsewhere or trainers.busy):
                break
            patience = POLL_SECONDS if trainers.busy or waiting else PATIENCE_SECONDS
            done = trainers.finished(patience)
            if done:
                others_work.begin()
            if trainers.free and not waiting:
                waiting.extend(elsewhere)
                elsewhere.clear()


@contextmanager
def _given_back(held: set[Request], store: Store | None) -> Iterator[None]:
    """Reservations end with the block, however it ends."""
    try:
        yield
    finally:
        for request in held:
            if store is not None:
                store.release(request)


def _reserve(
    batch: Sequence[Request], store: Store | None, others_work: Waiting
) -> tuple[list[Request], dict[Request, xr.Dataset], list[Request]]:
    """Those that are ours to train, those that somebody has stored, those in work elsewhere."""
    if store is None:
        return list(batch), {}, []
    free = {request: store.reserve(request) for request in batch}
    lost = others_work.lost([request for request, is_free in free.items() if not is_free])
    reserved = [request for request in batch if free[request] or request in lost]
    # Asked after the reservation: a run finished elsewhere in between is seen.
    stored = _stored(reserved, store)
    for request in stored:
        store.release(request)
    mine = [request for request in reserved if request not in stored]
    return mine, stored, [r for r in batch if not free[r] and r not in lost]


def _keep(request: Request, run: xr.Dataset, store: Store | None) -> None:
    """Store a finished run, and let others know."""
    if store is not None:
        store.save(request, run)
        store.release(request)


def _stored(requests: Sequence[Request], store: Store | None) -> dict[Request, xr.Dataset]:
    """Those of the runs that are stored."""
    if store is None:
        return {}
    runs = ((request, store.load(request)) for request in requests)
    return {request: run for request, run in runs if run is not None}


def _needed(
    missing: Iterable[Request], store: Store | None, known: Mapping[Request, xr.Dataset]
) -> tuple[list[Request], dict[Request, End]]:
    """What the runs need beside themselves: runs to be trained too, and the ends of those known."""
    earlier: list[Request] = []
    ends: dict[Request, End] = {}
    waiting = deque(missing)
    seen = set(waiting)
    while waiting:
        for need in waiting.popleft().needs():
            if need in seen:
                continue
            seen.add(need)
            there = known if need in known else _stored([need], store)
            if need in there:
                ends[need] = _end(there[need])
            else:
                earlier.append(need)
                waiting.append(need)
    return earlier, ends


def _end(run: xr.Dataset) -> End:
    """What a run ended with."""
    head = {"head": run["final_head"].values} if "final_head" in run else {}
    return {"weights": run["final_weights"].values, **head}


def train(job: Job, machine: Machine) -> list[xr.Dataset]:
    """Train one job as one batch; raises ValueError for a law or an objective that is none."""
    first, seeds = job.batch[0], [request.seed for request in job.batch]
    with told_where(first.parameters):
        check_law(first.parameters, first.salt, seeds)
        if job.start is None and not job.teachers:
            check_objective(first.parameters, first.salt, seeds[0])
            check_reads(first.parameters, first.salt, seeds[0])
        trajectory = pretrain(
            first.parameters,
            first.salt,
            seeds,
            machine.device,
            None if job.start is None else torch.from_numpy(job.start),
            [
                Teacher(run.parameters, {name: torch.from_numpy(x) for name, x in end.items()})
                for run, end in zip(first.taught_by, job.teachers, strict=True)
            ],
        )
    check_end(first.parameters, trajectory)
    return label(trajectory, job.batch, machine.device, machine.name)


def _stages(requests: Sequence[Request]) -> list[list[Request]]:
    """First the runs that need no other one, then those that need these alone, and so on."""
    stages: dict[int, list[Request]] = {}
    for request in requests:
        stages.setdefault(_generation(request), []).append(request)
    return [stages[number] for number in sorted(stages)]


def _generation(request: Request) -> int:
    """How many runs lie before this one at most, each needed by the next."""
    return max((1 + _generation(need) for need in request.needs()), default=0)


def _starts(batch: Sequence[Request], ends: Mapping[Request, End]) -> np.ndarray | None:
    """Final kernels of the runs that a batch goes on from [seeds, kernels, dimension]."""
    before = [request.before() for request in batch]
    if before[0] is None:
        return None
    return np.concatenate([ends[request]["weights"] for request in before if request is not None])


def _teachers(batch: Sequence[Request], ends: Mapping[Request, End]) -> tuple[End, ...]:
    """What the runs ended with that teach a batch, teacher by teacher."""
    by_teacher = zip(*(request.taught_by for request in batch), strict=True)
    return tuple(_together([ends[run] for run in runs]) for runs in by_teacher)


def _together(ends: Sequence[End]) -> End:
    """The ends of several seeds as one."""
    return {name: np.concatenate([end[name] for end in ends]) for name in ends[0]}


@contextmanager
def _trainers(
    jobs: int, machine: Machine, given: Trainers | KeptTrainers | None
) -> Iterator[Trainers]:
    """Those given, or this process, or processes of this machine that end with the block."""
    if given is not None and not isinstance(given, KeptTrainers):
        yield given
        return
    kept = KeptTrainers(machine) if given is None else given
    try:
        with kept.of(jobs) as chosen:
            yield chosen
    finally:
        if given is None:
            kept.stop()


def local_trainers(machine: Machine, jobs: int) -> Trainers:
    """This process where one is enough, or none can be started; else processes of one thread.

    To be stopped. Raises RuntimeError in a process that is importing a program without main guard.
    """
    if not can_start_processes() or machine.workers == 1 or jobs < 2:
        return InThisProcess(lambda job: train(job, machine))
    return Processes(partial(train, machine=machine), machine.workers)


@contextmanager
def _interrupts_noted(trainers: Trainers) -> Iterator[threading.Event]:
    """Ctrl-C is noted and acted on between runs, never while one is being saved.

    So are other ways to end a process, where the program hears them. Work in this very process is
    interrupted at once, and noted as well: what is raised while Python tidies up is passed over.
    """
    noted = threading.Event()
    handled = [signal.SIGINT, *(n for n in ENDINGS if callable(signal.getsignal(n)))]
    alone = isinstance(trainers, InThisProcess)
    # Only the main thread may handle signals.
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def hear(*_: object) -> None:
        noted.set()
        if alone:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in handled}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _batches(requests: Sequence[Request], machine: Machine) -> list[list[Request]]:
    """Requests grouped for training, those that take longest first (`_in_order`).

    On the CPU one seed of a common regime, all of the small ones of a law (24 take as long as two
    there). On a GPU all seeds of a regime together, as far as memory allows.
    """
    groups: dict[str, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.lineage(), []).append(request)
    parts = [part for group in groups.values() for part in _split(group, machine)]
    return _in_order(parts, machine.workers)


def _in_order(batches: list[list[Request]], workers: int) -> list[list[Request]]:
    """Those first for which others might wait in the end, the longest before all; then by seed.

    What is tested on one seed, or draws the same noise, remembers it (simulate/held_out.py): with
    the runs of a seed one after the other, each process draws its test images once.
    """
    long = LONG * sum(map(work_of, batches)) / max(1, workers)

    def place(batch: list[Request]) -> tuple[float, bool, int]:
        one = batch[0]
        if work_of(batch) < long:
            return 0.0, True, one.seed
        # Of equals those with a given horizon first: it is a control's, which is often a long one.
        return -work_of(batch), one.parameters.horizon <= 0, one.seed

    return sorted(batches, key=place)


def work_of(batch: Sequence[Request]) -> float:
    """What a batch computes on paper (`work`)."""
    return work(batch[0], len(batch))


def _split(group: list[Request], machine: Machine) -> list[list[Request]]:
    """Parts of a group of TOGETHER activations, or such as fit the free memory of a GPU here."""
    if machine.device == "cuda":
        free, _ = torch.cuda.mem_get_info() if torch.cuda.is_available() else (float("inf"), 0)
        of_memory = GPU_SHARE * free / machine.workers / memory(group[0])
        fitting = min(of_memory, max(GPU_SEEDS, LAUNCHES_COST_MORE / activations(group[0])))
    else:
        fitting = 1 if always_alone(group[0].parameters) else TOGETHER / activations(group[0])
    parts = ceil(len(group) / max(1, int(fitting)))
    size = ceil(len(group) / parts)  # all alike: a small last one would wait for a large first one
    return [group[i : i + size] for i in range(0, len(group), size)]


def _activations(batch: Sequence[Request]) -> int:
    """Activations that a batch usually computes, over all its seeds and gradients."""
    return sum(activations(one) * usual_gradients(one.parameters) for one in batch)


def _tell(progress: Progress | None, done: int, total: int, left: float | None) -> None:
    """Report progress where somebody listens."""
    if progress is not None:
        progress(done, total, left)
