"""L8 [D]: with target "masked" the drive is proportional to 1 - theta.

Siblings fuse late iff theta < theta_c = (2C_p-2)/(2C_p-1). The threshold is bisected at two numbers
of patches on the sign of the late drive of the second view; the proportionality fitted over four
mask ratios; nothing is learned at theta = 1 or C_p = 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, bracket_number, mean_number, share_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters
from ...theory.mae_masks import fusion_threshold
from ..claim import Asks, Claim, Control, Runs
from ..legs import Leg, Legs
from .bisection import Bisection, bisected, rounds_table
from .curves import curve
from .exchange import backwards, exchange
from .l3_threshold import leader_grows
from .one_kernel import late_drive, one_kernel
from .regimes import alone, conditions, room, stepped

PATCHES = (2, 3)
"""C_p of the bisections."""
ROUNDS = 6
RANGE = {"bernoulli": (0.3, 1.0), "fixed": (0.25, 1.0)}
"""theta in which the threshold is looked for."""
FINE = 256
"""P of masks of fixed size in a search: ROUNDS halvings of their range end in whole n."""
VISIBLE = (0.2, 0.4, 0.6, 0.8)
"""theta of the fit of the drive."""
NO_MASK, NO_PARTNER = "theta = 1", "C_p = 1"


def fusing(parameters: Parameters, patches: int, visible: float) -> Parameters:
    """One kernel on one view, with patches enough for every theta of a search where P matters."""
    own: dict[str, Any] = {"patches_per_feature": patches, "visible": visible, "target": "masked"}
    if parameters.masks == "fixed":
        own["patches"] = FINE
    return one_kernel(parameters, **own)


def searches(parameters: Parameters) -> list[Bisection]:
    """theta_c at every C_p; `grows` is fusion turned round, as it ends where theta is large."""
    return [
        Bisection(
            f"theta_c at C_p = {patches}",
            *RANGE[parameters.masks],
            ROUNDS,
            lambda x, c=patches: Leg(fusing(parameters, c, x)),  # type: ignore[misc]
            lambda run, c=patches: late_drive(fusing(parameters, c, 0.5), run) <= 0,  # type: ignore[misc]
        )
        for patches in PATCHES
    ]


def plateau(parameters: Parameters, **changes: object) -> Parameters:
    """One step from a small start, of one size at every mask ratio."""
    own: dict[str, Any] = {"target": "masked", "bias": False, "decoder": "tied-init"}
    if parameters.masks == "fixed":
        own["patches"] = room(parameters, 1, visible=0.1)  # every theta of these runs is whole
    p = alone(parameters, visible=0.5, init_scale=0.02 * parameters.linear_from, **own)
    p = stepped(p)
    return replace(p, max_steps=1, **changes)  # type: ignore[arg-type]


def legs(parameters: Parameters) -> Legs:
    """The plateau at every mask ratio, and the two regimes without a drive."""
    own = {_name(theta): Leg(plateau(parameters, visible=theta)) for theta in VISIBLE}
    own[NO_MASK] = Leg(plateau(parameters, visible=1.0))
    own[NO_PARTNER] = Leg(_without_partner(plateau(parameters)))
    return own


def _without_partner(p: Parameters) -> Parameters:
    """One patch a feature."""
    return replace(p, patches_per_feature=1, patches=1 if p.masks == "bernoulli" else p.patches)


def _name(theta: float) -> str:
    return f"plateau at theta = {theta:g}"


def moved(run: xr.Dataset) -> np.ndarray:
    """Largest relative growth of a correlation in the step [seeds]."""
    before, after = (run[f"{when}_correlations"].values for when in ("initial", "final"))
    return np.asarray(((after - before) / np.abs(before).max((1, 2), keepdims=True)).max((1, 2)))


def asks(parameters: Parameters) -> Asks:
    """Bisects theta_c beside the runs of the plateau, and measures both."""
    runs = yield from bisected(searches(parameters), legs(parameters))
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Brackets of theta_c, slope of the drive in 1 - theta, and where there is none."""
    numbers = []
    for patches, search in zip(PATCHES, searches(parameters), strict=True):
        expected = fusion_threshold(fusing(parameters, patches, 0.5))
        below, above = search.bracket(runs)
        always = Rival("siblings fuse at any mask ratio", 1.0)
        numbers.append(bracket_number(search.name, below, above, expected, always))
    hidden = 1 - np.array(VISIBLE)
    drive = np.stack([moved(runs[_name(theta)]) for theta in VISIBLE], -1)
    pairs = Rival("(1 - theta)^2: masked once as input, once as target", 2.0)
    numbers.append(mean_number("power of 1 - theta", log_slopes(hidden, drive), 1.0, pairs))
    learns = Rival("something is learned", 0.0)
    for name in (NO_MASK, NO_PARTNER):
        numbers.append(share_number(f"no growth at {name}", ~leader_grows(runs[name]), learns))
    shown = curve(
        "drive on the plateau",
        ("1 - theta", hidden),
        ("growth in one step, over that at the largest", drive / drive[:, :1]),
        hidden / hidden[0],
        (hidden / hidden[0]) ** 2,
        logarithmic=True,
    )
    rounds = {search.name: rounds_table(search, runs) for search in searches(parameters)}
    return all_numbers(numbers, "masks", [*recorded(rounds=rounds), shown])


def _swapped(parameters: Parameters, runs: Runs) -> Runs:
    """The bisection of one C_p in the place of the other's."""
    one, other = (f"theta_c at C_p = {patches} at " for patches in PATCHES)
    back = {one: other, other: one}

    def renamed(name: str) -> str:
        for prefix, new in back.items():
            if name.startswith(prefix):
                return new + name.removeprefix(prefix)
        return name

    return {renamed(name): run for name, run in runs.items()}


def _reversed(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of the plateau in reverse order of theta, one of them where nothing is to grow."""
    names = [_name(theta) for theta in VISIBLE]
    return exchange(runs, {**backwards(names), **dict.fromkeys((NO_MASK, NO_PARTNER), names[0])})


OTHER_PATCHES = Control(
    "runs at the other C_p", "theta_c at C_p = 3 is not that at C_p = 2", look=_swapped
)
OTHER_MASKS = Control(
    "plateaus at another theta", "the drive grows with what is hidden", look=_reversed
)

CLAIMS = (
    Claim(
        id="L8",
        name="laws.L8",
        statement='target "masked": drive ~ 1 - theta; siblings fuse iff theta < (2C_p-2)/(2C_p-1)',
        provenance="[D] section 4, L8",
        role="gate",
        role_reason="which masks keep the two views of a class apart",
        horizon="T",
        measure=asks,
        controls={"mae": (OTHER_PATCHES, OTHER_MASKS)},
        order=8,
        conditions=conditions,
    ),
)
