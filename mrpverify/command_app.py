"""How every command behaves: ``-h``, ``--version``, plain help, and errors as they are."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer


def command_app() -> typer.Typer:
    """A Typer application with plain help, also under ``-h``."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _print_version(asked: bool) -> None:
    """Print the version and end, where it is asked for."""
    if asked:
        typer.echo(f"mrpverify {metadata.version('mrpverify')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="print the version"),
]
