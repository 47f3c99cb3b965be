"""Building a regime that can be judged: values from text, presets from TOML, ``--set key=value``.

``mrpverify.parameters.Parameters`` checks its values itself; this file adds the rules for a regime
whose claims get a verdict. Whether it is one the theorem speaks about is another question, answered
by ``mrpverify.theory.assumptions``.
"""

from __future__ import annotations

import contextlib
import difflib
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from .admissible import RegimeError as RegimeError
from .admissible import refuse
from .callable_module import CallableModule
from .parameters import DOMAINS, FRAMEWORKS, Framework, Parameters, symbols

PRESETS = ("quick", "paper", "large")
MIN_SEEDS, MAX_SEEDS = 1, 10_000


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
    """Parameters of a judged regime from symbols or field names, text included.

    Raises RegimeError.
    """
    read = {name: _read(name, value) for name, value in canonical(values).items()}
    parameters = Parameters(**read)
    refuse(_hasty(parameters))
    return parameters


def _read(name: str, value: Any) -> Any:
    """A value from text, as ``--set`` gives it; what cannot be read is left for its complaint."""
    kind = DOMAINS[name].kind
    if not isinstance(value, str) or DOMAINS[name].choices:
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value.lower(), value)
    for number in (int, float):
        with contextlib.suppress(ValueError):
            return number(value)
    return value


def _hasty(p: Parameters) -> list[str]:
    """What would let a claim be judged before its time, in words."""
    complaints = []
    if p.horizon > 0:
        complaints.append(
            f"horizon={p.horizon:g}: T follows full coverage, so that no claim is judged early; "
            f"set horizon_factor instead."
        )
    if p.horizon_factor < 2:
        complaints.append(
            f"horizon_factor={p.horizon_factor:g}: must be a number >= 2, so that what is captured "
            f"has as long again to be lost. Change it in the preset or with --set "
            f"horizon_factor=VALUE."
        )
    return complaints


def canonical(values: Mapping[str, Any]) -> dict[str, Any]:
    """Field name -> value, from symbols or field names; raises RegimeError for an unknown one."""
    by_symbol = symbols()
    names = {f.name for f in fields(Parameters)}
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = by_symbol.get(key, key)
        if name not in names:
            near = difflib.get_close_matches(key, [*by_symbol, *names], n=3)
            hint = (
                f"did you mean {', '.join(near)}?"
                if near
                else "see `--list parameters` for all of them."
            )
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


sys.modules[__name__].__class__ = CallableModule
