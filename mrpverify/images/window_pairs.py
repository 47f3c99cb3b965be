"""Two disjoint windows of a photo: chosen by one network, named by another, at any photo's places.

Scores are log-probabilities [photo, window, class]; places are two window numbers for each photo.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .windows import Window, most_disjoint


def disjoint_pairs(windows: Sequence[Window]) -> np.ndarray:
    """Numbers of every two windows that share no pixel [pairs, 2], in reading order."""
    found = [
        (i, j)
        for i, one in enumerate(windows)
        for j, other in enumerate(windows)
        if i < j and not one.overlaps(other)
    ]
    return np.array(found, int).reshape(-1, 2)


def chosen(scores: np.ndarray, asked: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """For each photo the pair whose lesser score of the class asked for [photo] is greatest.

    The first of equal ones; [photo, 2]. Nothing but this network's scores enters.
    """
    of_class = np.take_along_axis(scores, asked[:, None, None], 2)[..., 0]
    worth = of_class[:, pairs].min(2)
    return np.asarray(pairs[worth.argmax(1)])


def named_in_others(first: np.ndarray, places: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Whether both windows of photo j at the places of photo i are named what i is asked for.

    `first` [photo, window] is the class ranked first; [i, j], the diagonal being a photo's own.
    """
    at_places = first[:, places]  # [j, i, 2]
    return np.asarray((at_places == asked[None, :, None]).all(2).T)


def named_elsewhere(first: np.ndarray, places: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Whether both windows of photo i at the places of photo j are named what i is asked for.

    [i, j], the diagonal being a photo's own.
    """
    return np.asarray((first[:, places] == asked[:, None, None]).all(2))


def most_named(first: np.ndarray, asked: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
    """Largest number of disjoint windows that are all named what is asked for [photo].

    `first` is [network, photo, window]: all networks have to name a window so.
    """
    good = (first == asked[None, :, None]).all(0)
    return np.array(
        [
            most_disjoint([w for w, is_good in zip(windows, row, strict=True) if is_good])
            for row in good
        ]
    )


def not_neighbour(whole: np.ndarray, label: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """The class that is ranked best of those that are no neighbour of the photo's own [photo].

    `whole` [photo, class] scores the whole photo, `neighbours` [class, class] holds each class too.
    """
    return np.asarray(np.where(neighbours[label], -np.inf, whole).argmax(1))
