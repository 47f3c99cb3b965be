"""Which settings change a run of a claim: many claims have a regime of their own.

A law at its own sizes, or supervised learning at its own init, is run as it is whatever `--set`
says of it. Its verdict would then stand under a regime that nobody ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from ..parameters import Framework, Parameters, relevant, symbols
from .claim import Claim, about_networks

Regimes = Mapping[Framework, Parameters]


class UnheardError(ValueError):
    """What is set changes no run of what is asked; the message names both."""


def unheard(claims: Sequence[Claim], plain: Regimes, chosen: Regimes) -> tuple[str, ...]:
    """A line for every setting that changes no run of some of the claims.

    `plain` are the regimes without settings, `chosen` those with them. Raises UnheardError for a
    setting that changes no run of any.
    """
    judged = [c for c in claims if about_networks(c) or set(c.frameworks) & set(chosen)]
    lines = []
    for name, said in _settings(plain, chosen).items():
        deaf = [claim for claim in judged if not hears(claim, name, plain, chosen)]
        if deaf and len(deaf) == len(judged):
            raise UnheardError(
                f"{said} changes no run of {_ids(deaf)}, which would be judged as without it: the "
                "runs have a value of their own, or none. Leave it out."
            )
        if deaf:
            lines.append(f"{said} changes no run of {_ids(deaf)}; judged as without it.")
    return tuple(lines)


def hears(claim: Claim, name: str, plain: Regimes, chosen: Regimes) -> bool:
    """Whether a claim has other runs for the value of a field in `chosen` than for that in `plain`.

    Its first runs, in any of its frameworks. One that has no runs looks at the regime itself.
    """
    if about_networks(claim):
        return False
    if not claim.needs_runs:
        return True
    return any(
        _changes(claim, p, name, _before(plain[f], p, name))
        for f, p in chosen.items()
        if f in claim.frameworks and hasattr(p, name)
    )


def deaf_to_all(claim: Claim, plain: Regimes, chosen: Regimes) -> bool:
    """Whether regimes differ, and the claim has the same first runs in all of them."""
    own = [(plain[f], p) for f, p in chosen.items() if f in claim.frameworks and f in plain]
    differ = [(one, other) for one, other in own if one != other]
    return (
        claim.needs_runs
        and bool(differ)
        and all(_runs(claim, one) == _runs(claim, other) for one, other in differ)
    )


def _settings(plain: Regimes, chosen: Regimes) -> dict[str, str]:
    """Fields in which the regimes differ, each as it is said: by its symbol, with its new value."""
    said = {}
    for f, p in chosen.items():
        symbol_of = {name: symbol for symbol, name in symbols(type(p)).items()}
        for name in _changed(plain[f], p):
            said[name] = f"{symbol_of.get(name, name)}={getattr(p, name)}"
    return said


def _changed(plain: Parameters, chosen: Parameters) -> Iterator[str]:
    """Fields in which two regimes of a framework differ."""
    for item in fields(chosen):
        if _before(plain, chosen, item.name) != getattr(chosen, item.name):
            yield item.name


def _before(plain: Parameters, chosen: Parameters, name: str) -> Any:
    """The value without the setting: the default, where only the law that is set has the field."""
    return getattr(plain, name, type(chosen).__dataclass_fields__[name].default)


def _changes(claim: Claim, regime: Parameters, name: str, value: Any) -> bool:
    """Whether the claim has other runs with this value; where there is no such regime it has."""
    try:
        return _runs(claim, regime) != _runs(claim, replace(regime, **{name: value}))
    except ValueError:
        return True


def _ids(claims: Sequence[Claim]) -> str:
    return ", ".join(dict.fromkeys(claim.id for claim in claims))


def _runs(claim: Claim, regime: Parameters) -> object:
    """What identifies the first runs of a claim; the regime where none is defined."""
    try:
        legs = claim.runs_needed(regime)
        # Who asks again may descend then, and read limits that a flow does not.
        again = claim.is_generator
        return {
            name: (leg.request("", 0).key(), relevant(leg.parameters) if again else None)
            for name, leg in legs.items()
        }
    except (Exception, SystemExit):  # said where the claim is judged
        return regime
