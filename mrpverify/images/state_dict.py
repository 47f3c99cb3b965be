"""State dicts of networks, read without running code: dense, real, finite tensors by name."""

from __future__ import annotations

from pathlib import Path

import torch

from ..regular import check_regular
from .folder import MissingDataError

LARGEST_STATE = 2**32
"""Bytes of a file of weights: those of the networks here are a fortieth of it."""


def state_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file of torch.save; raises MissingDataError for anything else in it."""
    try:
        check_regular(path, LARGEST_STATE)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        reason = str(error) or type(error).__name__
        raise MissingDataError(f"{path}: cannot be read as a state dict ({reason}).") from None
    except Exception:  # what unpickling refuses has no class of its own; its advice is to trust all
        raise MissingDataError(f"{path}: refused, it holds something else than tensors.") from None
    if not isinstance(state, dict) or not all(map(_is_weight, state.items())):
        raise MissingDataError(f"{path}: no state dict, it holds something else than tensors.")
    for name, value in state.items():
        # As it will be kept: a large float64 is infinite there.
        if not torch.isfinite(value.float()).all():
            raise MissingDataError(f"{path}: {name} holds NaN or infinite numbers.")
    return state


def _is_weight(item: tuple[object, object]) -> bool:
    """Whether a name goes with dense real numbers, as in every state dict of a network."""
    name, value = item
    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return False
    dense = value.layout is torch.strided and not value.is_quantized and not value.is_meta
    return dense and not value.is_complex() and not value.is_nested
