"""What is given from Python, looked at before any work: the kind it is of, numbers, paths.

A wrong kind is a TypeError that names what was wanted; a value out of range a RegimeError.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from .parameters import Framework, Parameters
from .regime import RegimeError, check_seeds

REGIME = "a regime, as mrpverify.regime('mae') makes one"
"""What `Parameters` are, to somebody who has none yet."""


def of_kind(value: Any, kinds: type | tuple[type, ...], name: str, wanted: str) -> Any:
    """The value; raises TypeError where it is of none of the kinds."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name}={_short(value)}: expected {wanted}.")
    return value


def regime_of(value: Any, name: str = "regime") -> Parameters:
    """A regime; raises TypeError for anything else."""
    found: Parameters = of_kind(value, Parameters, name, REGIME)
    return found


def regimes_by_framework(given: Mapping[Any, Any]) -> dict[Framework, Parameters]:
    """Regimes, each under its own framework; raises TypeError, or RegimeError under another one."""
    found = {key: regime_of(value, f"regimes[{key!r}]") for key, value in given.items()}
    for key, value in found.items():
        if key != value.framework:
            raise RegimeError(
                f"regimes[{key!r}]: is a regime of {value.framework!r}; name it so, or make it "
                f"with mrpverify.regime({key!r})."
            )
    return found


def text_of(value: Any, name: str, wanted: str) -> str:
    """A text, also of a path; raises TypeError for anything else."""
    found: str = os.fspath(of_kind(value, (str, os.PathLike), name, wanted))
    return found


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same without numpy: its scalars as Python's own."""
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}


def whole(value: Any, name: str, least: int) -> int:
    """A whole number, Python's or numpy's, of at least `least`; raises TypeError, RegimeError."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={_short(value)}: expected a whole number.")
    if value < least:
        raise RegimeError(f"{name}={value}: allowed are {least} and more.")
    return int(value)


def seeds_of(given: Any) -> list[int]:
    """The seeds of a number of them, or those named; raises TypeError or RegimeError."""
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given.item()
    if isinstance(given, (Integral, float)):
        return list(range(check_seeds(given)))
    named = of_kind(given, Iterable, "seeds", "a number of seeds, or seeds from 0 on")
    numbers = [whole(seed, "seeds: seed", 0) for seed in named]
    if not numbers or len(set(numbers)) < len(numbers):
        raise RegimeError(f"seeds={numbers}: expected at least one seed, and each of them once.")
    return numbers


def _short(value: Any) -> str:
    """A value in a message: a long one by its beginning."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
