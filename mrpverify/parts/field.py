"""How a part of a regime writes a parameter down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any


def parameter(
    default: Any,
    symbol: str,
    meaning: str,
    *,
    unit: str = "1",
    names: Callable[[], tuple[str, ...]] | None = None,
    method: str | None = None,
    **limits: float,
) -> Any:
    """Dataclass field with its symbol, meaning, unit and limits (ge, gt, le, lt).

    `names` says what a text may be where that depends on what is installed; `method` is the one
    that reads it (descent or flow) where the other does not.
    """
    return field(
        default=default,
        metadata={
            "symbol": symbol,
            "meaning": meaning,
            "unit": unit,
            "names": names,
            "method": method,
            "limits": limits,
        },
    )
