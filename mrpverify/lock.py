"""``mrpverify lock NAME... --lock FILE``: what would be asked, written down before the run.

The file holds statement, controls, regime, seeds, salt and the digests of what measures and
simulates; ``check NAME... --lock FILE`` with the same options then asks that and nothing else
(exit code 8).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command_app import Version, command_app

app = command_app()


@app.command(help=__doc__)
def lock(
    file: Annotated[Path, typer.Option("--lock", help="the file to write")],
    names: Annotated[list[str] | None, typer.Argument(help="groups and claims")] = None,
    preset: Annotated[str, typer.Option(help="quick, paper, large or a .toml file")] = "quick",
    framework: Annotated[str, typer.Option(help="teacher-student, mae or both")] = "both",
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value")] = None,
    seeds: Annotated[int | None, typer.Option(help="number of seeds")] = None,
    salt: Annotated[str, typer.Option(help="re-rolls every random draw")] = "a",
    plugins: Annotated[list[str] | None, typer.Option("--plugin", help="a file of claims")] = None,
    version: Version = False,
) -> None:
    """Write down what a check would ask."""
    from . import checking  # torch and its like: seconds that --help need not wait for

    asked = checking.Asked(
        names=names or [], preset=preset, framework=framework, settings=settings or [],
        seeds=seeds, salt=salt, device="auto", json_file=None, out=None, no_cache=False,
        quiet=False, strict=False, plugins=plugins or [],
    )  # fmt: skip
    raise typer.Exit(checking.lock_question(asked, file))


if __name__ == "__main__":
    app()
