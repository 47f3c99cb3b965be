"""Building a valid regime: validation, presets from TOML, ``--set key=value``.

The rules come from the metadata of ``mrpverify.parameters.Parameters``; this file adds those that
relate several parameters. Whether a valid regime is one the theorem speaks about is another
question, answered by ``mrpverify.theory.assumptions``.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import Field as DataclassField
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from .parameters import FRAMEWORKS, Framework, Parameters, symbols

PRESETS = ("quick", "paper", "large")
MIN_SEEDS, MAX_SEEDS = 1, 10_000


class RegimeError(ValueError):
    """A value that cannot be used; the message names it, what is allowed and what to do."""


@dataclass(frozen=True)
class Preset:
    """One regime per framework, with the number of seeds it is judged on."""

    name: str
    seeds: int
    regimes: Mapping[Framework, Parameters]

    def override(self, settings: Mapping[str, Any]) -> Preset:
        """The same preset with some parameters replaced in every framework, validated again."""
        changed = {
            framework: build({**asdict(regime), **canonical(settings)})
            for framework, regime in self.regimes.items()
        }
        return Preset(self.name, self.seeds, changed)


def build(values: Mapping[str, Any]) -> Parameters:
    """Validated parameters from symbols or field names; raises RegimeError."""
    try:
        checked = _MODEL.model_validate(canonical(values))
    except ValidationError as error:
        raise RegimeError("; ".join(_explain(item) for item in error.errors())) from None
    parameters = Parameters(**checked.model_dump())
    for complaint in _contradictions(parameters):
        raise RegimeError(complaint)
    return parameters


def canonical(values: Mapping[str, Any]) -> dict[str, Any]:
    """Field name -> value, from symbols or field names; raises RegimeError for an unknown one."""
    by_symbol = symbols()
    names = {f.name for f in fields(Parameters)}
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = by_symbol.get(key, key)
        if name not in names:
            near = difflib.get_close_matches(key, [*by_symbol, *names], n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "see `--list` for all of them."
            raise RegimeError(f"{key}={value}: no parameter has this name; {hint}")
        if name in result:
            raise RegimeError(f"{key}={value}: {name} is given twice; keep one of the two.")
        result[name] = value
    return result


def parse_settings(pairs: list[str]) -> dict[str, str]:
    """``["theta=0.7", ...]`` -> dictionary; raises RegimeError where '=' or the name is missing."""
    settings: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = (part.strip() for part in pair.partition("="))
        if not separator or not key or not value:
            raise RegimeError(f"--set {pair!r}: expected key=value, for example --set theta=0.7.")
        if key == "framework":
            raise RegimeError(f"--set {pair}: choose the framework with --framework instead.")
        if key in settings:
            raise RegimeError(f"--set {pair}: {key} is given twice; keep one of the two.")
        settings[key] = value
    canonical(settings)
    return settings


def load_preset(name: str) -> Preset:
    """A preset by name (quick, paper, large) or by the path of a TOML file; raises RegimeError."""
    path = preset_path(name)
    if not name.endswith(".toml") and name not in PRESETS:
        raise RegimeError(
            f"--preset {name}: expected one of {', '.join(PRESETS)}, or the path of a .toml file."
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegimeError(f"--preset {name}: cannot read {path} ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegimeError(f"--preset {name}: {path} is not valid TOML ({error}).") from None
    return _preset(path.stem, content)


def preset_path(name: str) -> Path:
    """The TOML file of a preset, or the path itself where one is given."""
    return Path(name) if name.endswith(".toml") else preset_folder() / f"{name}.toml"


def preset_folder() -> Path:
    """Where the shipped presets are: inside an installed package, or beside it in a checkout."""
    inside = Path(str(resources.files("mrpverify"))) / "experiments"
    return inside if inside.is_dir() else Path(__file__).resolve().parent.parent / "experiments"


def _preset(name: str, content: dict[str, Any]) -> Preset:
    """Preset from parsed TOML: ``seeds``, a table ``shared`` and one table per framework."""
    unknown = set(content) - {"seeds", "shared", "images", *FRAMEWORKS}
    if unknown:
        raise RegimeError(
            f"preset {name}: unknown entry {sorted(unknown)[0]!r}; allowed are seeds, [shared], "
            + ", ".join(f"[{framework}]" for framework in FRAMEWORKS)
        )
    shared = _table(name, content, "shared")
    regimes: dict[Framework, Parameters] = {}
    for framework in FRAMEWORKS:
        own = _table(name, content, framework)
        try:
            regimes[framework] = build(
                {**canonical(shared), **canonical(own), "framework": framework}
            )
        except RegimeError as error:
            raise RegimeError(f"preset {name}, [{framework}]: {error}") from None
    return Preset(name, check_seeds(content.get("seeds", 24)), regimes)


def check_seeds(seeds: Any) -> int:
    """A number of seeds in [1, 10000]; raises RegimeError."""
    if isinstance(seeds, bool) or not isinstance(seeds, int):
        raise RegimeError(f"seeds={seeds!r}: expected a whole number.")
    if not MIN_SEEDS <= seeds <= MAX_SEEDS:
        raise RegimeError(f"seeds={seeds}: allowed are {MIN_SEEDS} to {MAX_SEEDS}.")
    return seeds


def _table(name: str, content: dict[str, Any], key: str) -> dict[str, Any]:
    """A table of the preset, empty where it is absent."""
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise RegimeError(f"preset {name}: {key} must be a table, [{key}], not {table!r}.")
    return table


def _model() -> type[BaseModel]:
    """Pydantic model made from the metadata of ``Parameters``."""
    hints = get_type_hints(Parameters)
    definitions: dict[str, Any] = {
        item.name: (
            hints[item.name],
            Field(item.default, allow_inf_nan=False, **item.metadata["limits"])
            if hints[item.name] is float
            else Field(item.default, **item.metadata["limits"]),
        )
        for item in fields(Parameters)
    }
    return create_model("RegimeModel", __config__=ConfigDict(extra="forbid"), **definitions)


_MODEL = _model()
_FIELDS: dict[str, DataclassField[Any]] = {f.name: f for f in fields(Parameters)}


def allowed(name: str) -> str:
    """The admissible values of a parameter in words."""
    item = _FIELDS[name]
    hint = get_type_hints(Parameters)[name]
    limits = item.metadata["limits"]
    if getattr(hint, "__args__", None):
        return "one of " + ", ".join(hint.__args__)
    if hint is bool:
        return "true or false"
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = " and ".join(f"{signs[key]} {limits[key]:g}" for key in signs if key in limits)
    return ("a whole number" if hint is int else "a number") + (f" {bounds}" if bounds else "")


def _explain(item: Any) -> str:
    """One pydantic complaint in words: value, allowed range, what to do."""
    name = str(item["loc"][0])
    symbol, meaning = _FIELDS[name].metadata["symbol"], _FIELDS[name].metadata["meaning"]
    return (
        f"{symbol}={item['input']}: must be {allowed(name)} ({meaning}). "
        f"Change it in the preset or with --set {symbol}=VALUE."
    )


def _contradictions(p: Parameters) -> list[str]:
    """Rules between several parameters, in words."""
    complaints = []
    if p.dimension < p.features:
        complaints.append(
            f"d={p.dimension}: must be at least views k = {p.features}, the number of orthonormal "
            f"features. Raise d or lower k."
        )
    if p.off_class > p.classes:
        complaints.append(
            f"s={p.off_class}: must be at most k = {p.classes}, because s/k is a probability."
        )
    if p.horizon > 0:
        complaints.append(
            f"horizon={p.horizon:g}: T follows full coverage, so that no claim is judged early; "
            f"set horizon_factor or deadline instead."
        )
    if p.gain == "ema" and not p.stop_gradient:
        complaints.append(
            "stop_gradient=false: with gain=ema the teacher is no function of the weights, so "
            "there is no gradient through it. Choose another gain or stop_gradient=true."
        )
    for low, high in (("own_low", "own_high"), ("off_low", "off_high")):
        if getattr(p, low) > getattr(p, high):
            a, b = _FIELDS[low].metadata["symbol"], _FIELDS[high].metadata["symbol"]
            complaints.append(
                f"{a}={getattr(p, low)}: must be at most {b}={getattr(p, high)}. Change one."
            )
    return complaints
