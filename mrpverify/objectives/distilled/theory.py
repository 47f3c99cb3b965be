"""What soft labels teach, and who need not know anything (Allen-Zhu and Li, arXiv:2012.09816 [R]).

A student has learned one view of each class and fits its labels. Take a view v_{j,l} that it lacks.
Images of *other* classes that show it drive it, wherever the soft label of class j there lies above
the student's own answer, which is that of a class it does not see [D]:

    dc/dt = eta_KD (s/k) (1 - 1/k) Delta E[A_off] (c/varrho)^{q-1},    A = sum z^q.

- Teachers that hold v_{j,l} say class j on exactly these images: Delta = q_seen - q_unseen.
- Soft labels of other images of the same class say it in a share P = 1 - (1 - s/k)^views of them,
  that in which class j shows at all: P Delta on average, for any views, whoever the teachers are.
- Labels smoothed evenly say the same on all: their rest over the k - 1 others, about P Delta too.

So dark knowledge is worth a factor 1/P in this drive. In the limit of AZL, s/k -> 0, that is
everything between T and poly k; at s/k = 0.2 it is less than three. Whatever keeps a residual alive
on images that show the lost view teaches it, as masks do (laws2, AUG).

That holds where labels alone have ended: runs have this drive there, and its factor. As a time it
is asked by KD.time, and runs refute it. A student is taught from the start, and soft labels lift
the logits of classes that an image shows off class; so the label's own residual on images of class
j stays, and most of what drives v_{j,l} is that. It is larger the less soft labels fit the image,
as permuted and smoothed ones do. How large, is in `residual`.

The same images drive the same kernels along the features of their own label y, each present in 1/k
of them and strong: the drive of the missing view over this leak is (k - 1) E[A_off]/E[A_own]. In
the limit of many classes the leak is nothing. At small k the ratio is below 1, and what holds the
leak back is the other sign of the soft labels: images of class y without v_{j,l} lower the logit of
j again. AZL's truncated derivative has no other sign: its kernels grow on what they leak to.
"""

from __future__ import annotations

from ...derivations import OPEN
from ...parameters import Parameters
from ...theory.data_law import off_class_probability, power_sum, role


def target_over_leak(parameters: Parameters) -> float:
    """(k - 1) E[A_off]/E[A_own] > 0: drive of a missing view over that of a labelled one [D]."""
    p = parameters
    off, own = (power_sum(p, role(p, name), p.power) for name in ("off", "shown"))
    return (p.classes - 1) * off / own


def lift_rate(parameters: Parameters, gap: float) -> float:
    """G >= 0 of dc/dt = G c^{q-1} of a missing view, `gap` = Delta in [0, 1], [D]."""
    p = parameters
    shown = off_class_probability(p) * (1 - 1 / p.classes)
    activity = power_sum(p, role(p, "off"), p.power)
    return p.taught_weight * shown * gap * activity / p.linear_from ** (p.power - 1)


def visible_share(parameters: Parameters) -> float:
    """P = 1 - (1 - s/k)^views: share of other classes' images that show class j, in [0, 1], [D]."""
    return 1 - (1 - off_class_probability(parameters)) ** parameters.views


def predict_transfer(parameters: Parameters) -> str:
    """Prediction for KD.transfer and SD.transfer, one sentence."""
    return (
        "images of other classes that show a lost view teach it, if teachers hold it; but soft "
        f"labels of other images of the class do so {visible_share(parameters):.2f} times as fast, "
        "and are a control for much less than that time alone"
    )


def predict_knowledge(parameters: Parameters) -> str:
    """Prediction for KD.knowledge, one sentence."""
    return (
        "an image's own soft label drives a lost view "
        f"{1 / visible_share(parameters):.1f} times as much as that of another image of its class, "
        "where labels alone have ended; at T, once both are over, nothing need be left of it"
    )


def predict_time(parameters: Parameters) -> str:
    """Prediction for KD.time, one sentence."""
    factor = 1 / visible_share(parameters)
    return (
        f"permuted soft labels take {factor:.1f} times as long, if the drive where labels alone "
        "have ended sets the time (rival: as long; judged at their geometric mean)"
    )


def predict_smoothing(parameters: Parameters) -> str:
    """Prediction for KD.smoothing, one sentence."""
    del parameters
    return (
        "a smoothed label leaves every class but the label below its target on all images, also "
        "where a lost view shows: it drives that view as soft labels of other images do"
    )


THEORY = OPEN
"""Crossing times, exponents and curvature of a taught run are not derived."""
