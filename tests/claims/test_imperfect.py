"""CMP.unequal, CMP.keep, CMP.angle and CMP.noise on runs that are known."""

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.explanation import (
    faint_view,
    larger_init,
    oblique_views,
    unequal_views,
    wrong_labels,
)
from mrpverify.claims.laws.foretold import Foretold
from mrpverify.claims.legs import SUPERVISED
from mrpverify.judge.verdicts import Verdict
from mrpverify.regime import load_preset
from mrpverify.theory import unequal_views as theory
from mrpverify.theory.reduced_dynamics import law_moments

REGIMES = load_preset("quick").regimes
MAE, TS = REGIMES["mae"], REGIMES["teacher-student"]
SEEDS = 24
PAIRS, TEST = ("seed", "kernel", "feature"), ("seed", "law", "class", "shown")


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def answers(accuracy: np.ndarray, number: int = 200) -> dict[str, object]:
    """Right on all multi-view images, on so many of `number` single-view ones a view [seeds]."""
    right = np.full((len(accuracy), 1, 1, 3), number)
    right[..., 1:] = np.round(number * accuracy).astype(int)[:, None, None, None]
    return {"test_correct": (TEST, right), "test_number": (TEST, np.full(right.shape, number))}


def kernels(correlations: np.ndarray, crossing: np.ndarray) -> dict[str, object]:
    return {
        "initial_correlations": (PAIRS, correlations),
        "crossing_time": (PAIRS, crossing),
        "final_correlations": (PAIRS, np.where(np.isfinite(crossing), 1.0, 0.0)),
        "crossing_correlations": (PAIRS, np.where(np.isfinite(crossing), 1.0, 0.0)),
        "reached_horizon": ("seed", np.ones(len(crossing), dtype=bool)),
        "final_time": ("seed", np.full(len(crossing), 10.0)),
    }


def dataset(**variables: object) -> xr.Dataset:
    return xr.Dataset(variables, coords={"law": ["in distribution"]})


# --- CMP.unequal


def supervised_by(activity: float, start: np.ndarray, accuracy: float) -> xr.Dataset:
    """In every class the view with the larger Lambda S^{1/(q-2)} crosses, where S is `activity`."""
    p = MAE
    blocks = start.reshape(len(start), p.classes, p.kernels_per_class, p.classes, p.views)
    own = np.stack([blocks[:, i, :, i] for i in range(p.classes)], 1).max(2)  # [seeds, k, views]
    winner = (own * np.array([1.0, activity])).argmax(-1)
    crossing = np.full(blocks.shape, np.inf)
    seed, label = np.indices(winner.shape)
    crossing[seed, label, 0, label, winner] = 1.0
    activities = np.tile([1.0, activity], p.classes) * np.ones((len(start), 1))
    return dataset(
        **kernels(start, crossing.reshape(start.shape)),
        **answers(np.full(len(start), accuracy)),
        own_activity=(("seed", "feature"), activities),
    )


def unequal_runs(*, decides: bool = True, captures: float = 1.0) -> dict[str, xr.Dataset]:
    """All legs: S decides which view wins or does not; pretraining captures so many views."""
    shape = (SEEDS, MAE.kernels, MAE.features)
    start = MAE.init_scale * random(0).standard_normal(shape)
    claim, runs = unequal_views, {}
    runs[claim._scratch(1.0)] = supervised_by(1.0, start, 0.86)
    for activity in claim.ACTIVITIES:
        own = supervised_by(activity if decides else 1.0, start, 0.84)
        told = np.tile([1.0, activity], MAE.classes) * np.ones((SEEDS, 1))
        runs[claim._scratch(activity)] = own.assign(own_activity=(("seed", "feature"), told))
        crossing = np.full(shape, np.inf)
        crossing[:, np.arange(MAE.features), np.arange(MAE.features)] = 1.0
        lost = random(1).random((SEEDS, MAE.features)) >= captures
        crossing[:, : MAE.features][np.where(lost)[0], np.where(lost)[1]] = np.inf
        runs[claim._encoder(activity)] = dataset(**kernels(start, crossing))
        runs[claim._tuned(activity)] = dataset(**answers(np.full(SEEDS, 1.0)))
    return runs


