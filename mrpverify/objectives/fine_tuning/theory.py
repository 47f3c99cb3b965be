"""What is derived about fine-tuning and linear probe: where a kernel ends, which steps keep it.

About a crossing nothing is: the features are there.
"""

from __future__ import annotations

from math import isfinite

from ...derivations import Theory
from ...parameters import Parameters
from ...theory.condition import Condition, given_labels
from .step_sizes import encoder_curvature, end_state, head_curvature, probe_curvature

FRAMEWORK = ("fine-tuning",)


def final_correlation(parameters: Parameters) -> float:
    """Bound on Lambda_end of a kernel that carries the whole final margin [D]."""
    return end_state(parameters).correlation


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Steps of fine-tuning and of the linear probe after the regime's pretraining."""
    p = parameters
    return (
        *(_step_sizes(p) if p.method == "descent" else ()),
        given_labels(p, FRAMEWORK),
        Condition(
            "step order",
            "eta_1 <= eta_2: the head moves at least as fast as the encoder",
            "section 2 [R]",
            FRAMEWORK,
            p.encoder_step,
            p.head_step,
        ),
    )


def _step_sizes(p: Parameters) -> tuple[Condition, ...]:
    """What descent asks for; a flow chooses its steps by their error."""
    encoder = p.encoder_step * encoder_curvature(p)
    return (
        _step("encoder step", "eta_1 times the encoder's largest curvature < 1", encoder),
        _step("head step", "eta_2 times the head's", p.head_step * head_curvature(p)),
        _step("probe step", "eta_probe times a probe's", p.probe_step * probe_curvature(p)),
    )


def _step(name: str, statement: str, product: float) -> Condition:
    """A product of step and curvature below 1."""
    return Condition(name, statement, "section 1 [D]", FRAMEWORK, product, 1.0, strict=True)


def predict_retain(parameters: Parameters) -> str:
    """Prediction for T2.retain, one sentence."""
    p, end = parameters, end_state(parameters)
    encoder = p.encoder_step * encoder_curvature(p)
    head = p.head_step * head_curvature(p)
    if encoder < 1 and head < 1:
        return (
            f"every captured feature only grows, to at most {end.correlation:.2f} (balance of w "
            f"and u); eta_1 times curvature {encoder:.2f}, eta_2 times curvature {head:.2f}"
        )
    if not isfinite(encoder + head):
        return "features can be lost: pretraining ends at no finite length of a kernel (L4)"
    return (
        f"features can be lost: step times curvature is {encoder:.2f} (encoder), {head:.2f} (head)"
    )


THEORY = Theory(
    final_correlation=final_correlation,
    conditions=conditions,
    predictions={"T2.retain": predict_retain},
)
