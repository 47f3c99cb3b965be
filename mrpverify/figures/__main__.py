"""``mrpverify figures [NAME...] --out FOLDER``: figures by name, drawn from the stored runs.

Without a name it lists them. Each figure is written as SVG, PNG, its numbers as CSV, and a caption
with regime, salt, seeds and command. Runs that are not stored yet are trained first, exactly as
``mrpverify check`` would. Exit codes: 0 drawn, 1 error or interruption, 2 usage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command_app import Version, Workers, command_app

app = command_app()

Names = Annotated[list[str] | None, typer.Argument(help="names, patterns like 'L*', or all")]
PresetOption = Annotated[
    str, typer.Option("--preset", help="quick, paper, large or the path of a .toml file")
]
Salt = Annotated[str, typer.Option("--salt", help="salt of the runs that are drawn")]
Seeds = Annotated[
    int | None, typer.Option("--seeds", min=2, help="seeds at most (default: the figure's own)")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda")]
Out = Annotated[Path, typer.Option("--out", help="folder of the figures")]
Records = Annotated[
    Path, typer.Option("--records", help="folder of stored records, for figures of those")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress")]


@app.command(help=__doc__)
def figures(
    names: Names = None,
    preset: PresetOption = "quick",
    salt: Salt = "a",
    seeds: Seeds = None,
    device: Device = "auto",
    workers: Workers = None,
    out: Out = Path("figures"),
    quiet: Quiet = False,
    records: Records = Path("docs", "results"),
    version: Version = False,
) -> None:
    """Draw figures by name, or list them."""
    from . import drawing_order  # torch and its like: seconds that --help need not wait for

    if not names:
        drawing_order.list_figures()
        return
    drawing_order.carry_out(
        drawing_order.Asked(
            names=names,
            preset=preset,
            salt=salt,
            seeds=seeds,
            device=device,
            workers=workers,
            out=out,
            quiet=quiet,
            records=records,
        )
    )


if __name__ == "__main__":
    app()
