"""An archive of records: all that another machine needs to recompute their verdicts."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..claims.lock import read_lock
from ..records.atomic import beside
from ..records.labelled import simulation_digest
from ..records.provenance import commit, versions
from ..regular import read_regular
from .again import RecordError, content_of
from .archived import OUTSIDE, leads_out, verify_archive
from .crate import METADATA, RECORDS, manifest
from .verifying import UnfoundedError, followed

OPTION = "archive"
KIND = re.compile(r"\.[^\W\d]\w*")
"""The end of a file's name that says its kind; that of `runs-0.2` does not."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Every file's date in a ZIP: the same records give the same bytes on the same day."""


class ArchiveError(ValueError):
    """What cannot be archived."""


def check_target(target: Path) -> None:
    """Raise ArchiveError for what is there already, and for a name of some other kind of file."""
    try:
        empty = target.is_dir() and not any(target.iterdir())
        there = target.exists()
    except OSError as error:
        raise ArchiveError(f"{target}: cannot be looked at ({error.strerror}).") from None
    if there and not empty:
        raise ArchiveError(f"{target}: exists; name a new folder or ZIP file.")
    if not empty and KIND.fullmatch(target.suffix) and not _is_zip(target):
        raise ArchiveError(
            f"{target}: {target.suffix} is neither a folder nor a ZIP file; name a folder without "
            f"a suffix, or a file that ends in .zip."
        )


def archived_files(
    records: Sequence[Path], figures: Path | None, locks: Sequence[Path]
) -> dict[str, bytes]:
    """Everything of an archive by its path there, the manifest first.

    Raises RecordError for files that are no record with its numbers, UnfoundedError for those whose
    verdicts do not follow, ArchiveError for a folder of figures that cannot be read, LockError.
    """
    parsed: dict[str, Mapping[str, Any]] = {}
    files: dict[str, bytes] = {}
    for path, content in _all_followed(records):
        name = _free(f"{RECORDS}{_plain(path.stem)}.json", files)
        parsed[name] = content
        files[name] = (json.dumps(content, indent=2) + "\n").encode()
    for path in locks:
        name = _free(f"locks/{_plain(path.stem)}.lock", files)
        files[name] = (json.dumps(read_lock(path), indent=1) + "\n").encode()
    if figures is not None:
        files |= _figures(figures)
    files["environment.json"] = (json.dumps(_environment(), indent=1) + "\n").encode()
    files["constraints.txt"] = ("\n".join(pins("mrpverify")) + "\n").encode()
    files["README.md"] = _readme(parsed, bool(locks)).encode()
    day = datetime.now(UTC).date().isoformat()
    return {METADATA: manifest(files, parsed, day).encode(), **files}


def other_versions(records: Sequence[Path]) -> Iterator[str]:
    """Libraries that a record was made with in another version than is here, one line each."""
    for path in records:
        made = content_of(path, OPTION).get("versions", {})
        changed = [f"{n} {v}" for n, v in made.items() if v != versions().get(n, v)]
        if changed:
            yield f"{path} was made with {', '.join(changed)}; constraints.txt names what is here"


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive that `check --verify` takes, as a ZIP file or a folder, or nothing at all.

    Folders above it are made. Raises OSError where it cannot be written, ArchiveError where it
    would be refused.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = beside(target)
    try:
        (write_zip if _is_zip(target) else write_folder)(part, files)
        _check_written(part, target)
        if target.is_dir():
            target.rmdir()  # an empty one: it would not be replaced everywhere
        os.replace(part, target)
    finally:
        _remove(part)


def _is_zip(target: Path) -> bool:
    """Whether a name is that of a ZIP file."""
    return target.suffix.lower() == ".zip"


def _check_written(part: Path, target: Path) -> None:
    """Raise ArchiveError where an archive that is about to be put in its place is refused."""
    try:
        found = verify_archive(part)
    except RecordError as error:
        raise ArchiveError(f"{target}: check --verify would refuse it ({error})") from None
    wrong = [*found.changes, *(line for one in found.records.values() for line in one.mismatches)]
    if wrong:
        raise ArchiveError(f"{target}: check --verify would refuse it ({wrong[0]}).")


def _remove(part: Path) -> None:
    """Remove what was not put in its place."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive as a new folder; raises OSError where it cannot be written."""
    for name, content in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_zip(target: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive as a ZIP file; raises OSError where it cannot be written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content, zipfile.ZIP_DEFLATED)
    target.write_bytes(packed.getvalue())


