"""L12 [D]: what supervised learning knows of single-view images at finite size, seed by seed.

Its leading term is (1 + (1-s/k)^{k-1})/2, not 1/2: with one view learned per class, an image that
shows the other one is still right where no learned feature of another class is in it. Some classes
learn both views, and the closed flow of the own-view correlations says which: from a seed's own
initial correlations, its counts of images of every kind and the activity of their views.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...parameters import Parameters
from ...theory.supervised import asymptotic_single_view_error, single_view_accuracy
from ...theory.undefined import two_views
from ..accuracies import block_views, single_view
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve
from .exchange import backwards, exchange
from .foretold import foretell
from .regimes import conditions, plain_supervised

PRESENCES = (0.05, 0.1, 0.15, 0.2)
"""s/k: up to the sparse presence that the theory assumes."""
ACCURACY_BAND = 0.015
"""Of a mean difference: closure 0.001, scatter of a seed 0.02/sqrt 24, its test images (laws2)."""
VIEWS_BAND = 0.06
"""Of the share of classes that hold what was predicted: their near ties fall on either side."""
BOTH_BAND = 0.03
"""Of the share of classes that hold both views."""


def regime(parameters: Parameters, presence: float) -> Parameters:
    """The plain supervised run at one s.

    With m = 8 hardly any class lacks a kernel that can start (2^{-2m}).
    """
    return plain_supervised(parameters, presence, kernels_per_class=8, test_images=2000)


def legs(parameters: Parameters) -> Legs:
    """One supervised run at every presence."""
    p = two_views(parameters)
    return {_name(share): Leg(regime(p, share)) for share in PRESENCES}


def _name(presence: float) -> str:
    return f"s/k = {presence:g}"


def _numbers(parameters: Parameters, name: str, runs: xr.Dataset) -> list[Number]:
    """Accuracy, learned views and share of both, measured against what was foretold."""
    p, said = parameters, foretell(parameters, runs)
    held = block_views(p, runs)
    plain = Rival("one view a class", float(np.nanmean(single_view_accuracy(p) - said.accuracy)))
    agree = _agree(held, said.views)
    simple = Rival("the larger initial correlation", float(_agree(held, said.larger).mean()))
    none = Rival("no second view", -float(np.nanmean(said.both)))
    return [
        mean_number(
            f"accuracy minus foretold, {name}",
            single_view(runs) - said.accuracy,
            0.0,
            plain,
            (-ACCURACY_BAND, ACCURACY_BAND),
            1 / p.test_images,
        ),
        mean_number(
            f"classes with the foretold views, {name}",
            agree,
            1.0,
            simple,
            (1 - VIEWS_BAND, 1 + VIEWS_BAND),
            1 / p.classes,
        ),
        mean_number(
            f"share of both minus foretold, {name}",
            held.all(-1).mean(-1) - said.both,
            0.0,
            none,
            (-BOTH_BAND, BOTH_BAND),
            1 / p.classes,
        ),
    ]


def _agree(held: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Share of classes that hold exactly the said views [seeds], NaN where nothing is said."""
    share = (held == said).all(-1).mean(-1)
    return np.where(np.isnan(said).any((-1, -2)), np.nan, share)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Accuracy, learned views and classes with both of them, at every s, seed by seed."""
    laws = {_name(share): regime(parameters, share) for share in PRESENCES}
    numbers: Sequence[Number] = [
        number for name, p in laws.items() for number in _numbers(p, name, runs[name])
    ]
    measured = np.stack([single_view(runs[name]) for name in laws], -1)
    plain = np.array([single_view_accuracy(p) for p in laws.values()])
    limit = 1 - asymptotic_single_view_error(regime(parameters, PRESENCES[0]))
    shown = curve(
        "single-view images",
        ("s/k", np.array(PRESENCES)),
        ("accuracy", measured),
        plain,
        np.full(len(PRESENCES), limit),
    )
    learned = [block_views(p, runs[name]) for name, p in laws.items()]
    beside = (
        shown,
        *recorded(
            share_of_classes_with_one_view=[float((v.sum(-1) == 1).mean()) for v in learned],
            without_second_views=list(map(float, plain)),
        ),
    )
    return all_numbers(numbers, "single-view images of supervised learning", beside)


def _reversed(parameters: Parameters, runs: Runs) -> Runs:
    """The runs in reverse order of s."""
    return exchange(runs, backwards([_name(share) for share in PRESENCES]))


def _of_another_seed(parameters: Parameters, runs: Runs) -> Runs:
    """Every run as if its kernels had begun where those of the next seed did."""
    del parameters
    return {
        name: run.assign(initial_correlations=run["initial_correlations"].roll(seed=-1))
        for name, run in runs.items()
    }


def _undivided(parameters: Parameters, runs: Runs) -> Runs:
    """Every kernel as close to one view of a class as to the other, and from the same time on."""

    def both(values: xr.DataArray, better: Callable[..., np.ndarray]) -> xr.DataArray:
        by_class = values.values.reshape(*values.shape[:-1], -1, parameters.views)
        one = np.broadcast_to(better(by_class, axis=-1, keepdims=True), by_class.shape)
        return values.copy(data=one.reshape(values.shape))

    return {
        name: run.assign(
            final_correlations=both(run["final_correlations"], np.max),
            crossing_time=both(run["crossing_time"], np.min),
        )
        for name, run in runs.items()
    }


UNDIVIDED = Control(
    "views told apart by no kernel", "then every class holds both, or none", look=_undivided
)
OTHER_PRESENCE = Control(
    "runs at another s", "the accuracy at one s is not that at another", look=_reversed
)
OTHER_DRAW = Control(
    "foretold from another seed's kernels",
    "which views a class learns is decided by what its own kernels drew",
    look=_of_another_seed,
)

CLAIMS = (
    Claim(
        id="L12",
        name="laws.L12",
        statement="the closed flow of a seed's own-view correlations tells which classes learn one "
        "view and which both, and its single-view accuracy",
        provenance="[D] section 4, L12; laws2",
        role="gate",
        role_reason="the paper's one half is a limit; this is its value at the size that is run",
        horizon="T",
        measure=measure,
        controls={"supervised": (OTHER_PRESENCE, OTHER_DRAW, UNDIVIDED)},
        order=12,
        legs=legs,
        conditions=conditions,
    ),
)
