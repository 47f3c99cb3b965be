"""``mrpverify archive DIR|ZIP RECORD...``: what another machine needs to recompute every verdict.

RECORDs are files of ``check --json``. The archive holds them with figures and locks where they
are given, the environment and a manifest with the SHA-256 of every file (RO-Crate 1.2); ``check
--verify DIR|ZIP`` then recomputes every verdict. Exit codes: 0 done, 1 cannot be written, 2 usage
(also a record that lacks its numbers), 7 a record whose verdicts do not follow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command_app import Version, command_app

app = command_app()


@app.command(help=__doc__)
def archive(
    target: Annotated[Path, typer.Argument(metavar="DIR|ZIP", help="what to write; .zip packs it")],
    records: Annotated[list[Path], typer.Argument(metavar="RECORD...", help="of check --json")],
    figures: Annotated[
        Path | None, typer.Option(help="a folder of mrpverify figures --out, kept too")
    ] = None,
    locks: Annotated[
        list[Path] | None, typer.Option("--lock", help="a file of mrpverify lock; repeatable")
    ] = None,
    version: Version = False,
) -> None:
    """Write an archive."""
    # torch and its like: seconds that --help need not wait for
    from .claims.lock import LockError
    from .command_app import tell
    from .command_line import stop
    from .judge.verdicts import EXIT_USAGE
    from .report.again import RecordError
    from .report.archiving import (
        ArchiveError,
        archived_files,
        check_target,
        other_versions,
        write,
    )
    from .report.verifying import EXIT_MISMATCH, UnfoundedError

    try:
        check_target(target)
        files = archived_files(records, figures, locks or [])
        for line in other_versions(records):
            tell(f"warning: {line}")
        write(target, files)
    except UnfoundedError as error:
        stop(f"error: {error}", EXIT_MISMATCH)
    except (RecordError, LockError, ArchiveError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    except OSError as error:
        stop(f"error: {target}: cannot be written ({error.strerror}).", 1)
    tell(f"{target}: {len(files)} files, {len(records)} records; check --verify {target}")


if __name__ == "__main__":
    app()
