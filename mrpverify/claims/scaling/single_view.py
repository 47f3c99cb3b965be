"""S.single [R; finite size D]: of single-view images supervised learning keeps one half as k grows.

Each class learns one view, and an image that shows the other one is right by its weak rest unless a
learned feature of another class is in it: (1 + (1 - s/k)^{k-1})/2 (L12), which tends to 1/2 with s
= polylog k and to (1 + e^{-s})/2 with a constant s. Multi-view images stay right. Pretraining
captures all features as k grows (S.capture), so that after fine-tuning single-view images are right
too. Both are foretold of each seed from what it drew, before any training.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Curve, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import ABOVE_ZERO, Number, Rival, all_numbers, mean_number
from ...observe.accuracy import by_class
from ...parameters import Parameters
from ...records.drawn import initial_correlations
from ...theory.condition import Condition
from ...theory.coverage_time import kernel_times
from ...theory.supervised import single_view_accuracy
from ...theory.supervised_flow import accuracy
from ...theory.theorem2 import accuracy_of_views
from ...theory.undefined import two_views
from ..accuracies import captured_views, kinds_exchanged, multi_view, of_one_view, single_view
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..laws.curves import curve
from ..laws.foretold import Foretold, foretell
from ..legs import Leg, Legs, fine_tuned, supervised
from . import capture
from .path import PER_CLASS, kept, on_path, sizes_to_the_end

PRESENCE = 0.19
"""s/k at the least k: nearly as much as the conditions allow, so that the limit is in sight."""
START = 0.06
"""sigma_0/varrho of supervised learning at the preset's own k: T goes with its inverse."""
TOLERANCE = 1e-2
"""Of the flow: accuracies do not hang on it (exploration)."""
TEST_IMAGES = 1000
SEEDS = 16
"""As many as a mean needs."""
DRAWS = 64
"""Draws of the kernels that are foretold on the images of every seed: at k = 4 the mean of one
accuracy over 16 seeds has a standard error of 0.03, that of so many draws 0.004."""
FEWER = capture.FEWER
"""m that a figure shows beside it, at every k."""
MULTI_VIEW_BAND = 0.02
"""Of multi-view accuracy, at most: a class in fifty of which nothing is known."""

Row = dict[str, Any]


def law(parameters: Parameters) -> Parameters:
    """The preset with the s of this path, PRESENCE at its least k."""
    least, k = sizes_to_the_end(parameters)[0], parameters.classes
    return replace(parameters, off_class=PRESENCE * least * log(k) / log(least))


def supervised_leg(parameters: Parameters, classes: int) -> Leg:
    """Supervised learning at k = `classes`, up to twice the time of its slowest class."""
    p = on_path(
        law(parameters), classes, capture.CONSTANT, init_scale=START * parameters.linear_from,
        horizon_factor=2.0, method="flow", tolerance=TOLERANCE, test_images=TEST_IMAGES,
    )  # fmt: skip
    return replace(supervised(replace(p, images=PER_CLASS * classes)), seeds=SEEDS)


def same_s(parameters: Parameters, classes: int) -> Leg:
    """The same with the s of the least k."""
    leg, least = supervised_leg(parameters, classes), sizes_to_the_end(parameters)[0]
    return Leg(replace(leg.parameters, off_class=PRESENCE * least), seeds=CONTROL_SEEDS)


def pretraining(parameters: Parameters, classes: int) -> Parameters:
    """The regime of S.capture with the s of this path, until nearly all kernels have crossed."""
    return capture.regime(law(parameters), classes)


def tuned_leg(pretrained: Parameters) -> Leg:
    """Fine-tuning what was pretrained, on as many labelled images as supervised learning has."""
    images = PER_CLASS * pretrained.classes
    leg = fine_tuned(pretrained, images=images, test_images=TEST_IMAGES)
    return replace(leg, seeds=SEEDS)


def tuned_sizes(parameters: Parameters) -> tuple[int, ...]:
    """k of pretraining: without the largest, which costs most."""
    return sizes_to_the_end(parameters)[:-1]


def legs(parameters: Parameters) -> Legs:
    """The runs of a framework at every k, and those of supervised learning's control."""
    parameters = two_views(parameters)
    if parameters.framework == "supervised":
        every = sizes_to_the_end(parameters)
        path = {_name(k): supervised_leg(parameters, k) for k in every}
        return {**path, **{_other(k): same_s(parameters, k) for k in every[1:]}}
    found: dict[str, Leg] = {}
    for k in tuned_sizes(parameters):
        own = pretraining(parameters, k)
        found |= {_name(k): tuned_leg(own), _before(k): Leg(own, seeds=SEEDS)}
    return found


def _name(classes: int) -> str:
    return f"k = {classes}"


