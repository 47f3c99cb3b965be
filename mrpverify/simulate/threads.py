"""How many threads a run is computed by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(device: str) -> Iterator[None]:
    """On the CPU a run is computed by one thread, wherever it is; the setting is given back.

    Sums depend on the number of threads, and the small matrices of a run keep several of them
    waiting for each other (10 to 30 times slower with two).
    """
    before = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