def pins(name: str) -> list[str]:
    """Versions of what a distribution needs, all the way down, as constraints of pip.

    What is not installed (an extra, another platform's) is not named.
    """
    found: dict[str, str] = {}
    left = [name]
    while left:
        try:
            told = metadata.distribution(left.pop())
        except metadata.PackageNotFoundError:
            continue
        own = re.sub(r"[-_.]+", "-", told.metadata["Name"]).lower()
        if own not in found:
            found[own] = told.version
            left += [
                re.match(r"[\w.-]+", line)[0]  # type: ignore[index]
                for line in told.requires or []
                if "extra ==" not in line
            ]
    return [f"{own}=={version}" for own, version in sorted(found.items()) if own != name]


def _all_followed(records: Sequence[Path]) -> list[tuple[Path, Mapping[str, Any]]]:
    """Every record with its path; what is refused is named in one error, a line each.

    Records without their numbers count for its kind before those whose verdicts do not follow.
    """
    found: list[tuple[Path, Mapping[str, Any]]] = []
    refused: list[RecordError | UnfoundedError] = []
    for path in records:
        try:
            found.append((path, _followed(path)))
        except (RecordError, UnfoundedError) as error:
            refused.append(error)
    if not refused:
        return found
    lines = "\n".join(map(str, refused))
    if any(isinstance(error, RecordError) for error in refused):
        raise RecordError(lines)
    raise UnfoundedError(lines)


def _followed(path: Path) -> Mapping[str, Any]:
    """A record whose verdicts all follow from its numbers."""
    content = followed(path, OPTION)
    lacks = [key for key in ("command", "simulation", "mrpverify") if key not in content]
    if lacks:
        raise RecordError(f"archive {path}: no record of a check, it lacks {', '.join(lacks)}.")
    return content


def _figures(folder: Path) -> dict[str, bytes]:
    """Files of a folder of figures, without what is hidden, or in a hidden folder, and links.

    Raises ArchiveError for a folder that cannot be read, and for files that no archive takes.
    """
    if not folder.is_dir():
        raise ArchiveError(f"--figures {folder}: no folder; draw them with mrpverify figures --out")
    try:
        return {
            f"figures/{_figure(folder, path)}": _figure_content(folder, path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and not _is_hidden(folder, path)
        }
    except OSError as error:
        raise ArchiveError(f"--figures {folder}: cannot be read ({error.strerror})") from None


def _is_hidden(folder: Path, path: Path) -> bool:
    """Whether a file, or a folder on the way to it, is hidden."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _figure(folder: Path, path: Path) -> str:
    """A figure's name in its folder; raises ArchiveError where no archive takes it."""
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ArchiveError(
            f"--figures {folder}: {name!a} is no name in UTF-8; rename it."
        ) from None
    if leads_out(name):
        signs = " ".join(map(repr, OUTSIDE))
        raise ArchiveError(
            f"--figures {folder}: {name!r} is no name for every machine, which has none of "
            f"{signs}; rename it."
        )
    return name


def _figure_content(folder: Path, path: Path) -> bytes:
    """What a figure holds; raises ArchiveError where it cannot be read or is too large."""
    try:
        return read_regular(path)
    except OSError as error:
        name = path.relative_to(folder).as_posix()
        raise ArchiveError(
            f"--figures {folder}: {name!r} cannot be kept ({error.strerror}); take it out."
        ) from None


def _environment() -> dict[str, Any]:
    """On what the archive was made; a record names what it was made on itself."""
    return {
        "versions": versions(),
        "python": platform.python_version(),
        "platform": platform.system(),
        "machine": platform.machine(),
        "simulation": simulation_digest(),
        "commit": commit(),
    }


def _readme(records: Mapping[str, Mapping[str, Any]], locked: bool) -> str:
    """How to recompute the verdicts, and how to run the checks again."""
    again = "\n".join(f"mrpverify check --from {path}" for path in records)
    lock = "`locks/` holds what was fixed before the runs: `check --lock`.\n\n" if locked else ""
    made = ", ".join(sorted({r["mrpverify"] for r in records.values()}))
    return (
        f"# Verdicts of mrpverify\n\n"
        f"Made by mrpverify {made} (source: {commit() or 'an installed wheel'}). Install it with "
        f"`-c constraints.txt`, then, in the folder that holds this archive, recompute every "
        f"verdict without training:\n\n"
        f"```sh\nmrpverify check --verify ARCHIVE\n```\n\n"
        f"Exit code 7 says that a file changed or that a verdict does not follow. "
        f"`{METADATA}` (RO-Crate 1.2) names every file with its SHA-256.\n\n{lock}"
        f"To train everything again, in this folder:\n\n```sh\n{again}\n```\n"
    )


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip(".") or "record"


def _free(name: str, taken: Mapping[str, bytes]) -> str:
    """The name, with a number where it is taken."""
    stem, dot, ending = name.rpartition(".")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem}-{number}{dot}{ending}"
    return free