def test_unequal_views_are_told_from_equal_ones() -> None:
    found = unequal_views.measure(MAE, unequal_runs())
    assert found.measured is Verdict.SUPPORTED
    assert len(found.details["numbers"]) == 6
    assert all(row["rival_excluded"] for row in found.details["numbers"])
    (curve,) = found.details["curves"]
    assert np.allclose(curve["y"], curve["prediction"], atol=0.1)
    (control, _) = unequal_views.CLAIMS[0].controls["mae"]
    looked = control.look(MAE, unequal_runs())
    assert unequal_views.measure(MAE, looked).measured is Verdict.REFUTED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"decides": False}, id="strength does not matter to labels"),
        pytest.param({"captures": 0.8}, id="pretraining loses views"),
    ],
)
def test_rivals_of_unequal_views_are_refuted(changes: dict[str, object]) -> None:
    assert unequal_views.measure(MAE, unequal_runs(**changes)).measured is Verdict.REFUTED


def test_equal_views_are_the_papers_law() -> None:
    assert unequal_views.regime(MAE, 1.0) is MAE
    own = unequal_views.regime(MAE, 0.3)
    assert own.law == "imperfect"
    assert own.faintness**MAE.power == pytest.approx(0.3)
    legs = unequal_views.legs(MAE)
    assert len(legs) == 7
    assert legs[unequal_views._tuned(0.3)].start == own


# --- CMP.keep


def kept_runs(*, as_loud: bool = False) -> dict[str, xr.Dataset]:
    """Kernels that cross as their hitting times say, of unequal views or as if they were equal."""
    claim, p = faint_view, faint_view.small(TS)
    shape = (SEEDS, p.kernels, p.features)
    start = p.init_scale * random(2).standard_normal(shape)
    zeta = theory.faintness_of(p, claim.ACTIVITY)
    runs = {}
    for name, factor in ((claim.FAINT, zeta), (claim.EQUAL, 1.0)):
        loud = dataset(**kernels(start, np.full(shape, np.inf)), **activities(p, 1.0))
        own = loud.assign(final_time=("seed", np.full(SEEDS, p.horizon)), **activities(p, factor))
        used = own.assign(activities(p, 1.0)) if as_loud else own
        first = claim.alone(p, used)
        crossing = np.where(first[..., None] == np.arange(p.features), 1.0, np.inf)
        runs[name] = own.assign(
            kernels(start, crossing) | {"final_time": own["final_time"].variable}
        )
    return runs


def activities(p, factor: float) -> dict[str, object]:
    """E[1_v A^2] and E[1_v B] of the law, the last view of every class `factor` as loud."""
    moments = law_moments(p)
    loud = np.tile([1.0, factor ** (2 * p.power)], p.classes) * np.ones((SEEDS, 1))
    return {
        "squared_activity": (("seed", "feature"), np.diag(moments.joint) * loud),
        "patch_activity": (("seed", "feature"), moments.patch * loud),
    }


