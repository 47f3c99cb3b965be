"""Numbers in predicted sentences, at a regime without coincidences (`generic`).

A sentence is read by people alone: what is wrong in it no verdict shows. Every number is formed
here from its own formula, or from a function that has a test of its own.
"""

from collections.abc import Callable
from dataclasses import replace
from math import log

import numpy as np
import pytest
from scipy.special import ndtri

from mrpverify.objectives.distilled import teachers
from mrpverify.objectives.distilled import theory as distilled
from mrpverify.objectives.fine_tuning import step_sizes
from mrpverify.objectives.fine_tuning import theory as fine_tuning
from mrpverify.objectives.masked_supervised import theory as masked_supervised
from mrpverify.parameters import Parameters
from mrpverify.theory import (
    ensemble,
    growth,
    induction,
    labelled_view,
    leak,
    separatrix,
    supervised,
    theorem1,
    theorem2,
    wrong_labels,
)
from mrpverify.theory.supervised import LEAST_STEPS
from tests.theory.generic import POINT, joint, mean

Q, VARRHO, K, VIEWS = 5, 0.7, 5, 3
CLEAN = 1 - 1.3 / 5
MAE = replace(POINT, framework="mae", bias=False)
TWO = replace(POINT, views=2)
CLOSE = replace(TWO, amplification=0.3)


def _unseen() -> float:
    """A class is known by one of three views; an image of another one disturbs it or does not."""
    return 2 / 3 * (1 - CLEAN**4)


def _crossing() -> float:
    """L2 from the median of 55 normals."""
    start = 0.04 * ndtri(0.5 ** (1 / 55))
    return (start**-8 - VARRHO**-8) / (8 * growth.growth_rate(POINT))


SENTENCES: list[tuple[Callable[[Parameters], str], Parameters, str]] = [
    (theorem1.predict_capture, POINT,
     f"covered share {1 - (14 / 15) ** 55:.4f}, {15 * (14 / 15) ** 55:.2g} features missing"),
    (theorem1.predict_capture, POINT, f"crosses at time {_crossing():.3g} (L2)"),
    (theorem1.predict_capture, replace(POINT, gain="constant", tau=1.0, visible=1.0),
     "nothing is captured"),
    (theorem1.predict_monosemantic_at_crossing, replace(POINT, gain="constant", tau=1.0),
     "of siblings below 1.00 (L5)"),
    (theorem1.predict_monosemantic_at_crossing, MAE,
     f"a sibling view adds {joint(Q, 1, 4, 5) / joint(Q, 1, 4, 4):.2f} of"),
    (theorem1.predict_monosemantic_at_crossing, replace(MAE, views=1), "has no other view"),
    (theorem1.predict_monosemantic_at_crossing, replace(MAE, signal=False), "adds 0.00 of"),
    (theorem1.predict_monosemantic_at_crossing, CLOSE,
     f"below {separatrix.separating_ratio(separatrix.sibling_advantage(CLOSE), Q):.2f} (L5)"),
    (theorem1.predict_bounded, replace(MAE, split="equal", own_low=1.3, own_high=1.3),
     "Lambda ends at about"),
    (theorem2.predict_train, POINT, f"towards {log(137 * 4):.1f} = log(N (k-1))"),
    (theorem2.predict_test, replace(POINT, coverage=1 - 2 / 15),
     f"and {(13 + 2 * CLEAN**11) / 15:.3f} on single-view images: some views"),
    (theorem2.predict_test, replace(TWO, coverage=0.5), "some views are not known"),
    (theorem2.predict_test, replace(TWO, coverage=0.4), "errors on both kinds of image"),
    (theorem2.predict_test, POINT, "accuracy 1 on multi-view and 1.000 on single-view"),
    (theorem2.predict_cover, replace(POINT, coverage=1 - 2 / 15),
     f"1.00 on covered views, {CLEAN**11:.2f} on the others, {(13 + 2 * CLEAN**11) / 15:.3f} over"),
    (theorem2.predict_cover, replace(TWO, classes=4),
     "at coverage 0.75 the other features are missing"),
    (supervised.predict_lottery, replace(POINT, views=4), "0.25 of the features are learned"),
    (supervised.predict_test, POINT,
     f"error {_unseen():.3f} (L12), 0.67 only as s grows; multi-view error 0, "
     f"overall {0.17 * _unseen():.4f}"),
    (induction.predict_until_learned, POINT, f"below {4 ** (-1 / 8):.3f} of the largest"),
    (induction.predict_until_horizon, POINT, "grows at 1.33333 to 4 times the time"),
    (ensemble.predict_union, POINT, "9 members hold all with 0.95"),  # log2(15/0.05) = 8.2
    (ensemble.predict_error, TWO,
     ", ".join(f"{u * (1 - (2 * u * CLEAN + (1 - 2 * u) * CLEAN**2) ** 4):.3f}"
               for u in (1 / 2, 1 / 4, 1 / 8, 1 / 32, 1 / 256)) + " at K = 1, 2, 3, 5, 8"),
    (lambda p: wrong_labels.predict(p, 0.3), POINT, f"margin of {log(0.7 * 4 / 0.3):.1f} logits"),
    (labelled_view.predict_labels, MAE,
     f"at most about {_unseen():.2f}, where every class is linked: a kernel keeps the share "
     f"{1 - 1 / (1 + 0.65 / 0.35 / 3):.2f} of its drive"),
    (distilled.predict_transfer, POINT, f"do so {1 - CLEAN**3:.2f} times as fast"),
    (distilled.predict_knowledge, POINT, f"a lost view {1 / (1 - CLEAN**3):.1f} times as much"),
    (distilled.predict_time, POINT, f"take {1 / (1 - CLEAN**3):.1f} times as long"),
    (masked_supervised.predict_capture, replace(POINT, views=1), "has one view, and learns it"),
    (masked_supervised.predict_capture, TWO, "every view is learned"),
    (masked_supervised.predict_capture, replace(POINT, power=3), "every view is learned"),
    (masked_supervised.predict_capture, replace(POINT, power=2), "is not derived"),
    (masked_supervised.predict_capture, replace(POINT, visible=1.0), "no second view is learned"),
    (masked_supervised.predict_capture, POINT, "fastest at theta = 0.25 (AUG)"),
]  # fmt: skip


