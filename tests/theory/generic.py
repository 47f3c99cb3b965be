"""A regime at which no two letters are alike, and its images in plain numpy, written from the law.

At C_p = 2 a square is a double, at two views half is one minus half, and where no masks are of a
fixed size `shared` is 0: a formula that is wrong in one of them is right there. Nothing here calls
the theory.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import roots_legendre

from mrpverify.parameters import Parameters

POINT = Parameters(
    classes=5, views=3, patches_per_feature=3, power=5, linear_from=0.7, off_class=1.3,
    single_view=0.17, weak_view=0.3, single_view_off_class=0.9, own_low=1.1, own_high=1.7,
    off_low=0.25, off_high=0.65, visible=0.35, patches=60, amplification=3.7, init_scale=0.04,
    kernels_per_class=11, images=137, patch_noise=0.06, feature_noise=0.013, horizon_factor=2.6,
)  # fmt: skip
FIXED = replace(POINT, masks="fixed")
PENALTY = 0.65 / 0.35
WEIGHTS = {"bernoulli": (PENALTY, 0.0), "fixed": (PENALTY * 60 / 59, PENALTY / 59)}
"""own and shared: Var(sum_p eps_p a_p)/theta^2 = own sum a^2 - shared (sum a)^2."""
RANGES = {"shown": (1.1, 1.7), "weak": (0.3, 0.6), "off": (0.25, 0.65), "single_off": (0.45, 0.9)}
CHANCES = {
    "shown": (1 - 0.17 * 2 / 3) / 5,
    "weak": 0.17 * 2 / 3 / 5,
    "off": 4 / 5 * 1.3 / 5 * (1 - 0.17),
    "single_off": 4 / 5 * 1.3 / 5 * 0.17,
}


def patches(name: str, split: str = "random") -> tuple[np.ndarray, np.ndarray]:
    """Weights [n] and z [n, 3] of a feature in that role, by Gauss-Legendre in four dimensions."""
    node, weight = roots_legendre(7)
    low, high = RANGES[name]
    axes = [(low + high) / 2 + (high - low) / 2 * node, *[1 + node / 4] * 3]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 4)
    mass = np.prod(np.stack(np.meshgrid(*[weight / 2] * 4, indexing="ij"), -1), -1).ravel()
    shares = grid[:, 1:] if split == "random" else np.ones_like(grid[:, 1:])
    return mass, grid[:, :1] * shares / shares.sum(1, keepdims=True)


def mean(name: str, of: Callable[[np.ndarray], np.ndarray], split: str = "random") -> float:
    """E of a function of z [n, 3] in that role."""
    mass, z = patches(name, split)
    return float(mass @ of(z))


def over_law(of: Callable[[np.ndarray], np.ndarray], split: str = "random") -> float:
    """E[1_v of(z_v)]."""
    return sum(chance * mean(name, of, split) for name, chance in CHANCES.items())


def contexts() -> list[tuple[float, list[str], str]]:
    """Probability, roles of the label's three views, and the role of the others where present."""
    shown = [(0.83 / 5, ["shown"] * 3, "off")]
    for view in range(3):
        own = ["shown" if v == view else "weak" for v in range(3)]
        shown.append((0.17 / 3 / 5, own, "single_off"))
    return shown


def joint(left: int, right: int, u: int, v: int) -> float:
    """E[1_u sum z_u^left 1_v sum z_v^right] of two features, view by view and class by class."""

    def value(power: int, feature: int, label: int, own: list[str], other: str) -> float:
        if feature // 3 == label:
            return mean(own[feature % 3], lambda z: (z**power).sum(1))
        return 1.3 / 5 * mean(other, lambda z: (z**power).sum(1))

    if u == v:
        return over_law(lambda z: (z**left).sum(1) * (z**right).sum(1))
    return sum(
        chance * value(left, u, label, own, other) * value(right, v, label, own, other)
        for label in range(5)
        for chance, own, other in contexts()
    )


def answer(u: np.ndarray, power: int = 5, level: float = 0.7) -> np.ndarray:
    """sReLU."""
    below = u**power / (power * level ** (power - 1))
    return np.where(u <= 0, 0.0, np.where(u < level, below, u - (1 - 1 / power) * level))


def slope(u: np.ndarray, power: int = 5, level: float = 0.7) -> np.ndarray:
    """Its derivative."""
    return np.clip(u / level, 0.0, 1.0) ** (power - 1)
