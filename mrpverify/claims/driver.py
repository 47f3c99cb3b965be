"""What asks for runs, and what gives them: a generator yields requests, gets runs, may ask again.

`evaluate.judging` is one. Whoever drives it decides where runs come from, and what happens where
they are missing; what asks knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeVar, cast

import xarray as xr

from ..records.labelled import Request

Found = Mapping[Request, xr.Dataset]
Collect = Callable[[Sequence[Request]], Found]
"""Gets the runs of requests, from a store or by training."""
Answer = TypeVar("Answer")
Asking = Generator[Sequence[Request], Found, Answer]
"""Yields the runs it needs next, gets them, and returns its answer in the end."""


def answered(asking: Asking[Answer], collect: Collect) -> Answer:
    """The answer, with every run that it asks for."""
    answer, _ = answered_or_missing(asking, lambda wanted: (collect(wanted), ()))
    return cast(Answer, answer)


def answered_or_missing(
    asking: Asking[Answer],
    stored: Callable[[Sequence[Request]], tuple[Found, Sequence[Request]]],
) -> tuple[Answer | None, Sequence[Request]]:
    """The answer from runs that are there; or None, and those that are missing to go on.

    `stored` gets requests and gives runs, and those it has not. What misses one is closed, so that
    it holds no runs while others are trained: ask anew.
    """
    found: Found | None = None
    while True:
        try:
            wanted = asking.send(cast(Found, found))  # the first time None, as it has to be
        except StopIteration as done:
            return done.value, ()
        found, missing = stored(wanted)
        if missing:
            asking.close()
            return None, missing
