"""Figures of real images, as the report of ``check images`` shows them; `fetch` brings the data.

Some show photos or CIFAR-10 pictures, whose licences do not let us publish them: those are written
to a folder of the user's own (``--out``) and never to ``paper_figures/drawn``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..claims.images import fingerprints, multiview, views
from ..claims.images.fingerprint_pictures import COUNTED
from ..drawing.style import Drawn
from ..images.accuracies import study_accuracies
from ..images.cifar_study import SEEN
from ..images.figures import (
    label_efficiency,
    overlap_of_inits,
    paired_networks,
    photo_parts,
    saliency,
    under_occlusion,
    views_against_chance,
    windows_per_photo,
)
from ..images.folder import missing_message
from ..images.overlap import overlaps
from ..images.photo_parts import PhotoParts, look_at_parts, shown_photos
from ..images.saliency import look_in_images
from ..images.setup import Setup
from .figure import Study


@dataclass(frozen=True)
class ImageFigure:
    """One figure: the data it needs, what is looked at, how it is drawn."""

    name: str
    title: str
    needs: tuple[str, ...]
    look: Callable[[Setup], Any]
    draw: Callable[[Any], Drawn]
    text: str
    shows_pictures: bool = False
    """Whether photos or CIFAR-10 pictures can be seen in it."""

    def gather(self, study: Study) -> Any:
        """What the networks of the study see."""
        return self.look(study.look(self.needs))

    def caption(self, data: Any) -> str:
        """The text of the caption."""
        del data
        return " ".join(self.text.split())

    def obstacle(self, published: bool) -> str:
        """Why it cannot be drawn into a folder (published: the one in the repository), or ""."""
        if published and self.shows_pictures:
            return (
                "it shows pictures that are not ours to publish; draw it into a folder of yours "
                "with --out FOLDER"
            )
        return missing_message(self.needs)


def _windows(setup: Setup) -> Any:
    """Sufficient windows of all recognised photos."""
    return multiview.counts_of_windows(multiview.evidence(setup))


def _two_networks(setup: Setup) -> views_against_chance.Found:
    """Chosen windows against their nulls, and photos by number of windows."""
    scores = views.evidence(setup)
    return views.compared(scores), views.called_windows(scores)


def _sheet(setup: Setup) -> list[PhotoParts]:
    """The first recognised photos."""
    looks = multiview.recognised(multiview.evidence(setup))
    return look_at_parts(shown_photos(looks["photo"].values.tolist()))


FIGURES = (
    ImageFigure(
        "image_windows", "disjoint windows of a photo that each suffice alone",
        ("resnet50", "photos"), _windows,
        partial(windows_per_photo.draw, threshold=multiview.HALF, limit=multiview.CONTROL_LIMIT),
        """Left the share of recognised photos with at least two disjoint windows that are each
        enough for their class, for every grid of windows, with its exact 90 % interval, and the
        controls. Right the photos by their number of such windows.""",
    ),
    ImageFigure(
        "image_views", "two windows that one network chose and another judged, against chance",
        ("resnet50", "lite0", "photos"), _two_networks, views_against_chance.draw,
        """Left the share of photos, recognised by both networks, whose two chosen windows are
        called by the class asked for, with its exact 90 % interval, and what the null gives: (a)
        the same places in other photos, (b) the places that were chosen in other photos. Right the
        photos by the largest number of disjoint windows called by their class.""",
    ),
    ImageFigure(
        "image_labels", "CIFAR-10: what mask reconstruction adds to labels",
        ("cifar10",), study_accuracies, partial(label_efficiency.draw, seen=SEEN),
        """Test accuracy against the number of labels, for supervised learning with both budgets
        and for both methods of mask reconstruction, pretrained on the labelled images or on all of
        the pool; accuracy by mask ratio; and the linear probe. Dots are seeds, marks means with 90
        % intervals.""",
    ),
    ImageFigure(
        "image_occlusion", "what matched networks recognise when a window is hidden",
        ("cifar10",), fingerprints.pairs, under_occlusion.draw,
        """Share of images still recognised without the window a network relies on most (above) and
        without the centre (below), for both fillings of the window, over the images that both
        networks of a pair recognise whole.""",
    ),
    ImageFigure(
        "image_fingerprints", "numbers of matched networks, seed by seed",
        ("cifar10",), fingerprints.pairs, partial(paired_networks.draw, variables=COUNTED),
        """One number per network, pretrained beside supervised learning at the same accuracy; thin
        lines join the networks of one seed. Marks are means with 90 % intervals.""",
    ),
    ImageFigure(
        "image_overlap", "how alike are the features of two initialisations?",
        ("cifar10",), overlaps, overlap_of_inits.draw,
        """Linear CKA of the pooled features of two networks that differ in their initialisation,
        for every arm, beside supervised networks in three states. Marks are means with 90 %
        intervals.""",
    ),
    ImageFigure(
        "image_parts", "photos with Eigen-CAM and the parts (NMF) of a network's last map",
        ("resnet50", "photos"), _sheet, photo_parts.draw,
        """The first recognised photos by file name, what varies in the last map, and its parts, at
        two resolutions.""",
        True,
    ),
    ImageFigure(
        "image_saliency", "the same images as two networks of equal accuracy see them",
        ("cifar10",), look_in_images, saliency.draw,
        """The first test image of each class that both networks of the first seed recognise: the
        probability lost where a window is hidden, and Eigen-CAM of the last map, supervised and
        pretrained.""",
        True,
    ),
)  # fmt: skip
