"""AUG.rate [D]: the second view grows like theta (1 - theta)^{C_p}, with SL's exponent in c_0.

One kernel a class that has learned view 1 and starts at c_0 on view 2: when does it cross? Four
theta at three C_p, and two smaller c_0; images show both views of their class, without noise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...judge.slopes import log_slopes
from ...objectives.masked_supervised.theory import hidden_share, second_view_time
from ...parameters import Parameters
from ..claim import Claim, Control, Runs
from ..laws.curves import curve
from ..laws.exchange import backwards, exchange, swapped
from ..laws.regimes import conditions, fixed_strength, siblings
from ..legs import Leg, Legs, masked_supervised

COUNTS = (1, 2, 3)
SHARES = (0.2, 1 / 3, 0.5, 0.7)
START = 0.02
"""c_0/varrho of the sweep over theta."""
SMALL = (START, START / 2, START / 4)
"""c_0/varrho of the exponent, at the theta that is best for C_p = 2."""
LEARNED = 40.0
"""Correlation with view 1: wherever one of its patches is seen nothing is left to learn."""
STEPS = 600
"""Of a predicted crossing time."""
LARGEST_STEP = 4.0
EXPONENT_BAND = (0.05, 0.25)
"""Above and below -(q-2): the exponent is approached from below (laws2, AUG)."""


def regime(parameters: Parameters, count: int, visible: float, start: float) -> Parameters:
    """View 1 at LEARNED, view 2 at start varrho, on images of one class each."""
    p = parameters
    plain = siblings(
        p,
        patches_per_feature=count,
        classes=4,
        kernels_per_class=1,
        images=64,
        visible=visible,
        init="features",
        init_scale=LEARNED,
        second_view=start * p.linear_from / LEARNED,
        **fixed_strength(),
    )
    time = second_view_time(plain, start * p.linear_from)
    step = min(time / STEPS, LARGEST_STEP)
    own = masked_supervised(plain).parameters
    return replace(own, step=step, horizon=2 * time, max_steps=int(2 * time / step) + 2)


def legs(parameters: Parameters) -> Legs:
    """Every theta at every C_p, and smaller starts at one."""
    found = {
        _name(count, visible, START): Leg(regime(parameters, count, visible, START))
        for count in COUNTS
        for visible in SHARES
    }
    return found | {
        _name(2, 1 / 3, start): Leg(regime(parameters, 2, 1 / 3, start)) for start in SMALL
    }


def _name(count: int, visible: float, start: float) -> str:
    return f"C_p = {count}, theta = {visible:.3g}, c_0 = {start:g} varrho"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Slopes of log T_2 over theta and over c_0, and T_2 over its prediction, in every seed."""
    numbers, curves = [], []
    for count in COUNTS:
        cells = [(regime(parameters, count, v, START), _name(count, v, START)) for v in SHARES]
        time = np.stack([_slowness(p, runs, name) for p, name in cells], -1)  # [seeds, shares]
        share = np.array([hidden_share(p) for p, _ in cells])
        once = np.array([p.mask_law.one_beside(1) for p, _ in cells])
        name = f"slope over theta (1-theta)^C_p at C_p = {count}"
        numbers.append(mean_number(name, log_slopes(share, time), -1.0, _rival(count, share, once)))
        expected = np.array([_predicted(p) for p, _ in cells])
        shown = ("theta (1 - theta)^C_p", share), ("T_2 times its activity", time)
        other = expected[0] * once[0] / once
        curves.append(curve(f"C_p = {count}", *shown, expected, other, logarithmic=True))
    numbers += [_amplitude(parameters, runs), _exponent(parameters, runs)]
    return all_numbers(numbers, "time of the second view", curves)


def _rival(count: int, share: np.ndarray, once: np.ndarray) -> Rival:
    """The slope if one hidden patch of view 1 were enough; with one patch, no effect of masks."""
    if count == 1:
        return Rival("no effect of masks", 0.0)
    return Rival("one hidden patch is enough", float(log_slopes(share, 1 / once[None])[0]))


def _slowness(p: Parameters, runs: Runs, name: str) -> np.ndarray:
    """T_2 times E[1_y A] of its drawn images, mean over classes [seeds]; NaN if one is open.

    A class that no image shows is left out.
    """
    run = runs[name]
    times = np.diagonal(run["crossing_time"].values[:, :, 1 :: p.views], axis1=1, axis2=2)
    activity = run["own_activity"].values[:, 1 :: p.views]
    with np.errstate(invalid="ignore"):
        found = np.where(activity > 0, times * activity, np.nan)
    return np.where(np.isinf(found).any(1), np.nan, np.nanmean(found, 1))


def _predicted(p: Parameters) -> float:
    """The same, predicted: T_2 times S/k, S = C_p^{1-q} for equal patches of sum z = 1."""
    start = p.init_scale * p.second_view
    activity = float(p.patches_per_feature ** (1 - p.power)) / p.classes
    return second_view_time(p, start) * activity


def _amplitude(parameters: Parameters, runs: Runs) -> Number:
    """T_2 over its prediction at the smallest start."""
    p = regime(parameters, 2, 1 / 3, SMALL[-1])
    ratio = _slowness(p, runs, _name(2, 1 / 3, SMALL[-1])) / _predicted(p)
    rival = Rival("a first view that need not be hidden", p.mask_law.hidden_beside(2))
    return mean_number("T_2 over its prediction", ratio, 1.0, rival)


def _exponent(parameters: Parameters, runs: Runs) -> Number:
    """Slope of log T_2 over log c_0 between the two smallest."""
    larger, smaller = SMALL[-2:]
    cells = [(regime(parameters, 2, 1 / 3, s), _name(2, 1 / 3, s)) for s in (larger, smaller)]
    one, other = (_slowness(p, runs, name) for p, name in cells)
    n, (above, below) = -(parameters.power - 2.0), EXPONENT_BAND
    slope = np.log(one / other) / np.log(larger / smaller)
    rival = Rival("exponent of MAE", n - 1)
    return mean_number("exponent in c_0", slope, n, rival, (n - below, n + above))


def _other_count(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of one C_p in the place of another's."""
    del parameters
    one, other = ([_name(count, v, START) for v in SHARES] for count in (1, 3))
    return exchange(runs, swapped(one, other))


def _other_share(parameters: Parameters, runs: Runs) -> Runs:
    """The thetas of every C_p, and the two smallest starts, in each other's place."""
    del parameters
    rows = [[_name(count, v, START) for v in SHARES] for count in COUNTS]
    rows.append([_name(2, 1 / 3, start) for start in SMALL[1:]])
    places = {name: other for row in rows for name, other in backwards(row).items()}
    return exchange(runs, places)


OTHER_SHARE = Control(
    "runs of other theta and c_0",
    "theta (1-theta)^C_p orders the times, and a smaller start takes longer",
    look=_other_share,
)
OTHER_COUNT = Control(
    "runs of another C_p",
    "with one patch a view masks at theta = 0.7 are no hindrance, with three they are",
    look=_other_count,
)

CLAIMS = (
    Claim(
        id="AUG.rate",
        name="explanation.rate",
        statement="the second view grows like theta (1-theta)^{C_p}, T_2 ~ c_0^{-(q-2)}",
        provenance="[D] laws2, AUG",
        role="finding",
        role_reason="why a mask with labels learns what labels alone do not",
        horizon="crossing",
        measure=measure,
        controls={"supervised": (OTHER_COUNT, OTHER_SHARE)},
        order=3,
        legs=legs,
        conditions=conditions,
    ),
)
