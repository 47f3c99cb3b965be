"""Masks with labels: what the claims of the explanation say of runs that are known."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.explanation import against_pretraining, rate
from mrpverify.claims.explanation.runs import MASKED, WITHOUT
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.objectives.masked_supervised.theory import hidden_share
from mrpverify.records.collect import Machine, collect
from mrpverify.regime import load_preset

SMALL = {
    "k": 2, "d": 10, "N": 100, "m": 6, "s": 0.1, "sigma_0": 0.01, "sigma_p": 0.01, "N_test": 50,
}  # fmt: skip
SUPERVISED = load_preset("quick").override(SMALL).regimes["supervised"]
SEEDS = 16


def test_masks_with_labels_learn_every_view_and_nothing_without_them_does():
    (result,) = evaluate(
        select(["AUG.capture"]), {"supervised": SUPERVISED}, range(4), "explanation",
        lambda requests: collect(requests, Machine("cpu"), None),
    )  # fmt: skip
    assert result.measurement.value == 1.0
    assert {c.control.id for c in result.controls} == set(WITHOUT)
    assert all(control.failed_as_it_should for control in result.controls)
    assert "every view is learned" in result.prediction


def second_views(slowness):
    """Runs in which the second views cross after `slowness(regime)` over their activity."""
    runs = {}
    for name, leg in rate.legs(SUPERVISED).items():
        p = leg.parameters
        noise = 1 + 0.01 * np.random.default_rng(0).standard_normal((SEEDS, p.classes))
        activity = p.patches_per_feature ** (1.0 - p.power) / p.classes
        times = np.full((SEEDS, p.kernels, p.features), np.inf)
        own = np.arange(p.classes)
        times[:, own, p.views * own + 1] = slowness(p) / activity * noise
        runs[name] = xr.Dataset(
            {
                "crossing_time": (("seed", "kernel", "feature"), times),
                "own_activity": (("seed", "feature"), np.full((SEEDS, p.features), activity)),
            }
        )
    return runs


def test_the_rate_is_told_from_one_hidden_patch_and_from_other_exponents():
    law = rate.measure(SUPERVISED, second_views(rate._predicted))
    assert law.measured is Verdict.SUPPORTED
    assert all(row["rival_excluded"] for row in law.details["numbers"])

    def once(p):
        return rate._predicted(p) * hidden_share(p) / (p.visible * (1 - p.visible))

    assert rate.measure(SUPERVISED, second_views(once)).measured is Verdict.REFUTED

    def like_mae(p):
        return rate._predicted(p) / p.second_view

    assert rate.measure(SUPERVISED, second_views(like_mae)).measured is Verdict.REFUTED
    exchanged = rate.OTHER_COUNT.look(SUPERVISED, second_views(rate._predicted))
    assert rate.measure(SUPERVISED, exchanged).measured is Verdict.REFUTED


def test_a_second_view_that_never_crosses_is_no_number():
    found = rate.measure(SUPERVISED, second_views(lambda p: np.inf))
    assert found.measured is Verdict.INCONCLUSIVE


def answers(single, multi=1.0, seeds=SEEDS):
    """A run with these accuracies on single- and multi-view images in every seed."""
    number = np.full((seeds, 1, 2, 3), 100)
    right = number.copy()
    right[..., 0], right[..., 1:] = round(100 * multi), np.round(100 * single)
    shape = ("seed", "law", "class", "shown")
    return xr.Dataset(
        {"test_correct": (shape, right), "test_number": (shape, number)},
        coords={"law": ["in distribution"]},
    )


@pytest.mark.parametrize(
    ("masked", "few", "expected"),
    [
        (1.0, 1.0, Verdict.SUPPORTED),
        (0.99, 1.0, Verdict.SUPPORTED),
        (0.9, 1.0, Verdict.REFUTED),
        (1.0, 0.8, Verdict.REFUTED),
    ],
)
def test_equivalence_is_refuted_by_either_difference(masked, few, expected):
    p = replace(SUPERVISED, framework="mae", test_images=200)
    names = against_pretraining
    runs = {
        names.TUNED: answers(1.0),
        names.TUNED_FEW: answers(1.0),
        MASKED: answers(masked),
        names.MASKED_FEW: answers(few),
        names.SUPERVISED: answers(0.8),
    }
    assert names.measure(p, runs).measured is expected
    control = {**runs, MASKED: answers(0.8, seeds=4)}
    assert names.measure(p, control).measured is Verdict.REFUTED
