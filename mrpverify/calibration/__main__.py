"""``mrpverify calibrate``: how often every verdict function is wrong on truths that are known.

Simulates truths at and near the thresholds, with rare collapses, heavy tails and no spread, and
writes rates of false SUPPORTED and false REFUTED and the coverage of intervals between the markers
of docs/calibration.md. Minutes; trains nothing. Exit codes: 0 every function that claims to hold
does, 1 one does not, 2 usage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command_app import Version, command_app, say

app = command_app()

DRAWS, QUICK = 1000, 100


@app.command(help=__doc__)
def calibrate(
    draws: Annotated[
        int | None, typer.Option("--draws", min=50, help=f"simulated checks a cell [{DRAWS}]")
    ] = None,
    salt: Annotated[str, typer.Option("--salt", help="re-rolls every draw")] = "a",
    quick: Annotated[bool, typer.Option("--quick", help=f"{QUICK} draws, nothing written")] = False,
    root: Annotated[Path, typer.Option(help="the checkout")] = Path(),
    version: Version = False,
) -> None:
    """Simulate, print the table, and write it into docs/calibration.md."""
    from ..command_line import stop  # libraries that --help need not wait for
    from .page import PAGE, UnusablePageError, with_table, write
    from .table import lines

    if quick and draws is not None:
        stop(f"error: --quick simulates {QUICK} draws; leave it or --draws {draws} out.", 2)
    number = draws or (QUICK if quick else DRAWS)
    try:
        page = None if quick else with_table(root / PAGE, [], number, salt)
        found = lines(number, salt, say)
        if page is not None:
            write(root / PAGE, found, number, salt)
    except UnusablePageError as error:
        stop(f"error: {error}", 2)
    except OSError as error:
        stop(f"error: {root / PAGE}: {error.strerror}; name a checkout with --root.", 2)
    raise typer.Exit(int(any("**FAILS**" in line for line in found)))


if __name__ == "__main__":
    app()
