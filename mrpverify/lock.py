"""``mrpverify lock NAME... --lock FILE``: what would be asked, written down before the run.

The file holds statement, controls, regime, seeds, salt and the digests of what measures and
simulates; ``check NAME... --lock FILE`` with the same options then asks that and nothing else
(exit code 8).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command_app import (
    Framework,
    Names,
    Plugins,
    Preset,
    Salt,
    Seeds,
    Settings,
    Version,
    command_app,
)

app = command_app()


@app.command(help=__doc__)
def lock(
    file: Annotated[Path, typer.Option("--lock", help="the file to write")],
    names: Names = None,
    preset: Preset = "quick",
    framework: Framework = "both",
    settings: Settings = None,
    seeds: Seeds = None,
    salt: Salt = "a",
    plugins: Plugins = None,
    version: Version = False,
) -> None:
    """Write down what a check would ask."""
    # torch and its like: seconds that --help need not wait for
    from .asking import Asked
    from .locking import lock_question

    asked = Asked(
        names=names or [], preset=preset, framework=framework, settings=settings or [],
        seeds=seeds, salt=salt, device="auto", json_file=None, out=None, no_cache=False,
        quiet=False, strict=False, plugins=plugins or [],
    )  # fmt: skip
    raise typer.Exit(lock_question(asked, file))


if __name__ == "__main__":
    app()
