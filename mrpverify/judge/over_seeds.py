"""What every seed gave, and the interval that is made of it: enough to make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from .betting import bounded_interval
from .intervals import ANY, APPROXIMATE, CONFIDENCE, clopper_pearson, mean_interval

Interval = tuple[float, float]
Method = Literal["t", "betting", "exact", "bracket"]
"""t-interval of a mean; interval of a mean of shares by betting; exact interval of a share of
seeds (values 0 and 1); threshold between two ends in every seed, with t-intervals of both."""


@dataclass(frozen=True)
class OverSeeds:
    """A value per seed [seeds] and how an interval is made of them.

    NaN is a seed without a value; it takes no part. A value that is never reached and a missed end
    of a bracket are infinite and leave the interval open there. Raises ValueError for values that
    the method does not know.
    """

    method: Method
    values: tuple[float, ...]
    upper: tuple[float, ...] | None = None
    """Upper ends of a bracket; `values` are the lower ones."""
    resolution: float = 0.0
    """How finely a value is known: a share of n images 1/n."""
    possible: Interval = ANY
    """Values that can be; no t-interval of their mean goes beyond."""

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method {self.method!r}: choose from {', '.join(get_args(Method))}")
        if (self.upper is None) != (self.method != "bracket"):
            raise ValueError(f"method {self.method!r}: a bracket has upper ends, nothing else has")
        if self.method == "exact" and not set(self.values) <= {0.0, 1.0}:
            raise ValueError("method 'exact' counts seeds: every value is 0 or 1")

    @classmethod
    def of(
        cls, method: Method, values: np.ndarray, resolution: float = 0.0, possible: Interval = ANY
    ) -> OverSeeds:
        """From an array of values [seeds]."""
        return cls(method, _plain(values), resolution=float(resolution), possible=possible)

    @classmethod
    def between(cls, below: np.ndarray, above: np.ndarray) -> OverSeeds:
        """A bracket in every seed [seeds]; where the ends cross it spans both."""
        return cls("bracket", _plain(np.minimum(below, above)), _plain(np.maximum(below, above)))

    @property
    def value(self) -> float:
        """Mean over the seeds that have a value, of a bracket's middles; NaN where none has."""
        values = np.asarray(self.values)
        if self.upper is not None:
            with np.errstate(invalid="ignore"):  # both ends missed: no middle
                return float(np.mean((values + np.asarray(self.upper)) / 2))
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if len(finite) else float("nan")

    @property
    def seeds(self) -> int:
        """Seeds that have a value; one without a threshold has one all the same."""
        return len(self.values) if self.upper else int(np.isfinite(self.values).sum())

    @property
    def assumes(self) -> str | None:
        """What the interval takes for granted; None where it is exact."""
        return APPROXIMATE if self.method in ("t", "bracket") else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Central interval of the mean at a confidence, 90 % unless told otherwise."""
        values = np.asarray(self.values)
        if self.method == "betting":
            return bounded_interval(values, (0.0, 1.0), confidence)
        if self.method == "exact":
            return clopper_pearson(int(values.sum()), len(values), confidence)
        if self.upper is None:
            return mean_interval(values, confidence, self.resolution, self.possible)
        upper = np.asarray(self.upper)
        low = -np.inf if np.isinf(values).any() else mean_interval(values, confidence)[0]
        high = np.inf if np.isinf(upper).any() else mean_interval(upper, confidence)[1]
        return low, high

    def summary(self) -> dict[str, Any]:
        """As it stands in a record: a value that does not exist, or a missed end, is null.

        An infinite value is "inf" or "-inf".
        """
        found: dict[str, Any] = {"method": self.method}
        if self.upper is not None:
            found |= {"values": _finite(self.values), "upper": _finite(self.upper)}
        else:
            found["values"] = [str(v) if np.isinf(v) else _or_null(v) for v in self.values]
        if self.possible != ANY:
            found["possible"] = list(self.possible)
        return found | ({"resolution": self.resolution} if self.resolution else {})


def from_record(row: Mapping[str, Any]) -> OverSeeds:
    """What `summary` wrote; raises KeyError, TypeError or ValueError for anything else."""
    bracket = row["method"] == "bracket"
    return OverSeeds(
        row["method"],
        _read(row["values"], -np.inf if bracket else np.nan),
        _read(row["upper"], np.inf) if bracket else None,
        float(row.get("resolution", 0.0)),
        _pair(row.get("possible", ANY)),
    )


def _pair(ends: Sequence[float]) -> Interval:
    """Two ends as they stand in a record."""
    low, high = ends
    return float(low), float(high)


def _plain(values: np.ndarray) -> tuple[float, ...]:
    """An array [seeds] as numbers of Python."""
    return tuple(np.asarray(values, dtype=float).tolist())


def _finite(values: Sequence[float]) -> list[float | None]:
    """The same with null for what is no number."""
    return [_or_null(value) for value in values]


def _or_null(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _read(values: Sequence[float | None], missing: float) -> tuple[float, ...]:
    """The same with `missing` for null."""
    return tuple(missing if value is None else float(value) for value in values)
