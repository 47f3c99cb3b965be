"""A sweep as it is written down in TOML, checked, and its grid of regimes.

A plan names claims, frameworks and the axes of a grid; every cell of the grid is one regime per
framework, judged on the same salt and seeds. Everything is checked here, before any work.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    ValidationError,
)

from ..claims.claim import Claim
from ..claims.heard import UnheardError, hears, unheard
from ..claims.registry import select
from ..command_line import UsageError
from ..parameters import Framework, Parameters
from ..regime import (
    Preset,
    RegimeError,
    canonical,
    check_salt,
    check_seeds,
    load_preset,
    preset_folder,
)
from ..regular import read_settings

MOST_CELLS = 100_000
"""Cells of a grid at most: more are a slip of the pen."""

Scalar = bool | int | float | str
Value = TypeVar("Value")
Values = Annotated[list[Scalar], Field(min_length=1)]


class PlanError(UsageError):
    """A plan that cannot be used; the message names the entry, what is allowed and what to do."""


class Range(BaseModel):
    """Equally spaced values of an axis, or values in equal ratios."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    start: float = Field(alias="from", allow_inf_nan=False)
    stop: float = Field(alias="to", allow_inf_nan=False)
    points: int = Field(ge=2, le=10_000)
    scale: Literal["linear", "log"] = "linear"

    def values(self) -> list[Scalar]:
        """The values, rounded to six digits so that they read well; raises ValueError."""
        if self.start == self.stop:
            raise ValueError(f"from and to are both {self.start:g}; give a list of one value")
        if self.scale == "log" and min(self.start, self.stop) <= 0:
            raise ValueError(f"from={self.start:g}, to={self.stop:g}: a log scale needs both > 0")
        space = np.linspace if self.scale == "linear" else np.geomspace
        return [float(f"{value:.6g}") for value in space(self.start, self.stop, self.points)]


Axis = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Values, Tag("list")],
    Discriminator(lambda given: "range" if isinstance(given, (dict, Range)) else "list"),
]
"""A table is a range and nothing else, so that what is wrong is said of what was written."""


class Plan(BaseModel):
    """The entries of a sweep's TOML file."""

    model_config = ConfigDict(extra="forbid")
    claims: Annotated[list[str], Field(min_length=1)]
    frameworks: Annotated[list[Framework], Field(min_length=1)]
    preset: str = "quick"
    seeds: StrictInt | None = None
    salt: str = "a"
    controls: StrictBool = False
    settings: dict[str, Scalar] = Field(default={}, alias="set")
    grid: Annotated[dict[str, Axis], Field(min_length=1)]
    zip: list[Annotated[list[str], Field(min_length=2)]] = []
    """Groups of axes that move together instead of being crossed."""

    def axes(self) -> dict[str, list[Scalar]]:
        """Symbol -> values of every axis; raises PlanError."""
        axes: dict[str, list[Scalar]] = {}
        for name, given in self.grid.items():
            try:
                values = given.values() if isinstance(given, Range) else given
            except ValueError as error:
                raise PlanError(f"[grid] {name}: {error}.") from None
            repeated = _first_repeated(values)
            if repeated is not None:
                raise PlanError(f"[grid] {name}: {repeated} is given twice; keep one.")
            axes[name] = values
        return axes


def _first_repeated(values: Sequence[Value]) -> Value | None:
    """The first value that stood there before (1 and 1.0 are one), None where all differ."""
    seen: set[Value] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


@dataclass(frozen=True)
class Cell:
    """One point of the grid: its coordinates and its regime in every framework."""

    point: Mapping[str, Scalar]
    regimes: Mapping[Framework, Parameters]


@dataclass(frozen=True)
class Sweep:
    """A checked plan: everything needed before the first run starts."""

    name: str
    axes: tuple[str, ...]
    cells: tuple[Cell, ...]
    claims: tuple[Claim, ...]
    seeds: int
    salt: str


