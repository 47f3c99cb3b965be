"""Drawing dominoes: an image is pictures of its class's digit and of its class's garment.

A patch is one picture: x_p = S contrast code. An image has C_p pictures of each own view and C_off
of each of F_off off-class features, which are fainter; a single-view image shows one own view at
full contrast and the other one hardly. Nothing is drawn but which pictures are shown, and how
strongly: training images show training pictures, test images test pictures alone.

Features are measured: v_f is the direction of the mean of a class of training pictures (of the
means of its windows the one direction that holds most of them), the
strength of a patch is <x_p, v_f>. They are not orthonormal, and nothing says that a picture is no
more than z v_f; `dominoes.measured` says how far that is from the theory's law.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from ..simulate.images import BACKGROUND, MULTI_VIEW, Images
from ..simulate.seeding import generator, normal, uniform
from .options import SOURCES, Dominoes
from .pictures import Bank, bank, directions

TEST = "test"
"""What the purpose of a draw begins with where its images are tested on."""
COMMON = (
    "classes", "views", "features", "dimension", "images", "patches_per_feature", "single_view",
    "hide", "signal",
)  # fmt: skip
"""What the law reads beside its own options. The shifted test laws change nothing of it: under
dominoes they all draw the same images, which are remembered."""
OWN = tuple(item.name for item in fields(Dominoes))
REMEMBERED = 4
"""Data sets that a process remembers, of 4 MB each in the recipe."""


@dataclass(frozen=True)
class Shown:
    """Which pictures the images of one data set show; all [images, patches]."""

    feature: torch.Tensor
    """Feature f, view f % views of class f // views."""
    place: torch.Tensor
    """Place of the picture's class in its source's chosen ones."""
    picture: torch.Tensor
    """Picture of that class, of those in `part`."""
    contrast: torch.Tensor
    """0 where a feature is never shown."""
    labels: torch.Tensor
    """[images]."""
    shown_view: torch.Tensor
    """[images], MULTI_VIEW where both are shown."""
    part: str


def draw(parameters: Any, salt: str, seed: int, purpose: str) -> Images:
    """One data set without the axis of seeds; raises MissingDataError where nothing is fetched."""
    values = tuple((name, getattr(parameters, name)) for name in (*COMMON, *OWN))
    return _drawn(values, salt, seed, purpose)


@lru_cache(maxsize=REMEMBERED)
def _drawn(values: tuple[tuple[str, Any], ...], salt: str, seed: int, purpose: str) -> Images:
    """The same from what the law reads, by name."""
    p = SimpleNamespace(**dict(values))
    pictures = bank(p)
    shown = choose(p, pictures, salt, seed, purpose)
    axes = features(p, pictures, salt, seed)
    code = torch.from_numpy(_codes(p, pictures, shown)).double()
    shown, code = by_window(shown, code, p.dimension)
    if not p.signal:
        # As loud as pictures are, in every coordinate, and nothing in common.
        noise = normal(tuple(code.shape), generator(salt, seed, f"{purpose}, noise"))
        code = code.square().mean((0, 1)).sqrt() * noise
    patches = p.loudness * shown.contrast.unsqueeze(-1) * code
    strength = (patches * axes[shown.feature]).sum(-1)
    there = (shown.contrast > 0) & p.signal
    return Images(
        patches=patches,
        labels=shown.labels,
        shown_view=shown.shown_view,
        owner=torch.where(there, shown.feature, BACKGROUND),
        strength=torch.where(there, strength, 0.0),
        features=axes,
    )


def by_window(shown: Shown, code: torch.Tensor, dimension: int) -> tuple[Shown, torch.Tensor]:
    """The same with a patch for each window of a picture [images, pictures windows, d]."""
    windows = code.shape[-1] // dimension
    each = {
        name: getattr(shown, name).repeat_interleave(windows, 1)
        for name in ("feature", "place", "picture", "contrast")
    }
    return replace(shown, **each), code.reshape(len(code), -1, dimension)


def features(parameters: Any, pictures: Bank, salt: str, seed: int) -> torch.Tensor:
    """Directions of the class means in the order of a seed's features [views k, d], float64."""
    p, pairs = parameters, pairing(parameters, salt, seed)
    means = [pictures.means[s] for s in SOURCES[: p.views]]
    if means[0].shape[1] > p.dimension:
        means = [directions(x, p.dimension) for x in means]
    view = torch.arange(p.views)
    ordered = torch.from_numpy(np.stack(means))[view, pairs].flatten(0, 1)
    found: torch.Tensor = ordered / ordered.norm(dim=1, keepdim=True)
    return found


