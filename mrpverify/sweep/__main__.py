"""``python -m mrpverify.sweep PLAN.toml``: claims over a grid of regimes, as one tidy table.

Exit codes: 0 the table is complete, 1 error or interruption, 2 usage; with --verdicts that of the
worst verdict, as ``python -m mrpverify.check`` has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..command_app import Plugins, Version, Workers, command_app, say

app = command_app()


@app.command(help=__doc__)
def sweep(
    plan: Annotated[
        Path | None, typer.Argument(help="a TOML file, or a shipped plan by name (map_gain)")
    ] = None,
    workers: Workers = None,
    scheduler: Annotated[
        str | None, typer.Option(help="address of a Dask scheduler to train on instead")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, in every cell; repeatable")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="number of seeds (default: the plan's)")] = None,
    salt: Annotated[str | None, typer.Option(help="re-rolls every draw (default: plan's)")] = None,
    device: Annotated[str, typer.Option(help="auto (cpu on a cluster), cpu or cuda")] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="table, .csv or .parquet (default: NAME.csv)")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="no progress")] = False,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="exit code of the worst verdict, as check's")
    ] = False,
    plugins: Plugins = None,
    list_all: Annotated[bool, typer.Option("--list", help="names of the shipped plans")] = False,
    version: Version = False,
) -> None:
    """Sweep claims over a grid of regimes."""
    # torch and its like: seconds that --help need not wait for
    from ..command_line import stop
    from ..judge.verdicts import EXIT_USAGE
    from . import sweeping
    from .plan import plan_path, shipped_plans

    if list_all:
        say("\n".join(shipped_plans()))
        return
    if plan is None:
        stop("error: name a plan, a TOML file or one of --list.", EXIT_USAGE)
    asked = sweeping.Asked(
        plan=plan_path(plan), workers=workers, scheduler=scheduler, settings=settings or [],
        seeds=seeds, salt=salt, device=device, out=out, quiet=quiet, verdicts=verdicts,
        plugins=plugins or [],
    )  # fmt: skip
    raise typer.Exit(sweeping.sweep(asked))


if __name__ == "__main__":
    app()
