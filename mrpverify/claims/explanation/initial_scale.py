"""CMP.init [D]: the gain over supervised learning shrinks with the initial scale; where to?

From a larger init the losing view of a class grows up too before the winner has used up the
residual. The condition "losing view" asks that it does not. Pretraining and supervised learning
start from one init, at which the growth that the condition is about is one half (where it stops to
hold), one and two; the gain is held against the loss that the flow foretells of every seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...judge.findings import Curve, Table, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...objectives.supervised.conditions import init_at_growth
from ...parameters import STAND_INS, Parameters
from ...theory.undefined import two_views
from ..accuracies import GAIN, block_views, resolution, share, single_view, summary
from ..claim import Claim, Control, Runs
from ..controls import NOTHING_HIDDEN
from ..laws.curves import curve
from ..laws.exchange import cycled, exchange, swapped
from ..laws.foretold import foretell
from ..legs import Leg, Legs, fine_tuned, supervised

GROWTHS = (1 / STAND_INS["much_less"].value, 1.0, 2.0)
"""Of the losing view, as the condition has it: where it ends, where its sides are equal, twice."""


def regime(parameters: Parameters, growth: float) -> Parameters:
    """The preset's regime from the init at which a losing view grows so much."""
    return replace(parameters, init_scale=init_at_growth(parameters, growth))


def _encoder(growth: float) -> str:
    return f"encoder, growth {growth:g}"


def _tuned(growth: float) -> str:
    return f"fine-tuned, growth {growth:g}"


def _scratch(growth: float) -> str:
    return f"supervised, growth {growth:g}"


NAMES = (_encoder, _tuned, _scratch)


def legs(parameters: Parameters) -> Legs:
    """Pretraining, its fine-tuning and supervised learning from every init."""
    found: dict[str, Leg] = {}
    for growth in GROWTHS:
        own = regime(two_views(parameters), growth)
        for name, leg in zip(NAMES, (Leg(own), fine_tuned(own), supervised(own)), strict=True):
            found[name(growth)] = leg
    return found


@dataclass(frozen=True, eq=False)
class _Found:
    """One initial scale, by seed: what was gained, what was foretold [seeds]."""

    growth: float
    scale: float
    """sigma_0/varrho."""
    gain: np.ndarray
    foretold: np.ndarray
    """The gain: every error of supervised learning, none of pretraining."""
    at_first: np.ndarray
    """The same of the same draw from the preset's init."""
    accuracies: dict[str, Any]

    @property
    def rival(self) -> Rival:
        """What the gain minus the foretold one would be."""
        if self.growth == 1:
            return Rival("no gain where the condition's sides are equal", -_mean(self.foretold))
        return Rival("the gain of the preset's init", _mean(self.at_first - self.foretold))


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))