def shipped_plans() -> list[str]:
    """Names of the plans that come with the package: its TOML files with a grid."""
    files = sorted(preset_folder().glob("*.toml"))
    return [f.stem for f in files if "grid" in tomllib.loads(f.read_text(encoding="utf-8"))]


def plan_path(plan: Path) -> Path:
    """The file of a plan: the path itself, or that of the shipped plan of this name."""
    named = not plan.exists() and str(plan) in shipped_plans()
    return preset_folder() / f"{plan}.toml" if named else plan


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file; raises PlanError."""
    try:
        content = tomllib.loads(read_settings(path))
    except OSError as error:
        raise PlanError(
            f"{path}: cannot be read ({error.strerror}); shipped plans are "
            f"{', '.join(shipped_plans())}."
        ) from None
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{path}: not valid TOML ({error}).") from None
    try:
        plan = Plan.model_validate(content)
    except ValidationError as error:
        raise PlanError(f"{path}: " + "; ".join(_complaints(error))) from None
    if plan.preset.endswith(".toml"):
        plan.preset = str(path.parent / plan.preset)
    return plan


def _complaints(error: ValidationError) -> list[str]:
    """What is wrong with each entry, in words; one line for each."""
    lines: dict[str, str] = {}
    for item in error.errors(include_url=False):
        name = _entry([str(part) for part in item["loc"]])
        value = "" if item["type"] == "missing" else f"={item['input']!r}"
        known = ", ".join(f.alias or name for name, f in Plan.model_fields.items())
        hint = f"; allowed are {known}" if item["type"] == "extra_forbidden" else ""
        lines.setdefault(name, f"{name}{value}: {item['msg'].lower()}{hint}")
    return list(lines.values())


def _entry(place: Sequence[str]) -> str:
    """The entry of a plan that is meant by a place in it; of a range its own entry too."""
    if place[0] != "grid" or len(place) < 2:
        return place[0]
    return " ".join(["[grid]", place[1], *(place[3:] if place[2:3] == ["range"] else ())])


def lay_out(
    plan: Plan,
    name: str,
    settings: Mapping[str, Any] | None = None,
    seeds: int | None = None,
    salt: str | None = None,
    plugins: Sequence[str] = (),
) -> Sweep:
    """The grid of a plan, every cell of it validated; what is given replaces the plan's own.

    The plan may name claims of the files `plugins` too.
    Raises PlanError, RegimeError or UnknownClaimError.
    """
    axes = plan.axes()
    _check_names(plan, axes, settings or {})
    claims = _claims(plan, plugins)
    preset = _restricted(load_preset(plan.preset), plan.frameworks)
    base = preset.override(plan.settings).override(settings or {})
    cells = tuple(_cell(base, point) for point in _points(axes, plan.zip))
    _check_cells(cells)
    _check_heard(claims, preset, base, cells)
    wanted = plan.seeds if seeds is None else seeds
    return Sweep(
        name,
        tuple(axes),
        cells,
        claims,
        check_seeds(base.seeds if wanted is None else wanted),
        check_salt(plan.salt if salt is None else salt),
    )


def _claims(plan: Plan, plugins: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of a plan, without their controls where it leaves them out."""
    claims = select(plan.claims, plugins)
    for claim in claims:
        about = [framework or "real images" for framework in claim.frameworks]
        if not set(about) & set(plan.frameworks):
            raise PlanError(
                f"claims: {claim.id} is about {', '.join(about)}, and frameworks names "
                f"{', '.join(plan.frameworks)}; add one or drop the claim."
            )
    if plan.controls:
        return claims
    return tuple(claim.without_controls() for claim in claims)


def _restricted(preset: Preset, frameworks: Sequence[Framework]) -> Preset:
    """The preset's regimes of these frameworks alone; raises PlanError."""
    absent = [framework for framework in frameworks if framework not in preset.regimes]
    if absent:
        there = ", ".join(preset.regimes)
        raise PlanError(f"frameworks={absent[0]!r}: has no regime; allowed: {there}.")
    chosen = {f: regime for f, regime in preset.regimes.items() if f in frameworks}
    return replace(preset, regimes=chosen)


