"""What wrong labels leave undetermined (CMP.noise [D]).

A share nu of the training labels is that of another class, drawn evenly. Where the logits of a
class's images are at their optimum,

    F_y - F_j = M = ln((1 - nu)(k - 1)/nu)       for every j != y:

a finite margin, at which right labels pull up as much as wrong ones pull down. An image that shows
both views pins the sum of what they say, and not how it is shared between them. With right labels
every image pulls up both views for ever; with wrong ones the sum stays at M and the difference
drifts with whatever tells the views apart: unequal strengths, foreign features, single-view images.
A single-view image with a right label asks for a margin beyond M of the view that it shows, and
images with both then take it from the other one; one with a wrong label asks for the opposite. So a
classifier that is trained for long gives views away. Masks hide one view in a share of all images,
which pins each of the two at M.

Nothing is learned otherwise while wrong labels are fewer than those of chance: before anything is
learned the residual of an own image, 1 - 1/k, is multiplied by 1 - nu k/(k - 1), and that of
supervised learning, masked or not, with it. How far the difference drifts in a given time depends
on what a few images show: no number is derived for it.
"""

from __future__ import annotations

from math import inf, log

from ..parameters import Parameters


def margin(parameters: Parameters, wrong: float) -> float:
    """M = ln((1 - nu)(k - 1)/nu), in logits; inf without wrong labels, 0 where labels are chance.

    Raises ValueError unless 0 <= nu < 1.
    """
    if not 0 <= wrong < 1:
        raise ValueError(f"nu={wrong}: a share of wrong labels in [0, 1)")
    if wrong == 0:
        return inf
    return log((1 - wrong) * (parameters.classes - 1) / wrong)


def slowdown(parameters: Parameters, wrong: float) -> float:
    """1 - nu k/(k - 1): what is left of the first residual; at or below 0 nothing is learned."""
    k = parameters.classes
    return 1 - wrong * k / (k - 1)


def predict(parameters: Parameters, wrong: float) -> str:
    """Prediction for CMP.noise, one sentence."""
    return (
        f"labels of which {wrong:g} are wrong pin the views of a class together, at a margin of "
        f"{margin(parameters, wrong):.1f} logits, and not each of them: a head that is trained for "
        "long on a pretrained encoder gives views away, masks with the same labels keep both; by "
        "how much is not derived"
    )
