"""Claims from outside this package: of other installed distributions, and of a file.

A distribution names a module with ``CLAIMS`` under the entry point group ``mrpverify.claims``; a
file is named on the command line (``python -m mrpverify.check my_claim.py``).
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from .claim import Claim

ENTRY_POINTS = "mrpverify.claims"


class UnknownClaimError(ValueError):
    """A name that means no claim, or a place that has none; the message says what there is."""


def installed() -> tuple[Claim, ...]:
    """Claims of all installed distributions that name some.

    Raises UnknownClaimError for an entry point that cannot be imported or holds none.
    """
    found: list[Claim] = []
    for entry in entry_points(group=ENTRY_POINTS):
        where = f"entry point {entry.name} = {entry.value}"
        try:
            module = entry.load()
        except Exception as error:
            raise UnknownClaimError(f"{where}: {_failed(error)}") from error
        found.extend(_claims(module, where))
    return tuple(found)


def from_file(path: str) -> tuple[Claim, ...]:
    """Claims of a Python file.

    Raises UnknownClaimError for a file that is missing, that cannot be imported, or has none.
    """
    file = Path(path)
    if not file.is_file():
        raise UnknownClaimError(f"{path}: there is no such file; name one with CLAIMS = (...).")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise UnknownClaimError(f"{path}: is no Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UnknownClaimError(f"{path}: {_failed(error)}") from error
    return _claims(module, path)


def _claims(module: ModuleType, where: str) -> tuple[Claim, ...]:
    """CLAIMS of a module; raises UnknownClaimError where it is missing, empty or something else."""
    found = getattr(module, "CLAIMS", None)
    if not isinstance(found, (tuple, list)) or not found:
        raise UnknownClaimError(f"{where}: has no CLAIMS = (Claim(...), ...).")
    for claim in found:
        if not isinstance(claim, Claim):
            raise UnknownClaimError(f"{where}: CLAIMS holds {claim!r}, which is no Claim.")
    return tuple(found)


def _failed(error: Exception) -> str:
    """What went wrong on import, in one line."""
    return f"cannot be imported ({type(error).__name__}: {error})."
