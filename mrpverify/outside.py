"""How objectives, data laws and claims are found: those of this package as those from outside.

A distribution names an object under an entry point group, by the object's own name; a file has
``OBJECTIVE`` or ``OBJECTIVES``, ``LAW`` or ``LAWS``, and ``CLAIMS``. Files are named with
``--plugin``, which writes them into the environment, so that the processes that train find them
too. Standard library only, and nothing is imported before it is asked for by name.

An objective may be a folder, named by ``folder.gradient:OBJECTIVE``. What stands beside its
gradient (``options`` with PARTS, ``theory`` with THEORY) is then had without it, and without torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from .admissible import RegimeError

OBJECTIVES, LAWS, CLAIMS = "mrpverify.objectives", "mrpverify.laws", "mrpverify.claims"
"""Entry point groups."""
IN_A_FILE = {OBJECTIVES: "OBJECTIVES", LAWS: "LAWS", CLAIMS: "CLAIMS"}
"""The tuple in a file that stands for a group; one object may stand there without the S."""
GRADIENT = "gradient"
"""The module of a folder that holds the objective itself."""
PACKAGE = __name__.partition(".")[0]
"""This package, whose own entry points come first and cannot be taken."""
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
    brings = any(brought(module, group) for group in (OBJECTIVES, LAWS))
    if brings and str(file) not in files():
        os.environ[PLUGINS] = os.pathsep.join([*files(), str(file)])
    return module


def brought(module: ModuleType, group: str) -> tuple[Any, ...]:
    """Objectives or laws of a file: those of its tuple, or the one that it has or imported.

    This package's own, which a file may import to make another of it, are not the file's.
    """
    several = IN_A_FILE[group]
    if hasattr(module, several):
        return tuple(getattr(module, several))
    one = getattr(module, several.removesuffix("S"), None)
    return () if one is None or getattr(one, "name", None) in own(group) else (one,)


def names(group: str) -> tuple[str, ...]:
    """Names of the objectives or laws there are, ours first; files are imported for it."""
    return _names(group, os.environ.get(PLUGINS, ""))


@cache
def own(group: str) -> tuple[str, ...]:
    """Names of this package's objectives or laws."""
    return tuple(entry.name for entry in _entries(group) if _is_own(entry))


@cache
def _names(group: str, files: str) -> tuple[str, ...]:
    """The same for files as the environment has them; every regime that is made asks for it."""
    installed = [entry.name for entry in _entries(group)]
    return tuple(dict.fromkeys([*installed, *_in_files(group, files)]))


@cache
def load(group: str, name: str) -> Any:
    """The objective or law of that name; raises OutsideError where there is none, or it fails."""
    found = _find(group, name)
    if not isinstance(found, EntryPoint):
        return found
    where = f"entry point {found.name} = {found.value}"
    try:
        thing = found.load()
    except (Exception, SystemExit) as error:
        raise OutsideError(f"{where}: {failed(error)}") from error
    if getattr(thing, "name", None) != name:
        raise OutsideError(f"{where}: is {thing!r}, whose name is not {name!r}; make them equal.")
    return thing


@cache
def beside(objective: str, module: str) -> ModuleType | None:
    """`options` or `theory` of an objective that is a folder; None where it has none, or is none.

    Raises OutsideError where there is no such objective, or it cannot be imported.
    """
    found = _find(OBJECTIVES, objective)
    folder, _, file = (found.module if isinstance(found, EntryPoint) else "").rpartition(".")
    if not folder or file != GRADIENT:
        return None
    there = f"{folder}.{module}"
    try:
        return importlib.import_module(there) if importlib.util.find_spec(there) else None
    except (Exception, SystemExit) as error:
        raise OutsideError(f"{there}: {failed(error)}") from error


def are_texts(given: Any) -> bool:
    """Whether it is a tuple or list of texts; one text would be read letter by letter."""
    return isinstance(given, tuple | list) and all(isinstance(text, str) for text in given)


def check_tuples_of_texts(owner: str, **given: Any) -> None:
    """Raise TypeError for what is no tuple of texts."""
    for name, several in given.items():
        if not are_texts(several):
            raise TypeError(f"{owner}: {name}={several!r} is no tuple of texts, as in ('one',).")


def file_of(function: Callable[..., Any]) -> Path:
    """The source file of an objective's or a law's function: its numbers depend on it."""
    return Path(str(sys.modules[function.__module__].__file__))


def failed(error: BaseException) -> str:
    """What went wrong on import, in one line."""
    return f"cannot be imported ({type(error).__name__}: {error})."


def files() -> list[str]:
    """The files that are in use, as the environment has them."""
    return [path for path in os.environ.get(PLUGINS, "").split(os.pathsep) if path]


def _find(group: str, name: str) -> Any:
    """The entry point of that name, or what a file brings; OutsideError where there is neither."""
    entries = {entry.name: entry for entry in reversed(_entries(group))}
    if name in own(group):
        return entries[name]
    found = _in_files(group, os.environ.get(PLUGINS, "")).get(name, entries.get(name))
    if found is None:
        raise OutsideError(
            f"{name!r} is no name in {group}; there are: {', '.join(names(group)) or '-'}."
        )
    return found


@cache
def _entries(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, ours first.

    A checkout says its own in its pyproject.toml: what is installed of it may be older, or nothing.
    """
    there = entry_points(group=group)
    ours = _of_checkout(group)
    if ours is None:
        ours = tuple(sorted(filter(_is_own, there), key=lambda entry: entry.name))
    return (*ours, *(entry for entry in there if not _is_own(entry)))


def _of_checkout(group: str) -> tuple[EntryPoint, ...] | None:
    """Those of the pyproject.toml beside this package, None where that is not ours."""
    file = Path(__file__).parents[1] / "pyproject.toml"
    if not file.is_file():
        return None
    project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    if project.get("name") != PACKAGE:
        return None
    own = project.get("entry-points", {}).get(group, {})
    return tuple(EntryPoint(name, value, group) for name, value in sorted(own.items()))


def _is_own(entry: EntryPoint) -> bool:
    """Whether an entry point is of this package."""
    return entry.module.partition(".")[0] == PACKAGE


@cache
def _in_files(group: str, files: str) -> Mapping[str, Any]:
    """Objectives or laws of files by name; `files` as the environment has them."""
    found: dict[str, Any] = {}
    for path in filter(None, files.split(os.pathsep)):
        for thing in brought(_module(Path(path)), group):
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
