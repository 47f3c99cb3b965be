"""Unpacking package files: named members only, regular files only, nothing outside the folder."""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from .folder import MissingDataError

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
)
"""What reading a broken archive raises, by the tools of the standard library; a refusal of a
member that leads out is a tarfile.TarError too."""

_AR, _HEADER = b"!<arch>\n", 60
"""What the ar file that a Debian package is begins with, and the bytes before each member."""


def unpack(archive: Path, inside: tuple[str, ...], folder: Path) -> list[Path]:
    """Write the archive's files whose names start with one of `inside` into `folder`, flat.

    Returns the written files; raises MissingDataError for an archive that is broken or encrypted,
    or has an unsafe name, a link among the wanted members, two files of one name, or none that is
    wanted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _unpacked(archive, inside, folder)
    except BROKEN as error:
        raise MissingDataError(f"{archive.name}: a broken archive ({error}).") from None
    except MissingDataError:
        raise
    except RuntimeError as error:  # encrypted
        raise MissingDataError(f"{archive.name}: cannot be read ({error}).") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a full disk is no fault of the archive
            raise
        raise MissingDataError(f"{archive.name}: a broken archive ({error.strerror}).") from None


def _unpacked(archive: Path, inside: tuple[str, ...], folder: Path) -> list[Path]:
    """The written files."""
    written: list[Path] = []
    for name, content in _members(archive, inside):
        path = folder / PurePosixPath(name).name
        if path in written:
            raise MissingDataError(f"{archive.name}: two files are called {path.name}.")
        with content, path.open("wb") as file:
            shutil.copyfileobj(content, file)
        written.append(path)
    if not written:
        raise MissingDataError(f"{archive.name} holds nothing under {', '.join(inside)}.")
    return written


def _members(archive: Path, inside: tuple[str, ...]) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of the wanted regular files."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for item in opened.infolist():
                if _wanted(archive, item.filename, inside) and not item.is_dir():
                    yield item.filename, opened.open(item)
        return
    with _tar(archive) as packed:
        for member in packed:
            if not _wanted(archive, member.name, inside) or member.isdir():
                continue
            member = tarfile.data_filter(member, ".")  # raises on devices and names that lead out
            content = packed.extractfile(member) if member.isreg() else None
            if content is None:
                raise MissingDataError(f"{archive.name}: {member.name} is no regular file.")
            yield member.name, content


def _tar(archive: Path) -> tarfile.TarFile:
    """The tar file that a package is, or that a Debian package holds; raises MissingDataError."""
    with archive.open("rb") as file:
        if file.read(len(_AR)) != _AR:
            return tarfile.open(archive, "r:gz")
        while header := file.read(_HEADER):
            name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
            if name.startswith("data.tar"):
                return tarfile.open(fileobj=io.BytesIO(file.read(size)), mode="r:*")
            file.seek(size + size % 2, os.SEEK_CUR)
    raise MissingDataError(f"{archive.name} is a Debian package without data.")


def _wanted(archive: Path, name: str, inside: tuple[str, ...]) -> bool:
    """Whether a member is wanted; raises MissingDataError for a name that leads out."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise MissingDataError(f"{archive.name}: unsafe member {name!r}.")
    return name.startswith(inside)
