"""What a figure is: where its runs come from, how it is drawn, and what is seen in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

import xarray as xr

from ..claims.evaluate import Collect
from ..claims.legs import Leg
from ..drawing.style import Drawn
from ..images.setup import ImageSettings, Setup
from ..parameters import Framework, Parameters
from ..records.labelled import Request, join

Data = TypeVar("Data")


class Noted:
    """Passes on what is read of an object, a property's own reading too, and notes the names."""

    def __init__(self, of: Any, read: dict[str, None]) -> None:
        self._of, self._read = of, read

    def __getattr__(self, name: str) -> Any:
        """What the object has under a name; raises AttributeError."""
        derived = getattr(type(self._of), name, None)
        if isinstance(derived, property) and derived.fget is not None:
            return derived.fget(self)
        self._read[name] = None
        return getattr(self._of, name)


@dataclass(frozen=True)
class Study:
    """What a figure may ask for; it notes every run, law and data set asked for, for the caption.

    Of real images it notes the settings that were read too.
    """

    regimes: Mapping[Framework, Parameters]
    salt: str
    collect: Collect
    most_seeds: int | None = None
    """Seeds of a leg at most; None for as many as the figure wants."""
    images: Setup | None = None
    asked: dict[Request, None] = field(default_factory=dict)
    shown: dict[Parameters, None] = field(default_factory=dict)
    """Regimes of which images are shown and nothing is trained."""
    data: dict[str, None] = field(default_factory=dict)
    """Data sets of real images, by the names under which they are fetched."""
    records: Path = Path()
    """Folder of stored records."""
    shown_records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Records that are shown, by the names of their files."""
    read: dict[str, None] = field(default_factory=dict)
    """Settings of real images that what is shown depends on."""

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

    def look(self, data: Sequence[str]) -> Setup:
        """What figures of real images work with, by the data sets that they need.

        Raises ValueError where it was not given.
        """
        if self.images is None:
            raise ValueError("a figure of real images needs a setup for them")
        self.data.update(dict.fromkeys(data))
        noted = cast(ImageSettings, Noted(self.images.settings, self.read))
        return replace(self.images, settings=noted)


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
    """A figure of simulated runs, with a title and a caption that do not depend on what came out.

    So they say what is drawn, and what should be seen where the theory is right, and no result.
    """

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