def _other(classes: int) -> str:
    return f"k = {classes}, control"


def _before(classes: int) -> str:
    return f"pretraining of {_name(classes)}"


@dataclass(frozen=True, eq=False)
class Found:
    """What is known and said of one k."""

    classes: int
    right: np.ndarray
    """Accuracy on single-view images [seeds]."""
    said: np.ndarray
    """What was foretold of it [seeds]."""
    whole: np.ndarray
    """On multi-view images [seeds]."""
    whole_said: np.ndarray
    """What was foretold of that [seeds]."""
    typical: np.ndarray
    """Mean of what is foretold of many such runs on the images of a seed [seeds]: with what its run
    adds to what was foretold of itself, the value that is judged. So little as it is known, it is
    in the interval."""
    prediction: float
    """The same of runs as the claim speaks of."""
    rival: Rival
    unchanged: float
    """The same with the s, or the m, of the least k: what a figure shows beside it."""


def supervised_at(parameters: Parameters, classes: int, run: xr.Dataset) -> Found:
    """Supervised learning: the closed flow of the seed's own draw, and that at the least s."""
    p = supervised_leg(parameters, classes).parameters
    said, whole = foretell(p, run), multi_view(run)
    expected, rival = float(np.nanmean(said.accuracy)), Rival("1/2 at every k", 0.5)
    least, unchanged = same_s(parameters, classes).parameters, expected
    if least.off_class < p.off_class:
        unchanged = _at_another_s(least, said)
        rival = Rival("as at the least s", unchanged)
    return Found(
        classes=classes,
        right=single_view(run),
        said=said.accuracy,
        whole=whole,
        whole_said=np.ones_like(whole),
        typical=np.full_like(whole, expected),
        prediction=expected,
        rival=rival,
        unchanged=unchanged,
    )


def _at_another_s(p: Parameters, said: Foretold) -> float:
    """Mean accuracy of what the seeds learn on images with the s of `p`."""
    known = [end for end in said.ends if np.isfinite(end).all()]
    return float(np.mean([accuracy(p, end) for end in known]))


def tuned_at(parameters: Parameters, classes: int, runs: Runs) -> Found:
    """Fine-tuning: what views that pretraining is foretold to hold make of single-view images."""
    p, run, before = pretraining(parameters, classes), runs[_name(classes)], runs[_before(classes)]
    rates, starting = capture.rates_of(p, before), before["initial_correlations"].values
    own = held_views(p, starting, rates)
    draws = _drawn(p, before)
    typical = _expected(p, draws, rates, p.kernels_per_class)
    return Found(
        classes=classes,
        right=single_view(run),
        said=accuracy_of_views(p, own),
        whole=multi_view(run),
        whole_said=own.any(-1).mean(-1),
        typical=typical,
        prediction=float(typical.mean()),
        rival=Rival("one view a class", single_view_accuracy(p)),
        unchanged=float(_expected(p, draws, rates, FEWER).mean()),
    )


def _drawn(p: Parameters, run: xr.Dataset) -> list[np.ndarray]:
    """C(0) of further draws of kernels for the seeds of a run [seeds, kernels, features] each."""
    seeds, salt = [int(seed) for seed in run["seed"].values], str(run.attrs["salt"])
    members = (replace(p, member=member) for member in range(1, 1 + DRAWS))
    return [initial_correlations(member, salt, seeds) for member in members]


def _expected(p: Parameters, draws: list[np.ndarray], rates: np.ndarray, m: int) -> np.ndarray:
    """Mean accuracy over the draws by the first m kernels of every class [seeds]."""
    own = np.arange(p.kernels) % p.kernels_per_class < m
    views = [held_views(p, draw[:, own], rates) for draw in draws]
    return np.asarray(np.mean([accuracy_of_views(p, held) for held in views], 0))


