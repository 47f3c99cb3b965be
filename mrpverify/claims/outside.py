"""Claims from outside this package: of other installed distributions, and of a file.

A distribution names a module with ``CLAIMS`` under the entry point group ``mrpverify.claims``; a
file is named on the command line (``python -m mrpverify.check my_claim.py``, or ``--plugin``).
Workers get regimes and never claims, so nothing of it is pickled.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from .claim import Claim

ENTRY_POINTS = "mrpverify.claims"


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
            raise UnknownClaimError(f"{where}: {_failed(error)}") from error
        yield where, _claims(module, where)


def from_file(path: str) -> tuple[Claim, ...]:
    """Claims of a Python file.

    Raises UnknownClaimError for a file that is missing, that cannot be imported, or has none.
    """
    file = Path(path)
    if not file.is_file():
        raise UnknownClaimError(f"{path}: there is no such file; name one with CLAIMS = (...).")
    # A name that no import can mean: a file numpy.py must not stand in for numpy.
    spec = importlib.util.spec_from_file_location(f"claims of {file.resolve()}", file)
    if spec is None or spec.loader is None:
        raise UnknownClaimError(f"{path}: is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # data classes look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # an exit code of the file's would pass for a verdict
        del sys.modules[spec.name]
        raise UnknownClaimError(f"{path}: {_failed(error)}") from error
    return _claims(module, path)


def added(known: Sequence[Claim], new: tuple[Claim, ...], where: str) -> tuple[Claim, ...]:
    """The claims there are and new ones; raises UnknownClaimError where an id is taken."""
    taken = {claim.id for claim in known}
    for claim in new:
        if claim.id in taken:
            raise UnknownClaimError(f"{where}: there is a claim {claim.id} already; rename yours.")
    return (*known, *new)


def _claims(module: ModuleType, where: str) -> tuple[Claim, ...]:
    """CLAIMS of a module; raises UnknownClaimError where it is missing, empty or something else."""
    found = getattr(module, "CLAIMS", None)
    if not isinstance(found, (tuple, list)) or not found:
        raise UnknownClaimError(f"{where}: has no CLAIMS = (Claim(...), ...).")
    for claim in found:
        if not isinstance(claim, Claim):
            raise UnknownClaimError(f"{where}: CLAIMS holds {claim!r}, which is no Claim.")
    verdicts = Counter((one.id, one.horizon, f) for one in found for f in one.frameworks)
    for (name, _, _), number in verdicts.items():
        if number > 1:
            raise UnknownClaimError(f"{where}: CLAIMS has {name} twice; rename one.")
    return tuple(found)


def _failed(error: BaseException) -> str:
    """What went wrong on import, in one line."""
    return f"cannot be imported ({type(error).__name__}: {error})."
