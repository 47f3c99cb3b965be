"""``mrpverify results [RECORD...]``: records of checks into the tables of README and docs.

Run it in a checkout: RECORDs are files of ``check --json``; what the tables need of them is kept in
docs/results/. Numbers in running text that name their record (``<!-- record: ... -->``) follow it.
Nothing is written before all of it is made. Exit codes: 0 done, 1 stale (with --check), 2 usage, 7
a record whose verdicts do not follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .command_app import Version, command_app

app = command_app()
FOLDER = Path("docs", "results")
"""Where a checkout keeps its records."""


@app.command(help=__doc__)
def results(
    files: Annotated[list[Path] | None, typer.Argument(help="records of check --json")] = None,
    root: Annotated[Path, typer.Option(help="the checkout")] = Path(),
    only_check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit code 1 where a table is stale")
    ] = False,
    version: Version = False,
) -> None:
    """Keep records and write the tables made from them."""
    # torch and its like: seconds that --help need not wait for
    from .command_line import stop
    from .judge.verdicts import EXIT_USAGE
    from .report.again import RecordError
    from .report.kept import write_records
    from .report.results import write_page
    from .report.verifying import EXIT_MISMATCH, UnfoundedError

    try:
        new, records = _kept(root / FOLDER, files or [], not only_check)
        stale = {path: text for path, text in pages(root, records).items() if not _is(path, text)}
        if only_check and stale:
            stop(f"stale: {', '.join(map(str, stale))}; run mrpverify results.", 1)
        write_records(root / FOLDER, new)
        for path, text in stale.items():
            write_page(path, text)
    except UnfoundedError as error:
        stop(f"error: {error}", EXIT_MISMATCH)
    except FileNotFoundError as error:
        where = "run it in a checkout, or name one with --root"
        stop(f"error: there is no {error.filename} here; {where}.", EXIT_USAGE)
    except (RecordError, OSError) as error:
        stop(f"error: {error}", EXIT_USAGE)


def _kept(
    folder: Path, files: Sequence[Path], keep: bool
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Records to write, and all those that the tables are made of, by file name.

    Every one of them is read and recomputed before anything is written. Raises RecordError for what
    is no record, UnfoundedError for one whose verdicts do not follow.
    """
    from .report.kept import check_stored, compact, stored_by_name, with_new

    new = [(path, compact(path)) for path in files]
    before = stored_by_name(folder)
    records = with_new(before, new)
    if not keep:
        records = before
    check_stored(folder, records)
    return {name: x for name, x in records.items() if x is not before.get(name)}, records


def pages(root: Path, records: Mapping[str, Any] | None = None) -> dict[Path, str]:
    """Path -> text that README.md and the pages of docs ought to have.

    The results page and the status page are records throughout; README and the others speak of
    preset quick, and in these records fill in tables and the numbers that are marked in running
    text. Made of the records by file name that are given, else of the stored ones. Raises OSError
    for a file that cannot be read, RecordError for one that is no record or no text, and for a mark
    that no record answers.
    """
    from .report.kept import as_usual, stored_by_name
    from .report.results import made_of, results_page, summary_table, with_table
    from .report.status import status_page

    records = stored_by_name(root / FOLDER) if records is None else records
    usual = as_usual(records)
    readme = root / "README.md"
    texts = {path: _text(path) for path in (readme, *sorted((root / "docs").glob("*.md")))}
    texts[readme] = with_table(texts[readme], made_of(summary_table, usual))
    made = {path: _document(path, text, usual) for path, text in texts.items()}
    return made | {
        root / "docs" / "results.md": made_of(results_page, records),
        root / "docs" / "status.md": made_of(status_page, records),
    }


def _document(path: Path, text: str, records: Mapping[str, Any]) -> str:
    """A document with its tables and numbers; raises StoredRecordError, which names it."""
    from .report.kept import StoredRecordError
    from .report.prose import filled
    from .report.tables import tabled

    own = list(records.values())
    try:
        return filled(tabled(text, own), own)
    except StoredRecordError as error:
        raise StoredRecordError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    """What a document says; raises StoredRecordError where it is no text, OSError."""
    from .report.kept import StoredRecordError

    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StoredRecordError(f"{path}: is no text in UTF-8.") from None


def _is(path: Path, text: str) -> bool:
    """Whether a file has this text."""
    return path.exists() and _text(path) == text


if __name__ == "__main__":
    app()
