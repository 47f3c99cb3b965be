"""One tidy table of a sweep: a row for every cell, framework, claim and quantity.

The quantity `statistic` is what the verdict rests on; the others are the numbers of the claim's
details. The table depends on the numbers alone: equal runs give equal bytes and an equal hash.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd

from ..claims.concluded import ClaimResult
from ..records.atomic import replace_together
from .plan import Sweep

STATISTIC = "statistic"
"""Name of the quantity that a claim is judged by."""

TYPES = {
    "cell": "int64",
    "seeds": "int64",
    "salt": "str",
    "framework": "str",
    "claim": "str",
    "horizon": "str",
    "quantity": "str",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "threshold": "float64",
    "band_low": "float64",
    "band_high": "float64",
    "measured": "str",
    "verdict": "str",
    "successes": "Int64",
    "trials": "Int64",
    "violated": "str",
}
"""Columns after those of the axes. `low` and `high` bound the 90 % interval; `violated` names the
regime conditions that do not hold, separated by semicolons."""

Row = dict[str, Any]


def tabulate(sweep: Sweep, results: Sequence[Sequence[ClaimResult]]) -> pd.DataFrame:
    """The table of a sweep, in the order of its cells."""
    draws = {"seeds": sweep.seeds, "salt": sweep.salt}
    rows = [
        {**cell.point, "cell": index, **draws, **row}
        for index, (cell, own) in enumerate(zip(sweep.cells, results, strict=True))
        for result in own
        for row in _rows(result)
    ]
    table = pd.DataFrame(rows, columns=[*sweep.axes, *TYPES])
    return table.astype(TYPES)


def as_csv(table: pd.DataFrame) -> bytes:
    """The table as CSV, numbers as short as they can be read back exactly."""
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()


def table_hash(table: pd.DataFrame) -> str:
    """SHA-256 of the table as CSV, whatever it is written as."""
    return hashlib.sha256(as_csv(table)).hexdigest()


def write_table(table: pd.DataFrame, path: Path, beside: Mapping[Path, bytes]) -> None:
    """Write CSV, or Parquet where the name ends so, and what belongs to it: all files or none.

    Raises OSError.
    """
    content = as_csv(table)
    if path.suffix == ".parquet":
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        content = buffer.getvalue()
    replace_together({path: content, **beside})


def read_table(path: Path) -> pd.DataFrame:
    """A table that write_table has written."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=TYPES, keep_default_na=False, na_values={
        name: [""] for name, kind in TYPES.items() if kind != "str"
    })  # fmt: skip


def _rows(result: ClaimResult) -> Iterator[Row]:
    """The statistic of a claim with its verdict, then the numbers of its details."""
    m, claim = result.measurement, result.claim
    band = m.band if m.band is not None else (None, None)
    same = {"framework": result.framework, "claim": claim.id, "horizon": claim.horizon}
    empty = {"measured": "", "verdict": "", "violated": ""}
    yield {
        **same,
        "quantity": STATISTIC,
        "value": m.value,
        "low": m.interval[0],
        "high": m.interval[1],
        "threshold": m.threshold,
        "band_low": band[0],
        "band_high": band[1],
        "measured": str(m.measured),
        "verdict": str(result.verdict),
        "successes": m.successes,
        "trials": m.trials,
        "violated": ";".join(condition.id for condition in result.violated),
    }
    for name, row in _numbers(m.details):
        yield {**same, **empty, "quantity": name, **row}


def _numbers(details: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Row]]:
    """(name, value and interval) of every number in nested details, names joined by a slash."""
    center = next((key for key in ("mean", "value") if key in details), None)
    if center is not None and "interval" in details:
        low, high = details["interval"]
        bounds = {"low": low, "high": high, "threshold": details.get("threshold")}
        yield prefix, {"value": details[center], **bounds}
        details = {k: v for k, v in details.items() if k not in (center, "interval", "threshold")}
    for key, value in details.items():
        name = f"{prefix}/{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from _numbers(value, name)
        elif key == "numbers":
            yield from map(_number_of_law, value)
        elif isinstance(value, Real):
            yield name, {"value": float(value)}


def _number_of_law(row: Mapping[str, Any]) -> tuple[str, Row]:
    """One predicted number of a law; its threshold is the prediction."""
    (low, high), (bottom, top) = row["interval"], row["band"]
    return row["name"], {
        "value": row["value"],
        "low": low,
        "high": high,
        "threshold": row["prediction"],
        "band_low": bottom,
        "band_high": top,
        "measured": str(row["measured"]),
    }
