"""How every command behaves: plain help, errors as they are, and the options that many have."""

from __future__ import annotations

import os
import pkgutil
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end, beside Ctrl-C."""


COLUMNS = re.compile("0*[1-9][0-9]{0,2}")
"""Widths that a terminal may have; rich fails on others, such as a raised 2, or pads for ever."""

INTERRUPTED = 130
"""Exit code with which typer ends, without a word, what nobody else has caught."""


class _Command(TyperCommand):
    """A command that drops no word of its line.

    An empty one as a path would be the folder one happens to be in; of an option that is given
    twice, with two values, the first would be passed over.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; an empty word or an option given twice is a usage error."""
        for before, word in pairwise(["", *args]):
            option, _, value = word.partition("=")
            if not (value if word.startswith("--") and "=" in word else word):
                named = option or (before if before.startswith("-") else "NAME")
                raise typer.BadParameter(f"{named} '': is empty; give a value or leave it out.")
        given = self.make_parser(ctx).parse_args(list(args))[2]
        for known, times in Counter(given).items():
            once = isinstance(known, TyperOption) and not (known.multiple or known.is_flag)
            if once and times > 1:
                raise typer.BadParameter(f"{known.opts[-1]}: is given {times} times; keep one.")
        return super().parse_args(ctx, args)


class _App(typer.Typer):
    """An application that ends in a line, not in a traceback, where nothing can be printed."""

    def command(self, name: str | None = None, **options: Any) -> Any:
        """Register a command of this kind."""
        return super().command(name, cls=_Command, **options)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run the command that the command line names."""
        for stream in (sys.stdout, sys.stderr):
            if getattr(stream, "errors", None) == "strict":  # else a name may be unprintable
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        if not COLUMNS.fullmatch(os.environ.get("COLUMNS", "")):
            os.environ.pop("COLUMNS", None)
        try:
            with _endings_as_interrupts():
                return super().__call__(*arguments, **options)
        except OSError as error:
            raise SystemExit(_ended_by(error)) from None
        except (KeyboardInterrupt, SystemExit) as ended:
            if isinstance(ended, SystemExit) and ended.code != INTERRUPTED:
                raise
            tell("interrupted.")
            raise SystemExit(1) from None


def command_app(completion: bool = False) -> typer.Typer:
    """A Typer application with plain help, also under ``-h``; with completion in shells or not."""
    return _App(
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


@contextmanager
def printing() -> Iterator[None]:
    """What is printed may fail (a closed pipe, a full disk): the exit code stays that of the work.

    A reader that has seen enough, as ``| head``, is no failure; any other one is said.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _nothing_printed(error)


@contextmanager
def _endings_as_interrupts() -> Iterator[None]:
    """SIGTERM and a closed terminal end a command as Ctrl-C does, where nobody else hears them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    mine = [number for number in ENDINGS if signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def tell(message: str) -> None:
    """A line on standard error, where it can be written."""
    try:
        typer.echo(message, err=True)
    except OSError:
        _discard(sys.stderr)


def say(message: str) -> None:
    """A line on standard output; where it cannot be printed, the work and its exit code stay."""
    with printing():
        typer.echo(message)


def refuse_beside(context: typer.Context, together: Sequence[str]) -> None:
    """Where the first parameter is given, raise typer.Exit for what is given and is not `together`.

    It would be passed over in silence, as if it had been done.
    """
    words = {
        param.name: max(param.opts, key=len) if param.param_type_name == "option" else "NAME"
        for param in context.command.params
        if _is_typed(context, str(param.name))
    }
    if together[0] not in words:
        return
    beside = [word for name, word in words.items() if name not in together]
    if beside:
        tell(f"error: {words[together[0]]} does nothing with {', '.join(beside)}; leave it out.")
        raise typer.Exit(2)


def _is_typed(context: typer.Context, name: str) -> bool:
    """Whether a parameter stands in the command line, with whatever value."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _ended_by(error: OSError) -> int:
    """Say what the system has refused; returns the exit code.

    A path that may not even be looked at names itself, what is printed goes to no named file.
    """
    if error.filename is None:
        _nothing_printed(error)
        return 1
    reason = error.strerror or error
    tell(f"error: {error.filename}: {reason}; name what you may read and write.")
    return 2


def _nothing_printed(error: OSError) -> None:
    """Say why, and keep Python from trying again at its end."""
    if not isinstance(error, BrokenPipeError):
        tell(f"what was to be said could not be printed ({error.strerror or error})")
    _discard(sys.stdout)


def _discard(stream: IO[str] | None) -> None:
    """Send what a stream still holds nowhere."""
    with suppress(OSError, ValueError, AttributeError):  # a stream that is closed, or none at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        os.close(nowhere)


def _print_version(asked: bool) -> None:
    """Print the version and end, where it is asked for."""
    if asked:
        say(f"mrpverify {metadata.version('mrpverify')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="print the version"),
]


def _groups(incomplete: str) -> list[str]:
    """Groups that begin so, by the folders of the claims: a shell does not wait for imports."""
    folder = Path(__file__).parent / "claims"
    groups = [module.name for module in pkgutil.iter_modules([str(folder)]) if module.ispkg]
    return [name for name in (*groups, "all") if name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="groups (theorem1, all), claims (T1.capture, theorem1.capture), a file of claims",
        autocompletion=_groups,
    ),
]
Preset = Annotated[
    str,
    typer.Option(
        help="quick, paper, large or a .toml file",
        autocompletion=lambda: ["quick", "paper", "large"],
    ),
]
Framework = Annotated[
    str,
    typer.Option(
        help="teacher-student, mae, supervised or both",
        autocompletion=lambda: ["teacher-student", "mae", "supervised", "both"],
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value, repeatable; keys: --list parameters"),
]
Seeds = Annotated[int | None, typer.Option(help="number of seeds (preset: 24 or more)")]
Salt = Annotated[str, typer.Option(help="re-rolls every random draw")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="processes (default: one per core that may be used)"),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", help="a file of claims, objectives or laws; repeatable"),
]
