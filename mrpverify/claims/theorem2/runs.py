"""The legs of Theorem 2: pretraining, and its three heads on the same images."""

from __future__ import annotations

from ...parameters import Parameters
from ..legs import FEW_LABELS, PRETRAINING, Leg, Legs, fine_tuned, probe

FINE_TUNED, PROBE, FEW = "fine-tuned", "linear probe", "fine-tuned, few labels"
HEADS = (FINE_TUNED, PROBE, FEW)


def tuned(parameters: Parameters) -> Legs:
    """Pretraining and fine-tuning with all labels."""
    return {PRETRAINING: Leg(parameters), FINE_TUNED: fine_tuned(parameters)}


def all_heads(parameters: Parameters) -> Legs:
    """The same with a linear probe and with fine-tuning on a few labels per class."""
    return {
        **tuned(parameters),
        PROBE: probe(parameters),
        FEW: fine_tuned(parameters, labels=FEW_LABELS),
    }