def test_kernels_that_keep_to_their_start_are_told_from_equal_views(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With L2 for the reduced dynamics, which take a second for a seed."""
    monkeypatch.setattr(faint_view, "foretold", faint_view.alone)
    found = faint_view.measure(TS, kept_runs())
    assert found.measured is Verdict.SUPPORTED
    assert all(row["rival_excluded"] for row in found.details["numbers"])
    (control,) = faint_view.CLAIMS[0].controls["teacher-student"]
    assert faint_view.measure(TS, control.look(TS, kept_runs())).measured is Verdict.REFUTED
    assert faint_view.measure(TS, kept_runs(as_loud=True)).measured is Verdict.REFUTED


def test_what_is_foretold_is_the_course_of_every_kernel() -> None:
    """A kernel along one feature crosses for it; between a loud view and its sibling S decides."""
    p = faint_view.small(TS)
    start = np.full((1, 4, p.features), -1e-3)
    start[0, 0, 3] = 3 * p.init_scale  # along a fainter view alone
    start[0, 1, [2, 3]] = np.array([2.0, 2.4]) * p.init_scale
    start[0, 2, 4] = 0.1 * p.init_scale  # too late for T
    run = dataset(
        initial_correlations=(PAIRS, start),
        final_time=("seed", [p.horizon]),
        **{
            name: (dims, values[:1])
            for name, (dims, values) in activities(p, theory.faintness_of(p, 0.3)).items()
        },
    )
    assert faint_view.foretold(p, run).tolist() == [[3, 2, -1, -1]]
    assert faint_view.alone(p, run).tolist() == [[3, 2, -1, -1]]


def test_the_horizon_of_few_kernels_waits_for_no_view() -> None:
    p = faint_view.small(TS)
    assert p.horizon > 0
    assert p.deadline == 0
    legs = faint_view.legs(TS)
    assert legs[faint_view.FAINT].parameters.horizon == legs[faint_view.EQUAL].parameters.horizon


# --- CMP.angle

ANGLES = {0.03: 0.88, 0.05: 0.95, 0.1: 1.0}
"""What is foretold at every angle, and 0.86 at a right one."""


def angle_runs(accuracy) -> dict[str, xr.Dataset]:
    """Supervised learning at every angle."""
    shape = (SEEDS, MAE.kernels, MAE.features)
    start = np.zeros(shape)
    return {
        oblique_views._name(cosine): dataset(
            **kernels(start, np.full(shape, np.inf)),
            **answers(accuracy(cosine) + 0.01 * random(3).standard_normal(SEEDS).clip(-1, 0)),
        )
        for cosine in oblique_views.COSINES
    }


def said_of_angles(parameters, runs, scale=1.0, alignment=0.0) -> Foretold:
    """The flow's word in these tests."""
    assert parameters.law == "multi-view"
    right = np.full(SEEDS, ANGLES.get(alignment, 0.86))
    views = np.ones((SEEDS, 8, 2))
    return Foretold(right, views, views, np.ones((SEEDS, 8, 2, 1)))


def test_a_loss_that_falls_as_foretold_is_told_from_one_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oblique_views, "foretell", said_of_angles)
    found = oblique_views.measure(MAE, angle_runs(ANGLES.get))
    assert found.measured is Verdict.SUPPORTED
    assert all(row["rival_excluded"] for row in found.details["numbers"])
    (control,) = oblique_views.CLAIMS[0].controls["mae"]
    looked = control.look(MAE, angle_runs(ANGLES.get))
    assert oblique_views.measure(MAE, looked).measured is Verdict.REFUTED
    same = angle_runs(lambda cosine: 0.86)
    assert oblique_views.measure(MAE, same).measured is Verdict.REFUTED


def test_angles_are_those_of_the_law() -> None:
    legs = oblique_views.legs(MAE)
    cosines = [leg.parameters.alignment for leg in legs.values()]
    assert cosines == list(oblique_views.COSINES)
    assert {leg.parameters.framework for leg in legs.values()} == {"supervised"}


# --- CMP.rival


def rival_runs(large: float) -> dict[str, xr.Dataset]:
    """Pretraining is right everywhere, masks from a larger init but for so many errors."""
    claim, steps = larger_init, ("seed", np.full(SEEDS, 100))
    every = {claim.ENCODER: 0.0, claim.TUNED: 0.0, claim.TUNED_FEW: 0.0, claim.SMALL: 0.0}
    every |= dict.fromkeys((claim.LARGE, claim.LARGE_FEW), large)
    every |= dict.fromkeys((claim.PLAIN, claim.PLAIN_FEW), 0.06)
    runs = {
        name: dataset(**answers(np.full(SEEDS, 1 - e)), steps=steps) for name, e in every.items()
    }
    return runs | {claim.SMALL: runs[claim.SMALL].isel(seed=slice(4))}


