"""Exact moments of the finite data law (section 1 [R]; the moments [D]).

A present feature has Z = sum_p z_p uniform on an interval, z_p = Z s_p / S with s_p ~ U[0.75, 1.25]
independent of Z, S = sum s_p (or equal shares 1/C_p). Moments factor into those of Z and those of
the shares, and 1/S^n = 1/Gamma(n) int t^{n-1} e^{-tS} dt makes the latter one-dimensional:

    E prod_i (s_i/S)^{n_i} = 1/Gamma(n) int t^{n-1} prod_i E[s^{n_i} e^{-ts}] E[e^{-ts}]^{C_p-l} dt,

n = n_1 + .. + n_l. The integrand is smooth, so Gauss quadrature is exact to rounding. Feature noise
(a <= gamma) and patch noise are left out everywhere: they are what the regime conditions bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gamma as gamma_function
from typing import Literal

import numpy as np

from .. import outside
from ..parameters import Parameters
from ..parts.law import MULTI_VIEW_LAW
from .quadrature import roots_laguerre, roots_legendre

SHARE_LOW, SHARE_HIGH = 0.75, 1.25
"""Range of the unnormalised shares (section 1, the finite law)."""

NODES = 40
"""Quadrature nodes; doubling them changes no moment by more than rounding (tested)."""


RoleName = str
ROLES: tuple[RoleName, ...] = ("shown", "weak", "off", "single_off")
"""Those that every law has; one from outside may have more."""


@dataclass(frozen=True)
class Role:
    """A way in which a feature can be in an image: its probability, and the range of sum z."""

    name: RoleName
    probability: float
    low: float
    high: float
    views: tuple[int, ...] | None = None
    """The views of a class that it is about, where views differ; None: all of them."""

    @property
    def kind(self) -> RoleName:
        """Its name, without what views differ by: "shown" of "faint shown"."""
        return self.name.rpartition(" ")[2]


def roles(parameters: Parameters) -> tuple[Role, ...]:
    """The roles of any one feature; probabilities sum to P(present) (section 1 [R]).

    Those of a law from outside come with it; raises OutsideError where it lacks one of ROLES.
    """
    own = parameters.law == MULTI_VIEW_LAW
    return multi_view_roles(parameters) if own else _roles_from_outside(parameters)


def multi_view_roles(parameters: Parameters) -> tuple[Role, ...]:
    """The four roles of the paper's law."""
    p = parameters
    own, mu = 1 / p.classes, hiding_share(p)
    hidden = mu * (p.views - 1) / p.views
    off = (1 - own) * off_class_probability(p)
    present = 1.0 if p.signal else 0.0
    return (
        Role("shown", present * own * (1 - hidden), p.own_low, p.own_high),
        Role("weak", present * own * hidden, p.weak_view, 2 * p.weak_view),
        Role("off", present * off * (1 - mu), p.off_low, p.off_high),
        Role(
            "single_off",
            present * off * mu,
            p.single_view_off_class / 2,
            p.single_view_off_class,
        ),
    )


def _roles_from_outside(p: Parameters) -> tuple[Role, ...]:
    """What a law from outside says of itself."""
    found: tuple[Role, ...] = outside.load(outside.LAWS, p.law).roles(p)
    if not isinstance(found, tuple) or not all(isinstance(role, Role) for role in found):
        raise outside.OutsideError(f"law {p.law}: its roles are {found!r}, and no tuple of Roles.")
    lacking = set(ROLES) - {role.name for role in found}
    if lacking:
        raise outside.OutsideError(f"law {p.law}: its roles lack {', '.join(sorted(lacking))}.")
    return found


def hiding_share(parameters: Parameters) -> float:
    """mu in [0, 1], 0 where single-view images hide nothing (hide=false): all are alike then."""
    return parameters.single_view if parameters.hide else 0.0


def of_view(parameters: Parameters, view: int) -> tuple[Role, ...]:
    """The roles of a class's view of that number; probabilities sum to P(present) of it.

    Raises ValueError unless 0 <= view < views.
    """
    p = parameters
    if not 0 <= view < p.views:
        raise ValueError(f"view={view}: a class has the views 0 to {p.views - 1}")
    mine = (r for r in roles(p) if r.views is None or view in r.views)
    return tuple(_of_its_views(p, r) for r in mine)


def _of_its_views(parameters: Parameters, role: Role) -> Role:
    """The role of a feature that can have it: `roles` has the share of those in all features."""
    if role.views is None:
        return role
    share = len(role.views) / parameters.views
    return replace(role, probability=role.probability / share)


def of_kind(parameters: Parameters, kind: RoleName) -> tuple[Role, ...]:
    """The role of that name, and those whose name ends with it after a space ("faint shown")."""
    return tuple(r for r in roles(parameters) if r.kind == kind)


