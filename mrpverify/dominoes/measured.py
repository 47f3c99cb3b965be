"""What real pictures are like, held against what the theory assumes of its images.

Everything is measured on training pictures, along the directions of the class means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from ..theory.assumptions import EVERY
from ..theory.condition import Condition, much_less
from .draw import draw
from .options import SIDE, SOURCES
from .pictures import bank, directions

RISK = STAND_INS["covering_risk"].value


@dataclass(frozen=True)
class Measured:
    """The features of a regime, source by source, in the order of their classes."""

    names: tuple[str, ...]
    gram: np.ndarray
    """<v_f, v_g> [features, features]; the theory has the identity."""
    strength: np.ndarray
    """Length of a class mean at full contrast, of several windows that which has most along v_f
    [features]; the theory has one for all."""
    spread: np.ndarray
    """Root mean square distance of <x, v_f> from it over the patches of its class [features]."""
    foreign: np.ndarray
    """Root mean square of <x, v_f> over the patches of the other classes [features]."""
    residual: np.ndarray
    """Root mean square length of what a patch is beside z v_f [features]."""
    shared: np.ndarray
    """Share of the class's windows' squared means along v_f [features]: 1 for a whole picture."""


def measured(parameters: Any) -> Measured:
    """The features of a regime's pictures; raises MissingDataError where nothing is fetched."""
    p, pictures = parameters, bank(parameters)
    sources = SOURCES[: p.views]
    means = p.loudness * np.concatenate([pictures.means[s] for s in sources])
    windows = means.reshape(len(means), -1, p.dimension)
    axes = directions(means, p.dimension)
    at = np.einsum("fwd,fd->fw", windows, axes)
    along: list[np.ndarray] = []
    beside: list[float] = []
    for x in (x for s in sources for x in pictures.of["train"][s]):
        patches = p.loudness * x.reshape(-1, p.dimension)
        along.append((patches @ axes.T.astype(patches.dtype)).astype(np.float64))
        whole = np.einsum("nd,nd->n", patches, patches, dtype=np.float64)
        beside.append(float((whole - along[-1][:, len(beside)] ** 2).mean()))
    own = [z[:, f] for f, z in enumerate(along)]
    foreign = [
        np.concatenate([z[:, f] for g, z in enumerate(along) if g != f]) for f in range(len(along))
    ]
    numerals = (sorted(str(getattr(p, s))) for s in sources)
    strength = at.max(1)
    return Measured(
        tuple(f"{s[:-1]} {n}" for s, row in zip(sources, numerals, strict=True) for n in row),
        axes @ axes.T,
        strength,
        np.array([_around(z, middle) for z, middle in zip(own, strength, strict=True)]),
        np.array([_around(z, 0.0) for z in foreign]),
        np.sqrt(beside),
        (at**2).sum(1) / (windows**2).sum((1, 2)),
    )


def _around(values: np.ndarray, middle: float) -> float:
    """Root mean square distance from a number."""
    return sqrt(float(((values - middle) ** 2).mean()))


def conditions(parameters: Any, found: Measured) -> tuple[Condition, ...]:
    """The theory's conditions on its images and its network, with the numbers of pictures."""
    p = parameters
    off, own = p.off_pictures * p.contrast_high, float(p.patches_per_feature)
    cosine = float(np.abs(found.gram - np.eye(len(found.gram))).max())
    peak = sqrt(2 * log(p.images * (p.views * own + p.off_features * p.off_pictures)))
    coordinate = float(found.residual.mean()) / sqrt(p.dimension - 1)
    end = p.linear_from * (1 + p.hold_width)
    sparse = STAND_INS["sparse_presence"].value
    presence = p.off_features / (p.features - p.views)
    cut_up = (one_direction(found),) if p.window < SIDE else ()
    return (
        *cut_up,
        _one("orthonormal features", "largest |<v_f, v_g>| << 1", cosine, 1.0),
        Condition(
            "equal strengths", "largest class mean <= 1.3 times the least (own z in [1, 1.3])",
            "section 1 [R]", EVERY, float(found.strength.max() / found.strength.min()), 1.3,
        ),
        _one(
            "steady strength", "spread of <x, v_f> in a class << its mean",
            float((found.spread / found.strength).max()), 1.0,
        ),
        _one(
            "foreign response", "<x, v_f> of other classes' pictures << that of its own",
            float((found.foreign / found.strength).max()), 1.0,
        ),
        _one(
            "noise reach",
            "sigma_p Lambda_end sqrt(2 log NP) << varrho, sigma_p what a picture is beside z v_f",
            coordinate * end * peak, p.linear_from,
        ),
        Condition(
            "off-class strength", "the largest off-class sum is below half the own one",
            "section 1, step 4 [R]", EVERY, off, own / 2, strict=True,
        ),
        _one("weak view", "rho << Gamma, as sums of contrasts", p.weak_high * own, off),
        Condition(
            "sparse presence", f"s/k <= {sparse:g}", "section 1 [D]", EVERY, presence, sparse
        ),
        small_init(p),
        Condition(
            "coverage", f"m >= 2 log(2k/delta), delta = {RISK:g}", "section 1 and L1 [D]",
            EVERY, p.views * log(p.features / RISK), float(p.kernels_per_class),
        ),
    )  # fmt: skip


