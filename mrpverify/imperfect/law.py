"""The paper's images, then what its law leaves out; at the defaults they are the paper's own.

    z of a class's last view          zeta times the drawn one
    v of a class's last view          kappa v_{i,1} + sqrt(1 - kappa^2) v_{i,V}
    label of a training image         with probability nu one of the k - 1 others

Which features an image has, and its noise, depend on none of the three: regimes that differ in them
alone are paired by salt and seed. Noise is that of the drawn basis. With one view a class there is
no last view beside the first, and labels alone are imperfect.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import torch

from ..parameters import changed
from ..parts.law import MULTI_VIEW_LAW
from ..simulate.data_law import DataLaw
from ..simulate.images import Images
from ..simulate.sample import sample_images
from ..simulate.seeding import generator, uniform
from ..theory.assumptions import EVERY, of_roles
from ..theory.condition import Condition, much_less
from ..theory.data_law import Role, multi_view_roles
from ..theory.gaussian import smallest_of_maxima
from .options import Imperfections

TRAINING = "data"
"""The purpose of a draw of training images."""


def draw(parameters: Any, salt: str, seed: int, purpose: str) -> Images:
    """One data set without the axis of seeds."""
    p = parameters
    drawn = sample_images(changed(p, law=MULTI_VIEW_LAW), salt, [seed], purpose)
    images = with_last_view(p, drawn)
    if purpose == TRAINING and p.wrong_labels > 0:
        images = replace(images, labels=with_errors(p, images.labels, salt, seed))
    return Images(**{name: tensor[0] for name, tensor in vars(images).items()})


def with_last_view(parameters: Any, images: Images) -> Images:
    """The images with a class's last view fainter, and turned towards its first one."""
    p = parameters
    if p.views == 1 or (p.faintness == 1 and p.alignment == 0):
        return images
    features = turned(p, images.features)
    last = (images.owner >= 0) & (images.owner % p.views == p.views - 1)
    strength = torch.where(last, p.faintness * images.strength, images.strength)
    change = _signal(strength, images, features) - _signal(images.strength, images, images.features)
    return replace(images, patches=images.patches + change, strength=strength, features=features)


def turned(parameters: Any, features: torch.Tensor) -> torch.Tensor:
    """Features [seeds, views k, d] whose last view of a class has the cosine kappa to its first."""
    p, cosine = parameters, parameters.alignment
    found = features.clone()
    first, last = features[:, :: p.views], features[:, p.views - 1 :: p.views]
    found[:, p.views - 1 :: p.views] = cosine * first + sqrt(1 - cosine**2) * last
    return found


def with_errors(parameters: Any, labels: torch.Tensor, salt: str, seed: int) -> torch.Tensor:
    """Labels [1, images], a share nu of which is another class's; at a larger nu the same and more.

    Drawn image by image from a stream of their own.
    """
    stream, k = generator(salt, seed, "wrong labels"), parameters.classes
    wrong = uniform(0, 1, tuple(labels.shape), stream) < parameters.wrong_labels
    moved = torch.randint(1, k, tuple(labels.shape), generator=stream)
    return torch.where(wrong, (labels + moved) % k, labels)


def _signal(strength: torch.Tensor, images: Images, features: torch.Tensor) -> torch.Tensor:
    """z_p v of every patch [1, images, patches, d]; 0 on background."""
    basis = features[0][images.owner.clamp(min=0)]
    return strength.unsqueeze(-1) * basis


def roles(parameters: Any) -> tuple[Role, ...]:
    """The paper's of every view but the last, and the same fainter for the last one."""
    p, usual = parameters, multi_view_roles(parameters)
    if p.views == 1 or p.faintness == 1:
        return usual
    last, loud = (p.views - 1,), tuple(range(p.views - 1))
    faint = (
        Role(
            f"faint {r.name}",
            r.probability / p.views,
            p.faintness * r.low,
            p.faintness * r.high,
            views=last,
        )
        for r in usual
    )
    others = 1 - 1 / p.views
    return (
        *(replace(r, probability=others * r.probability, views=loud) for r in usual),
        *faint,
    )


def conditions(parameters: Any) -> tuple[Condition, ...]:
    """What the paper's images must be like, and the two that only these can break."""
    p = parameters
    source, labelled = "section 1 [R]", ("supervised", "fine-tuning")
    cosine = p.alignment if p.views > 1 else 0.0
    return (
        *of_roles(p),
        much_less("orthonormal features", "kappa << 1", source, EVERY, cosine, 1.0),
        much_less(
            "head start",
            "kappa varrho << c_0: a winner at varrho takes its sibling no further than it is",
            "section 4, L12 [D]",
            ("supervised",),
            cosine * p.linear_from,
            p.init_scale * smallest_of_maxima(p.kernels_per_class, p.views),
        ),
        much_less("right labels", "nu << 1", source, labelled, p.wrong_labels, 1.0),
    )


LAW = DataLaw(
    name="imperfect", parts=(Imperfections,), roles=roles, draw=draw, conditions=conditions
)
