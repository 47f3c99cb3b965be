"""How many threads a run is computed by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """What a run computes or draws on the CPU, this does by one thread; the setting is given back.

    Sums depend on the number of threads, and the small matrices of a run keep several of them
    waiting for each other (10 to 30 times slower with two). So do draws that a claim looks at, and
    a look at this machine's speed, in a process that trains nothing. A run on a GPU draws its
    images here, beside others that do.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _libraries().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _libraries() -> ThreadpoolController:
    """Libraries that have threads of their own, such as the one numpy multiplies matrices by.

    Loaded before they are looked for: numba takes scipy's, when it first compiles a product.
    """
    import_module("scipy.linalg.cython_blas")
    return ThreadpoolController()
