"""``python -m mrpverify.check NAME...``: a verdict for every claim, with controls and an exit code.

Exit codes: 0 supported, 1 error, 2 usage, 3 refuted, 4 inconclusive, 5 uninformative (a control
did not fail), 6 out of regime; the worst of the run, 3 before 5 before 6 before 4. With --verify: 7
where a verdict does not follow from the numbers of its record. With --lock: 8 where it is not what
was locked, before any run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .callable_module import CallableModule
from .command_app import (
    Framework,
    Names,
    Plugins,
    Preset,
    Salt,
    Seeds,
    Settings,
    Version,
    Workers,
    command_app,
    refuse_beside,
)

app = command_app()


@app.command(help=__doc__)
def check(
    context: typer.Context,
    names: Names = None,
    preset: Preset = "quick",
    framework: Framework = "both",
    settings: Settings = None,
    seeds: Seeds = None,
    salt: Salt = "a",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Workers = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the record here (-: to stdout)")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="ask the same again as the record in this file")
    ] = None,
    verified: Annotated[
        Path | None,
        typer.Option("--verify", help="recompute the verdicts of this record or archive"),
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option("--lock", help="ask only what this file of mrpverify lock holds"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for report.html, report.txt, record.json")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="markdown or latex, beside the files of --out; repeatable"),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="claims; with NAME in depth")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="train everything again, store nothing")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="no progress, no report")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="findings count for the exit code too")
    ] = False,
    plugins: Plugins = None,
    version: Version = False,
) -> None:
    """Check claims of the theory in simulation."""
    refuse_beside(context, ["list_all", "names", "plugins", "quiet"])
    refuse_beside(context, ["verified", "out", "formats", "quiet"])
    # torch and its like: seconds that --help need not wait for
    from . import checking
    from .asking import Asked

    if list_all:
        checking.list_claims(names or [], plugins or [])
        return
    if verified is not None:
        if code := checking.verify_record(verified):
            raise typer.Exit(code)
        checking.report_record(verified, out, formats or [])
        return
    asked = Asked(
        names=names or [], preset=preset, framework=framework, settings=settings or [],
        seeds=seeds, salt=salt, device=device, json_file=json_file, out=out,
        no_cache=no_cache, quiet=quiet, strict=strict, from_file=from_file, plugins=plugins or [],
        workers=workers, lock=lock, formats=formats or [],
    )  # fmt: skip
    raise typer.Exit(checking.carry_out(asked))


sys.modules[__name__].__class__ = CallableModule

if __name__ == "__main__":
    app()
