"""What ``list`` shows: claims in short or in depth, parameters, finite stand-ins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby

from rich.console import Console
from rich.text import Text

from ..claims.claim import Claim
from ..parameters import STAND_INS, domains_of, regime_types

PARAMETERS, STAND_IN_NAMES = "parameters", "stand-ins"
"""What may be listed beside claims."""


def print_claims(console: Console, claims: Sequence[Claim]) -> None:
    """One line a claim, by group: id, role and as much of the statement as the line holds."""
    often = Counter(claim.id for claim in claims)
    alike = Counter((claim.id, claim.horizon) for claim in claims)
    wide = max((len(claim.id) for claim in claims), default=0)
    for group, own in groupby(claims, key=lambda claim: claim.group):
        console.print(Text(group, "bold"))
        for claim in own:
            about: list[str] = [claim.horizon]
            if alike[claim.id, claim.horizon] > 1:
                about += [framework or "real images" for framework in claim.frameworks]
            when = f"({', '.join(about)}) " if often[claim.id] > 1 else ""
            words = f"  {claim.id:<{wide}}  {when}{claim.statement}"
            console.print(Text(words), no_wrap=True, overflow="ellipsis")
    console.print(
        Text(
            "In depth: --list CLAIM (a group, 'T1.*'); --list parameters for --set; "
            "--list stand-ins."
        )
    )


def print_claim(console: Console, claim: Claim) -> None:
    """Everything that is fixed about a claim before any run."""
    console.print(Text(f"{claim.id}  ({claim.name})", "bold"))
    for what, words in (
        ("statement", claim.statement),
        ("source", claim.provenance),
        ("said", f"{claim.quantifier}, at the size that is run"),
        ("role", f"{claim.role}: {claim.role_reason}"),
        ("judged at", claim.horizon),
        ("frameworks", ", ".join(f or "real images" for f in claim.frameworks)),
        ("statistic and threshold", " ".join((claim.measure.__doc__ or "").split())),
        ("conditions", _conditions(claim)),
        ("needs", ", ".join(claim.needs)),
    ):
        if words:
            console.print(Text(f"  {what}: {words}"))
    for framework, controls in claim.controls.items():
        for control in controls:
            name = framework or "real images"
            console.print(Text(f"  control ({name}) {control.id}: {control.expected}"))


def print_parameters(console: Console) -> None:
    """Every parameter that ``--set`` takes: symbol, name, default, allowed values, meaning."""
    console.print(Text("Parameters (--set)", "bold"))
    parameters = {item.name: (kind, item) for kind in regime_types()[::-1] for item in fields(kind)}
    for name, (kind, item) in parameters.items():
        domain = domains_of(kind)[name]
        words = f"  {domain.symbol} ({name}) = {item.default}: {domain.meaning}; {domain.words}"
        if name != "framework":
            console.print(Text(words))


def print_stand_ins(console: Console) -> None:
    """The finite stand-ins for asymptotic orders, with their reasons."""
    console.print(Text("Finite stand-ins", "bold"))
    for name, item in STAND_INS.items():
        words = f"  {name} = {item.value:g}, replaces {item.replaces}: {item.reason}"
        console.print(Text(words))


def _conditions(claim: Claim) -> str:
    """Which regime conditions a verdict depends on."""
    if claim.frameworks == (None,):
        return ""
    if claim.conditions is not None:
        return "its own (mrpverify check A.regime shows those of the framework)"
    also = f", and of {', '.join(claim.relies_on)}" if claim.relies_on else ""
    return f"those of the framework{also} (mrpverify check A.regime)"
