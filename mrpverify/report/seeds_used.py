"""On how many seeds a verdict of a record rests: not always on as many as were asked for.

A sequential design stops early, laws and pairs of runs have seeds of their own, and a number has
only those that have a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..judge.over_seeds import from_record
from .rebuilt import rows_of

Row = Mapping[str, Any]


def seeds_used(claim: Row, asked: int) -> str:
    """Of a claim in a record: a number, "17 to 24" where its numbers have unlike ones, or a dash.

    The dash is a claim about a regime, without runs. `asked` is said where nothing else is known.
    Raises KeyError, TypeError or ValueError for what is no such claim.
    """
    details = claim["details"]
    if claim["trials"] is not None:
        return str(claim["trials"])
    rows = [*rows_of(details).values(), *([details] if "over_seeds" in details else [])]
    if own := [from_record(row["over_seeds"]).seeds for row in rows]:
        return _from_to(min(own), max(own))
    if "conditions" in details:
        return "-"
    return str(details.get("seeds", asked))


def _from_to(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
