"""Results of the benchmarks, one CSV file each beside its script, with when and where."""

from __future__ import annotations

import csv
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent


def keep(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Append rows to `name`.csv, each with the date and the machine."""
    place = {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    path = HERE / f"{name}.csv"
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*place, *rows[0]], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows({**place, **row} for row in rows)
