"""``torchrun --nproc-per-node 4 -m mrpverify.together``: one run, trained by several processes.

Each takes its share of the images, on a device of its own with --device cuda; the run is the one
that a single process trains, to rounding. It is written to --out as a record (NetCDF), not into the
record store, whose runs are those of one process. Without torchrun one process trains it.

Exit codes: 0 done, 1 the file could not be written, 2 usage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command_app import Version, command_app

app = command_app()


@app.command(help=__doc__)
def together(
    framework: Annotated[
        str, typer.Option("--framework", help="teacher-student, mae or supervised")
    ],
    out: Annotated[Path, typer.Option("--out", help="file for the run")],
    preset: Annotated[
        str, typer.Option("--preset", help="quick, paper, large or a file")
    ] = "quick",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, repeatable")
    ] = None,
    salt: Annotated[str, typer.Option("--salt", help="text that all randomness hangs on")] = "a",
    seed: Annotated[int, typer.Option("--seed", min=0, max=9999, help="which draw")] = 0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda")] = "cpu",
    memory: Annotated[
        str | None, typer.Option("--memory", help="GiB that activations may take")
    ] = None,
    version: Version = False,
) -> None:
    """Train one run and write it."""
    from . import training_together  # torch, which --help need not wait for

    training_together.train(framework, out, preset, settings or [], salt, seed, device, memory)


if __name__ == "__main__":
    app()
