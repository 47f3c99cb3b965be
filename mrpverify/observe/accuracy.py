"""Accuracies from counts of right answers, and which views a class has learned.

Counts have the axes [..., classes, shown]: `shown` 0 are images that show all views of their class,
`shown` 1 + l those that show view l alone (single-view).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def multi_view_accuracy(correct: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Share of right answers on multi-view images [...], NaN where there is none."""
    return _share(correct[..., 0].sum(-1), number[..., 0].sum(-1))


def single_view_accuracy(
    correct: np.ndarray, number: np.ndarray, among: np.ndarray | None = None
) -> np.ndarray:
    """Share of right answers on single-view images [...], NaN where there is none.

    `among` [..., classes, views] restricts it to images that show one of these features.
    """
    keep = np.ones_like(correct[..., 1:], dtype=bool) if among is None else among
    right = np.where(keep, correct[..., 1:], 0).sum((-2, -1))
    return _share(right, np.where(keep, number[..., 1:], 0).sum((-2, -1)))


def by_class(features: np.ndarray, views: int) -> np.ndarray:
    """[..., views k] as [..., classes, views]."""
    return features.reshape(*features.shape[:-1], -1, views)


def learned_names(learned: np.ndarray) -> np.ndarray:
    """What each class has learned in words [...], from learned views [..., views]."""
    views = learned.shape[-1]
    number = learned.sum(-1)
    names = np.array([f"view {view + 1} alone" for view in range(views)], dtype=object)
    found = names[learned.argmax(-1)]
    found = np.where(number > 1, "several views" if views > 2 else "both views", found)
    return np.where(number == 0, "no view", found)


def confusion(correct: np.ndarray, number: np.ndarray, learned: np.ndarray) -> list[dict[str, Any]]:
    """View shown in the image against views learned by its class, one row per pair that occurs.

    Counts are [seeds, classes, shown], `learned` is [seeds, classes, views].
    """
    names = learned_names(learned)
    rows = []
    for shown in range(correct.shape[-1]):
        for name in sorted(set(names.ravel())):
            cell = names == name
            images = int(number[..., shown][cell].sum())
            if images:
                rows.append(
                    {
                        "shown": "all views" if shown == 0 else f"view {shown} alone",
                        "learned": str(name),
                        "images": images,
                        "accuracy": float(correct[..., shown][cell].sum() / images),
                    }
                )
    return rows


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part/whole, NaN where whole is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
