"""``python -m mrpverify.records COMMAND``: what the record store holds, and how to empty it.

Exit codes: 0 done, 1 damaged records were found or a file could not be removed, 2 usage.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ..command_app import Version, command_app

app = command_app()


@app.callback(help=__doc__)
def records(version: Version = False) -> None:
    """What the record store holds."""


@app.command("list")
def list_command(version: Version = False) -> None:
    """Runs by framework and salt: how many, and how large."""
    from . import housekeeping  # libraries that --help need not wait for

    housekeeping.show()


@app.command("size")
def size_command(version: Version = False) -> None:
    """Number of records and their size in MB."""
    from . import housekeeping

    housekeeping.size()


@app.command("verify")
def verify_command(version: Version = False) -> None:
    """Read every record and name those that are damaged."""
    from . import housekeeping

    raise typer.Exit(housekeeping.verify())


@app.command("clear")
def clear_command(
    yes: Annotated[bool, typer.Option("--yes", help="remove without asking")] = False,
    version: Version = False,
) -> None:
    """Remove every record; the runs are trained again when they are asked for."""
    from . import housekeeping

    raise typer.Exit(housekeeping.clear(yes))


if __name__ == "__main__":
    app()
