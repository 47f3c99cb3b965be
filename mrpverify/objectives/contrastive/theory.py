"""Nothing is derived about contrastive pretraining: whoever asks is told "no prediction"."""

from ...derivations import OPEN as THEORY

__all__ = ["THEORY"]
