"""``mrpverify COMMAND``, or ``python -m mrpverify COMMAND``: every command of the toolkit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .archive import __doc__ as about_archive
from .archive import archive
from .calibration import __main__ as calibration
from .check import __doc__ as about_check
from .check import check
from .command_app import Version, command_app
from .counterexample import __main__ as counterexample
from .figures import __main__ as figures
from .images import __main__ as images
from .lock import __doc__ as about_lock
from .lock import lock
from .records import __main__ as records
from .results import __doc__ as about_results
from .results import results
from .sweep import __main__ as sweep
from .together import __doc__ as about_together
from .together import together

app = command_app(completion=True)


@app.callback(help=__doc__)
def mrpverify(version: Version = False) -> None:
    """Every command of the toolkit."""


@app.command("list")
def list_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="claims in depth (T1.capture, 'T1.*'), parameters or stand-ins"),
    ] = None,
    plugins: Annotated[
        list[str] | None, typer.Option("--plugin", help="a file of claims to list too; repeatable")
    ] = None,
    version: Version = False,
) -> None:
    """Claims, one line each; those named, parameters or stand-ins in depth."""
    from . import checking  # torch and its like: seconds that --help need not wait for

    checking.list_claims(names or [], plugins or [])


def _summary(about: str | None) -> str:
    """What a command is for, without the way to call it: the first sentence after its colon."""
    words = " ".join((about or "").partition("\n\n")[0].partition("``: ")[2].split())
    return words[:1].upper() + words[1:]


def _add(name: str, command: Callable[..., None], about: str | None) -> None:
    """A command that has a module of its own, with the help of that module."""
    app.command(name, help=about, short_help=_summary(about))(command)


_add("check", check, about_check)
_add("lock", lock, about_lock)
_add("sweep", sweep.sweep, sweep.__doc__)
_add("counterexample", counterexample.counterexample, counterexample.__doc__)
_add("figures", figures.figures, figures.__doc__)
_add("archive", archive, about_archive)
_add("results", results, about_results)
_add("together", together, about_together)
_add("calibrate", calibration.calibrate, calibration.__doc__)
app.add_typer(images.app, name="images", short_help=_summary(images.__doc__))
app.add_typer(records.app, name="records", short_help=_summary(records.__doc__))

if __name__ == "__main__":
    app()
