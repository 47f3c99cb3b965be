"""All figures by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """The figures with these names or patterns (``L*``); raises UsageError for one without any."""
    there = figures()
    found: dict[str, AnyFigure] = {}
    for name in names:
        own = [known for known in there if name == ALL or fnmatchcase(known, name)]
        if not own:
            raise UsageError(f"{name!r} is no figure; there is {', '.join(there)}, {ALL}.")
        found.update({known: there[known] for known in own})
    return list(found.values())