def _find(parameters: Parameters, runs: Runs, growth: float) -> _Found:
    """Gains at one initial scale."""
    own = regime(parameters, growth)
    plain, scratch = supervised(own).parameters, runs[_scratch(growth)]
    drawn = runs[_encoder(growth)]  # the start and the images that all three share
    said = foretell(plain, drawn)
    first = foretell(plain, drawn, parameters.init_scale / own.init_scale)
    tuned, right = single_view(runs[_tuned(growth)]), single_view(scratch)
    finest = resolution(parameters)
    return _Found(
        growth,
        own.init_scale / own.linear_from,
        tuned - right,
        1 - said.accuracy,
        1 - first.accuracy,
        {
            "fine-tuned": share(tuned, finest),
            "supervised": share(right, finest),
            "supervised minus foretold": summary(right - said.accuracy, finest),
            "classes with both views, supervised": _mean(
                np.asarray(block_views(plain, scratch).all(-1))
            ),
            "classes with both views, foretold": _mean(said.both),
        },
    )


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Mean over seeds of the paired gain minus the foretold one, at every initial scale."""
    found = [_find(parameters, runs, growth) for growth in GROWTHS]
    return all_numbers(
        [_number(parameters, scale) for scale in found],
        "single-view gain over supervised learning minus foretold",
        [_curve(found), *recorded(ends=_ends(found)), Table("scales", _scales(found))],
    )


def _number(parameters: Parameters, found: _Found) -> Number:
    """The gain at one scale; the band is a quarter of the way to its rival."""
    name = f"sigma_0 = {found.scale:.3g} varrho"
    finest = resolution(parameters)
    return mean_number(name, found.gain - found.foretold, 0.0, found.rival, resolution=finest)


def _curve(found: Sequence[_Found]) -> Curve:
    """Gain over initial scale, with the gain that no larger init would take away."""
    scales = np.array([f.scale for f in found])
    return curve(
        "gain over supervised learning",
        ("sigma_0/varrho", scales),
        ("single-view gain", np.stack([f.gain for f in found], -1)),
        np.array([_mean(f.foretold) for f in found]),
        np.array([_mean(f.at_first) for f in found]),
    )


def _scales(found: Sequence[_Found]) -> list[dict[str, Any]]:
    """Accuracies behind every gain."""
    return [{"sigma_0/varrho": f.scale, "growth": f.growth, **f.accuracies} for f in found]


def _ends(found: Sequence[_Found]) -> dict[str, float | None]:
    """sigma_0/varrho at which the mean gain falls to GAIN, and where the condition ends."""
    scales = np.array([f.scale for f in found])
    return {
        "gain measured": falls_to(scales, np.array([_mean(f.gain) for f in found])),
        "gain foretold": falls_to(scales, np.array([_mean(f.foretold) for f in found])),
        "condition": found[0].scale,
        "condition, sides equal": found[1].scale,
    }


def falls_to(scales: np.ndarray, gains: np.ndarray, level: float = GAIN) -> float | None:
    """Where `gains` at increasing `scales` first fall to `level`, between two; None if nowhere.

    Straight between the logarithms of two scales.
    """
    below = np.flatnonzero(gains <= level)
    if not len(below) or below[0] == 0:
        return None
    after = int(below[0])
    share = (gains[after - 1] - level) / (gains[after - 1] - gains[after])
    low, high = np.log(scales[after - 1 : after + 1])
    return float(np.exp(low + share * (high - low)))


def predict(parameters: Parameters) -> str:
    """Prediction for CMP.init, one sentence."""
    p = parameters
    admitted, equal = (init_at_growth(p, g) / p.linear_from for g in GROWTHS[:2])
    return (
        "every seed gains what the flow of its own views says that supervised learning loses; the "
        f"condition on the losing view ends at sigma_0/varrho = {admitted:.2f}, its sides are "
        f"equal at {equal:.2f}, and a gain is left there"
    )


def _other_scales(parameters: Parameters, runs: Runs) -> Runs:
    """Every scale with the runs of the next one."""
    del parameters
    places: dict[str, str] = {}
    for name in NAMES[1:]:
        places |= cycled([name(growth) for growth in GROWTHS])
    return exchange(runs, places)


def _each_other(parameters: Parameters, runs: Runs) -> Runs:
    """Fine-tuned and supervised runs in each other's place, at every scale."""
    del parameters
    tuned, scratch = ([name(growth) for growth in GROWTHS] for name in NAMES[1:])
    return exchange(runs, swapped(tuned, scratch))


EACH_OTHER = Control(
    "fine-tuned and supervised in each other's place",
    "what pretraining gains supervised learning loses",
    look=_each_other,
)
OTHER_SCALE = Control(
    "accuracies of another init",
    "the gain from one initial scale is not that from another",
    look=_other_scales,
)

CLAIMS = (
    Claim(
        id="CMP.init",
        name="explanation.initial_scale",
        statement="the gain over supervised learning shrinks with the initial scale as the flow "
        "of its own views says, and outlives the condition on the losing view",
        provenance="[D] laws2, L12; section 1, few losing views grow",
        role="finding",
        role_reason="the paper's theorem starts from a small init; what a larger one leaves is new",
        horizon="T",
        measure=measure,
        controls={"mae": (OTHER_SCALE, EACH_OTHER, NOTHING_HIDDEN)},
        prediction=predict,
        order=20,
        legs=legs,
        relies_on=("supervised", "fine-tuning"),
    ),
)
