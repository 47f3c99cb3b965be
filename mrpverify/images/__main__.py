"""``python -m mrpverify.images fetch [NAME...]``: data and weights for the claims on real images.

Exit codes: 0 done, 1 a transfer or a check failed, 2 usage.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ..command_app import Version, command_app
from .sources import SOURCES

app = command_app()


@app.callback()
def images(version: Version = False) -> None:
    """Real images and networks: data and weights."""


@app.command("fetch")
def fetch_command(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(SOURCES))] = None,
    copy: Annotated[
        str | None, typer.Option("--from", help="a local copy in the standard layout instead")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="even what is there already")] = False,
    version: Version = False,
) -> None:
    """Bring data sets and weights into the per-user cache, all of them by default."""
    from . import fetching  # torch and its like: seconds that --help need not wait for

    fetching.bring(names or list(SOURCES), copy, again)


@app.command("list")
def list_command(version: Version = False) -> None:
    """What can be fetched, and what is there."""
    from . import fetching

    fetching.list_sources()


if __name__ == "__main__":
    app()
