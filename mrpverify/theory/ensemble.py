"""An ensemble of K supervised networks with independent inits on the same images (laws2, ENS [D]).

With b the share of classes of which one member holds both views, a member lacks a given view with
probability (1 - b)/2, independently of the others; the union of K members lacks it with

    u = ((1 - b)/2)^K.

An image that shows one view alone is wrong iff no member holds that view and some other class's
view that some member holds is in it. Two views: the union of another class is one view with 2 u
(each of the two is missing with u, never both), else two.
"""

from __future__ import annotations

from math import ceil, log2

from ..parameters import Parameters
from .data_law import off_class_probability


def missing_share(both: float, members: int) -> float:
    """u = ((1 - b)/2)^K: a given (class, view) held by no member, `both` = b in [0, 1], [D]."""
    return ((1 - both) / 2) ** members


def union_share(both: float, members: int) -> float:
    """Share of (class, view) that some of K members hold, in [1/2, 1], [D]."""
    return 1 - missing_share(both, members)


def single_view_error(parameters: Parameters, both: float, members: int) -> float:
    """e_K = u [1 - (2u (1-x) + (1-2u) (1-x)^2)^{k-1}], x = s/k, in [0, 1) [D].

    K = 1 is L12 with classes that hold both views. For two views a class.
    """
    p, u = parameters, missing_share(both, members)
    unseen = 1 - off_class_probability(p)
    undisturbed = 2 * u * unseen + (1 - 2 * u) * unseen**2
    return u * (1 - undisturbed ** (p.classes - 1))


def members_needed(parameters: Parameters, failure: float = 0.05) -> int:
    """K ~ log2(2k/delta): members whose union lacks no view but with probability `failure` [D]."""
    return ceil(log2(parameters.features / failure))


def predict_union(parameters: Parameters) -> str:
    """Prediction for ENS.union, one sentence."""
    return (
        "K members hold the share 1 - ((1-b)/2)^K of the views, b the share of classes of which "
        f"one member holds both; {members_needed(parameters)} members hold all with 0.95"
    )


def predict_error(parameters: Parameters) -> str:
    """Prediction for ENS.error, one sentence."""
    errors = ", ".join(f"{single_view_error(parameters, 0, k):.3f}" for k in (1, 2, 3, 5, 8))
    return (
        f"single-view error {errors} at K = 1, 2, 3, 5, 8 where no member holds both views of a "
        "class (L12 is K = 1)"
    )


def predict_vote(parameters: Parameters) -> str:
    """Prediction for ENS.vote, one sentence."""
    del parameters
    return "members that lack the view vote for what disturbs them, and they are half of all"
