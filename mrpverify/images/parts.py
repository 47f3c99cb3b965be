"""Parts of a photo: a non-negative factorisation (NMF) of a network's last map, part by part."""

from __future__ import annotations

import warnings

import numpy as np

from .folder import MissingDataError

PARTS = 5
_ITERATIONS = 400


def parts_of(feature_map: np.ndarray, number: int = PARTS) -> tuple[np.ndarray, np.ndarray]:
    """Where each part is [parts, h, w] and its features [parts, channels], strongest part first.

    The map [channels, h, w] is non-negative; every part's place has the largest value 1. The
    factorisation starts from the singular vectors (nndsvda), so nothing is drawn. Raises
    MissingDataError where scikit-learn is not installed.
    """
    try:
        from sklearn.decomposition import NMF
        from sklearn.exceptions import ConvergenceWarning
    except ImportError:
        raise MissingDataError(
            "scikit-learn is not installed; get it with: python -m pip install 'mrpverify[images]'"
        ) from None
    channels, height, width = feature_map.shape
    features = feature_map.reshape(channels, -1).T
    model = NMF(number, init="nndsvda", max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a picture needs no last digit
        where = model.fit_transform(features)
    scale = np.maximum(where.max(0), np.finfo(np.float64).tiny)
    found = model.components_ * scale[:, None]
    order = np.argsort(-(found.sum(1) * (where / scale).sum(0)), kind="stable")
    places = (where / scale).T.reshape(number, height, width)
    return places[order], found[order]