def role(parameters: Parameters, name: RoleName) -> Role:
    """The role of that name, with its probability for a feature that can have it."""
    return _of_its_views(parameters, {r.name: r for r in roles(parameters)}[name])


def off_class_probability(parameters: Parameters) -> float:
    """s/k, at most 1: probability that a feature of another class is present (section 1 [R])."""
    return min(1.0, parameters.off_class / parameters.classes)


def expected_features(parameters: Parameters) -> float:
    """E |V(X)|, features present in an image, in [0, views k] (section 1 [R])."""
    return parameters.features * sum(r.probability for r in roles(parameters))


def expected_owned_patches(parameters: Parameters) -> float:
    """C_p E |V(X)|, patches of an image that show a feature (section 1 [R])."""
    return parameters.patches_per_feature * expected_features(parameters)


def total_moment(low: float, high: float, power: int) -> float:
    """E Z^power for Z ~ U[low, high] (elementary)."""
    if high == low:
        return low**power
    # Stable form of (high^{n+1} - low^{n+1}) / ((n+1)(high - low)).
    return sum(high**i * low ** (power - i) for i in range(power + 1)) / (power + 1)


@lru_cache(maxsize=4096)
def share_moment(
    count: int, split: Literal["random", "equal"], powers: tuple[int, ...], nodes: int = NODES
) -> float:
    """E prod_i (share of patch i)^{powers[i]} over distinct patches, in (0, 1], [D].

    Raises ValueError where more powers than patches are given.
    """
    if len(powers) > count:
        raise ValueError(f"{len(powers)} distinct patches asked of {count}")
    n = sum(powers)
    if split == "equal" or n == 0:
        return float(count) ** -n
    t, weight = roots_laguerre(nodes, n - 1)
    # With t -> t/C_p the common factor e^{-t} is the quadrature's own weight.
    factors = [_share_transform(t / count, power, nodes) for power in powers]
    factors += [_share_transform(t / count, 0, nodes)] * (count - len(powers))
    integral = float(weight @ np.prod(factors, axis=0))
    return integral / (gamma_function(n) * float(count) ** n)


def power_sum(parameters: Parameters, role: Role, power: int) -> float:
    """E sum_p z_p^power of a feature in that role [D]."""
    p = parameters
    share = p.patches_per_feature * share_moment(p.patches_per_feature, p.split, (power,))
    return total_moment(role.low, role.high, power) * share


def power_sum_product(parameters: Parameters, role: Role, left: int, right: int) -> float:
    """E (sum_p z_p^left)(sum_p z_p^right) in that role; E A^2 at left = right = q [D]."""
    p, count = parameters, parameters.patches_per_feature
    share = count * share_moment(count, p.split, (left + right,))
    if count > 1:
        share += count * (count - 1) * share_moment(count, p.split, (left, right))
    return total_moment(role.low, role.high, left + right) * share


def over_law(parameters: Parameters, moment: Callable[[Role], float]) -> float:
    """E[1_v moment]: a moment of one feature mixed over its roles, absence counting 0 [D]."""
    return sum(r.probability * moment(r) for r in roles(parameters))


def mean_power_sum(parameters: Parameters, power: int) -> float:
    """E[1_v sum_p z_p^power]; E[1_v B] at power 2q, E[1_v Z] at 1 [D]."""
    return over_law(parameters, lambda r: power_sum(parameters, r, power))


def over_views(parameters: Parameters, moment: Callable[[Role], float]) -> list[float]:
    """`over_law` of every feature [views k]; they differ where the views of a class do [D]."""
    p = parameters
    own = [sum(r.probability * moment(r) for r in of_view(p, view)) for view in range(p.views)]
    return own * p.classes


def power_sum_of_views(parameters: Parameters, power: int) -> list[float]:
    """`mean_power_sum` of every feature, shape [views k] (section 1 [D])."""
    return over_views(parameters, lambda r: power_sum(parameters, r, power))


def mean_power_sum_product(parameters: Parameters, left: int, right: int) -> float:
    """E[1_v (sum z^left)(sum z^right)]; E[1_v A^2] at left = right = q [D]."""
    return over_law(parameters, lambda r: power_sum_product(parameters, r, left, right))


def _share_transform(t: np.ndarray, power: int, nodes: int) -> np.ndarray:
    """E[s^power e^{-t(s-1)}] for s ~ U[0.75, 1.25], same shape as t."""
    node, weight = roots_legendre(nodes)
    s = (SHARE_LOW + SHARE_HIGH) / 2 + (SHARE_HIGH - SHARE_LOW) / 2 * node
    transform: np.ndarray = np.exp(-np.multiply.outer(t, s - 1)) @ (weight / 2 * s**power)
    return transform
