"""``python paper_figures/regenerate.py [NAME...]``: ``mrpverify figures`` into ``drawn``, or all.

Figures of real images are left out, with a line that says so, where their data are not there or
where they show pictures that may not go into the repository; one that is named and cannot be drawn
is an error (exit code 2).
"""

from __future__ import annotations

from pathlib import Path

import typer

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
) -> None:
    """Draw the named figures, all of them by default."""
    figures(names or ["all"], preset, salt, seeds, device, out, quiet)


if __name__ == "__main__":
    typer.run(regenerate)
