"""What a figure is: where its runs come from, how it is drawn, and what is seen in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

import xarray as xr

from ..claims.evaluate import Collect
from ..claims.legs import Leg
from ..drawing.style import Drawn
from ..images.setup import Setup
from ..parameters import Framework, Parameters
from ..records.labelled import Request, join

Data = TypeVar("Data")


@dataclass(frozen=True)
class Study:
    """What a figure may ask for; it notes every run and law that was asked, for the caption."""

    regimes: Mapping[Framework, Parameters]
    salt: str
    collect: Collect
    most_seeds: int | None = None
    """Seeds of a leg at most; None for as many as the figure wants."""
    images: Setup | None = None
    asked: dict[Request, None] = field(default_factory=dict)
    shown: dict[Parameters, None] = field(default_factory=dict)
    """Regimes of which images are shown and nothing is trained."""

    def get(self, requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
        """The runs of requests."""
        self.asked.update(dict.fromkeys(requests))
        return self.collect(requests)

    def seeds(self, wanted: int) -> range:
        """The first `wanted` seeds, or as many as are allowed."""
        return range(wanted if self.most_seeds is None else min(wanted, self.most_seeds))

    def runs(self, leg: Leg, seeds: int) -> xr.Dataset:
        """The runs of a leg along `seed`."""
        requests = leg.requests(self.salt, self.seeds(seeds))
        found = self.get(requests)
        return join([found[request] for request in requests])

    def law(self, framework: Framework, **changes: Any) -> Parameters:
        """A regime whose images are shown."""
        regime = replace(self.regimes[framework], **changes)
        self.shown[regime] = None
        return regime

    def look(self) -> Setup:
        """What figures of real images work with; raises ValueError where it was not given."""
        if self.images is None:
            raise ValueError("a figure of real images needs a setup for them")
        return self.images


class Figure(Protocol[Data]):
    """A figure that can be asked for by its name."""

    @property
    def name(self) -> str:
        """Under which it is asked for, and its files are found."""

    @property
    def title(self) -> str:
        """What it is about, in one line."""

    def gather(self, study: Study) -> Data:
        """What is drawn."""

    def draw(self, data: Data) -> Drawn:
        """The picture, and its numbers as rows of one table."""

    def caption(self, data: Data) -> str:
        """What is seen, panel by panel, in Markdown."""

    def obstacle(self, published: bool) -> str:
        """Why it cannot be drawn into a folder (published: the repository's), or ""."""


@dataclass(frozen=True)
class RunsFigure(Generic[Data]):
    """A figure of simulated runs, with a caption that does not depend on what came out."""

    name: str
    title: str
    gather: Callable[[Study], Data]
    draw: Callable[[Data], Drawn]
    text: str

    def caption(self, data: Data) -> str:
        """The text of the caption."""
        del data
        return " ".join(self.text.split())

    def obstacle(self, published: bool) -> str:
        """Nothing is in the way of a figure of numbers."""
        del published
        return ""


AnyFigure = Figure[Any]
