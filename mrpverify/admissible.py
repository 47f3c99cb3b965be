"""What a field of a regime admits, read from its type and metadata, and the error that says so.

Standard library only: a regime is checked wherever it is made, on a bare machine too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from numbers import Real
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_HOLDS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}


class RegimeError(ValueError):
    """A value that cannot be used; the message names it, what is allowed and what to do."""


@dataclass(frozen=True)
class Domain:
    """The values that one field admits."""

    symbol: str
    """Its name in messages and settings."""
    meaning: str
    kind: Any
    """float, int, bool or a Literal of texts."""
    literal: tuple[Any, ...]
    """The choices of a Literal, otherwise none."""
    limits: Mapping[str, float]
    """Bounds by ge, gt, le, lt."""
    names: Callable[[], tuple[str, ...]] | None = None
    """The choices of a text that depend on what is installed."""

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values it admits, where they can be listed."""
        return self.literal if self.names is None else self.names()

    @property
    def words(self) -> str:
        """The admissible values in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is bool:
            return "true or false"
        bounds = [
            f"{sign} {self.limits[key]:g}" for key, sign in _SIGNS.items() if key in self.limits
        ]
        name = "a whole number" if self.kind is int else "a number"
        return " ".join([name, " and ".join(bounds)]).strip()

    def admit(self, value: Any) -> Any:
        """The value as the field keeps it (1 as 1.0 where it is a number); raises RegimeError."""
        kept = self._kept(value)
        if kept is None or not all(_HOLDS[key](kept, limit) for key, limit in self.limits.items()):
            raise RegimeError(
                f"{self.symbol}={value}: must be {self.words} ({self.meaning}). "
                f"Change it in the preset or with --set {self.symbol}=VALUE."
            )
        return kept

    def _kept(self, value: Any) -> Any:
        """The value in the field's own type, None where it has another."""
        if self.choices:
            return value if value in self.choices else None
        if self.kind is bool or isinstance(value, bool) or not isinstance(value, Real):
            return value if self.kind is bool and isinstance(value, bool) else None
        try:
            number = self.kind(value)
            return number if isfinite(number) and number == value else None
        except (OverflowError, ValueError):  # infinity or no number has no whole part
            return None


def domains(regime: type[Any]) -> Mapping[str, Domain]:
    """Field name -> what it admits, from the metadata that ``parameters.parameter`` writes."""
    hints = get_type_hints(regime)
    return MappingProxyType(
        {
            item.name: Domain(
                item.metadata["symbol"],
                item.metadata["meaning"],
                hints[item.name],
                get_args(hints[item.name]),
                item.metadata["limits"],
                item.metadata["names"],
            )
            for item in fields(regime)
        }
    )


def admit_all(regime: Any, admitted: Mapping[str, Domain]) -> None:
    """Turn every value of a new frozen regime into its field's own type; raises RegimeError."""
    complaints = []
    for name, domain in admitted.items():
        given = getattr(regime, name)
        try:
            kept = domain.admit(given)
        except RegimeError as error:
            complaints.append(str(error))
            continue
        if kept is not given:
            object.__setattr__(regime, name, kept)
    refuse(complaints)


def refuse(complaints: Sequence[str]) -> None:
    """Raise RegimeError with all complaints, where there are any."""
    if complaints:
        raise RegimeError("; ".join(complaints))
