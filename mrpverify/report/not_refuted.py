"""What of a claim no control has refuted: numbers and parts of which it is not seen to say no.

A control has failed as it should once one of several numbers is refuted on it. The others may say
what they say of anything: that is told, beside verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def not_refuted(claim: Row) -> list[str]:
    """Names of numbers or parts of a claim in a record that none of its controls has REFUTED.

    Empty for a claim that makes one statement alone: its controls are about that.
    """
    own = _said(claim["details"])
    refuted = {
        name
        for control in claim["controls"]
        for name, measured in _said(control["details"]).items()
        if measured == "REFUTED"
    }
    return [name for name in own if name not in refuted] if len(own) > 1 else []


def _said(details: Row) -> dict[str, str]:
    """What every number and part says alone, by its name."""
    numbers = {row["name"]: row["measured"] for row in details.get("numbers", ()) if "name" in row}
    parts = {name: row["measured"] for name, row in details.get("parts", {}).items()}
    return {name: str(measured) for name, measured in (numbers | parts).items()}
