"""The induction along the way: which kernels may grow before a class is learned ([R] AZL; [D]).

Allen-Zhu and Li's proof keeps, for every class i, a set of kernels near the largest initial
correlation. Those outside it stay at the initial scale until the class is learned, so that growth
happens inside. With constants: let Lambda_i be the largest initial correlation of any kernel with a
view of class i, and n the exponent of T ~ c_0^{-n} (L2). A kernel that starts below

    x Lambda_i on every view of i,    x = (1 + views)^{-1/n},

is outside, and stays at most Lambda_i until some kernel crosses for a view of i. For below varrho
the leader, alone, needs n R T = Lambda_i^{-n} at most. The larger m of a kernel's correlations with
the views of i, which show together and help each other, grows at most `views` times as fast,

    m(T)^{-n} >= m(0)^{-n} - views n R T >= (1 + views - views) Lambda_i^{-n} = Lambda_i^{-n}.

Left out: rates that differ among features of the drawn images (Lambda is weighted by R^{1/n} in
L2), the push of other classes' images (s/k), and what a kernel does after it has crossed for
another class: noise is then no longer kept out by its slope, and a masked autoencoder's kernel
drifts by more than Lambda_i along views of classes that are learned later (docs/explanation.md).
What is outside at the start is driven on after T_i where kernels do not interact; where they share
a target, the drive is gone.
"""

from __future__ import annotations

from ..parameters import Parameters
from .hitting import exponent


def allowed_from(parameters: Parameters) -> float:
    """x = (1 + views)^{-1/n} in (0, 1): the set's smallest start over Lambda_i [D].

    Raises ValueError for an objective without an exponent.
    """
    p = parameters
    return float((1.0 + p.views) ** (1 / exponent(p.framework, p.power)))


def predict_until_learned(parameters: Parameters) -> str:
    """Prediction for T1.induction at the crossing, one sentence."""
    return (
        f"kernels that start below {allowed_from(parameters):.3f} of the largest correlation with "
        "a class stay below that largest one until the class is learned, by a kernel above it"
    )


def predict_until_horizon(parameters: Parameters) -> str:
    """Prediction for T1.induction at T, one sentence."""
    if parameters.framework == "teacher-student":
        views = parameters.views
        times = f"{1 + 1 / views:g} to {1 + views}" if views > 1 else "2"
        helped = ", with and without help of the other view" if views > 1 else ""
        return (
            "kernels do not interact: those outside the set are driven on, and the first of them "
            f"grows at {times} times the time of its class{helped}"
        )
    return (
        "what the first kernels reconstruct drives no other; kernels outside the set stop short, "
        "but those that grow for another class carry a part of this one"
    )
