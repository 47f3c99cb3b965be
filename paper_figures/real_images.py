"""Figures of real images, as the report of ``check images`` shows them; `fetch` brings the data.

Some show photos or CIFAR-10 pictures, whose licences do not let us publish them: those are written
to a folder of the user's own (``--out``) and never to ``paper_figures/drawn``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from mrpverify.claims.images import fingerprints, multiview
from mrpverify.claims.images.fingerprint_pictures import COUNTED
from mrpverify.figures import (
    label_efficiency,
    overlap_of_inits,
    paired_networks,
    photo_parts,
    saliency,
    under_occlusion,
    windows_per_photo,
)
from mrpverify.figures.style import Drawn
from mrpverify.images.accuracies import study_accuracies
from mrpverify.images.cifar_study import SEEN
from mrpverify.images.folder import missing_message
from mrpverify.images.overlap import overlaps
from mrpverify.images.photo_parts import PhotoParts, look_at_parts, shown_photos
from mrpverify.images.saliency import look_in_images
from mrpverify.images.setup import Setup


@dataclass(frozen=True)
class ImageFigure:
    """One figure: the data it needs, what is looked at, how it is drawn."""

    needs: tuple[str, ...]
    gather: Callable[[Setup], Any]
    draw: Callable[[Any], Drawn]
    shows_pictures: bool = False
    """Whether photos or CIFAR-10 pictures can be seen in it."""

    def obstacle(self, published: bool) -> str:
        """Why it cannot be drawn into a folder (published: the one in the repository), or ""."""
        if published and self.shows_pictures:
            return (
                "it shows pictures that are not ours to publish; draw it into a folder of yours "
                "with --out FOLDER"
            )
        return missing_message(self.needs)


def _sheet(setup: Setup) -> list[PhotoParts]:
    """The first recognised photos."""
    looks = multiview.recognised(multiview.evidence(setup))
    return look_at_parts(shown_photos(looks["photo"].values.tolist()))


FIGURES = {
    "image_windows": ImageFigure(
        ("resnet50", "photos"),
        lambda setup: multiview.counts_of_windows(multiview.evidence(setup)),
        partial(windows_per_photo.draw, threshold=multiview.HALF, limit=multiview.CONTROL_LIMIT),
    ),
    "image_labels": ImageFigure(
        ("cifar10",), study_accuracies, partial(label_efficiency.draw, seen=SEEN)
    ),
    "image_occlusion": ImageFigure(("cifar10",), fingerprints.pairs, under_occlusion.draw),
    "image_fingerprints": ImageFigure(
        ("cifar10",),
        fingerprints.pairs,
        partial(paired_networks.draw, variables=COUNTED),
    ),
    "image_overlap": ImageFigure(("cifar10",), overlaps, overlap_of_inits.draw),
    "image_parts": ImageFigure(("resnet50", "photos"), _sheet, photo_parts.draw, True),
    "image_saliency": ImageFigure(("cifar10",), look_in_images, saliency.draw, True),
}
