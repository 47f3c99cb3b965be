"""Training on a Dask cluster: the same tasks as processes of this machine get, sent elsewhere.

Workers train and send the runs back; the client stores them. A worker therefore needs the package
but no shared file system, and what a client has stored survives scheduler, workers and client.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, NoReturn

import xarray as xr

from ..command_line import UsageError
from ..records.collect import Job, Machine, train
from ..records.provenance import IDENTITY, stamp

CONNECT_SECONDS = 15.0
"""How long a scheduler may take to answer."""

COUNT_SECONDS, POLL_SECONDS = 1.0, 0.02
"""How often the cluster is asked for its workers, and the futures for their state."""

GATHER_SECONDS, GOODBYE_SECONDS = 60.0, 2.0
"""How long a run may take to arrive, and the scheduler to be told that nobody waits any more."""

NOISY = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Loggers that tell of lost connections in tracebacks; Dask gives some a level of their own."""

AHEAD = 2
"""Tasks a thread of the cluster is given at a time: the next one is there when one is done."""


class ClusterError(RuntimeError):
    """The cluster cannot go on; the message says why and what to do."""


class Cluster:
    """The workers of a Dask scheduler."""

    def __init__(self, address: str, machine: Machine, say: Callable[[str], None]) -> None:
        """Connect; raises UsageError where that cannot be done. `say` hears what is waited for."""
        self._client = _connect(address)
        if is_open(address):
            say(
                f"--scheduler {address}: unencrypted, reached from other machines, and whoever "
                f"reaches it can run code here; use tls://, or a scheduler on 127.0.0.1."
            )
        self._address, self._say = address, say
        self._train = partial(train, machine=machine)
        self._device = machine.device
        self._running: dict[Any, Job] = {}
        self._threads, self._counted = 0, -float("inf")
        self._waiting = False

    @property
    def free(self) -> bool:
        """Whether another task would be worked on soon."""
        return len(self._running) < AHEAD * self._count_threads()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._running)

    def start(self, task: Job) -> None:
        """Send a task to the scheduler; one whose worker dies is given to another one."""
        self._running[self._client.submit(self._train, task, pure=False)] = task

    def finished(self, timeout: float) -> list[tuple[Job, list[xr.Dataset]]]:
        """What got done; raises ClusterError where a task failed or the scheduler is gone."""
        end = time.monotonic() + timeout
        done = [future for future in self._running if future.done()]
        while not done and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
            done = [future for future in self._running if future.done()]
        if not done:
            self._count_threads()
            return []
        given = [pair for future in done for pair in self._answer(future)]
        if not given:
            self._raise(done[0])
        return given

    def stop(self) -> None:
        """Cancel what is not finished and leave the cluster as it is."""
        with contextlib.suppress(OSError, TimeoutError, CancelledError):
            self._client.cancel(list(self._running))
            self._client.close(timeout=GOODBYE_SECONDS)
        self._running.clear()

    def _answer(self, future: Any) -> Iterator[tuple[Job, list[xr.Dataset]]]:
        """Task and runs of a finished future; none where it failed or has to be done again."""
        if future.status != "finished":
            return
        try:
            runs = future.result(timeout=GATHER_SECONDS)
        except (TimeoutError, CancelledError, OSError):
            return  # its worker died with the runs, or the scheduler did: seen in the next call
        job = self._running.pop(future)
        for request, run in zip(job.batch, runs, strict=True):
            if run.attrs[IDENTITY] != stamp(request, self._device):
                raise ClusterError(
                    "a worker runs other code or another torch than this machine; install the same "
                    "version of mrpverify and torch on all of them."
                )
        yield job, runs

    def _raise(self, future: Any) -> NoReturn:
        """Say why a future has no answer."""
        if future.cancelled():
            raise self._lost()
        if future.status == "finished":
            raise ClusterError("a finished run could not be fetched from its worker.")
        error = future.exception()
        raise ClusterError(f"a run failed on a worker ({type(error).__name__}: {error})") from error

    def _count_threads(self) -> int:
        """Threads of all workers, asked for now and then; raises ClusterError."""
        now = time.monotonic()
        if now - self._counted >= COUNT_SECONDS:
            try:
                self._threads = sum(self._client.nthreads().values())
            except (OSError, ValueError, RuntimeError, AttributeError, CancelledError):
                raise self._lost() from None
            self._counted = now
            if self._threads == 0 and not self._waiting:
                self._say(
                    f"no worker is there; waiting for 'dask worker {self._address} --nthreads 1'"
                )
            self._waiting = self._threads == 0
        return self._threads

    def _lost(self) -> ClusterError:
        """The scheduler is gone."""
        return ClusterError(
            f"the scheduler at {self._address} is gone; start it again, or use another one"
        )


def is_open(address: str) -> bool:
    """Whether what is sent there leaves this machine as it is: Dask sends code (pickles)."""
    scheme, _, place = address.rpartition("://")
    if scheme in ("tls", "wss", "inproc"):
        return False
    host = place.rpartition(":")[0] or place
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name
        return host != "localhost"


def _connect(address: str) -> Any:
    """A Dask client; raises UsageError."""
    try:
        from distributed import Client as UntypedClient
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask: python -m pip install 'mrpverify[distributed]'."
        ) from None
    # What matters is said by the errors above; the rest would tear the progress bar.
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client: Any = UntypedClient
    try:
        get_address_host_port(address)  # a client for none waits for itself at the end
        return client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"--scheduler {address}: no Dask scheduler answers ({error}); start one with "
            f"'dask scheduler' and give its address, for example tcp://127.0.0.1:8786."
        ) from None