@pytest.mark.parametrize(("predict", "p", "words"), SENTENCES)
def test_a_sentence_says_what_its_formula_gives(predict, p, words):
    assert words in predict(p)


@pytest.mark.parametrize(
    ("steps", "small"),
    [((2e-5, 3e-5), (True, True)), ((2e-5, 3.0), (True, False)), ((30.0, 0.03), (False, False))],
)
def test_fine_tuning_keeps_features_where_both_steps_are_small(steps, small):
    """Step times curvature of encoder and head."""
    p = replace(POINT, framework="fine-tuning", encoder_step=steps[0], head_step=steps[1])
    encoder = steps[0] * step_sizes.encoder_curvature(p)
    head = steps[1] * step_sizes.head_curvature(p)
    assert (encoder < 1, head < 1) == small
    said = fine_tuning.predict_retain(p)
    if all(small):
        end = step_sizes.end_state(p).correlation
        assert f"at most {end:.2f} (balance of w and u)" in said
        assert f"eta_1 times curvature {encoder:.2f}, eta_2 times curvature {head:.2f}" in said
    else:
        assert f"can be lost: step times curvature is {encoder:.2f} (encoder)" in said
        assert f"{head:.2f} (head)" in said
    asked = fine_tuning.conditions(replace(p, method="descent", probe_step=0.7))
    rows = {c.id: (c.left, c.right, c.holds) for c in asked}
    assert rows["encoder step"] == (pytest.approx(encoder), 1.0, encoder < 1)
    assert rows["head step"] == (pytest.approx(head), 1.0, head < 1)
    probe = 0.7 * step_sizes.probe_curvature(p)
    assert rows["probe step"] == (pytest.approx(probe), 1.0, probe < 1)
    assert rows["step order"] == (*steps, steps[0] <= steps[1])


@pytest.mark.parametrize("left", [0.4, 3.0])
def test_a_single_view_image_drives_for_the_time_that_is_left(left):
    """Kernels that start beyond varrho have crossed at 0, and T is the least one: all is left."""
    p = replace(POINT, framework="supervised", init_scale=0.6, supervised_step=left / LEAST_STEPS)
    assert supervised.horizon(p) == left
    one = supervised.extra_drive(p, 1.0) - supervised.extra_drive(p, 0.0)
    strength = mean("shown", lambda z: (z**Q).sum(1)) / VARRHO**4
    assert one == pytest.approx(0.8 * strength * left / 137)


def test_where_a_class_has_one_view_no_other_one_helps():
    said = induction.predict_until_horizon(replace(POINT, views=1))
    assert said.endswith("grows at 2 times the time of its class")
    assert "with and without help" in induction.predict_until_horizon(POINT)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_teacher_that_sees_the_label_alone_has_one_logit(temperature):
    p = replace(POINT, framework="distilled", label_temperature=temperature)
    logits = np.array([1.0, 0, 0, 0, 0]) / temperature
    expected = np.exp(logits[0]) / np.exp(logits).sum()
    assert teachers.of_the_label_alone(p) == pytest.approx(expected)


def test_two_views_are_linked_by_a_kernel_that_keeps_a_drive_to_both():
    two = replace(MAE, views=2)
    assert labelled_view.links_views(two)
    assert not labelled_view.links_views(replace(two, views=1))


def test_a_sibling_leaks_from_the_median_of_the_starts_that_grow():
    """0.674 sigma_0, the median of a positive normal."""
    time = leak.sibling_leak_time(POINT, 0.04 * float(ndtri(0.75)))
    said = theorem1.predict_monosemantic_at_horizon(POINT)
    assert f"once T exceeds about {time:.3g}:" in said
