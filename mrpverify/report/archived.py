"""Whether an archive is what was archived, and whether its verdicts follow from its numbers."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..regular import LARGEST
from .again import RecordError, record_in
from .crate import METADATA, RECORDS, sha256, sums
from .schema import ZIP_BEGINS
from .verifying import Verified, verify_content

OUTSIDE = ("\\", ":", "\0")
"""What no name in an archive has: somewhere it parts folders, names a drive or ends the name."""

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What reading a broken ZIP raises; a name of another encoding than it claims is a ValueError."""


@dataclass(frozen=True)
class Archived:
    """What was recomputed of an archive."""

    files: int
    records: Mapping[str, Verified]
    changes: tuple[str, ...]
    """Files that are not what the manifest says, one line each."""


def is_archive(path: Path) -> bool:
    """Whether a path is a folder or a ZIP file, broken or not, and no record.

    What is no file (a pipe) is not looked into: that may never end.
    """
    if path.is_dir() or not path.is_file():
        return path.is_dir()
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP_BEGINS)) == ZIP_BEGINS or zipfile.is_zipfile(path)
    except OSError:  # said by whoever reads it as a record
        return False


def verify_archive(path: Path) -> Archived:
    """Every file against the manifest, then every verdict of every record again.

    Nothing is unpacked: a ZIP is read in memory. Raises RecordError for what is no archive.
    """
    files = _at_root(_of_folder(path) if path.is_dir() else _of_zip(path))
    if METADATA not in files:
        raise RecordError(
            f"--verify {path}: no archive, it lacks {METADATA}; name a record or what "
            f"mrpverify archive wrote."
        )
    try:
        wanted = sums(files.pop(METADATA).decode())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"--verify {path}: {METADATA} cannot be read ({error}).") from None
    found = {
        name: _verified(content, f"--verify {path}: {name}")
        for name, content in sorted(files.items())
        if name.startswith(RECORDS)
    }
    if not found:
        raise RecordError(f"--verify {path}: the archive holds no record.")
    return Archived(len(files), found, tuple(_changes(wanted, files)))


def _verified(content: bytes, name: str) -> Verified:
    """A record's verdicts again; raises RecordError, by that name, for what is none."""
    return verify_content(record_in(content, name), name)


def _changes(wanted: Mapping[str, str], files: Mapping[str, bytes]) -> Iterator[str]:
    """Files that are gone, came later or have another content."""
    for name in sorted(wanted.keys() | files.keys()):
        if name not in files:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} is not in the manifest"
        elif sha256(files[name]) != wanted[name]:
            yield f"{name} is another file than was archived (SHA-256)"


def _of_folder(folder: Path) -> dict[str, bytes]:
    """Contents of a folder's files by their path in it; a link is refused."""
    found = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise RecordError(f"--verify {folder}: {name} is a link; an archive has none.")
            if path.is_file():
                _small_enough(folder, name, path.stat().st_size)
                found[name] = path.read_bytes()
    except OSError as error:
        raise RecordError(
            f"--verify {folder}: cannot be read ({error.strerror or error})."
        ) from None
    return found


def _of_zip(path: Path) -> dict[str, bytes]:
    """Contents of a ZIP's files by their name; one that leads out of it, or twice, is refused."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as file:
            for entry in file.infolist():
                _inside(path, entry.filename)
                if entry.is_dir():
                    continue
                if entry.filename in found:
                    raise RecordError(f"--verify {path}: holds {entry.filename} twice.")
                _small_enough(path, entry.filename, entry.file_size)
                with file.open(entry) as member:
                    content = member.read(LARGEST + 1)
                _small_enough(path, entry.filename, len(content))
                found[entry.filename] = content
    except RecordError:
        raise
    except BROKEN as error:
        raise RecordError(f"--verify {path}: a broken ZIP file ({error}).") from None
    except OSError as error:
        raise RecordError(f"--verify {path}: cannot be read ({error.strerror or error}).") from None
    return found


def leads_out(name: str) -> bool:
    """Whether a file's name leads out of an archive, on some machine at least."""
    leads = name.startswith("/") or ".." in PurePosixPath(name).parts
    return leads or any(sign in name for sign in OUTSIDE)


def _inside(path: Path, name: str) -> None:
    """Refuse a name that leads out of the archive, and none at all."""
    if not name:
        raise RecordError(f"--verify {path}: holds a file without a name.")
    if leads_out(name):
        raise RecordError(f"--verify {path}: {name!r} leads out of the archive.")


def _small_enough(path: Path, name: str, size: int) -> None:
    """Refuse what no archive of records holds."""
    if size > LARGEST:
        raise RecordError(
            f"--verify {path}: {name} has more than {LARGEST // 2**20} MiB; no file of an "
            f"archive is as large."
        )


def _at_root(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files as the archive names them, also where its folder was packed with it."""
    tops = {name.partition("/")[0] for name in files}
    if METADATA in files or len(tops) != 1:
        return dict(files)
    return {name.partition("/")[2]: content for name, content in files.items()}
