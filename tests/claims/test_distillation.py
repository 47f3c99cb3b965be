"""What soft labels teach: what the claims say of runs that are known."""

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.explanation import distillation as claim
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.regime import load_preset

REGIME = load_preset("quick").regimes["supervised"]
NUMBER = 100


def run(single, multi, seeds=16):
    """A run with these accuracies in every seed."""
    law = claim.ensemble.regime(REGIME, 0)
    k, features, kernels = law.classes, law.features, law.kernels
    right = np.zeros((seeds, 1, k, 3))
    right[..., 0], right[..., 1:] = NUMBER * multi, NUMBER * np.asarray(single)
    shape = (seeds, kernels, features)
    return xr.Dataset(
        {
            "test_correct": (("seed", "law", "class", "shown"), right),
            "test_number": (("seed", "law", "class", "shown"), np.full_like(right, NUMBER)),
            "final_correlations": (("seed", "kernel", "feature"), np.ones(shape)),
            "crossing_time": (("seed", "kernel", "feature"), np.ones(shape)),
        },
        coords={"law": ["in distribution"]},
    )


def measured(measure, **runs):
    names = {"plain": claim.AS_LONG, "taught": claim.TAUGHT, "permuted": claim.PERMUTED}
    return measure(REGIME, {names[name]: one for name, one in runs.items()})


def test_a_gain_on_single_view_images_is_told_from_none_and_from_one_that_costs():
    plain = run(0.7, 1.0)
    gain = claim.measure_gain
    assert measured(gain, plain=plain, taught=run(0.95, 1.0)).measured is Verdict.SUPPORTED
    assert measured(gain, plain=plain, taught=run(0.71, 1.0)).measured is Verdict.REFUTED
    assert measured(gain, plain=plain, taught=run(0.95, 0.9)).measured is Verdict.REFUTED


def test_what_should_not_gain_has_as_many_seeds_as_what_should():
    """Half of the seeds that a copy teaches gain: two of four neither refute nor support."""
    for legs in (claim.transfer_legs, claim.self_legs):
        assert {leg.seeds for leg in legs(REGIME).values()} == {None}
    half = run(0.7, 1.0)
    half["test_correct"].values[::2] = run(0.95, 1.0)["test_correct"].values[::2]
    for seeds, verdict in ((4, Verdict.INCONCLUSIVE), (16, Verdict.REFUTED)):
        first = {"plain": run(0.7, 1.0, seeds), "taught": half.isel(seed=slice(seeds))}
        assert measured(claim.measure_gain, **first).measured is verdict


def test_knowledge_is_what_permuted_soft_labels_lack():
    knowledge = claim.measure_knowledge
    taught = run(0.97, 1.0)
    assert measured(knowledge, taught=taught, permuted=run(0.8, 1.0)).measured is Verdict.SUPPORTED
    assert measured(knowledge, taught=taught, permuted=taught).measured is Verdict.REFUTED


def test_a_control_without_effect_has_the_spread_of_other_seeds_and_fails():
    """Of sixteen seeds that differ by 0.1 some gain over their neighbour by chance."""
    accuracy = np.random.default_rng(0).uniform(0.75, 0.85, (16, 1, REGIME.classes, 2))
    permuted = run(0.8, 1.0)
    permuted["test_correct"].values[..., 1:] = NUMBER * accuracy
    runs = {claim.TAUGHT: run(0.97, 1.0), claim.PERMUTED: permuted}
    seen = claim.NO_KNOWLEDGE.look(REGIME, runs)
    assert not np.array_equal(seen[claim.TAUGHT]["test_correct"], permuted["test_correct"])
    np.testing.assert_array_equal(
        seen[claim.TAUGHT]["test_correct"][1:], permuted["test_correct"][:-1]
    )
    assert claim.measure_knowledge(REGIME, seen).measured is Verdict.REFUTED


