"""Means of a record made again from what every seed gave, by the judge that judged them first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..judge.measurement import Measurement, Part, together, with_unknown
from ..judge.numbers import Number, Rival, all_numbers
from ..judge.over_seeds import from_record
from ..judge.verdicts import all_of

Row = Mapping[str, Any]
"""A claim, a control or one of their numbers in a record."""


def rebuilt(row: Row) -> Measurement | None:
    """The measurement of a claim or a control again; None where its seeds are not in the record.

    Raises KeyError, TypeError or ValueError for a record that is no such.
    """
    details = row["details"]
    again = _rebuilt(row, details)
    if again is None or "seeds_not_known" not in details:
        return again
    return with_unknown(again, details["seeds_not_known"], _seeds(details))


def _rebuilt(row: Row, details: Row) -> Measurement | None:
    """The same with no seed open."""
    numbers, differences = details.get("numbers", ()), details.get("differences", ())
    parts: Mapping[str, Row] = details.get("parts", {})
    if _all_kept(numbers):
        return all_numbers([_number(one) for one in numbers], "")
    if _all_kept(parts.values()):
        return together("", {name: _part(one) for name, one in parts.items()})
    if _all_kept(differences):
        return _smallest([_part(one) for one in differences])
    if "over_seeds" in details:
        return together("", {"mean": _part({**row, **details})})
    return None


def rows_of(details: Row) -> dict[str, Row]:
    """Every number of a claim or a control that the record keeps the seeds of, by its name."""
    found = {row["name"]: row for row in details.get("numbers", ()) if "over_seeds" in row}
    found |= {n: row for n, row in details.get("parts", {}).items() if "over_seeds" in row}
    differences = details.get("differences", ())
    return found | {row["difference"]: row for row in differences if "over_seeds" in row}


def row_again(row: Row, together: int) -> Row:
    """One of them as it should stand in the record, as one of `together`."""
    return _number(row).row(together) if "prediction" in row else _part(row).summary(together)


def _all_kept(rows: Collection[Row]) -> bool:
    """Whether there are such rows, and each with its seeds."""
    return bool(rows) and all("over_seeds" in row for row in rows)


def _smallest(parts: Sequence[Part]) -> Measurement:
    """Paired differences: the smallest mean gives its numbers, all of them the verdict."""
    least = min(parts, key=lambda part: part.value if np.isfinite(part.value) else -np.inf)
    one = together("", {"smallest": least})
    return replace(one, measured=all_of(part.as_one_of(len(parts)) for part in parts))


def _number(row: Row) -> Number:
    """A number of a law; its prediction may not exist."""
    rival = Rival(row["rival"], _real(row["rival_value"]))
    band = _band(row["band"])
    if band is None:
        raise ValueError(f"number {row['name']!r} has no band")
    return Number(
        row["name"], from_record(row["over_seeds"]), _real(row["prediction"]), band, rival
    )


def _part(row: Row) -> Part:
    """A mean and its target."""
    kept = from_record(row["over_seeds"])
    return Part(kept, _real(row["threshold"]), _band(row["band"]), row.get("fewest", 0))


def _band(band: Sequence[float | None] | None) -> tuple[float, float] | None:
    """A band; an end that is open stands as null in a record."""
    if band is None:
        return None
    low, high = band
    return (-np.inf if low is None else low, np.inf if high is None else high)


def _real(value: float | None) -> float:
    """A number; one that does not exist stands as null in a record."""
    return float("nan") if value is None else value


def _seeds(details: Row) -> int:
    """Seeds that were asked."""
    first = next(iter(rows_of(details).values()), details)
    return len(first["over_seeds"]["values"])
