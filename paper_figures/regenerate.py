"""``python paper_figures/regenerate.py [NAME...]``: ``mrpverify figures`` into ``drawn``, or all.

Figures of real images are left out, with a line that says so, where their data are not there or
where they show pictures that may not go into the repository; one that is named and cannot be drawn
is an error (exit code 2).
"""

from __future__ import annotations

from pathlib import Path

import typer

from mrpverify.command_app import Workers
from mrpverify.figures.__main__ import (
    Device,
    Names,
    Out,
    PresetOption,
    Quiet,
    Salt,
    Seeds,
    figures,
)  # fmt: skip

DRAWN = Path(__file__).parent / "drawn"


def regenerate(
    names: Names = None,
    preset: PresetOption = "quick",
    salt: Salt = "a",
    seeds: Seeds = None,
    device: Device = "auto",
    out: Out = DRAWN,
    quiet: Quiet = False,
    workers: Workers = None,
) -> None:
    """Draw the named figures, all of them by default."""
    figures(
        names=names or ["all"], preset=preset, salt=salt, seeds=seeds, device=device, out=out,
        quiet=quiet, workers=workers,
    )  # fmt: skip


if __name__ == "__main__":
    typer.run(regenerate)
