"""Dominoes: the images, what kernels respond to, and who confuses what, for one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.gridspec import GridSpecFromSubplotSpec, SubplotSpec

from ..claims.dominoes import arms
from ..claims.legs import PRETRAINING, SUPERVISED
from ..dominoes.draw import Shown, choose
from ..dominoes.options import SOURCES
from ..dominoes.pictures import Bank, bank, chosen, of_classes
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..images.folder import missing_message
from ..objectives.fine_tuning import gradient as fine_tuning
from ..objectives.supervised import gradient as supervised
from ..observe.capture import largest_elsewhere
from ..parameters import Parameters
from ..simulate.images import MULTI_VIEW, Images
from ..simulate.sample import sample_images
from .figure import Study

SEED = 0
MOST = 100
"""Pictures that excite a kernel most, of which the mean is shown."""
SIDE = 28
STAGES = ("pretraining", "supervised")


@dataclass(frozen=True)
class Seen:
    """What is drawn."""

    strips: Sequence[tuple[str, np.ndarray]]
    """Images in words, and their pictures side by side."""
    responses: Mapping[str, np.ndarray]
    """By stage: mean of the pictures that excite the kernel of a feature most
    [classes, views, side, side], NaN where no kernel holds it."""
    confusion: Mapping[str, np.ndarray]
    """By stage: answers to single-view test images, as shares [classes, views, classes]."""


def gather(study: Study) -> Seen:
    """One seed of pretraining, fine-tuning and supervised learning."""
    p = arms.regime(study.regimes["teacher-student"])
    legs = arms.compared(p)
    runs = {name: study.runs(legs[name], 1) for name in (PRETRAINING, arms.TUNED, SUPERVISED)}
    pictures, pixels = bank(p), _pixels(p)
    kernels = dict(zip(STAGES, (runs[PRETRAINING], runs[SUPERVISED]), strict=True))
    return Seen(
        _strips(p, pictures, pixels, study.salt),
        {
            name: _responses(p, pictures, pixels["train"], run, own_block=name == STAGES[1])
            for name, run in kernels.items()
        },
        {
            "fine-tuned": _confusion(p, runs[arms.TUNED], study.salt),
            "supervised": _confusion(p, runs[SUPERVISED], study.salt),
        },
    )


def _pixels(p: Any) -> dict[str, dict[str, list[np.ndarray]]]:
    """Pictures [n, 784] by part, source and place."""
    return {
        part: {s: of_classes(s, part, chosen(p, s)) for s in SOURCES} for part in ("train", "test")
    }


def _strips(
    p: Parameters, pictures: Bank, pixels: Mapping[str, Any], salt: str
) -> list[tuple[str, np.ndarray]]:
    """Two multi-view images and two single-view ones, one of each view."""
    some = replace(p, images=200, single_view=0.5)
    shown = choose(some, pictures, salt, SEED, "figure")
    at = [np.flatnonzero((shown.shown_view == view).numpy())[0] for view in (MULTI_VIEW, 0, 1)]
    words = ("both views", "the digit alone", "the garment alone")
    return [
        (f"class {int(shown.labels[i]) + 1}, {text}", _strip(pixels["train"], shown, i))
        for text, i in zip(words, at, strict=True)
    ]


def _strip(pixels: Mapping[str, Any], shown: Shown, image: int) -> np.ndarray:
    """The pictures of an image at their contrast, side by side [side, pictures side]."""
    return np.concatenate(
        [
            float(shown.contrast[image, i])
            * pixels[SOURCES[int(shown.feature[image, i]) % len(SOURCES)]][
                int(shown.place[image, i])
            ][int(shown.picture[image, i])].reshape(SIDE, SIDE)
            for i in range(shown.feature.shape[1])
        ],
        axis=1,
    )


def _responses(
    p: Parameters, pictures: Bank, pixels: Mapping[str, Any], run: xr.Dataset, own_block: bool
) -> np.ndarray:
    """What the purest kernel that holds a feature responds to; a class's block in supervision."""
    weights = run["final_weights"].values[0]
    end = run["final_correlations"].values[0]
    # The lead over every other feature: some kernels have leaked into the sibling view (L6).
    lead = end - largest_elsewhere(end, p.views, same_class=True)
    held = np.where(end >= p.linear_from / 2, lead, -np.inf)
    if own_block:
        block = np.arange(p.kernels) // p.kernels_per_class
        held[block[:, None] != np.arange(p.features) // p.views] = -np.inf
    codes = np.concatenate([x for s in SOURCES for x in pictures.of["train"][s]])
    flat = np.concatenate([x for s in SOURCES for x in pixels[s]])
    found = np.full((p.features, SIDE, SIDE), np.nan)
    for feature in np.flatnonzero(np.isfinite(held.max(0))):
        answers = codes @ weights[held[:, feature].argmax()]
        found[feature] = flat[np.argsort(answers)[-MOST:]].mean(0).reshape(SIDE, SIDE)
    return found.reshape(p.classes, p.views, SIDE, SIDE)


def _confusion(p: Parameters, run: xr.Dataset, salt: str) -> np.ndarray:
    """Answers to single-view test images by class and view shown."""
    images = sample_images(
        replace(p, images=p.test_images, single_view=1.0), salt, [SEED], "test 1"
    ).to("cpu", torch.float32)
    answers = _answers(p, run, images)
    found = np.zeros((p.classes, p.views, p.classes))
    np.add.at(found, (images.labels[0].numpy(), images.shown_view[0].numpy(), answers), 1)
    return np.asarray(found / found.sum(-1, keepdims=True))


def _answers(p: Parameters, run: xr.Dataset, images: Images) -> np.ndarray:
    """The class with the largest logit [images]."""
    state = {"weights": torch.from_numpy(run["final_weights"].values).float()}
    if "final_head" in run:
        state["head"] = torch.from_numpy(run["final_head"].values).float()
        logits = fine_tuning.logits(p, state, images.patches)
    else:
        logits = supervised.logits(p, state, images.patches)
    return np.asarray(logits[0].argmax(-1).numpy())


@style.styled
def draw(data: Seen) -> Drawn:
    """Images above; below what kernels respond to, and the answers to single-view images."""
    figure = style.sheet(style.PAGE, 5.0)
    rows = figure.add_gridspec(2, 1, height_ratios=(1, 2.0))
    lettered = [_draw_strips(figure, rows[0], data.strips)]
    parts = rows[1].subgridspec(1, 4, width_ratios=(1, 1, 1.25, 1.25))
    for column, pictures in enumerate(data.responses.values()):
        lettered.append(_draw_responses(figure, parts[0, column], pictures))
    for column, shares in enumerate(data.confusion.values(), start=2):
        lettered.append(_draw_confusion(figure.add_subplot(parts[0, column]), shares))
    titles = (
        "images: pictures at their contrast", "pretraining: kernels\nrespond to",
        "supervised: kernels\nrespond to", "fine-tuned: answers\nto one view alone",
        "supervised: answers\nto one view alone",
    )  # fmt: skip
    style.lettered(lettered, titles)
    return figure, _numbers(data)


def _draw_strips(
    figure: Sheet, place: SubplotSpec, strips: Sequence[tuple[str, np.ndarray]]
) -> Axes:
    """One image a line."""
    grid = GridSpecFromSubplotSpec(len(strips), 1, place)
    axes = [figure.add_subplot(grid[row, 0]) for row in range(len(strips))]
    for axis, (text, strip) in zip(axes, strips, strict=True):
        _picture(axis, strip)
        axis.set_ylabel(text.replace(", ", "\n"), rotation=0, ha="right", va="center")
    return axes[0]


def _draw_responses(figure: Sheet, place: SubplotSpec, pictures: np.ndarray) -> Axes:
    """A row a class, a column a view."""
    classes, views = pictures.shape[:2]
    grid = GridSpecFromSubplotSpec(classes, views, place, wspace=0.02, hspace=0.02)
    axes = [[figure.add_subplot(grid[c, v]) for v in range(views)] for c in range(classes)]
    for label, row in enumerate(axes):
        for view, axis in enumerate(row):
            _picture(axis, pictures[label, view])
        row[0].set_ylabel(str(label + 1), rotation=0, ha="right", va="center")
    return axes[0][0]


def _picture(axis: Axes, pixels: np.ndarray) -> None:
    """A picture, dark on light; empty where there is none."""
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(False)
    if np.isfinite(pixels).any():
        axis.imshow(pixels, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        return
    axis.set_aspect("equal")
    axis.text(0.5, 0.5, "none", ha="center", va="center", color="0.5", transform=axis.transAxes)


def _draw_confusion(axis: Axes, shares: np.ndarray) -> Axes:
    """A row for every class and the view that is shown, a column for every answer."""
    classes, views = shares.shape[:2]
    flat = shares.reshape(classes * views, -1)
    axis.imshow(flat, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    names = [f"{c + 1} {kind}" for c in range(classes) for kind in ("digit", "garment")]
    axis.set_yticks(range(len(flat)), names)
    axis.set_xticks(range(classes), [str(c + 1) for c in range(classes)])
    axis.set_xlabel("answer")
    axis.tick_params(length=0)
    for (row, column), share in np.ndenumerate(flat):
        if share >= 0.05:
            dark = "w" if share > 0.5 else "k"
            axis.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=5, color=dark)
    return axis


def _numbers(data: Seen) -> Rows:
    """Every cell of both tables of answers."""
    return [
        {
            "stage": name,
            "class": label + 1,
            "view": SOURCES[view],
            "answer": answer + 1,
            "share": share,
        }
        for name, shares in data.confusion.items()
        for (label, view, answer), share in np.ndenumerate(shares)
    ]


@dataclass(frozen=True)
class DominoesFigure:
    """The figure; it shows pictures that are not ours to publish."""

    name: str = "dominoes"
    title: str = "real pictures with known views: images, what kernels respond to, confusions"

    def gather(self, study: Study) -> Seen:
        """One seed of the study's salt."""
        return gather(study)

    def draw(self, data: Seen) -> Drawn:
        """The picture and its numbers."""
        return draw(data)

    def caption(self, data: Seen) -> str:
        """What is seen."""
        del data
        return (
            "(a) Images of the law of dominoes: four pictures of each own view (of the hidden one "
            "hardly visible) and two of each of two off-class features, at their contrast. (b, c) "
            f"Mean of the {MOST} training pictures that excite most the purest kernel that "
            "holds a feature, a row for each class, digit left and garment right; none where no "
            "kernel (c: of the class's own block) holds it. (d, e) Answers to test images that "
            "show one view alone, as shares of each row."
        )

    def obstacle(self, published: bool) -> str:
        """Why it cannot be drawn into a folder (published: the one in the repository), or ""."""
        if published:
            return (
                "it shows pictures that are not ours to publish; draw it into a folder of yours "
                "with --out FOLDER"
            )
        return missing_message(arms.NEEDS)


FIGURE = DominoesFigure()
