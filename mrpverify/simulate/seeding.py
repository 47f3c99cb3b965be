"""Independent random streams: one per (salt, seed, purpose), the same on every device."""

from __future__ import annotations

import hashlib

import torch


def generator(salt: str, seed: int, purpose: str) -> torch.Generator:
    """CPU generator of one stream; `purpose` keeps data, init and held-out draws independent."""
    digest = hashlib.sha256(f"{salt}|{seed}|{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def uniform(
    low: float, high: float, shape: tuple[int, ...], stream: torch.Generator
) -> torch.Tensor:
    """float64 draws from U[low, high]."""
    return low + (high - low) * torch.rand(shape, generator=stream, dtype=torch.float64)


def normal(shape: tuple[int, ...], stream: torch.Generator) -> torch.Tensor:
    """float64 standard normal draws (cast later, so that both precisions see the same draw)."""
    return torch.randn(shape, generator=stream, dtype=torch.float64)
