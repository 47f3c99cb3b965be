"""Networks side by side: the matching, what is looked at, and how overlaps are judged."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.claims.images.fingerprints import CLAIMS, measure_occlusion, measure_overlap
from mrpverify.claims.paired import difference_row, differences_above_zero, not_supported
from mrpverify.images import cifar_runs, networks
from mrpverify.images.cifar_study import OTHER_INIT, Study
from mrpverify.images.comparison import Pair, compare
from mrpverify.images.learn.images import labelled
from mrpverify.images.learn.train import initial_classifier, train
from mrpverify.images.learn.training import Training
from mrpverify.images.overlap import EQUAL_STEPS, LONG, MATCHED, OWN, UNTRAINED, Agreement, agree
from mrpverify.images.setup import ImageSettings, Setup
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.collect import Machine
from tests.images.generated import coloured

LOOKED_AT = 100
SETUP = Setup(ImageSettings(), 5, "t", Machine("cpu"), None)


@pytest.fixture(scope="module")
def data():
    train_set = labelled(*coloured(10))
    images, labels = coloured(40, 1)
    order = np.random.default_rng(0).permutation(len(labels))
    return train_set, labelled(images[order], labels[order], train_set)


@pytest.fixture(autouse=True)
def small(data, monkeypatch):
    monkeypatch.setattr(networks, "MATCHED_ON", 300)
    monkeypatch.setattr(networks, "data", lambda: data)
    monkeypatch.setattr(cifar_runs, "data", lambda: data)


PLAN = Training(
    task="labels", salt="t", seed=0, data="generated", pool=100, labels=100, width=8, steps=120,
    batch=32, rate=3e-2, snapshots=4,
)  # fmt: skip
OTHER = replace(PLAN, init=OTHER_INIT)


@pytest.fixture(scope="module")
def runs(data):
    """Two supervised runs with four snapshots each."""
    found = {}
    for plan in (PLAN, OTHER):
        arrays = train(plan, *data, None)
        axes = {"weights": ("w",), "snapshots": ("s", "w")}
        found[plan] = xr.Dataset({name: (axes[name], arrays[name]) for name in axes})
    return found


def stopped(run, snapshot):
    """A run that ended as another one was at a snapshot."""
    return xr.Dataset({"weights": ("w", run["snapshots"].values[snapshot])})


def test_accuracies_rise_over_the_snapshots_and_are_those_of_the_logits(data, runs):
    states = networks.kept_states(PLAN, runs[PLAN])
    found = networks.accuracies(states, data[1])
    assert found[0] < found[-1]
    answers = torch.cat([networks.predictor(states[-1])(data[1].normalised(data[1].images))])
    expected = (answers.argmax(1).numpy() == data[1].labels.numpy()).mean()
    assert found[-1] == pytest.approx(expected)


def test_matching_and_looking_are_on_different_images(data):
    matched_on, looked_at = networks.matched_on(), networks.looked_at(LOOKED_AT)
    assert (len(matched_on), len(looked_at)) == (300, LOOKED_AT)
    assert torch.equal(matched_on.images, data[1].images[:300])
    assert torch.equal(looked_at.images, data[1].images[300:])
    with pytest.raises(ValueError, match="allowed are at most 100"):
        networks.looked_at(LOOKED_AT + 1)


def weaker_pair(runs):
    """Arms that end as the supervised runs were at their second snapshot of four."""
    arm = replace(PLAN, salt="arm", snapshots=0), replace(OTHER, salt="arm", snapshots=0)
    known = {**runs, arm[0]: stopped(runs[PLAN], 1), arm[1]: stopped(runs[OTHER], 1)}
    return arm, known


def test_overlap_is_compared_with_supervised_networks_of_the_same_accuracy(runs):
    arm, known = weaker_pair(runs)
    found = agree(Agreement(arm, False, (PLAN, OTHER), (PLAN, OTHER), LOOKED_AT), known)
    cka = {name: float(found["cka"].sel(network=name)) for name in found["network"].values}
    assert cka[OWN] == cka[MATCHED], "the very same states"
    assert cka[LONG] == cka[EQUAL_STEPS] != cka[MATCHED]
    right = found["accuracy"]
    assert right.sel(network=OWN) == right.sel(network=MATCHED) < right.sel(network=LONG)


def test_the_untrained_twins_are_the_networks_that_runs_begin_with(data, runs):
    beside = PLAN, OTHER
    found = agree(Agreement(beside, True, beside, beside, LOOKED_AT), runs)
    images = data[1].normalised(data[1].images[300:])
    features = [networks.pooled_features(initial_classifier(plan), images) for plan in beside]
    kernel = [(x - x.mean(0)) @ (x - x.mean(0)).T for x in map(np.float64, features)]
    expected = (kernel[0] * kernel[1]).sum() / np.sqrt(np.prod([(k * k).sum() for k in kernel]))
    assert float(found["cka"].sel(network=OWN)) == pytest.approx(expected)
    keys = {Agreement(beside, u, beside, beside, n).key() for u in (True, False) for n in (100, 99)}
    assert len(keys) == 4


def test_two_equal_networks_do_not_differ_in_anything(runs):
    arm, known = weaker_pair(runs)
    found = compare(Pair(arm[0], PLAN, LOOKED_AT), known)
    for name in ("accuracy", "still_right", "regions", "directions", "classes"):
        one, other = (found[name].isel(network=i).values for i in (0, 1))
        np.testing.assert_array_equal(one, other)
    assert int(found["both_right"]) == round(float(found["accuracy"][0]) * LOOKED_AT) > 0
    assert found["still_right"].min() >= 0
    assert found["still_right"].max() <= 1


def always(answer, weights):
    """The weights with a head that gives one answer; it comes last: [10, 16] and biases [10]."""
    changed = weights.copy()
    changed[-170:] = 0
    changed[-10 + answer] = 1
    return xr.Dataset({"weights": ("w", changed)})


def test_networks_that_are_never_right_on_the_same_image_leave_the_numbers_open(runs):
    three, four = (replace(PLAN, salt=salt, snapshots=0) for salt in ("three", "four"))
    weights = runs[PLAN]["weights"].values
    found = compare(
        Pair(three, four, LOOKED_AT), {three: always(3, weights), four: always(4, weights)}
    )
    assert int(found["both_right"]) == 0
    assert found["accuracy"].min() > 0
    assert found["still_right"].isnull().all()
    assert found["regions"].isnull().all()
    seen = (
        xr.concat([found, found], "seed")
        .expand_dims(arm=["pixels"])
        .assign_attrs(judged=["pixels"])
    )
    said = measure_occlusion(SETUP, seen)
    assert said.measured is Verdict.INCONCLUSIVE
    [line] = said.details["lines"]
    assert line.startswith("pixels: no image that both networks classify correctly in 2 of 2 seeds")
    row = difference_row("x", np.array([np.nan, np.nan]), 0.01)
    assert (row["seeds"], row["interval"]) == (0, [-np.inf, np.inf])
    none = differences_above_zero({"a": np.full(5, np.nan), "b": np.ones(5)}, "s", {}, 0.01)
    assert none.measured is Verdict.INCONCLUSIVE
    assert not not_supported(SETUP, none), "a control that measured nothing did not fail"


# --- how overlaps are judged


def evidence(own, matched, equal, long):
    """Overlaps of five seeds around given means, for one arm."""
    spread = 0.001 * np.arange(-2, 3)[:, None, None] * np.array([1, 0, 0, 0])
    cka = spread + np.array([own, matched, equal, long])
    return xr.Dataset(
        {"cka": (("seed", "arm", "network"), cka), "accuracy": (("seed", "arm", "network"), cka)},
        coords={"arm": ["pixels"], "network": [OWN, MATCHED, EQUAL_STEPS, LONG]},
        attrs={"judged": ["pixels"]},
    )


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ((0.9, 0.8, 0.8, 0.8), Verdict.SUPPORTED),
        ((0.9, 0.8, 0.8, 0.95), Verdict.SUPPORTED),
        ((0.9, 0.8, 0.9, 0.8), Verdict.INCONCLUSIVE),
        ((0.9, 0.8, 0.95, 0.8), Verdict.REFUTED),
        ((0.9, 0.95, 0.8, 0.8), Verdict.REFUTED),
    ],
    ids=["above both", "long budget is not judged", "equal", "below steps", "below accuracy"],
)
def test_overlap_must_be_larger_at_equal_accuracy_and_at_equal_steps(means, verdict):
    found = measure_overlap(SETUP, evidence(*means))
    assert found.measured is verdict
    [row] = found.details["not_judged"]
    assert row["mean"] == pytest.approx(means[0] - means[3], abs=0.002)


# --- which runs stand beside which


def test_twins_differ_in_init_alone_and_every_arm_has_supervised_ones_of_equal_steps():
    study = Study(ImageSettings(), "t", 3, "digest")
    first, second = study.twins(), study.twins(OTHER_INIT)
    assert first.keys() == second.keys()
    for name, one in first.items():
        other = second[name]
        assert other.init == OTHER_INIT
        start = one.start and replace(one.start, init=OTHER_INIT)
        assert replace(one, init=OTHER_INIT, start=start) == other
    steps = {first["supervised short"].steps, first["supervised long"].steps}
    assert {one.steps for one in first.values()} == steps
    assert first["pixels"] == study.runs()["pixels all 1000"], "a run that is there already"
    assert first["noise"].start.pictures == "noise"
    assert first["shuffled"].shuffled


def test_every_fingerprint_has_the_three_controls_and_says_what_is_expected():
    for claim in CLAIMS:
        names = [control.id for control in claim.controls[None]]
        assert names == [
            "pretraining on noise images", "learning shuffled labels", "an untrained encoder",
        ]  # fmt: skip
        arms = [c.look(SETUP, xr.Dataset()).attrs["judged"] for c in claim.controls[None]]
        assert arms == [["noise"], ["shuffled"], [UNTRAINED]]
        assert all(len(control.expected) > 30 for control in claim.controls[None])
