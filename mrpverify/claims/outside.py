"""Claims from outside this package: of other installed distributions, and of a file.

A distribution names a module with ``CLAIMS`` under the entry point group ``mrpverify.claims``; a
file, which may bring an objective and a data law too, is named on the command line (``python -m
mrpverify.check my_claim.py``, or ``--plugin``).
Workers get regimes and never claims, so nothing of it is pickled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from types import ModuleType

from ..outside import CLAIMS as ENTRY_POINTS
from ..outside import LAWS, OBJECTIVES, OutsideError, brought, failed, use
from .claim import Claim


class UnknownClaimError(ValueError):
    """A name that means no claim, or a place that has none; the message says what there is."""


def installed() -> Iterator[tuple[str, tuple[Claim, ...]]]:
    """(place, claims) of every entry point of the installed distributions.

    Raises UnknownClaimError for an entry point that cannot be imported or holds none.
    """
    for entry in entry_points(group=ENTRY_POINTS):
        where = f"entry point {entry.name} = {entry.value}"
        try:
            module = entry.load()
        except (Exception, SystemExit) as error:
            raise UnknownClaimError(f"{where}: {failed(error)}") from error
        yield where, _claims(module, where)


def from_file(path: str) -> tuple[Claim, ...]:
    """Claims of a Python file, whose objectives and laws are known from now on.

    Raises UnknownClaimError for a file that is missing, that cannot be imported, or has none of all
    three.
    """
    try:
        module = use(path)
    except OutsideError as error:
        raise UnknownClaimError(str(error)) from error
    others = any(brought(module, group) for group in (OBJECTIVES, LAWS))
    return () if others and not hasattr(module, "CLAIMS") else _claims(module, path)


def added(known: Sequence[Claim], new: tuple[Claim, ...], where: str) -> tuple[Claim, ...]:
    """The claims there are and new ones; raises UnknownClaimError where an id or name is taken.

    In any case of its letters, as names are read, and by a group too.
    """
    taken = {name.lower(): f"a claim {name}" for c in known for name in (c.id, c.name)}
    taken |= {group.lower(): f"a group {group}" for group in ("all", *(c.group for c in known))}
    for claim in new:
        for name in (claim.id, claim.name):
            if name.lower() in taken:
                there = taken[name.lower()]
                raise UnknownClaimError(f"{where}: {name}: there is {there} already; rename yours.")
    return (*known, *new)


def _claims(module: ModuleType, where: str) -> tuple[Claim, ...]:
    """CLAIMS of a module; raises UnknownClaimError where it is missing, empty or something else."""
    found = getattr(module, "CLAIMS", None)
    if not isinstance(found, (tuple, list)) or not found:
        raise UnknownClaimError(f"{where}: has no CLAIMS = (Claim(...), ...).")
    for claim in found:
        if not isinstance(claim, Claim):
            raise UnknownClaimError(f"{where}: CLAIMS holds {claim!r}, which is no Claim.")
        if not all(claim.controls.values()):
            raise UnknownClaimError(
                f"{where}: {claim.id} has no control, a run in which it must fail; give it one."
            )
    verdicts = Counter((one.id.lower(), one.horizon, f) for one in found for f in one.frameworks)
    for (name, _, _), number in verdicts.items():
        if number > 1:
            raise UnknownClaimError(f"{where}: CLAIMS has {name} twice; rename one.")
    return tuple(found)
