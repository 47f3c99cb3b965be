"""Pictures of the fingerprints for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import xarray as xr

from ...images.occlusion import ALONE
from ...images.saliency import look_in_images
from ...images.setup import Setup
from ...judge.findings import Picture

COUNTED: Mapping[str, str] = {
    "regions": f"disjoint sufficient {ALONE} px windows per image",
    "directions": "effective number of directions per class",
    "classes": "effective number of classes per kernel",
}
"""What is counted per network, in words."""
_IN_TABLES = "In the tables MAE-style is 'pixels' and data2vec-style is 'teacher'"


def of_occlusion(setup: Setup, seen: xr.Dataset) -> tuple[Picture, ...]:
    """What matched networks still recognise, and where they look."""
    from ...images.figures import saliency, under_occlusion

    shares = (
        "Share still recognised of the images that both networks of a pair recognise whole. Below "
        "each pair: accuracy on whole images (network named | supervised), and on how many "
        f"images the pair is compared. {_IN_TABLES}"
    )
    sheet = (
        "Supervised and MAE-style network of the first seed at equal accuracy, on the same images; "
        "'clean' is the probability of the class with nothing hidden. The images are not ours to "
        "publish: keep this page to yourself"
    )
    return (
        Picture(shares, lambda: under_occlusion.draw(seen)[0]),
        Picture(sheet, lambda: saliency.draw(look_in_images(setup))[0]),
    )


def of_counts(variables: Sequence[str]) -> Callable[[Setup, xr.Dataset], tuple[Picture, ...]]:
    """Numbers per network, every arm beside supervised learning."""

    def pictures(setup: Setup, seen: xr.Dataset) -> tuple[Picture, ...]:
        from ...images.figures import paired_networks

        del setup
        words = {name: COUNTED[name] for name in variables}
        title = "Networks at matched accuracy; lines join the two of one training seed. "
        return (Picture(title + _IN_TABLES, lambda: paired_networks.draw(seen, words)[0]),)

    return pictures


def of_overlap(setup: Setup, found: xr.Dataset) -> tuple[Picture, ...]:
    """Overlap of two inits for every arm."""
    from ...images.figures import overlap_of_inits

    del setup
    title = "Overlap of two networks of two inits, and of supervised ones in three states"
    return (Picture(title, lambda: overlap_of_inits.draw(found)[0]),)