def crossing(when, seeds=16):
    """A run in which a view is crossed at these times, by one kernel of its own class."""
    law = claim.ensemble.regime(REGIME, 0)
    found = run(0.7, 1.0, seeds)
    times = np.full((seeds, law.kernels, law.features), np.inf)
    for feature, time in when.items():
        times[:, feature // law.views * law.kernels_per_class, feature] = time
    found["crossing_time"] = ("seed", "kernel", "feature"), times
    return found


@pytest.mark.parametrize(
    ("own", "permuted", "verdict"),
    [
        ({1: 10.0, 3: 20.0, 5: 1.0}, {1: 28.0, 3: 56.0, 5: 0.1}, Verdict.SUPPORTED),
        ({1: 10.0, 3: 20.0, 5: 1.0}, {1: 10.0, 3: 20.0, 5: 30.0}, Verdict.REFUTED),
        ({1: 10.0, 3: 20.0, 5: 1.0}, {1: 16.0, 3: 33.0, 5: 1.6}, Verdict.REFUTED),
        ({1: 10.0, 3: 20.0, 5: 1.0}, {1: 17.0, 3: 34.0, 5: 1.7}, Verdict.SUPPORTED),
        ({1: 10.0}, {}, Verdict.SUPPORTED),
        ({}, {1: 10.0}, Verdict.REFUTED),
        ({0: 1.0}, {0: 1.0}, Verdict.REFUTED),
    ],
)  # fmt: skip
def test_times_of_lost_views_are_compared(own, permuted, verdict):
    """Half of ln 2.78 more is needed: 1.67 times. Views held without a teacher do not count."""
    held = {0: 1.0, 2: 1.0, 4: 1.0}
    told = {
        "plain": crossing(held),
        "taught": crossing({0: 5.0, **own}),
        "permuted": crossing({0: 500.0, **permuted}),
    }
    found = measured(claim.measure_time, **told)
    assert found.measured is verdict
    few = {name: told[name].isel(seed=slice(4)) for name in ("taught", "permuted")}
    assert len(measured(claim.measure_time, **told | few).outcomes) == 4


def test_times_of_other_lost_views_are_no_sooner_than_their_own():
    """Of three lost views each has the time of another; what labels alone hold keeps its own."""
    plain, permuted = crossing({0: 1.0}), crossing({0: 1.0, 1: 10.0, 3: 20.0, 5: 30.0})
    runs = {claim.AS_LONG: plain, claim.PERMUTED: permuted, claim.TAUGHT: crossing({})}
    seen = claim.NO_SOONER.look(REGIME, runs)
    law = claim.ensemble.regime(REGIME, 0)
    times = claim.first_crossings(law, seen[claim.TAUGHT])
    assert times[0, 0].tolist()[0] == 1.0
    lost = np.isfinite(times[0]).nonzero()
    assert sorted(times[0][lost]) == [1.0, 10.0, 20.0, 30.0]
    assert not np.array_equal(times, claim.first_crossings(law, permuted))
    assert claim.measure_time(REGIME, seen).measured is Verdict.REFUTED


@pytest.mark.parametrize(
    "name", ["KD.transfer", "SD.transfer", "KD.knowledge", "KD.time", "KD.smoothing"]
)
def test_every_leg_is_a_run_of_the_same_images_and_students_share_their_init(name):
    (own,) = select([name])
    assert own.prediction(REGIME)
    legs = own.runs_needed(REGIME)
    assert claim.TAUGHT in legs
    for leg in legs.values():
        assert leg.parameters.member == 0
        assert leg.parameters.horizon == claim.TIME
        for teacher in leg.taught_by:
            assert teacher.parameters.framework == "supervised"
            assert teacher.parameters.off_class == leg.parameters.off_class
    if claim.COPIES in legs:
        assert [t.parameters.member for t in legs[claim.COPIES].taught_by] == [0]
    for control in own.controls["supervised"]:
        if control.look:
            early = {claim.TAUGHT: {}, claim.PERMUTED: {1: 2.0, 3: 4.0}}
            runs = {leg: crossing(early.get(leg, {}), 4) for leg in legs}
            for number, one in enumerate(runs.values()):
                one["number"] = "seed", number + np.arange(4) / 10
            seen = control.look(REGIME, runs)
            assert any(not seen[leg].equals(runs[leg]) for leg in legs), "something else"
