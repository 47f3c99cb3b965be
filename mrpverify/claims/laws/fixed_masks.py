"""FIX [D]: masks that show exactly n of P patches penalise less than masks drawn patch by patch.

They never hide more than P - n patches: K = 1 + lambda P/(P-1) (1/C_p - 1/P) instead of
1 + lambda/C_p, 1 where every patch shows the feature. Hiding one view shows the other one, so that
more of the drive is left for it in a masked autoencoder: lambda P/(P-1)/(C_p K). Both kinds of
masks are run at the same theta, P and C_p.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, bracket_number, mean_number
from ...parameters import Parameters
from ...theory.growth import gain_threshold
from ...theory.mae_masks import remaining_share
from ..claim import Asks, Claim, Control, Runs
from ..legs import Leg, Legs
from .bisection import Bisection, bisected, rounds_table
from .l3_threshold import SMALL, leader_grows
from .l14_second_view import left
from .one_kernel import one_kernel
from .regimes import alone, conditions, stepped

KINDS = {"fixed": "exactly n of P patches", "bernoulli": "patch by patch"}
"""What is visible, in words; both at the same theta."""
OTHER = {"fixed": "bernoulli", "bernoulli": "fixed"}
LOWEST, ROUNDS = 0.5, 7


class Case(NamedTuple):
    """Numbers of an image."""

    patches: int
    """P."""
    shown: int
    """n = theta P."""
    owned: int
    """C_p."""

    def name(self, masks: str) -> str:
        """What a number or a search is called."""
        return f"{masks} {self.shown}/{self.patches} at C_p = {self.owned}"


THRESHOLDS = (Case(8, 4, 2), Case(8, 2, 2), Case(12, 6, 3), Case(4, 2, 2), Case(6, 3, 6))
"""Of laws2's table; in the last one every patch shows the feature."""
SECOND_VIEWS = (Case(8, 4, 2), Case(8, 2, 2), Case(12, 6, 3), Case(6, 3, 3))
"""Both views have their C_p patches."""


def _masked(case: Case, masks: str) -> dict[str, Any]:
    """Masks and patches of a case."""
    return {
        "masks": masks,
        "visible": case.shown / case.patches,
        "patches": case.patches,
        "patches_per_feature": case.owned,
    }


def growing(parameters: Parameters, case: Case, masks: str) -> Parameters:
    """One feature, one step from a small start, of a size that is the same at every gain."""
    start = SMALL * parameters.linear_from
    own = {**_masked(case, masks), "init_scale": start, "max_steps": 1}
    return stepped(alone(parameters, **own))


def decoding(parameters: Parameters, case: Case, masks: str) -> Parameters:
    """One kernel on one view, which decodes both, with target "all"."""
    return one_kernel(parameters, target="all", **_masked(case, masks))


def searches(parameters: Parameters) -> list[Bisection]:
    """tau^q from below 1, where no mask lets a feature grow, to twice as far above 1 as K."""
    found = []
    for case in THRESHOLDS:
        highest = 2 * growing(parameters, case, "bernoulli").gain_floor - 1
        for masks in KINDS:
            p = growing(parameters, case, masks)
            leg = partial(_at_gain, p)
            found.append(Bisection(case.name(masks), LOWEST, highest, ROUNDS, leg, leader_grows))
    return found


def _at_gain(p: Parameters, threshold: float) -> Leg:
    """The regime at the constant gain tau with tau^q = `threshold`."""
    return Leg(replace(p, gain="constant", tau=threshold ** (1 / p.power)))


def asks_thresholds(parameters: Parameters) -> Asks:
    """Bisects in every case, and measures the brackets."""
    runs = yield from bisected(searches(parameters))
    return measure_thresholds(parameters, runs)


def measure_thresholds(parameters: Parameters, runs: Runs) -> Measurement:
    """Brackets of the threshold of tau^q under both kinds of masks, each the other's rival."""
    numbers, own = [], {search.name: search for search in searches(parameters)}
    for case in THRESHOLDS:
        floors = {m: gain_threshold(growing(parameters, case, m)) for m in KINDS}
        for masks, other in OTHER.items():
            below, above = own[case.name(masks)].bracket(runs)
            rival = Rival(f"K of {KINDS[other]}", floors[other])
            name = case.name(masks)
            numbers.append(bracket_number(name, below, above, floors[masks], rival))
    rounds = {name: rounds_table(search, runs) for name, search in own.items()}
    return all_numbers(numbers, "threshold of tau^q", recorded(rounds=rounds))


def legs_of_second_views(parameters: Parameters) -> Legs:
    """Every case under both kinds of masks."""
    return {
        case.name(masks): Leg(decoding(parameters, case, masks))
        for case in SECOND_VIEWS
        for masks in KINDS
    }


def measure_second_views(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of the drive that is left for the second view, each kind the other's rival."""
    numbers = []
    for case in SECOND_VIEWS:
        of = {masks: decoding(parameters, case, masks) for masks in KINDS}
        for masks, other in OTHER.items():
            name = case.name(masks)
            rival = Rival(f"that of {KINDS[other]}", remaining_share(of[other]))
            shares = left(of[masks], runs[name])
            numbers.append(mean_number(name, shares, remaining_share(of[masks]), rival))
    return all_numbers(numbers, "share of the drive left for the second view")


def _other_kind(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of each kind of masks in the place of the other's."""
    del parameters

    def renamed(name: str) -> str:
        masks = name.partition(" ")[0]
        return OTHER[masks] + name.removeprefix(masks)

    return {renamed(name): run for name, run in runs.items()}


OTHER_KIND = Control(
    "runs under the other kind of masks",
    "at one theta, P and C_p the two kinds of masks are not the same penalty",
    look=_other_kind,
)

CLAIMS = (
    Claim(
        id="FIX.threshold",
        name="laws.fixed_threshold",
        statement="with exactly n of P patches visible K = 1 + lambda P/(P-1) (1/C_p - 1/P)",
        provenance="[D] laws2, FIX",
        role="gate",
        role_reason="what masked autoencoders draw is n of P: which gain then teaches a feature",
        horizon="crossing",
        measure=asks_thresholds,
        controls={"teacher-student": (OTHER_KIND,)},
        order=20,
        conditions=conditions,
    ),
    Claim(
        id="FIX.second",
        name="laws.fixed_second",
        statement="with n of P patches visible lambda P/(P-1)/(C_p K) of the drive is left",
        provenance="[D] laws2, FIX",
        role="gate",
        role_reason="hiding one view shows the other one: more is left for it than in L14",
        horizon="T",
        measure=measure_second_views,
        controls={"mae": (OTHER_KIND,)},
        order=21,
        legs=legs_of_second_views,
        conditions=conditions,
    ),
)
