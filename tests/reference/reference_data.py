"""The finite data law in plain float64 numpy, from docs/theory.md section 1 alone.

Written without the package: no code is shared with mrpverify, so that an agreement of both means
something. Loops are kept where the text has a sentence.
"""

from dataclasses import dataclass

import numpy as np

MULTI_VIEW = -1
NO_OWNER = -1


@dataclass(frozen=True)
class Law:
    """The finite law of section 1; names and ranges as written there."""

    classes: int = 3
    views: int = 2
    dimension: int = 12
    patches_per_feature: int = 2  # C_p
    patches: int = 12  # P
    off_class: float = 0.3  # s
    single_view: float = 0.3  # mu
    rho: float = 0.02
    gamma_off: float = 0.3  # Gamma
    gamma: float = 0.002  # of the additive a
    noise: float = 0.02  # sigma_p, of each coordinate
    noise_off_features: bool = False
    equal_split: bool = False

    def feature(self, label: int, view: int) -> int:
        """Row of v_{label,view}: the features of a class are neighbours."""
        return self.views * label + view


@dataclass(frozen=True)
class Drawn:
    """Images of the law: patches [N, P, d], features [k views, d]; owner and strength [N, P]."""

    patches: np.ndarray
    labels: np.ndarray
    shown: np.ndarray
    owner: np.ndarray
    strength: np.ndarray
    features: np.ndarray


def draw(law: Law, count: int, rng: np.random.Generator) -> Drawn:
    """`count` images, one after the other, as the enumerated list of section 1 builds them."""
    number = law.classes * law.views
    features = np.linalg.qr(rng.normal(size=(law.dimension, number)))[0].T
    images = [_image(law, features, rng) for _ in range(count)]
    return Drawn(*(np.array(part) for part in zip(*images, strict=True)), features=features)


def _image(law: Law, features: np.ndarray, rng: np.random.Generator) -> tuple:
    """One image: patches, label, the view a single-view image shows (or MULTI_VIEW), owner, z."""
    label = int(rng.integers(law.classes))
    shown = int(rng.integers(law.views)) if rng.random() < law.single_view else MULTI_VIEW
    owner = np.full(law.patches, NO_OWNER)
    strength = np.zeros(law.patches)
    free = list(rng.permutation(law.patches))
    for feature in _present(law, label, rng):
        mine = [free.pop() for _ in range(law.patches_per_feature)]
        owner[mine] = feature
        strength[mine] = _sum_of_z(law, label, shown, feature, rng) * _split(law, rng)
    patches = _other(law, features, rng)
    for p in np.flatnonzero(owner != NO_OWNER):
        patches[p] += strength[p] * features[owner[p]]
    return patches, label, shown, owner, strength


def _present(law: Law, label: int, rng: np.random.Generator) -> list[int]:
    """V(X): the own features, and each of another class with probability s/k."""
    return [
        law.feature(i, view)
        for i in range(law.classes)
        for view in range(law.views)
        if i == label or rng.random() < law.off_class / law.classes
    ]


def _sum_of_z(law: Law, label: int, shown: int, feature: int, rng: np.random.Generator) -> float:
    """Items 4 and 5: what a feature's patches add up to."""
    own, view = feature // law.views == label, feature % law.views
    if own and (shown in (MULTI_VIEW, view)):
        return rng.uniform(1.0, 1.3)
    if own:
        return rng.uniform(law.rho, 2 * law.rho)
    if shown == MULTI_VIEW:
        return rng.uniform(0.2, 0.4)
    return rng.uniform(law.gamma_off / 2, law.gamma_off)


def _split(law: Law, rng: np.random.Generator) -> np.ndarray:
    """Shares of the C_p patches of one feature; they add up to one."""
    if law.equal_split:
        return np.full(law.patches_per_feature, 1 / law.patches_per_feature)
    shares = rng.uniform(0.75, 1.25, size=law.patches_per_feature)
    return shares / shares.sum()


def _other(law: Law, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """sum_v a_v v + xi of every patch [P, d]."""
    small = rng.uniform(0, law.gamma, size=(law.patches, len(features)))
    noise = law.noise * rng.normal(size=(law.patches, law.dimension))
    if law.noise_off_features:
        noise = noise - noise @ features.T @ features
    return small @ features + noise
