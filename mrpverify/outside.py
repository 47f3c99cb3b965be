"""What other distributions and files bring: objectives, data laws and claims.

A distribution names an object under an entry point group, by the object's own name; a file has
``OBJECTIVES``, ``LAWS`` or ``CLAIMS``. Files are named with ``--plugin``, which writes
them into the environment, so that the processes that train find them too. Standard library only,
and nothing is imported before it is asked for by name.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from .admissible import RegimeError

OBJECTIVES, LAWS, CLAIMS = "mrpverify.objectives", "mrpverify.laws", "mrpverify.claims"
"""Entry point groups."""
IN_A_FILE = {OBJECTIVES: "OBJECTIVES", LAWS: "LAWS", CLAIMS: "CLAIMS"}
"""The tuple in a file that stands for a group."""
PLUGINS = "MRPVERIFY_PLUGINS"
"""Environment variable with files from outside, separated as in PATH."""


class OutsideError(RegimeError):
    """A file, a distribution or an object of theirs that cannot be used; the message says why."""


def use(path: str | Path) -> ModuleType:
    """A file as a module; its objectives and laws are known from now on, here and in workers.

    Raises OutsideError for a file that is missing or cannot be imported.
    """
    file = Path(path).resolve()
    module = _module(file)
    brings = any(hasattr(module, IN_A_FILE[group]) for group in (OBJECTIVES, LAWS))
    if brings and str(file) not in files():
        os.environ[PLUGINS] = os.pathsep.join([*files(), str(file)])
    return module


def names(group: str) -> tuple[str, ...]:
    """Names of the objectives or laws from outside; files are imported for it."""
    return _names(group, os.environ.get(PLUGINS, ""))


@cache
def _names(group: str, files: str) -> tuple[str, ...]:
    """The same for files as the environment has them; every regime that is made asks for it."""
    installed = [entry.name for entry in entry_points(group=group)]
    return tuple(dict.fromkeys([*installed, *_in_files(group, files)]))


@cache
def load(group: str, name: str) -> Any:
    """The objective or law of that name; raises OutsideError where there is none, or it fails."""
    there = _in_files(group, os.environ.get(PLUGINS, ""))
    if name in there:
        return there[name]
    for entry in entry_points(group=group, name=name):
        where = f"entry point {entry.name} = {entry.value}"
        try:
            found = entry.load()
        except (Exception, SystemExit) as error:
            raise OutsideError(f"{where}: {failed(error)}") from error
        if getattr(found, "name", None) != name:
            raise OutsideError(
                f"{where}: is {found!r}, whose name is not {name!r}; make them equal."
            )
        return found
    raise OutsideError(
        f"{name!r} is no name in {group}; there are: {', '.join(names(group)) or '-'}."
    )


def file_of(function: Callable[..., Any]) -> Path:
    """The source file of an objective's or a law's function: its numbers depend on it."""
    return Path(str(sys.modules[function.__module__].__file__))


def failed(error: BaseException) -> str:
    """What went wrong on import, in one line."""
    return f"cannot be imported ({type(error).__name__}: {error})."


def files() -> list[str]:
    """The files that are in use, as the environment has them."""
    return [path for path in os.environ.get(PLUGINS, "").split(os.pathsep) if path]


@cache
def _in_files(group: str, files: str) -> Mapping[str, Any]:
    """Objectives or laws of files by name; `files` as the environment has them."""
    found: dict[str, Any] = {}
    for path in filter(None, files.split(os.pathsep)):
        for thing in getattr(_module(Path(path)), IN_A_FILE[group], ()):
            name = getattr(thing, "name", None)
            if not isinstance(name, str) or name in found:
                raise OutsideError(
                    f"{path}: {IN_A_FILE[group]} holds {thing!r}, which has no name of its own."
                )
            found[name] = thing
    return MappingProxyType(found)


def _module(file: Path) -> ModuleType:
    """A file as a module, imported once and again when it has changed; raises OutsideError."""
    if not file.is_file():
        raise OutsideError(f"{file}: there is no such file; name one with CLAIMS = (...).")
    return _imported(file, file.stat().st_mtime_ns)


@cache
def _imported(file: Path, changed: int) -> ModuleType:
    """The module; `changed` is when the file last was."""
    del changed
    # A name that no import can mean: a file numpy.py must not stand in for numpy.
    spec = importlib.util.spec_from_file_location(f"mrpverify plugin {file}", file)
    if spec is None or spec.loader is None:
        raise OutsideError(f"{file}: is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # data classes look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # an exit code of the file's would pass for a verdict
        del sys.modules[spec.name]
        raise OutsideError(f"{file}: {failed(error)}") from error
    return module
