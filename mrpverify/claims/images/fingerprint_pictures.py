"""Pictures of the fingerprints for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from ...images.occlusion import ALONE
from ...images.saliency import look_in_images
from ...images.setup import Setup

COUNTED: Mapping[str, str] = {
    "regions": f"disjoint sufficient {ALONE} px windows per image",
    "directions": "effective number of directions per class",
    "classes": "effective number of classes per kernel",
}
"""What is counted per network, in words."""
_IN_TABLES = "In the tables MAE-style is 'pixels' and data2vec-style is 'teacher'"


def of_occlusion(setup: Setup, seen: xr.Dataset) -> Mapping[str, Any]:
    """What matched networks still recognise, and where they look."""
    from ...drawing import saliency, under_occlusion

    shares, _ = under_occlusion.draw(seen)
    sheet, _ = saliency.draw(look_in_images(setup))
    return {
        "Share still recognised of the images that both networks of a pair recognise whole. Below "
        "each pair: accuracy on whole images (network named | supervised), and on how many "
        f"images the pair is compared. {_IN_TABLES}": shares,
        "Supervised and MAE-style network of the first seed at equal accuracy, on the same images; "
        "'clean' is the probability of the class with nothing hidden. The images are not ours to "
        "publish: keep this page to yourself": sheet,
    }


def of_counts(variables: Sequence[str]) -> Callable[[Setup, xr.Dataset], Mapping[str, Any]]:
    """Numbers per network, every arm beside supervised learning."""

    def pictures(setup: Setup, seen: xr.Dataset) -> Mapping[str, Any]:
        from ...drawing import paired_networks

        del setup
        figure, _ = paired_networks.draw(seen, {name: COUNTED[name] for name in variables})
        title = "Networks at matched accuracy; lines join the two of one training seed. "
        return {title + _IN_TABLES: figure}

    return pictures


def of_overlap(setup: Setup, found: xr.Dataset) -> Mapping[str, Any]:
    """Overlap of two inits for every arm."""
    from ...drawing import overlap_of_inits

    del setup
    figure, _ = overlap_of_inits.draw(found)
    return {"Overlap of two networks of two inits, and of supervised ones in three states": figure}