def one_direction(found: Measured) -> Condition:
    """A feature is one direction: of a picture cut up, its windows' means lie along v_f."""
    along = float(found.shared.min())
    return _one(
        "one direction", "squared means of the windows beside v_f << along it", 1 - along, along
    )


def small_init(parameters: Any) -> Condition:
    """Nothing is held at the start."""
    p = parameters
    largest = p.init_scale * sqrt(2 * log(p.features * p.kernels))
    return _one("initial scale", "sigma_0 sqrt(2 log(2k km)) << varrho", largest, p.linear_from)


def _one(name: str, statement: str, left: float, right: float) -> Condition:
    return much_less(name, statement, "section 1 [D]", EVERY, left, right)


def decoder_rates(
    patches: np.ndarray, directions: np.ndarray, power: int, bias: bool
) -> np.ndarray:
    """varrho^{q-1} R_v of a masked autoencoder's kernel along v, while it is small [directions].

    Near zero the loss of target "all" is -E[S . b h] + const. With b = w = c v its gradient is
    dc/dt = R_v c^q, varrho^{q-1} R_v = E[<S, v> sum_p (<v, x_p>^+)^q]; a decoder bias at its
    optimum takes E S off S [D]. `patches` are x_p [images, patches, d], `directions` unit vectors.
    """
    total = patches.sum(1)
    if bias:
        total = total - total.mean(0)
    answers = (np.clip(patches @ directions.T, 0, None) ** power).sum(1)
    found: np.ndarray = ((total @ directions.T) * answers).mean(0)
    return found


def mean_patch(parameters: Any, salt: str, seed: int) -> np.ndarray:
    """The mean of all patches of a seed's training images [d]: in pixels the mean picture."""
    found: np.ndarray = draw(parameters, salt, seed, "data").patches.mean((0, 1)).numpy()
    return found


def mean_lead(parameters: Any, salt: str, seed: int) -> float:
    """R along the mean picture over the largest R of a class mean, on a seed's training images."""
    p, images = parameters, draw(parameters, salt, seed, "data")
    middle = mean_patch(p, salt, seed)
    along = np.stack([middle / np.linalg.norm(middle), *images.features.numpy()])
    found = decoder_rates(images.patches.numpy(), along, p.power, p.bias)
    return float(found[0] / found[1:].max())


def table(parameters: Any) -> Mapping[str, list[str]]:
    """Features, Gram matrix and conditions in lines, for a terminal and for the documents."""
    found = measured(parameters)
    rows = zip(
        found.names, found.strength, found.spread, found.foreign, found.residual, strict=True
    )
    return {
        "features": ["feature | strength | spread | of other classes | beside z v", *(
            f"{name} | {a:.2f} | {b:.2f} | {c:.2f} | {d:.2f}" for name, a, b, c, d in rows
        )],
        "Gram matrix": [" ".join(f"{x:5.2f}" for x in row) for row in found.gram],
        "conditions": [
            f"{'holds' if c.holds else 'VIOLATED'} | {c.id}: {c.statement} | {c.left:.3g} against "
            f"{c.right:.3g} (margin {c.margin:.2g}, needed {c.needed_ratio:g})"
            for c in conditions(parameters, found)
        ],
    }  # fmt: skip
