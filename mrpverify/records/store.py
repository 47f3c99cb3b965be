"""A folder of records, one netCDF file per run, named by its content hash."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs
import xarray as xr

from .atomic import write_whole
from .netcdf import parse, write
from .provenance import IDENTITY, Addressed, provenance, stamp
from .reservations import Holder, Reservations

LOG = logging.getLogger(__name__)

SET_ASIDE = "set-aside"
"""Folder of a store for files that were found in the place of a record and are none."""

CACHE_VARIABLE = "MRPVERIFY_CACHE"
"""Environment variable that moves the store."""


def default_folder() -> Path:
    """Where records are kept: $MRPVERIFY_CACHE, else the per-user cache folder."""
    configured = os.environ.get(CACHE_VARIABLE)
    return Path(configured) if configured else platformdirs.user_cache_path("mrpverify") / "records"


def device_store(device: str) -> Store:
    """This user's store of records made on one kind of device, cpu or cuda."""
    return Store(default_folder(), device)


class UnwritableStoreError(OSError):
    """Runs are missing in a store that cannot be written; the message says which and why."""


class Store:
    """Records of one kind of device that several processes may share: files appear whole or not.

    A record is given for a request only if it says itself that it is the request's.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.folder, self.device = folder / device, device
        self._reservations = Reservations(self.folder)
        self._said: set[Path] = set()

    def path(self, request: Addressed) -> Path:
        """File of a run."""
        key = request.key()
        return self.folder / key[:2] / f"{key}.nc"

    def load(self, request: Addressed) -> xr.Dataset | None:
        """The stored run, None where there is none that is whole and its own (redo it then).

        A file that is no record, or another run's, is set aside; one that cannot be read stays.
        Both are said. No lock is asked for.
        """
        path = self.path(request)
        try:
            with path.open("rb") as file:
                found, content = os.fstat(file.fileno()), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say_unreadable(path, error)
            return None
        try:
            run = parse(content)
        except MemoryError:
            raise
        except Exception:  # nearly anything, where HDF5 finds a file damaged
            self._set_aside(path, found, "is damaged")
            return None
        if run.attrs.get(IDENTITY) != stamp(request, self.device):
            self._set_aside(path, found, "is the record of another run")
            return None
        return run

    def save(self, request: Addressed, run: xr.Dataset) -> None:
        """Write a run atomically; raises OSError where the folder cannot be written.

        Raises ValueError for a run that is not the request's, or was made on another device.
        """
        if run.attrs.get(IDENTITY) != stamp(request, self.device):
            raise ValueError(
                f"the record is not that of {request} on {self.device}, so it is not stored as it."
            )
        path = self.path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, write(run))

    def check_writable(self) -> None:
        """Raise OSError now, before any training, where the folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass

    def check_takes(self, missing: int) -> None:
        """Raise UnwritableStoreError, before it is trained, where what is missing has no place."""
        try:
            self.check_writable()
        except OSError as error:
            raise UnwritableStoreError(
                f"the record store {self.folder} cannot be written ({error.strerror}) and lacks "
                f"{missing} runs"
            ) from None

    def reserve(self, request: Addressed) -> bool:
        """Whether a run is this process's to do: False while another process has it reserved.

        The operating system gives a reservation back when its process ends, however it ends.
        """
        return self._reservations.take(request.key())

    def take_over(self, request: Addressed) -> None:
        """Do a run that another process has reserved, and say so to others."""
        self._reservations.take_over(request.key())

    def release(self, request: Addressed) -> None:
        """Give a reservation back."""
        self._reservations.give_back(request.key())

    def holder(self, request: Addressed) -> Holder:
        """Who has reserved a run."""
        return self._reservations.holder(request.key())

    def _set_aside(self, path: Path, found: os.stat_result, reason: str) -> None:
        """Take what was found out of the way, unless a record has taken its place meanwhile."""
        aside = self.folder / SET_ASIDE / path.name
        LOG.warning("%s %s: set aside, its run is trained again.", path, reason)
        with contextlib.suppress(OSError):
            if os.path.samestat(found, path.stat()):
                aside.parent.mkdir(exist_ok=True)
                os.replace(path, aside)

    def _say_unreadable(self, path: Path, error: OSError) -> None:
        """Say once that a file is there and cannot be read."""
        if path not in self._said:
            self._said.add(path)
            LOG.warning(
                "%s cannot be read (%s): its run is trained again.", path, error.strerror or error
            )


def stored_or_made(
    store: Store | None, request: Addressed, make: Callable[[], xr.Dataset]
) -> xr.Dataset:
    """The stored record, made and stored where there is none; without a store it is made."""
    if store is None:
        return make()
    record = store.load(request)
    if record is None:
        record = make().assign_attrs(provenance(request, store.device, "float32"))
        store.save(request, record)
    return record