def _check_cells(cells: Sequence[Cell]) -> None:
    """Raise PlanError where two cells are one: values may differ as they are written alone."""
    repeated = _first_repeated([tuple(cell.point.items()) for cell in cells])
    if repeated is not None:
        at = ", ".join(f"{name}={value}" for name, value in repeated)
        raise PlanError(f"[grid]: cell {at} is there twice; keep one.")


def _check_heard(
    claims: Sequence[Claim], preset: Preset, base: Preset, cells: Sequence[Cell]
) -> None:
    """Raise PlanError where something fixed or varied changes no run of any claim."""
    try:
        unheard(claims, preset.regimes, base.regimes)
    except UnheardError as error:
        raise PlanError(f"[set] or --set {error}") from None
    first = cells[0]
    for name, value in first.point.items():
        other = next((cell for cell in cells if cell.point[name] != value), None)
        if other is None:
            continue
        (field,) = canonical({name: None})
        if not any(hears(claim, field, first.regimes, other.regimes) for claim in claims):
            named = ", ".join(dict.fromkeys(claim.id for claim in claims))
            raise PlanError(
                f"[grid] {name}: changes no run of {named}: all cells would be one. Sweep "
                "another parameter."
            )


def _check_names(
    plan: Plan, axes: Mapping[str, Sequence[Scalar]], settings: Mapping[str, Any]
) -> None:
    """Raise PlanError where a parameter is both fixed and varied, or zipped by mistake."""
    try:
        varied = dict(zip(canonical({n: v[0] for n, v in axes.items()}), axes, strict=True))
    except RegimeError as error:
        raise PlanError(f"[grid] {error}") from None
    places = {"frameworks": {"framework"}, "[set]": plan.settings, "--set": settings}
    for place, names in places.items():
        for name in canonical(dict.fromkeys(names)).keys() & varied.keys():
            raise PlanError(
                f"[grid] {varied[name]}: given by {place} too; it is an axis or it is fixed."
            )
    zipped = [name for group in plan.zip for name in group]
    for name in zipped:
        if name not in axes or zipped.count(name) > 1:
            raise PlanError(f"zip {name!r}: name each axis of [grid] at most once.")
    for group in plan.zip:
        lengths = {name: len(axes[name]) for name in group}
        if len(set(lengths.values())) > 1:
            sizes = ", ".join(f"{name} has {number}" for name, number in lengths.items())
            raise PlanError(f"zip {group}: axes that move together are equally long; {sizes}.")


def _points(
    axes: Mapping[str, Sequence[Scalar]], zipped: Sequence[Sequence[str]]
) -> list[dict[str, Scalar]]:
    """All points of the grid, the first axis slowest; raises PlanError where there are too many."""
    leaders = {name: next((tuple(g) for g in zipped if name in g), (name,)) for name in axes}
    groups = list(dict.fromkeys(leaders.values()))
    steps = [[dict(zip(group, values, strict=True)) for values in
              zip(*(axes[name] for name in group), strict=True)] for group in groups]  # fmt: skip
    number = int(np.prod([len(step) for step in steps], dtype=float))
    if number > MOST_CELLS:
        raise PlanError(f"[grid]: {number} cells; allowed are at most {MOST_CELLS}.")
    merged = ({k: v for part in parts for k, v in part.items()}
              for parts in itertools.product(*steps))  # fmt: skip
    return [{name: point[name] for name in axes} for point in merged]


def _cell(base: Preset, point: Mapping[str, Scalar]) -> Cell:
    """The regimes of one point, validated; raises PlanError."""
    try:
        regimes = base.override(point).regimes
    except RegimeError as error:
        at = ", ".join(f"{name}={value}" for name, value in point.items())
        raise PlanError(f"cell {at}: {error}") from None
    any_regime = next(iter(regimes.values()))
    values = {name: getattr(any_regime, next(iter(canonical({name: None})))) for name in point}
    return Cell(values, regimes)
