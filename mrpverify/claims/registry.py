"""All claims, found by walking this package: a new claim is one new file with ``CLAIMS``."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from ..outside import files
from .claim import Claim
from .outside import UnknownClaimError as UnknownClaimError
from .outside import added, from_file, installed

ALL = ("assumptions", "theorem1", "theorem2", "supervised", "comparison")
"""The groups that `all` stands for; the others run when they are named."""


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim of the package and of other distributions, in the order of their files.

    Raises UnknownClaimError where another distribution's are broken or take an id there is.
    """
    found: tuple[Claim, ...] = ()
    package = importlib.import_module(__name__.rpartition(".")[0])
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        found += getattr(importlib.import_module(module.name), "CLAIMS", ())
    for where, new in installed():
        found = added(found, new, where)
    return _sorted(found)


def known(plugins: Sequence[str] = ()) -> tuple[Claim, ...]:
    """Every claim, those of the given files included; raises UnknownClaimError.

    Files that the environment names (`outside.PLUGINS`) count as given, here and in `select`.
    """
    return _with(_of_files(plugins))


def _with(given: Mapping[Path, tuple[Claim, ...]]) -> tuple[Claim, ...]:
    """Every claim and those of files; raises UnknownClaimError where an id is taken."""
    found = all_claims()
    for path, new in given.items():
        found = added(found, new, str(path))
    return _sorted(found)


def _of_files(paths: Sequence[str]) -> dict[Path, tuple[Claim, ...]]:
    """Claims by file; a file that is named twice is imported once."""
    named = {Path(path).resolve(): path for path in (*files(), *paths)}
    return {file: from_file(path) for file, path in named.items()}


def _sorted(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The order of lists and reports."""
    return tuple(sorted(claims, key=lambda claim: (_position(claim.group), claim.order)))


def _position(group: str) -> tuple[int, str]:
    """Place of a group in lists and reports: as in `all`, then the others by name."""
    return (ALL.index(group) if group in ALL else len(ALL), group)


def groups() -> tuple[str, ...]:
    """Names of the groups that have claims."""
    return tuple(dict.fromkeys(claim.group for claim in all_claims()))


def select(names: Sequence[str], plugins: Sequence[str] = ()) -> tuple[Claim, ...]:
    """Claims of the given groups, ids, long names or files, each once; raises UnknownClaimError.

    Names are read without their case and may be patterns (``T1.*``).
    Files are asked as a whole where they are named; those of `plugins` are there to be named.
    """
    given = _of_files([*plugins, *(name for name in names if name.endswith(".py"))])
    there = _with(given)
    chosen: list[Claim] = []
    for name in names:
        own = given.get(Path(name).resolve()) if name.endswith(".py") else None
        matching = own or [claim for claim in there if _is_meant(claim, name)]
        if not matching:
            raise UnknownClaimError(_unknown(name, there))
        chosen.extend(matching)
    return tuple(dict.fromkeys(chosen))


def _is_meant(claim: Claim, name: str) -> bool:
    """Whether a name of the command line means this claim, in any case, or by a pattern."""
    asked = name.lower()
    own = (claim.group.lower(), claim.id.lower(), claim.name.lower())
    return (asked == "all" and claim.group in ALL) or any(fnmatchcase(n, asked) for n in own)


def _unknown(name: str, there: Sequence[Claim]) -> str:
    """Message for a name that matches nothing."""
    words = {w.lower(): w for c in there for w in (c.group, c.id, c.name)} | {"all": "all"}
    near = [words[low] for low in difflib.get_close_matches(name.lower(), words, n=3)]
    hint = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return (
        f"{name!r} is no group and no claim; {hint}--list shows all of them, --plugin FILE "
        f"adds those of a file."
    )