def pairing(parameters: Any, salt: str, seed: int) -> torch.Tensor:
    """Which chosen class of each source a class shows [k, views], drawn per seed."""
    stream = generator(salt, seed, "pairing")
    orders = [torch.randperm(parameters.classes, generator=stream) for _ in range(parameters.views)]
    return torch.stack(orders, 1)


def choose(parameters: Any, pictures: Bank, salt: str, seed: int, purpose: str) -> Shown:
    """What is shown, picture by picture."""
    p, stream = parameters, generator(salt, seed, purpose)
    n, k = p.images, p.classes
    labels = torch.randint(k, (n,), generator=stream)
    single = uniform(0, 1, (n,), stream) < p.single_view
    shown_view = torch.where(single, torch.randint(p.views, (n,), generator=stream), MULTI_VIEW)
    slots = [*_own(p, labels), *_off_class(p, labels, stream)]
    feature = torch.cat(slots, 1)
    contrast = _contrast(p, feature, labels, shown_view, stream)
    place = pairing(p, salt, seed).flatten()[feature]
    if p.pairing == "image" and p.views > 1:
        # Every garment of an image is that of a class that its label says nothing about.
        moved = torch.randint(k, (n,), generator=stream).unsqueeze(1)
        place = torch.where(feature % p.views == 1, (place + moved) % k, place)
    part = "test" if purpose.startswith(TEST) else "train"
    sizes = torch.tensor([[len(x) for x in pictures.of[part][s]] for s in SOURCES[: p.views]])
    number = sizes[feature % p.views, place]
    picture = (uniform(0, 1, tuple(feature.shape), stream) * number).long()
    contrast = torch.where(lacks(p.lacking, place, feature % p.views), 0.0, contrast)
    return Shown(feature, place, picture, contrast, labels, shown_view, part)


def _own(p: Any, labels: torch.Tensor) -> list[torch.Tensor]:
    """C_p patches of each own feature [images, C_p]."""
    return [
        (labels * p.views + view).unsqueeze(1).expand(-1, p.patches_per_feature)
        for view in range(p.views)
    ]


def _off_class(p: Any, labels: torch.Tensor, stream: torch.Generator) -> list[torch.Tensor]:
    """C_off patches of each of F_off different features of other classes [images, C_off]."""
    foreign = p.features - p.views
    order = torch.argsort(uniform(0, 1, (len(labels), foreign), stream), dim=1)
    number = min(p.off_features, foreign)
    # The foreign features are those behind the own ones, all round.
    chosen = (labels.unsqueeze(1) * p.views + p.views + order[:, :number]) % p.features
    return [chosen[:, i : i + 1].expand(-1, p.off_pictures) for i in range(number)]


def _contrast(
    p: Any,
    feature: torch.Tensor,
    labels: torch.Tensor,
    shown_view: torch.Tensor,
    stream: torch.Generator,
) -> torch.Tensor:
    """1 for own pictures, less for off-class ones and those of a hidden view."""
    shape = tuple(feature.shape)
    off = uniform(p.contrast_low, p.contrast_high, shape, stream)
    weak = uniform(p.weak_low, p.weak_high, shape, stream)
    own = feature // p.views == labels.unsqueeze(1)
    hidden = own & (shown_view != MULTI_VIEW).unsqueeze(1) & p.hide
    hidden &= feature % p.views != shown_view.unsqueeze(1)
    return torch.where(hidden, weak, torch.where(own, torch.ones_like(off), off))


def lacks(lacking: str, place: Any, view: Any) -> Any:
    """Whether the law leaves a picture out: a source, or its first two garments; arrays, bool."""
    if lacking == "two garments":
        return (view == 1) & (place < 2)
    return view + 0 * place == {"nothing": -1, "digits": 0, "garments": 1}[lacking]


def _codes(p: Any, pictures: Bank, shown: Shown) -> np.ndarray:
    """Codes of the shown pictures [images, pictures, windows d], float32."""
    width = pictures.means[SOURCES[0]].shape[1]
    found = np.empty((*shown.feature.shape, width), dtype=np.float32)
    for view, source in enumerate(SOURCES[: p.views]):
        for place in range(p.classes):
            here = ((shown.feature % p.views == view) & (shown.place == place)).numpy()
            found[here] = pictures.of[shown.part][source][place][shown.picture.numpy()[here]]
    return found
