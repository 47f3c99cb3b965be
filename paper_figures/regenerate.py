"""``python paper_figures/regenerate.py [NAME...]``: draw figures from the stored records.

Each figure is written as SVG and PNG with the drawn numbers as CSV. Runs that are not stored yet
are trained first, exactly as ``python -m mrpverify.check`` would. Figures of real images are left
out, with a line that says so, where their data are not there or where they show pictures that may
not go into the repository; one that is named and cannot be drawn is an error (exit code 2).
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
import real_images
import reduced_dynamics
import retention
import single_view
import theorem1

from mrpverify.images.folder import MissingDataError
from mrpverify.images.setup import SettingsError, Setup, load_settings
from mrpverify.records.collect import DeviceError, choose_machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import device_store
from mrpverify.regime import RegimeError, load_preset, preset_path

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
ALL_FIGURES = [*FIGURES, *real_images.FIGURES]
HERE = Path(__file__).parent
DRAWN = HERE / "drawn"

# No dates or random names: a redrawn figure differs where its numbers do.
mpl.rcParams["svg.hashsalt"] = "mrpverify"
METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


def regenerate(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(ALL_FIGURES))] = None,
    preset: Annotated[str, typer.Option(help="quick, paper, large or a .toml file")] = "quick",
    salt: Annotated[str, typer.Option(help="salt of the runs that are drawn")] = "a",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path, typer.Option(help="folder of the figures")] = DRAWN,
) -> None:
    """Draw the named figures, all of them by default."""
    try:
        chosen = _chosen(names or [], out.resolve() == DRAWN)
        regimes = load_preset(preset).regimes
        settings = load_settings(preset_path(preset), {})
        machine = choose_machine(device)
        out.mkdir(parents=True, exist_ok=True)
    except (RegimeError, SettingsError, MissingDataError, DeviceError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    store = device_store(machine.device)
    with Progress(disable=not sys.stderr.isatty()) as bar:

        def get(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            task = bar.add_task("runs", total=len(requests))
            return collect(
                requests, machine, store, lambda done, _: bar.update(task, completed=done)
            )

        looks = bar.add_task("real images", visible=False)
        setup = Setup(
            settings, settings.seeds, salt, machine, store,
            lambda done, total: bar.update(looks, completed=done, total=total, visible=True),
        )  # fmt: skip
        for name in chosen:
            if name in FIGURES:
                figure, numbers = FIGURES[name].draw(FIGURES[name].gather(regimes, salt, get))
            else:
                own = real_images.FIGURES[name]
                figure, numbers = own.draw(own.gather(setup))
            for path in _write(out, name, figure, numbers):
                typer.echo(path)


def _chosen(names: Sequence[str], published: bool) -> list[str]:
    """The figures to draw: those named, or all that can be drawn; says which are left out.

    Raises RegimeError for an unknown name and MissingDataError for a named one that cannot be
    drawn.
    """
    chosen = []
    for name in names or ALL_FIGURES:
        if name not in ALL_FIGURES:
            raise RegimeError(f"{name!r} is no figure; there is {', '.join(ALL_FIGURES)}.")
        own = real_images.FIGURES.get(name)
        obstacle = own.obstacle(published) if own is not None else ""
        if obstacle and names:
            raise MissingDataError(f"{name}: {obstacle}")
        if obstacle:
            typer.echo(f"left out {name}: {obstacle}", err=True)
        else:
            chosen.append(name)
    return chosen


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
