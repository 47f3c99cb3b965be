"""``mrpverify COMMAND``, or ``python -m mrpverify COMMAND``: every command of the toolkit."""

from __future__ import annotations

from .check import __doc__ as about_check
from .check import check
from .command_app import Version, command_app
from .counterexample import __main__ as counterexample
from .images.__main__ import app as images
from .records.__main__ import app as records
from .sweep import __main__ as sweep

app = command_app()


@app.callback(help=__doc__)
def mrpverify(version: Version = False) -> None:
    """Every command of the toolkit."""


@app.command("list")
def list_command() -> None:
    """Claims with their statements, parameters, stand-ins."""
    from . import checking  # torch and its like: seconds that --help need not wait for

    checking.list_everything()


app.command("check", help=about_check)(check)
app.command("sweep", help=sweep.__doc__)(sweep.sweep)
app.command("counterexample", help=counterexample.__doc__)(counterexample.counterexample)
app.add_typer(images, name="images")
app.add_typer(records, name="records")

if __name__ == "__main__":
    app()
