"""One multi-view and one single-view image as the data law draws them, patch by patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.patches import Patch

from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import Parameters
from ..simulate.sample import BACKGROUND, MULTI_VIEW, sample_images
from .figure import RunsFigure, Study

IMAGES, SHARE = 64, 0.5
"""Images that are drawn to find one of each kind, and the share mu of single-view ones in them."""
FILLS = {
    "first view of the class": "#0072b2",
    "second view of the class": "#d55e00",
    "feature of another class": "#cc79a7",
    "background": "0.8",
}


@dataclass(frozen=True)
class Image:
    """One image of the law."""

    regime: Parameters
    title: str
    patches: np.ndarray
    """x_p [patches, dimension]."""
    owner: np.ndarray
    """Feature of each patch, BACKGROUND for none [patches]."""
    strength: np.ndarray
    """z_p [patches]."""
    label: int


def gather(study: Study) -> list[Image]:
    """The first image of each kind with a feature of another class, of seed 0."""
    p = study.law("teacher-student", images=IMAGES, single_view=SHARE)
    drawn = sample_images(p, study.salt, [0])
    shown, owner = drawn.shown_view[0].numpy(), drawn.owner[0].numpy()
    labels = drawn.labels[0].numpy()
    foreign = ((owner >= 0) & (owner // p.views != labels[:, None])).any(1)
    kinds = {"multi-view": shown == MULTI_VIEW, "single-view": shown != MULTI_VIEW}
    found = []
    for title, wanted in kinds.items():
        there = wanted & (foreign if (wanted & foreign).any() else True)
        index = int(there.argmax())
        found.append(
            Image(p, title, drawn.patches[0, index].numpy(), owner[index],
                  drawn.strength[0, index].numpy(), int(labels[index]))
        )  # fmt: skip
    return found


@style.styled
def draw(images: Sequence[Image]) -> Drawn:
    """The figure, and one row per patch."""
    figure = style.sheet(style.PAGE, 3.9)
    axes = figure.subplots(2, len(images), height_ratios=(1.5, 1), sharex="col", sharey="row")
    numbers: Rows = []
    limit = max(float(np.abs(image.patches).max()) for image in images)
    for image, (above, below) in zip(images, axes.T, strict=True):
        picture = above.imshow(
            image.patches.T, aspect="auto", cmap="PuOr_r", vmin=-limit, vmax=limit,
            interpolation="nearest",
        )  # fmt: skip
        numbers += _draw_strengths(below, image)
    axes[0, 0].set_ylabel("coordinate of the patch")
    axes[1, 0].set_ylabel("strength $z_p$")
    figure.colorbar(picture, ax=list(axes[0]), aspect=14, pad=0.01).set_label("$x_p$")
    names = [f"{image.title} image of class {image.label + 1}" for image in images]
    style.lettered(axes.ravel(), [*names, *("who owns each patch" for _ in images)])
    _legend(figure)
    return figure, numbers


def _draw_strengths(axes: Axes, image: Image) -> Rows:
    """The strength z_p of every patch in the colour of its owner, and the owner's name."""
    numbers: Rows = []
    views = image.regime.views
    for patch, (owner, z) in enumerate(zip(image.owner.tolist(), image.strength, strict=True)):
        kind = _kind(image, owner)
        name = "" if owner == BACKGROUND else f"$v_{{{owner // views + 1},{owner % views + 1}}}$"
        axes.bar(patch, z, 0.8, color=FILLS[kind])
        axes.annotate(name or "\u2013", (patch, z), (0, 2), textcoords="offset points", ha="center",
                      fontsize=7.5)  # fmt: skip
        numbers.append(
            {"image": image.title, "class": image.label + 1, "patch": patch + 1, "owner": kind,
             "feature": name.strip("$"), "z": float(z),
             "norm": float(np.linalg.norm(image.patches[patch]))}
        )  # fmt: skip
    axes.set_xticks(range(len(image.owner)), [str(patch + 1) for patch in range(len(image.owner))])
    axes.set_xlabel("patch $p$")
    axes.margins(y=0.18)
    return numbers


def _kind(image: Image, owner: int) -> str:
    """Whose a patch is, as a key of FILLS."""
    own, second, foreign, background = FILLS
    if owner == BACKGROUND:
        return background
    if owner // image.regime.views != image.label:
        return foreign
    return second if owner % image.regime.views else own


def _legend(figure: Sheet) -> None:
    """Whose a patch is, by its colour."""
    handles = [Patch(color=fill, label=name) for name, fill in FILLS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


FIGURE = RunsFigure(
    "sample",
    "one multi-view and one single-view image of the data law",
    gather,
    draw,
    r"""The patches of two images as columns of numbers (a, b) and the strength $z_p$ with which
    each patch shows the feature that owns it (c, d): $v_{i,l}$ is view $l$ of class $i$, a dash a
    patch of background. In the multi-view image both views of the class are strong; in the
    single-view one view is, and the other is all but hidden. Patches also carry noise, far too
    small to be seen. Drawn from the law of the teacher-student regime of the preset (seed 0), with
    half of the images single-view so that one of each kind is among the first.""",
)
