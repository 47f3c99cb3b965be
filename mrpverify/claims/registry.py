"""All claims, found by walking this package: a new claim is one new file with ``CLAIMS``."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from .claim import Claim
from .outside import UnknownClaimError as UnknownClaimError
from .outside import from_file, installed

ALL = ("assumptions", "theorem1", "theorem2", "supervised", "comparison")
"""The groups that `all` stands for; the others run when they are named."""


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim of the package, in the order of its files."""
    found: list[Claim] = []
    package = importlib.import_module(__name__.rpartition(".")[0])
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        found.extend(getattr(importlib.import_module(module.name), "CLAIMS", ()))
    found.extend(installed())
    return tuple(sorted(found, key=lambda claim: (_position(claim.group), claim.order)))


def _position(group: str) -> tuple[int, str]:
    """Place of a group in lists and reports: as in `all`, then the others by name."""
    return (ALL.index(group) if group in ALL else len(ALL), group)


def groups() -> tuple[str, ...]:
    """Names of the groups that have claims."""
    return tuple(dict.fromkeys(claim.group for claim in all_claims()))


def select(names: Sequence[str]) -> tuple[Claim, ...]:
    """Claims of the given groups, ids, long names or files, each once; raises UnknownClaimError."""
    chosen: list[Claim] = []
    for name in names:
        if name.endswith(".py"):
            chosen.extend(_new(name))
            continue
        matching = [c for c in all_claims() if _is_meant(c, name)]
        if not matching:
            raise UnknownClaimError(_unknown(name))
        chosen.extend(matching)
    return tuple(dict.fromkeys(chosen))


def _new(path: str) -> tuple[Claim, ...]:
    """The claims of a file; raises UnknownClaimError where one has the id of a claim there is."""
    found, known = from_file(path), {claim.id for claim in all_claims()}
    for claim in found:
        if claim.id in known:
            raise UnknownClaimError(f"{path}: there is a claim {claim.id} already; rename yours.")
    return found


def _is_meant(claim: Claim, name: str) -> bool:
    """Whether a name of the command line means this claim."""
    return name in (claim.group, claim.id, claim.name) or (name == "all" and claim.group in ALL)


def _unknown(name: str) -> str:
    """Message for a name that matches nothing."""
    known = [*groups(), "all", *(c.id for c in all_claims()), *(c.name for c in all_claims())]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
    return f"{name!r} is no group and no claim; {hint}--list shows all of them."
