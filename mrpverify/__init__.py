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
    from .admissible import RegimeError
    from .claims.claim import Claim, Control, NetworkClaim
    from .claims.legs import Leg
    from .derivations import Theory
    from .interactive import Checked, check, claims, correlations, regime, sample, train
    from .judge.findings import Curve, Estimate, Note, Picture, Table
    from .judge.measurement import (
        Measurement,
        mean_above,
        mean_share_over_seeds,
        mean_within,
        share_of_seeds,
    )
    from .judge.verdicts import Verdict
    from .parameters import Parameters
    from .parts.field import parameter
    from .simulate.classifier import cross_entropy, pull
    from .simulate.data_law import DataLaw, strengths
    from .simulate.encoder import back_project, project, smoothed_relu
    from .simulate.images import BACKGROUND, MULTI_VIEW, NO_PATCH, Images
    from .simulate.masks import draw_masks, mask_streams
    from .simulate.objective import Objective
    from .simulate.sample import sample_images
    from .simulate.seeding import generator, normal, uniform
    from .theory.condition import Condition
    from .theory.data_law import Role, multi_view_roles

    __version__: str

__all__ = [
    "BACKGROUND",
    "MULTI_VIEW",
    "NO_PATCH",
    "Checked",
    "Claim",
    "Condition",
    "Control",
    "Curve",
    "DataLaw",
    "Estimate",
    "Images",
    "Leg",
    "Measurement",
    "NetworkClaim",
    "Note",
    "Objective",
    "Parameters",
    "Picture",
    "RegimeError",
    "Role",
    "Table",
    "Theory",
    "Verdict",
    "__version__",
    "back_project",
    "check",
    "claims",
    "correlations",
    "cross_entropy",
    "draw_masks",
    "generator",
    "mask_streams",
    "mean_above",
    "mean_share_over_seeds",
    "mean_within",
    "multi_view_roles",
    "normal",
    "parameter",
    "project",
    "pull",
    "regime",
    "sample",
    "sample_images",
    "share_of_seeds",
    "smoothed_relu",
    "strengths",
    "train",
    "uniform",
]

_HOMES = {
    "admissible": ("RegimeError",),
    "claims.claim": ("Claim", "Control", "NetworkClaim"),
    "claims.legs": ("Leg",),
    "interactive": ("Checked", "correlations", "sample", "train"),
    "judge.findings": ("Curve", "Estimate", "Note", "Picture", "Table"),
    "judge.measurement": (
        "Measurement", "mean_above", "mean_share_over_seeds", "mean_within", "share_of_seeds",
    ),
    "judge.verdicts": ("Verdict",),
    "parameters": ("Parameters",),
    "derivations": ("Theory",),
    "parts.field": ("parameter",),
    "simulate.classifier": ("cross_entropy", "pull"),
    "simulate.data_law": ("DataLaw", "strengths"),
    "simulate.encoder": ("back_project", "project", "smoothed_relu"),
    "simulate.images": ("BACKGROUND", "Images", "MULTI_VIEW", "NO_PATCH"),
    "simulate.objective": ("Objective",),
    "simulate.sample": ("sample_images",),
    "simulate.seeding": ("generator", "normal", "uniform"),
    "simulate.masks": ("draw_masks", "mask_streams"),
    "theory.condition": ("Condition",),
    "theory.data_law": ("Role", "multi_view_roles"),
}  # fmt: skip
"""Where the public names live."""
MODULES = {
    "parameters": "a regime of known type, changed or made from values; stand-ins",
    "parts": "the parts of a regime that an objective reads",
    "regular": "files that a user names, read where they end",
    "theory": "every module: what is derived, one result each",
    "objectives": "every module but the gradients: what is derived about one objective",
    "observe": "every module: what a set of kernels holds, from arrays",
    "judge": "every module: measurements, numbers with bands, parts said of each seed, intervals",
    "claims.claim": "claims about simulations and about real networks, their controls and runs",
    "claims.legs": "runs of a claim: fine-tuning, probe, supervised learning, other objectives",
    "claims.observed": "what a stored run says of its kernels",
    "claims.accuracies": "what a stored run says of its test images",
    "claims.controls": "controls that several claims share",
    "claims.paired": "paired differences over seeds, for claims about networks",
    "records.drawn": "what a run drew: images and initial kernels, drawn again",
    "records.answers": "answers of stored networks to test images, one by one",
    "records.provenance": "the address of a record of one's own, and what made it",
    "records.source": "digests of source files, as part of an address",
    "records.store": "where records are kept and found again",
    "records.workers": "processes beside this one that do the work",
    "images.setup": "what a claim about networks gets: settings, seeds, salt, machine, store",
    "images.folder": "data sets that `mrpverify images fetch` brings, and where they lie",
    "images.idx": "the pictures of digits and garments, as arrays",
    "images.learn": "every module: training of small networks on images",
    "drawing.style": "how figures look: sizes, colours, means with intervals",
}
"""Public modules beside the names above: what the claims of this package are written with."""
NAMES = {
    "parts.law.MULTI_VIEW_LAW": "what the paper's own law is called",
    "records.atomic.write_whole": "files that appear whole or not at all",
    "records.collect.Machine": "where networks are trained: a device, and how many processes",
    "simulate.threads.one_thread": "training by one thread of the CPU",
}
"""Single public names of modules that are not public."""
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
