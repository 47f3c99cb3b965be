"""What the words of a command line ask: which claims, in which regimes, on which draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .claims.claim import Claim
from .claims.heard import UnheardError, unheard
from .claims.registry import select
from .command_line import UsageError, use_plugins
from .images.setup import PREFIX
from .parameters import Framework, Parameters
from .regime import Preset, check_salt, check_seeds, load_preset, parse_settings
from .report.again import Earlier, read


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for, unchecked."""

    names: Sequence[str]
    preset: str
    framework: str
    settings: Sequence[str]
    seeds: int | None
    salt: str
    device: str
    json_file: Path | None
    out: Path | None
    no_cache: bool
    quiet: bool
    strict: bool
    from_file: Path | None = None
    plugins: Sequence[str] = ()
    """Files of claims that the names may mean."""
    workers: int | None = None
    lock: Path | None = None
    """A lock that what is asked has to keep."""
    formats: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which claims, in which regimes, on which draws."""

    claims: tuple[Claim, ...]
    regimes: Mapping[Framework, Parameters]
    seeds: int
    salt: str
    earlier: Earlier | None = None
    """The record that is asked again."""
    unheard: tuple[str, ...] = ()
    """Settings that change no run of some claims, a line each."""


def question_of(asked: Asked) -> Question:
    """The question that names or a record ask; what plugins bring is known from now on.

    Raises UsageError, RegimeError, UnknownClaimError or RecordError.
    """
    use_plugins(asked.plugins)
    path = asked.from_file
    return _named(asked) if path is None else asked_before(asked, path)


def _named(asked: Asked) -> Question:
    """What the names, options and settings ask."""
    _, of_regime = split_settings(asked.settings)
    claims = select(_names(asked.names), asked.plugins)
    preset = load_preset(asked.preset)
    chosen = preset.override(parse_settings(of_regime))
    regimes = _regimes(chosen, asked.framework, claims)
    if of_regime and not regimes:
        raise UsageError(
            f"--set {of_regime[0]}: claims about real images have no regime; their settings "
            f"begin with {PREFIX}"
        )
    try:
        lines = unheard(claims, preset.regimes, regimes)
    except UnheardError as error:
        raise UsageError(f"--set {error}") from None
    return Question(
        claims=claims,
        regimes=regimes,
        unheard=lines,
        seeds=check_seeds(chosen.seeds if asked.seeds is None else asked.seeds),
        salt=check_salt(asked.salt),
    )


def asked_before(asked: Asked, path: Path) -> Question:
    """What a record answers; raises UsageError where something else is asked too."""
    defaults = {"names": [], "preset": "quick", "framework": "both", "settings": []}
    also = [name for name, value in defaults.items() if getattr(asked, name) != value]
    if also or asked.seeds is not None or asked.salt != "a":
        raise UsageError(
            f"--from {path}: the record says what is asked; leave out names, --preset, "
            f"--framework, --set, --seeds and --salt."
        )
    earlier = read(path)
    return Question(
        claims=select(earlier.names, asked.plugins),
        regimes=earlier.regimes,
        seeds=check_seeds(earlier.seeds),
        salt=check_salt(earlier.salt),
        earlier=earlier,
    )


def split_settings(settings: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """``--set`` of the images, by name, and those of the regime; raises UsageError."""
    own = [text.strip() for text in settings if text.strip().startswith(PREFIX)]
    changes: dict[str, str] = {}
    for text in own:
        name, separator, value = (part.strip() for part in text.partition("="))
        if not separator or not value:
            raise UsageError(f"--set {text!r}: expected key=value, as {PREFIX}seeds=3.")
        changes[name.removeprefix(PREFIX)] = value
    return changes, [text for text in settings if not text.strip().startswith(PREFIX)]


def _names(names: Sequence[str]) -> Sequence[str]:
    """The names asked for; raises UsageError where there are none."""
    if not names:
        raise UsageError("name a group or a claim, for example theorem1; --list shows all of them.")
    return names


def _regimes(
    preset: Preset, framework: str, claims: Sequence[Claim]
) -> dict[Framework, Parameters]:
    """The regimes of the chosen frameworks that the claims are about; raises UsageError for none.

    Claims about real images have no regime. Claims about supervised learning alone belong to every
    choice: they have no other framework.
    """
    if framework not in (*preset.regimes, "both"):
        there = ", ".join(preset.regimes)
        raise UsageError(f"--framework {framework}: expected {there} or both.")
    for claim in claims:
        strange = [f for f in claim.frameworks if f is not None and f not in preset.regimes]
        if strange:
            raise UsageError(
                f"{claim.id} is about {', '.join(strange)}, and there is no such objective: write "
                f"one of {', '.join(preset.regimes)} in its controls, or bring the objective "
                "(--plugin FILE)."
            )
    asked = {f for claim in claims for f in claim.frameworks if f is not None}
    if not asked:
        return {}
    chosen = {
        f: p
        for f, p in preset.regimes.items()
        if f in asked and (framework in (f, "both") or asked == {"supervised"})
    }
    if not chosen:
        named = ", ".join(dict.fromkeys(claim.id for claim in claims))
        raise UsageError(
            f"--framework {framework}: {named} is about {', '.join(sorted(asked))}; choose that."
        )
    return chosen