@pytest.mark.parametrize(("error", "verdict"), [(0.01, Verdict.SUPPORTED), (0.04, Verdict.REFUTED)])
def test_the_strongest_rival_is_equal_or_not(error: float, verdict: Verdict) -> None:
    assert larger_init.measure(MAE, rival_runs(error)).measured is verdict
    (control, _) = larger_init.CLAIMS[0].controls["mae"]
    looked = control.look(MAE, rival_runs(error))
    assert larger_init.measure(MAE, looked).measured is Verdict.REFUTED
    legs = larger_init.legs(MAE)
    assert {leg.seeds for name, leg in legs.items() if name != larger_init.SMALL} == {None}


def test_the_rival_starts_where_the_conditions_sides_are_equal() -> None:
    legs = larger_init.legs(MAE)
    assert legs[larger_init.LARGE].parameters.init_scale == pytest.approx(0.262 * 0.7, rel=0.01)
    assert legs[larger_init.TUNED].start == MAE
    assert "times as fast" in larger_init.predict(MAE)


# --- CMP.noise

LOST = {
    wrong_labels.TUNED: 0.07, wrong_labels.BRIEFLY: 0.02, wrong_labels.LONG: 0.11,
    wrong_labels.MASKED: 0.0, SUPERVISED: 0.2,
}  # fmt: skip


def noisy_runs(lost: dict[str, float]) -> dict[str, xr.Dataset]:
    """Errors that vary by seed around `lost`; with right labels supervised learning's alone."""
    runs = {}
    for number, (name, error) in enumerate(lost.items()):
        spread = error * (1 + 0.5 * random(number).standard_normal(SEEDS)).clip(0, 2)
        train = ("seed", "kind"), np.full((SEEDS, 2), 0.8)
        runs[name] = dataset(**answers(1 - spread), train_accuracy=train)
        right = np.full(SEEDS, 0.87 if name == SUPERVISED else 1.0)
        few = dataset(**answers(right), train_accuracy=train).isel(seed=slice(4))
        runs[wrong_labels.OF_RIGHT_LABELS[name]] = few
    return runs


def test_masks_that_keep_views_are_told_from_equal_learners() -> None:
    found = wrong_labels.measure(MAE, noisy_runs(LOST))
    assert found.measured is Verdict.SUPPORTED
    assert all(row["rival_excluded"] for row in found.details["numbers"])
    (control, _) = wrong_labels.CLAIMS[0].controls["mae"]
    looked = control.look(MAE, noisy_runs(LOST))
    assert wrong_labels.measure(MAE, looked).measured is Verdict.REFUTED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({wrong_labels.TUNED: 0.0}, id="pretraining keeps its views"),
        pytest.param({wrong_labels.MASKED: 0.07}, id="masks lose as many"),
        pytest.param({SUPERVISED: 0.05}, id="supervised learning loses no more"),
        pytest.param({wrong_labels.LONG: 0.02}, id="time does not matter"),
    ],
)
def test_rivals_of_wrong_labels_are_refuted(changes: dict[str, float]) -> None:
    assert wrong_labels.measure(MAE, noisy_runs({**LOST, **changes})).measured is Verdict.REFUTED


def test_wrong_labels_come_after_pretraining() -> None:
    legs = wrong_labels.legs(MAE)
    tuned = legs[wrong_labels.TUNED]
    assert tuned.start == MAE
    assert tuned.parameters.wrong_labels == wrong_labels.WRONG
    brief, long = (legs[n].parameters for n in (wrong_labels.BRIEFLY, wrong_labels.LONG))
    assert long.horizon == pytest.approx(16 * brief.horizon)
    assert legs[wrong_labels.OF_RIGHT_LABELS[wrong_labels.MASKED]].parameters.law == "multi-view"