def held_views(p: Parameters, starting: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Views that a kernel has crossed for by T, by L2 and L6 [seeds, classes, views], bool.

    From C(0) [seeds, kernels, features] and R_v of the drawn images [seeds, features].
    """
    few = replace(p, kernels_per_class=starting.shape[1] // p.classes)
    times = [kernel_times(few, c, rate) for c, rate in zip(starting, rates, strict=True)]
    crossed = np.asarray((np.stack(times) < p.horizon).any(1))
    return by_class(crossed, p.views)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Single-view accuracy at every k, its rise, and multi-view accuracy at the largest."""
    if parameters.framework == "supervised":
        every = sizes_to_the_end(parameters)
        found = [supervised_at(parameters, k, runs[_name(k)]) for k in every]
    else:
        found = [tuned_at(parameters, k, runs) for k in tuned_sizes(parameters)]
    numbers = [*(_single(one) for one in found), _multi(found[-1])]
    if parameters.framework != "supervised":
        numbers.append(_rise(found[0], found[-1]))
    means = recorded(
        multi_view={one.classes: float(one.whole.mean()) for one in found},
        single_view={one.classes: float(one.right.mean()) for one in found},
    )
    return all_numbers(numbers, "accuracy on images of one view", [*means, _curve(found)])


def _judged(one: Found) -> np.ndarray:
    """What is foretold of many draws and what a seed adds to what was foretold of it [seeds].

    What is foretold is the control variate of an accuracy: its mean is that of the accuracy, and
    the luck of the draw is out of it. As drawn the means stand in the record (`single_view`).
    """
    return np.asarray(one.right - one.said + one.typical)


def _single(one: Found) -> Number:
    """Its interval is that of what training adds: what a seed drew is known."""
    name = f"single-view accuracy at k = {one.classes}"
    return mean_number(name, _judged(one), one.prediction, one.rival, resolution=1 / TEST_IMAGES)


def _rise(least: Found, largest: Found) -> Number:
    """What accuracy gains with k. Every level may lie in its band without: a rise is asked for."""
    seeds = min(len(least.right), len(largest.right))
    return mean_number(
        f"rise of single-view accuracy from k = {least.classes} to {largest.classes}",
        _judged(largest)[:seeds] - _judged(least)[:seeds],
        largest.prediction - least.prediction,
        Rival("as at the least k", 0.0),
        (ABOVE_ZERO, 1.0),
        1 / TEST_IMAGES,
    )


def _multi(one: Found) -> Number:
    """Multi-view images, right where a view of their class is known."""
    expected = float(one.whole_said.mean())
    values, rival = one.whole - one.whole_said + expected, Rival("as single-view", one.prediction)
    half = min(MULTI_VIEW_BAND, abs(expected - one.prediction) / 4)
    name, band = f"multi-view accuracy at k = {one.classes}", (expected - half, expected + half)
    return mean_number(name, values, expected, rival, band, 1 / TEST_IMAGES)


def _curve(found: list[Found]) -> Curve:
    """Single-view accuracy over k, as it is judged."""
    seeds = min(len(one.right) for one in found)
    return curve(
        "single-view images",
        ("k", np.array([one.classes for one in found])),
        ("accuracy", np.stack([_judged(one)[:seeds] for one in found], -1)),
        np.array([one.prediction for one in found]),
        np.array([one.unchanged for one in found]),
    )


def _control_runs(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of the control in the place of the path's, where it has some."""
    del parameters
    return {name: runs.get(f"{name}, control", run) for name, run in runs.items()}


def _missed_views(parameters: Parameters, runs: Runs) -> Runs:
    """Test images that show one view alone, one that pretraining did not capture, and no others."""
    found = dict(runs)
    for k in tuned_sizes(parameters):
        p, run = pretraining(parameters, k), runs[_name(k)]
        missed = ~captured_views(p, runs[_before(k)])
        shown = np.concatenate([np.ones_like(missed[..., :1]), missed], -1)  # multi-view first
        keep = xr.DataArray(shown, dims=("seed", "class", "shown"))
        own = {name: run[name].where(keep, 0) for name in ("test_correct", "test_number")}
        found[_name(k)] = of_one_view(run.assign(own))
    return found


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k that is run."""
    if parameters.framework == "supervised":
        laws = [supervised_leg(parameters, k).parameters for k in sizes_to_the_end(parameters)]
    else:
        laws = [pretraining(parameters, k) for k in tuned_sizes(parameters)]
    return tuple(c for p in laws for c in kept(p))


SAME_S = Control(
    "s as at the least k",
    "with as many foreign features at every k an unknown view is as often undisturbed",
    look=_control_runs,
)
UNKNOWN_VIEWS = Control(
    "images of views that pretraining missed",
    "a view that no kernel holds after pretraining is known by its weak rest at best",
    look=_missed_views,
)


OTHER_KIND = Control(
    "images of one and of every view in each other's place",
    "an image that shows every view is known by any of them, and one that does not is not",
    look=lambda parameters, runs: {name: kinds_exchanged(run) for name, run in runs.items()},
)

CLAIMS = (
    Claim(
        id="S.single",
        name="scaling.single",
        statement="as k grows single-view accuracy of supervised learning falls towards 1/2, with "
        "s = polylog k, that of fine-tuned pretraining rises towards 1, as derived; multi-view "
        "images are right",
        provenance="[A] abstract, [R]; finite size L12, SC [D]",
        role="gate",
        role_reason="the paper's comparison is a statement about k to infinity",
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (UNKNOWN_VIEWS,),
            "supervised": (SAME_S, OTHER_KIND),
        },
        order=3,
        legs=legs,
        conditions=conditions,
    ),
)
