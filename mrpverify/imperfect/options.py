"""What the imperfect law alone reads, with names and ranges."""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class Imperfections:
    """Beside all that the paper's law reads; by default nothing is imperfect."""

    faintness: float = parameter(
        1.0,
        "zeta",
        "strength of a class's last view, wherever it appears, of the others'; S goes with zeta^q",
        gt=0,
        le=1,
    )
    alignment: float = parameter(
        0.0,
        "kappa",
        "cosine between a class's last view and its first one",
        ge=0,
        lt=1,
    )
    wrong_labels: float = parameter(
        0.0,
        "nu",
        "share of the training images whose label is that of another class, drawn evenly; test "
        "labels are right",
        ge=0,
        le=1,
    )
