"""``mrpverify results [RECORD...]``: records of checks into the tables of README and docs.

Run it in a checkout: RECORDs are files of ``check --json``; what the tables need of them is kept in
docs/results/. Numbers in running text that name their record (``<!-- record: ... -->``) follow it.
Exit codes: 0 done, 1 stale (with --check), 2 usage.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .command_app import Version, command_app

app = command_app()


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
    from .report.results import StoredRecordError, file_name

    try:
        new = [_read(path) for path in files or []]
        if not only_check:
            for record in new:
                text = json.dumps(record, indent=1) + "\n"
                (root / "docs" / "results" / file_name(record)).write_text(text, encoding="utf-8")
        wanted = pages(root)
    except FileNotFoundError as error:
        where = "run it in a checkout, or name one with --root"
        stop(f"error: there is no {error.filename} here; {where}.", EXIT_USAGE)
    except (StoredRecordError, OSError, ValueError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    stale = [path for path, text in wanted.items() if not _is(path, text)]
    if only_check and stale:
        stop(f"stale: {', '.join(map(str, stale))}; run mrpverify results.", 1)
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    """What is kept of a record; raises StoredRecordError for a file that is none."""
    from .report.results import StoredRecordError, compact

    try:
        return compact(path)
    except OSError as error:  # no file of the checkout, whose absence says something else
        raise StoredRecordError(
            f"{path}: cannot be read ({error.strerror}); name records of check --json."
        ) from None


def pages(root: Path) -> dict[Path, str]:
    """Path -> text that README.md and the pages of docs ought to have.

    The results page and the status page are records throughout; in the others records fill in
    their tables and the numbers that are marked in running text. Raises OSError for a file that
    cannot be read, ValueError for one that is no record and for a mark that no record answers.
    """
    from .report.prose import filled
    from .report.results import results_page, stored, summary_table, with_table
    from .report.status import status_page
    from .report.tables import tabled

    records = stored(root / "docs" / "results")
    readme = root / "README.md"
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in (readme, *sorted((root / "docs").glob("*.md")))
    }
    texts[readme] = with_table(texts[readme], summary_table(records))
    made = {path: filled(tabled(text, records), records) for path, text in texts.items()}
    return made | {
        root / "docs" / "results.md": results_page(records),
        root / "docs" / "status.md": status_page(records),
    }


def _is(path: Path, text: str) -> bool:
    """Whether a file has this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    app()
