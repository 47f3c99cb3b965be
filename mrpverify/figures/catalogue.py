"""All figures by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ..command_line import UsageError
from . import (
    cost,
    coverage,
    dominoes,
    dominoes_map,
    explanation,
    explanation_limits,
    laws,
    learned_views,
    maps,
    objectives,
    overview,
    real_images,
    reduced_dynamics,
    retention,
    sample,
    scaling,
    single_view,
    theorem1,
)  # fmt: skip
from .figure import AnyFigure

ALL = "all"
"""Stands for every figure that can be drawn."""


def figures() -> Mapping[str, AnyFigure]:
    """Name -> figure, in the order in which they are listed."""
    single: list[AnyFigure] = [
        module.FIGURE
        for module in (
            overview, sample, theorem1, learned_views, retention, coverage, single_view, objectives,
            explanation, explanation_limits, cost, reduced_dynamics, dominoes, dominoes_map,
            scaling,
        )
    ]  # fmt: skip
    every: list[AnyFigure] = [*single, *laws.figures(), *maps.FIGURES, *real_images.FIGURES]
    return {figure.name: figure for figure in every}


def chosen(names: Sequence[str]) -> list[AnyFigure]:
    """The figures with these names or patterns (``L*``), in any case; raises UsageError."""
    there = figures()
    found: dict[str, AnyFigure] = {}
    for name in names:
        asked = name.lower()
        own = [known for known in there if asked == ALL or fnmatchcase(known.lower(), asked)]
        if not own:
            raise UsageError(f"{name!r} is no figure; {_instead(asked, there)}")
        found.update({known: there[known] for known in own})
    return list(found.values())


def _instead(asked: str, there: Iterable[str]) -> str:
    """What may have been meant by a name in small letters, or all that there is."""
    small = {known.lower(): known for known in there}
    near = [small[name] for name in difflib.get_close_matches(asked, small, n=3)]
    if near:
        return f"did you mean {' or '.join(near)}? `mrpverify figures` lists all of them."
    return f"there is {', '.join(there)}, {ALL}."
