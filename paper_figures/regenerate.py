"""``python paper_figures/regenerate.py [NAME...]``: draw figures from the stored records.

Each figure is written as SVG and PNG with the drawn numbers as CSV. Runs that are not stored yet
are trained first, exactly as ``python -m mrpverify.check`` would.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import typer
import xarray as xr
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).parent))
import coverage
import laws
import learned_views
import maps
import objectives
import reduced_dynamics
import retention
import single_view
import theorem1

from mrpverify.records.collect import DeviceError, choose_machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import device_store
from mrpverify.regime import RegimeError, load_preset

FIGURES = (
    {
        module.__name__: module
        for module in (
            theorem1,
            learned_views,
            retention,
            coverage,
            single_view,
            objectives,
            reduced_dynamics,
        )
    }
    | laws.FIGURES
    | maps.FIGURES
)
HERE = Path(__file__).parent

# No dates or random names: a redrawn figure differs where its numbers do.
mpl.rcParams["svg.hashsalt"] = "mrpverify"
METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


def regenerate(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(FIGURES))] = None,
    preset: Annotated[str, typer.Option(help="quick, paper, large or a .toml file")] = "quick",
    salt: Annotated[str, typer.Option(help="salt of the runs that are drawn")] = "a",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path, typer.Option(help="folder of the figures")] = HERE / "drawn",
) -> None:
    """Draw the named figures, all of them by default."""
    unknown = set(names or ()) - set(FIGURES)
    try:
        if unknown:
            raise RegimeError(
                f"{sorted(unknown)[0]!r} is no figure; there is {', '.join(FIGURES)}."
            )
        regimes = load_preset(preset).regimes
        machine = choose_machine(device)
        out.mkdir(parents=True, exist_ok=True)
    except (RegimeError, DeviceError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    store = device_store(machine.device)
    with Progress(disable=not sys.stderr.isatty()) as bar:

        def get(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            task = bar.add_task("runs", total=len(requests))
            return collect(
                requests, machine, store, lambda done, _: bar.update(task, completed=done)
            )

        for name in names or FIGURES:
            figure, numbers = FIGURES[name].draw(FIGURES[name].gather(regimes, salt, get))
            for path in _write(out, name, figure, numbers):
                typer.echo(path)


def _write(
    folder: Path, name: str, figure: plt.Figure, numbers: Sequence[Mapping[str, object]]
) -> list[Path]:
    """SVG, PNG and CSV of one figure."""
    paths = [folder / f"{name}.{kind}" for kind in ("svg", "png", "csv")]
    for path in paths[:2]:
        kind = path.suffix[1:]
        figure.savefig(path, dpi=150, metadata=METADATA[kind])
    plt.close(figure)
    with paths[2].open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(numbers[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(numbers)
    return paths


if __name__ == "__main__":
    typer.run(regenerate)
