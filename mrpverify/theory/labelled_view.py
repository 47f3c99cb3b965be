"""What one labelled image a class teaches that shows one of its views alone (CMP.labels [D]).

A label names what is learned from its image. Masks with labels see no other images, so the view
that the labelled image hides stays unknown, whatever is masked. Pretraining saw both views in one
image: where the mask leaves a kernel a drive towards the sibling of its view (masked autoencoder,
target "all": the share (K-1)/K of its own drive, L14) the kernel comes to hold both, and a label
for one view names the other. Teacher-student kernels that rest at gain 1 hold one view each, and
hand nothing on.
"""

from __future__ import annotations

from ..derivations import no_prediction
from ..parameters import PRETRAINING, Parameters
from .supervised import single_view_error


def links_views(parameters: Parameters) -> bool:
    """Whether kernels of the pretraining objective come to hold both views of a class (L14 [D])."""
    p = parameters
    return p.framework == "mae" and p.target == "all" and p.mask_penalty > 0 and p.views > 1


def predict_labels(parameters: Parameters) -> str:
    """Prediction for CMP.labels, one sentence."""
    p = parameters
    if p.framework not in PRETRAINING:
        return no_prediction(p.framework)
    if not links_views(p):
        return "no gain: kernels hold one view each, and what is not labelled stays unknown"
    share = 1 - 1 / p.gain_floor
    return (
        f"a gain of at most about {single_view_error(p):.2f}, where every class is linked: a "
        f"kernel keeps the share {share:.2f} of its drive for the sibling of its view (L14)"
    )


def predict_link(parameters: Parameters) -> str:
    """Prediction for CMP.link, one sentence."""
    p = parameters
    if links_views(p):
        return "the view that no label shows is known in the classes with a kernel that holds both"
    return "no class has a kernel that holds both views"
