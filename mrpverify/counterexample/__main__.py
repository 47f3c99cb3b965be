"""``python -m mrpverify.counterexample CLAIM --vary NAME``: the nearest regime in which it fails.

The claim must be SUPPORTED in the preset's regime. From there the search looks for the nearest
regime in which it is REFUTED, in logarithms of the varied parameters, rounds it to few digits and
judges it again on another salt. Exit codes: 0 found and confirmed, 1 error or interruption,
2 usage, 4 nothing found within the budget, or not confirmed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ..command_app import Plugins, Preset, Version, Workers, command_app

app = command_app()


@app.command(help=__doc__)
def counterexample(
    name: Annotated[
        str, typer.Argument(help="one claim, for example T1.capture, or a file of one")
    ],
    vary: Annotated[list[str], typer.Option(help="parameter of the search; repeatable")],
    framework: Annotated[str, typer.Option(help="teacher-student, mae, ...")] = "mae",
    at: Annotated[
        str, typer.Option(help="horizon (T, crossing, ...), of a claim that is judged at several")
    ] = "",
    preset: Preset = "quick",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value; of a varied parameter, where the search starts"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="seeds of a judgement")] = 16,
    budget: Annotated[int, typer.Option(min=1, help="judgements of the search at most")] = 30,
    salt: Annotated[str, typer.Option(help="salt of the search")] = "explore",
    confirm: Annotated[str, typer.Option(help="salt of the confirmation")] = "a",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="the result alone")] = False,
    plugins: Plugins = None,
    version: Version = False,
) -> None:
    """Search for the nearest counterexample."""
    from . import searching  # torch and its like: seconds that --help need not wait for

    asked = searching.Asked(
        name=name, vary=vary, framework=framework, at=at, preset=preset, settings=settings or [],
        seeds=seeds, budget=budget, salt=salt, confirm=confirm, device=device, quiet=quiet,
        plugins=plugins or [], workers=workers,
    )  # fmt: skip
    searching.search(asked)


if __name__ == "__main__":
    app()
