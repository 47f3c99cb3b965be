"""What is derived about teacher-student pretraining (L1, L2, L4, L16; section 1)."""

from __future__ import annotations

from math import inf, log, sqrt

from ...derivations import Theory
from ...parameters import STAND_INS, Parameters
from ...theory.co_occurrence import expected_patch_count
from ...theory.condition import Condition, chosen, much_less
from ...theory.data_law import expected_owned_patches, mean_power_sum, power_sum, role
from ...theory.gaussian import positive_moment
from ...theory.growth import growth_rate, hitting_time
from ...theory.leak_race import typical_horizon, typical_leak_time
from ...theory.resting import rest

FRAMEWORK = ("teacher-student",)
SECTION = "section 1 [D]"


def exponent(power: int) -> int:
    """2q - 2, as dc/dt ~ c^{2q-1} (L2 [D])."""
    return 2 * power - 2


def crossing_time(parameters: Parameters, start: float) -> float:
    """Physical time from the correlation `start` > 0 to varrho of a feature alone (L2 [D])."""
    p = parameters
    return hitting_time(start, growth_rate(p), p.power, p.linear_from)


def final_correlation(parameters: Parameters) -> float:
    """Lambda_end of a teacher-student kernel with one feature [D].

    Where it rests: within [varrho, (1 + delta_h) varrho] under `hold`, at the plateau of L4 under a
    constant gain and ema, inf where it diverges. varrho under `release`, and where it decays (an
    upper bound).
    """
    return rest(parameters).correlation or parameters.linear_from


def curvature(parameters: Parameters) -> float:
    """max(own E[1_v sum z^2] (2 - 1/q), R varrho^{2q-2}), own = lambda for Bernoulli masks [D].

    First: at gain 1 hhat - h = 0 for every w, so the field is -lambda sum a a' x, with derivative
    lambda z^2 (a'^2 + a a''), largest at u = varrho: 2 - 1/q. Features do not mix (disjoint
    patches), and at a plateau (L4) the gain only lowers it, as does `shared` under masks of fixed
    size. Second: the relative change per unit of
    time while the kernel still grows into varrho, which a step must not turn into an overshoot of
    order one.
    """
    p = parameters
    after = p.mask_law.own * mean_power_sum(p, 2) * (2 - 1 / p.power)
    last_growth = growth_rate(p) * p.linear_from ** (2 * p.power - 2)
    return float(max(after, last_growth))


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Noise of the background, kernels for every feature, and the race of leaks against T."""
    stopped = chosen(
        "stop gradient",
        "stop_gradient = true: the target is not trained (L3)",
        SECTION,
        FRAMEWORK,
        parameters.stop_gradient,
    )
    return _background_noise(parameters), _coverage(parameters), _leak_race(parameters), stopped


def _background_noise(p: Parameters) -> Condition:
    """Summed over background patches, against the feature at the typical largest kernel."""
    background = max(expected_patch_count(p) - expected_owned_patches(p), 0.0)
    noise = (p.patch_noise * sqrt(_noisy_dimensions(p))) ** p.power
    signal = power_sum(p, role(p, "shown"), p.power)
    return much_less(
        "background noise",
        "P_background E[g_+^q] (sigma_p sqrt d)^q << sum z^q (2 log km)^{q/2}",
        SECTION,
        FRAMEWORK,
        background * positive_moment(p.power) * noise,
        signal * (2 * log(max(p.kernels, 2))) ** (p.power / 2),
    )


def _coverage(p: Parameters) -> Condition:
    """Union bound over features of (1 - 1/F)^{km} <= e^{-km/F}, F = views k (L1)."""
    risk = STAND_INS["covering_risk"].value
    return Condition(
        "coverage",
        f"m >= 2 log(2k/delta), delta = {risk:g}: every feature has a kernel of its own",
        "section 1 and L1 [D]",
        FRAMEWORK,
        p.views * log(p.features / risk),
        float(p.kernels_per_class),
    )


def _leak_race(p: Parameters) -> Condition:
    """Where nothing grows T is never reached, and the race is lost."""
    end = typical_horizon(p)
    return much_less(
        "leak race",
        "T << T_leak: kernels stay class-pure until T; Delta goes with sigma_0^{-(2q-2)}, or "
        "sigma_0^{-q} without noise",
        "section 1 and L16 [D]",
        FRAMEWORK,
        end,
        typical_leak_time(p) if end < inf else 0.0,
    )


def _noisy_dimensions(p: Parameters) -> int:
    """d, or what noise off the feature span leaves of it."""
    return p.dimension - p.features if p.noise == "off_span" else p.dimension


THEORY = Theory(
    exponent=exponent,
    crossing_time=crossing_time,
    final_correlation=final_correlation,
    curvature=curvature,
    conditions=conditions,
)
