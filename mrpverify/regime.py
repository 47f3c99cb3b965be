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
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from numbers import Integral
from pathlib import Path
from typing import Any

from . import outside
from .admissible import Domain, refuse
from .admissible import RegimeError as RegimeError
from .callable_module import CallableModule
from .judgeable import unjudgeable
from .parameters import (
    DOMAINS,
    FRAMEWORKS,
    Framework,
    Parameters,
    domains_of,
    framework_names,
    regime_of,
    regime_type,
    regime_types,
    symbols,
)
from .regular import read_settings

PRESETS = ("quick", "paper", "large")
DEFAULT = Parameters()
MIN_SEEDS, MAX_SEEDS = 1, 10_000


@dataclass(frozen=True)
class Preset:
    """One regime per framework, with the number of seeds it is judged on."""

    name: str
    seeds: int
    regimes: Mapping[Framework, Parameters]

    def override(self, settings: Mapping[str, Any]) -> Preset:
        """The same preset with some parameters replaced in every framework, validated again."""
        given = canonical(settings)
        changed = {
            framework: build({**asdict(regime), **_had_by(regime, given)})
            for framework, regime in self.regimes.items()
        }
        _all_had(settings, changed.values())
        return Preset(self.name, self.seeds, changed)


def build(values: Mapping[str, Any]) -> Parameters:
    """Parameters of a judged regime from symbols or field names, text included.

    Raises RegimeError.
    """
    given = canonical(values)
    admitted = domains_of(_type(given))
    foreign = [name for name in given if name not in admitted]
    if foreign:
        raise RegimeError(
            f"{foreign[0]}={given[foreign[0]]}: is a parameter of another objective or data law."
        )
    parameters = regime_of({name: _read(admitted[name], value) for name, value in given.items()})
    refuse(unjudgeable(parameters))
    return parameters


def _type(given: Mapping[str, Any]) -> Any:
    """The class of a regime with these values; raises RegimeError for no framework or no law."""
    for name in ("framework", "law"):
        if name in given:
            DOMAINS[name].admit(given[name])
    return regime_type(given.get("framework", DEFAULT.framework), given.get("law", DEFAULT.law))


def _had_by(regime: Parameters, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the settings that a regime has: an option of one objective is not another's."""
    kind = _type({**asdict(regime), **given})
    return {name: value for name, value in given.items() if name in domains_of(kind)}


def _all_had(given: Mapping[str, Any], regimes: Iterable[Parameters]) -> None:
    """Raise RegimeError for a setting that no regime has: it would be dropped without a word."""
    there = {name for regime in regimes for name in domains_of(type(regime))}
    for key, value in given.items():
        if not there.issuperset(canonical({key: value})):
            raise RegimeError(
                f"{key}={value}: belongs to an objective or a data law that no regime here has; "
                f"choose it too, with --framework or --set law=NAME."
            )


def _read(admitted: Domain, value: Any) -> Any:
    """A value from text, as ``--set`` gives it; what cannot be read is left for its complaint."""
    kind = admitted.kind
    if not isinstance(value, str) or kind is str or admitted.choices:
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value.lower(), value)
    for number in (int, float):
        with contextlib.suppress(ValueError):
            return number(value)
    return value


def canonical(values: Mapping[str, Any]) -> dict[str, Any]:
    """Field name -> value, from symbols or field names; raises RegimeError for an unknown one."""
    by_symbol = {symbol: name for kind in regime_types() for symbol, name in symbols(kind).items()}
    names = set(by_symbol.values())
    result: dict[str, Any] = {}
    for key, value in values.items():
        said = key if value is None else f"{key}={value}"
        name = by_symbol.get(key, key)
        if name not in names:
            near = difflib.get_close_matches(key, {*by_symbol, *names}, n=3)
            hint = (
                f"did you mean {', '.join(near)}?"
                if near
                else "see `--list parameters` for all of them."
            )
            raise RegimeError(f"{said}: no parameter has this name; {hint}")
        if name in result:
            raise RegimeError(f"{said}: {name} is given twice; keep one of the two.")
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
        content = tomllib.loads(read_settings(path))
    except OSError as error:
        raise RegimeError(f"--preset {name}: cannot read {path} ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # also of a name that no file can have
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
    ours = outside.own(outside.OBJECTIVES)
    foreign = tuple(name for name in framework_names() if name not in ours)
    unknown = set(content) - {"seeds", "shared", "images", *FRAMEWORKS, *foreign}
    if unknown:
        raise RegimeError(
            f"preset {name}: unknown entry {sorted(unknown)[0]!r}; allowed are seeds, [shared], "
            + ", ".join(f"[{framework}]" for framework in FRAMEWORKS)
        )
    shared = _table(name, content, "shared")
    regimes: dict[Framework, Parameters] = {}
    for framework in (*FRAMEWORKS, *foreign):
        own = _table(name, content, framework)
        like = regimes[_like(framework)] if framework in foreign else None
        base = canonical(shared) if like is None else asdict(like)
        try:
            values = {**base, **canonical(own), "framework": framework}
            _numbers_as_numbers(values)
            regimes[framework] = build(values)
        except RegimeError as error:
            raise RegimeError(f"preset {name}, [{framework}]: {error}") from None
    return Preset(name, check_seeds(content.get("seeds", 24)), regimes)


def _numbers_as_numbers(values: Mapping[str, Any]) -> None:
    """Raise RegimeError for a number in quotes: a file has numbers of its own, a shell has not."""
    admitted = domains_of(_type(values))
    for name, value in values.items():
        domain = admitted.get(name)
        if domain and isinstance(value, str) and _read(domain, value) is not value:
            raise RegimeError(f"{domain.symbol}={value!r}: is a text; write it without quotes.")


def _like(framework: Framework) -> Framework:
    """Whose regime an objective from outside starts from; raises RegimeError."""
    like: Framework = outside.load(outside.OBJECTIVES, framework).like
    if like not in FRAMEWORKS:
        raise RegimeError(
            f"objective {framework}: like={like!r} must be one of {', '.join(FRAMEWORKS)}."
        )
    return like


def check_seeds(seeds: Any) -> int:
    """A number of seeds in [1, 10000]; raises RegimeError."""
    if isinstance(seeds, bool) or not isinstance(seeds, Integral):  # numpy's are whole numbers too
        raise RegimeError(f"seeds={seeds!r}: expected a whole number.")
    number = int(seeds)
    if not MIN_SEEDS <= number <= MAX_SEEDS:
        raise RegimeError(f"seeds={seeds}: allowed are {MIN_SEEDS} to {MAX_SEEDS}.")
    return number


def check_salt(salt: Any) -> str:
    """A salt that a record can hold; raises RegimeError."""
    if not isinstance(salt, str):
        raise RegimeError(f"salt={salt!r}: expected a text.")
    if "\0" in salt or salt.encode("utf-8", "replace").decode() != salt:
        raise RegimeError(
            f"salt={salt!r}: a record holds no NUL and no bytes but UTF-8; choose another."
        )
    return salt


def _table(name: str, content: dict[str, Any], key: str) -> dict[str, Any]:
    """A table of the preset, empty where it is absent."""
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise RegimeError(f"preset {name}: {key} must be a table, [{key}], not {table!r}.")
    return table


sys.modules[__name__].__class__ = CallableModule
