"""In which numbers a run is computed: what its tensors hold, and what its products see of them.

In TF32 numbers are float32 and products of matrices see ten bits of their mantissa, on a GPU alone:
on a CPU, where it would be float32 by another name, `check_device` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..parameters import Parameters

TF32 = "tf32"


def number_type(parameters: Parameters) -> torch.dtype:
    """What the tensors of a run hold."""
    name = "float32" if parameters.precision == TF32 else parameters.precision
    dtype: torch.dtype = getattr(torch, name)
    return dtype


@contextmanager
def products_as_asked(parameters: Parameters) -> Iterator[None]:
    """Products of float32 in TF32 where the regime says so, and nowhere else.

    The setting is given back.
    """
    reduced = parameters.precision == TF32
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if reduced else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
