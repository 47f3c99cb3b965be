"""Regime conditions of supervised learning [D].

The law of section 1 asks for few single-view images per (class, view), n << sigma_p^2 d P, lest
supervised learning take the losing view from them. That is about T -> infinity: their residual
never vanishes, so sooner or later either the view or the images' own noise is learned. Here a run
ends at T = horizon_factor times the time of its slowest class, and what counts is how far the
losing view gets by then ("single-view drive").
"""

from __future__ import annotations

from ...parameters import STAND_INS, Parameters
from ...theory.co_occurrence import expected_patch_count
from ...theory.condition import Condition, expected, given_labels, much_less
from ...theory.data_law import power_sum, role
from ...theory.final_correlation import final_correlation
from ...theory.gaussian import positive_moment, smallest_of_maxima
from ...theory.supervised import horizon
from ...theory.undefined import UndefinedError

SUPERVISED = ("supervised",)
SECTION = "section 1 [D]"
L12 = "L12 [D]"


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """What makes one view of a class win and leaves the other unlearned, yet readable."""
    p = parameters
    return (
        _losing_view(p),
        _single_view_drive(p),
        _weak_below_foreign(p),
        _weak_above_noise(p),
        _weak_above_feature_noise(p),
        _lost_view(p),
        _kernels_of_a_class(p),
        given_labels(p, SUPERVISED),
    )


def losing_view_growth(parameters: Parameters) -> float:
    """Relative growth >= 0 of the losing view while the winner's residual vanishes [D].

    (q-2) (sum z^q/sum z) (c_0/varrho)^{q-2} Lambda_end/varrho: at 1 a typical loser crosses too.
    """
    p, shown = parameters, role(parameters, "shown")
    ratio = power_sum(p, shown, p.power) / power_sum(p, shown, 1)
    end = final_correlation(p, "supervised") / p.linear_from
    return (p.power - 2) * ratio * (_losing_start(p) / p.linear_from) ** (p.power - 2) * end


def init_at_growth(parameters: Parameters, growth: float) -> float:
    """sigma_0 > 0 at which `losing_view_growth` is `growth` > 0 [D].

    It goes with sigma_0^{q-2}. Raises ValueError where no init does that: q = 2, or one view.
    """
    p, own = parameters, losing_view_growth(parameters)
    if own <= 0:
        raise UndefinedError(
            f"q={p.power:g}, views={p.views}: no initial scale makes a losing view"
        )
    return float(p.init_scale * (growth / own) ** (1 / (p.power - 2)))


def _losing_view(p: Parameters) -> Condition:
    """Few losing views cross."""
    return much_less(
        "losing view",
        "(q-2) (sum z^q/sum z) (c_0/varrho)^{q-2} Lambda_end/varrho << 1",
        SECTION,
        SUPERVISED,
        losing_view_growth(p),
        1.0,
    )


def _single_view_drive(p: Parameters) -> Condition:
    """Relative growth of the losing view on its own single-view images until T, residual 1.

    They are the share mu/(views k) of the loss; that their noise may be fitted first is left out.
    """
    strength = power_sum(p, role(p, "shown"), p.power) / p.linear_from ** (p.power - 1)
    share = p.single_view / p.features
    relative = (p.power - 2) * _losing_start(p) ** (p.power - 2) * strength
    return much_less(
        "single-view drive",
        "(q-2) c_0^{q-2} (sum z^q/varrho^{q-1}) (mu/(views k)) T << 1",
        "section 1, few single-view images, at a finite T [D]",
        SUPERVISED,
        relative * share * horizon(p) if _hides(p) else 0.0,
        1.0,
    )


def _weak_below_foreign(p: Parameters) -> Condition:
    """Else an image of the lost view is often right: a weak rest outdoes what other classes show.

    The leading term of L12 lets foreign features win wherever one is known.
    """
    return Condition(
        "weak view below foreign features",
        "2 rho < Gamma/2: a single-view image's rest of the hidden view is its faintest feature",
        L12,
        SUPERVISED,
        role(p, "weak").high if _hides(p) else 0.0,
        role(p, "single_off").low if _hides(p) else 1.0,
        strict=True,
    )


def _weak_above_noise(p: Parameters) -> Condition:
    """Below varrho Lambda^q is common to both sides: a kernel of norm Lambda sees both."""
    noise = expected_patch_count(p) * positive_moment(p.power) * p.patch_noise**p.power
    return much_less(
        "weak view above noise",
        "P E[g_+^q] sigma_p^q << sum z^q of the hidden view: its rest is read, not guessed",
        L12,
        SUPERVISED,
        noise if _hides(p) and p.noise == "isotropic" else 0.0,
        power_sum(p, role(p, "weak"), p.power) if _hides(p) else 1.0,
    )


def _weak_above_feature_noise(p: Parameters) -> Condition:
    """In a patch of the hidden view its own coefficient must be the largest."""
    return Condition(
        "weak view above feature noise",
        "gamma < rho/C_p",
        L12,
        SUPERVISED,
        p.feature_noise if _hides(p) else 0.0,
        p.weak_view / p.patches_per_feature if _hides(p) else 1.0,
        strict=True,
    )


def _lost_view(p: Parameters) -> Condition:
    """There is a view to lose, and images that show it alone."""
    return Condition(
        "views to lose",
        "at least two views a class, of which a single-view image hides all but one (hide)",
        "section 1 [R]",
        SUPERVISED,
        2.0,
        float(p.views if p.hide else 1),
    )


def _kernels_of_a_class(p: Parameters) -> Condition:
    """Union bound over classes none of whose kernels answers to any of its views at the start."""
    return much_less(
        "kernels of a class",
        "k 2^{-views m} << 1 - p0: a class without a positive kernel at the start learns nothing",
        "laws2, SC [D]",
        SUPERVISED,
        expected(p.classes * 2.0 ** -(p.views * p.kernels_per_class)),
        1 - STAND_INS["success_rate"].value,
    )


def _losing_start(p: Parameters) -> float:
    """c_0, mean of the least of the views' largest initial correlations; 0 for one view."""
    return p.init_scale * smallest_of_maxima(p.kernels_per_class, p.views) if p.views > 1 else 0.0


def _hides(p: Parameters) -> bool:
    """Whether a single-view image hides something."""
    return p.hide and p.views > 1
