"""An ensemble of K supervised networks with independent inits on the same images (laws2, ENS [D]).

With b the share of classes of which one member holds both views, and n of which it holds none (no
kernel of the class points towards either, 2^{-2m}), a member lacks a given view with probability
(1 - b + n)/2, independently of the others; the union of K members lacks it with

    u = ((1 - b + n)/2)^K,  and a whole class with n^K.

An image that shows one view alone is wrong iff no member holds that view and some other class's
view that some member holds is in it, or the class is unknown altogether. Two views: the union of
another class is one view with 2 (u - n^K), none with n^K, else two. laws2 has n = 0.
"""

from __future__ import annotations

from math import ceil, log2

from ..parameters import Parameters
from .data_law import off_class_probability


def missing_share(both: float, members: int, neither: float = 0.0) -> float:
    """u = ((1 - b + n)/2)^K: a given (class, view) held by no member, [D].

    `both` = b and `neither` = n are shares of classes, b + n <= 1.
    """
    return ((1 - both + neither) / 2) ** members


def union_share(both: float, members: int, neither: float = 0.0) -> float:
    """Share of (class, view) that some of K members hold, in [0, 1], [D]."""
    return 1 - missing_share(both, members, neither)


def single_view_error(
    parameters: Parameters, both: float, members: int, neither: float = 0.0
) -> float:
    """e_K = v [1 - (n_K + 2v (1-x) + (1-2v-n_K) (1-x)^2)^{k-1}] + n_K, in [0, 1) [D].

    v = u - n_K, n_K = n^K, x = s/k. K = 1 is L12 with classes that hold both views or none. For
    two views a class.
    """
    p, none = parameters, neither**members
    one, unseen = missing_share(both, members, neither) - none, 1 - off_class_probability(p)
    undisturbed = none + 2 * one * unseen + (1 - 2 * one - none) * unseen**2
    return one * (1 - undisturbed ** (p.classes - 1)) + none


def members_needed(parameters: Parameters, failure: float = 0.05) -> int:
    """K ~ log2(2k/delta): members whose union lacks no view but with probability `failure` [D]."""
    return ceil(log2(parameters.features / failure))


def predict_union(parameters: Parameters) -> str:
    """Prediction for ENS.union, one sentence."""
    return (
        "K members hold the share 1 - ((1-b+n)/2)^K of the views, b and n the shares of classes of "
        f"which one member holds both and none; {members_needed(parameters)} members hold all with "
        "0.95"
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
