"""What a data law is, and the paper's: which features an image shows, and how strongly (section 1).

A law from outside replaces one of the functions, or draws its images altogether on its own
(docs/from_outside.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .. import outside
from ..parameters import Parameters
from ..parts.law import MULTI_VIEW_LAW
from .images import MULTI_VIEW, Images
from .objective import check_parts
from .seeding import uniform

Present = Callable[[Any, torch.Tensor, torch.Generator], torch.Tensor]
"""(parameters, labels [images], stream) -> whether each feature is there [images, features]."""
Strengths = Callable[[Any, torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]
"""(parameters, labels [images], shown view [images], stream) -> sum_p z_p of every feature, were it
there [images, features]; the shown view is MULTI_VIEW where nothing is hidden."""
Draw = Callable[[Any, str, int, str], Images]
"""(parameters, salt, seed, purpose) -> one data set without the leading axis of seeds."""


def present_features(
    parameters: Parameters, labels: torch.Tensor, stream: torch.Generator
) -> torch.Tensor:
    """V(X) as a boolean [images, features] (section 1, step 1); empty where there is no signal."""
    count, views = parameters.features, parameters.views
    class_of = torch.arange(count) // views
    own = class_of == labels.unsqueeze(1)
    chance = uniform(0, 1, (len(labels), count), stream) < parameters.off_class / parameters.classes
    return (own | chance) & parameters.signal


def strengths(
    parameters: Parameters,
    labels: torch.Tensor,
    shown_view: torch.Tensor,
    stream: torch.Generator,
) -> torch.Tensor:
    """sum_p z_p of every feature, were it present [images, features] (section 1, steps 4 and 5)."""
    shape = (len(labels), parameters.features)
    p = parameters
    index = torch.arange(parameters.features)
    own = (index // p.views) == labels.unsqueeze(1)
    single = (shown_view != MULTI_VIEW).unsqueeze(1)
    weak = own & single & ((index % p.views) != shown_view.unsqueeze(1))
    strong_sum = uniform(p.own_low, p.own_high, shape, stream)
    off_sum = uniform(p.off_low, p.off_high, shape, stream)
    single_off_sum = uniform(p.single_view_off_class / 2, p.single_view_off_class, shape, stream)
    weak_sum = uniform(p.weak_view, 2 * p.weak_view, shape, stream)
    total = torch.where(single, single_off_sum, off_sum)
    total = torch.where(own, strong_sum, total)
    return torch.where(weak, weak_sum, total)


@dataclass(frozen=True, kw_only=True)
class DataLaw:
    """A data law by name; what it does not say it has from the paper's."""

    name: str
    """What a regime's `law` says."""
    roles: Callable[[Any], tuple[Any, ...]] | None
    """(parameters) -> the ways in which a feature can be in an image, with their probabilities and
    ranges of sum z (`Role`): what the theory knows of a law. None is the paper's alone."""
    parts: tuple[type, ...] = ()
    """Parts of a regime of its own."""
    views: int | None = None
    """The only number of views a class that it can draw; None: any."""
    present: Present = present_features
    strengths: Strengths = strengths
    draw: Draw | None = None
    """Draws the images itself; None: patches, owners and noise as section 1 has them."""
    conditions: Callable[[Any], tuple[Any, ...]] | None = None
    """(parameters) -> what its images have to be like for the theory to speak of them
    (`Condition`); None: what follows from its roles (`theory.assumptions.of_roles`)."""
    complaints: Callable[[Any], list[str]] | None = None
    """(parameters) -> values of its own that limit each other and do not fit, in words."""
    needs: tuple[str, ...] = ()
    """Data sets that have to be fetched before it can draw."""

    def __post_init__(self) -> None:
        """Raise TypeError for a part that is no data class, and for needs that are no texts."""
        check_parts(f"law {self.name!r}", self.parts)
        outside.check_tuples_of_texts(f"law {self.name!r}", needs=self.needs)


MULTI_VIEW_IMAGES = DataLaw(name=MULTI_VIEW_LAW, roles=None)
"""The paper's law; its roles are in ``theory.data_law``."""


def law_of(parameters: Parameters) -> DataLaw:
    """The law of a regime; raises OutsideError for one from outside that cannot be had."""
    if parameters.law == MULTI_VIEW_LAW:
        return MULTI_VIEW_IMAGES
    found: DataLaw = outside.load(outside.LAWS, parameters.law)
    return found
