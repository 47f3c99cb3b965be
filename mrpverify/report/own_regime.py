"""The regime that a claim ran where that is not the one that was asked: a law has its own sizes."""

from __future__ import annotations

from typing import Any

from ..claims.claim import Claim
from ..parameters import Parameters

SHOWN = (
    "law", "classes", "kernels_per_class", "off_class", "images", "dimension", "power",
    "linear_from", "init_scale", "visible",
)  # fmt: skip
"""What a regime's line shows, by name, and its law."""


def own_regime(claim: Claim, regime: Parameters | None) -> str | None:
    """What differs in a claim's first runs, in the paper's letters; None where nothing does."""
    if regime is None or not claim.needs_runs:
        return None
    try:
        ran = [leg.parameters for leg in claim.runs_needed(regime).values()]
    except (Exception, SystemExit):  # said where the claim is judged
        return None
    words = [_said(name, regime, ran) for name in SHOWN]
    return ", ".join(word for word in words if word) or None


def _said(name: str, regime: Parameters, ran: list[Parameters]) -> str:
    """A letter with its value in the runs, or its range; nothing where it is the regime's."""
    values = list(dict.fromkeys(getattr(p, name) for p in ran))
    if not set(values) - {getattr(regime, name)}:
        return ""
    symbol = type(regime).__dataclass_fields__[name].metadata["symbol"]
    if len(values) > 1 and all(isinstance(value, (int, float)) for value in values):
        return f"{symbol}={_number(min(values))} to {_number(max(values))}"
    return f"{symbol}={' or '.join(map(_number, values))}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
