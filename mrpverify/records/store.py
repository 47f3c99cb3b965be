"""A folder of records, one netCDF file per run, named by its content hash."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs
import xarray as xr

from .netcdf import read, write
from .provenance import IDENTITY, Addressed, provenance, stamp

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
    """This user's store of records made on one kind of device, cpu or cuda."""
    return Store(default_folder(), device)


class Store:
    """Records of one kind of device that several processes may share: files appear whole or not.

    A record is given for a request only if it says itself that it is the request's.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.folder, self.device = folder / device, device
        self._reservations: int | None = None

    def path(self, request: Addressed) -> Path:
        """File of a run."""
        key = request.key()
        return self.folder / key[:2] / f"{key}.nc"

    def load(self, request: Addressed) -> xr.Dataset | None:
        """The stored run, None where there is none that is whole and its own (redo it then)."""
        try:
            run = read(self.path(request))
        except MemoryError:
            raise
        except Exception:  # nearly anything, where HDF5 finds a file damaged
            return None
        return run if run.attrs.get(IDENTITY) == stamp(request, self.device) else None

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
        handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        os.close(handle)
        try:
            Path(name).write_bytes(write(run))
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
    if store is None:
        return make()
    record = store.load(request)
    if record is None:
        record = make().assign_attrs(provenance(request, store.device, "float32"))
        store.save(request, record)
    return record


def _place(request: Addressed) -> int:
    """Place of a run in the file of reservations, in [0, 2^60)."""
    return int(request.key()[:15], 16)
