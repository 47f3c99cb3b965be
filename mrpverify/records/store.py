"""A folder of records, one netCDF file per run, named by its content hash."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import platformdirs
import xarray as xr

from .netcdf import read

if sys.platform != "win32":
    import fcntl

RESERVATIONS = "reservations.lock"
"""Empty file of a store; a run is reserved by locking the one byte at its key's place in it."""

CACHE_VARIABLE = "MRPVERIFY_CACHE"
"""Environment variable that moves the store."""


def default_folder() -> Path:
    """Where records are kept: $MRPVERIFY_CACHE, else the per-user cache folder."""
    configured = os.environ.get(CACHE_VARIABLE)
    return Path(configured) if configured else platformdirs.user_cache_path("mrpverify") / "records"


def device_store(device: str) -> Store:
    """The store of runs made on one kind of device, cpu or cuda: they differ in their rounding."""
    return Store(default_folder() / device)


class Addressed(Protocol):
    """What a record belongs to: a run, or a look at a real image."""

    def key(self) -> str:
        """Content hash (hexadecimal) of everything that determines the record."""


class Store:
    """Records under one folder that several processes may share: files appear whole or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reservations: int | None = None

    def path(self, request: Addressed) -> Path:
        """File of a run."""
        key = request.key()
        return self.folder / key[:2] / f"{key}.nc"

    def load(self, request: Addressed) -> xr.Dataset | None:
        """The stored run, None where there is none or its file cannot be read (redo it then)."""
        path = self.path(request)
        if not path.exists():
            return None
        try:
            return read(path)
        except (OSError, ValueError, KeyError):
            return None

    def save(self, request: Addressed, run: xr.Dataset) -> None:
        """Write a run atomically; raises OSError where the folder cannot be written."""
        path = self.path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        os.close(handle)
        packed = {
            key: {"zlib": True, "complevel": 1} for key in run.data_vars if run[key].size > 64
        }
        try:
            # Made in memory: where a disk is full, HDF5 crashes the process instead of raising.
            Path(name).write_bytes(run.to_netcdf(engine="h5netcdf", encoding=packed))
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Raise OSError now, before any training, where the folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass

    def reserve(self, request: Addressed) -> bool:
        """Whether a run is this process's to do: False while another process has it reserved.

        The operating system gives a reservation back when its process ends, however it ends. Where
        files cannot be locked everything is granted: a run done twice is a loss of time only.
        """
        try:
            self._lock(request, exclusive=True)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True

    def release(self, request: Addressed) -> None:
        """Give a reservation back."""
        with contextlib.suppress(OSError):
            self._lock(request, exclusive=False)

    def _lock(self, request: Addressed, exclusive: bool) -> None:
        """Lock or unlock the byte of a run, where there are such locks; raises OSError."""
        if sys.platform == "win32":
            return
        if self._reservations is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._reservations = os.open(self.folder / RESERVATIONS, os.O_RDWR | os.O_CREAT)
        kind = fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_UN
        fcntl.lockf(self._reservations, kind, 1, _place(request))


def stored_or_made(
    store: Store | None, request: Addressed, make: Callable[[], xr.Dataset]
) -> xr.Dataset:
    """The stored record, made and stored where there is none; without a store it is made."""
    record = store.load(request) if store is not None else None
    if record is None:
        record = make()
        if store is not None:
            store.save(request, record)
    return record


def _place(request: Addressed) -> int:
    """Place of a run in the file of reservations, in [0, 2^60)."""
    return int(request.key()[:15], 16)
