"""Verification of the theory of mask-reconstruction pretraining, claim by claim.

    import mrpverify as mv

    regime = mv.regime("mae", sigma_0=0.036)
    run = mv.train(regime, seeds=2)
    mv.correlations(run).max("kernel")
    mv.check("T1.capture", regime, seeds=16)

Names are imported when they are used: torch is not loaded before something is trained.
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .claims.claim import Claim, Control
    from .claims.legs import Leg
    from .interactive import Checked, check, claims, correlations, regime, sample, train
    from .judge.measurement import (
        Measurement,
        mean_above,
        mean_share_over_seeds,
        mean_within,
        share_of_seeds,
    )
    from .judge.verdicts import Verdict
    from .parameters import Parameters

    __version__: str

__all__ = [
    "Checked",
    "Claim",
    "Control",
    "Leg",
    "Measurement",
    "Parameters",
    "Verdict",
    "__version__",
    "check",
    "claims",
    "correlations",
    "mean_above",
    "mean_share_over_seeds",
    "mean_within",
    "regime",
    "sample",
    "share_of_seeds",
    "train",
]

_HOMES = {
    "claims.claim": ("Claim", "Control"),
    "claims.legs": ("Leg",),
    "interactive": ("Checked", "correlations", "sample", "train"),
    "judge.measurement": (
        "Measurement", "mean_above", "mean_share_over_seeds", "mean_within", "share_of_seeds",
    ),
    "judge.verdicts": ("Verdict",),
    "parameters": ("Parameters",),
}  # fmt: skip
"""Where the public names live."""
CALLABLE = ("check", "claims", "regime")
"""Functions of ``interactive`` that share their name with a module: the module may be called."""


def __getattr__(name: str) -> Any:
    """A public name, imported on first use; raises AttributeError for another one."""
    if name == "__version__":
        return metadata.version("mrpverify")
    if name in CALLABLE:
        return import_module(f".{name}", __name__)
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
