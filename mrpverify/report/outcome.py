"""What a record says in a few words: what holds, what does not, how sure, and how to ask again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from ..judge.sequential import LEVEL
from ..judge.verdicts import EXIT_CODES, EXIT_USAGE
from .run import options_and_names, words_of
from .shown import target
from .text import family, in_one_line, typed

OUTCOMES = {code: verdict.replace("_", " ").lower() for verdict, code in EXIT_CODES.items()}
OUTCOMES |= {EXIT_USAGE: "usage"}

WORDS = {
    "SUPPORTED": "Holds",
    "REFUTED": "Refuted",
    "INCONCLUSIVE": "Not decided",
    "UNINFORMATIVE": "Says nothing (a control did not fail)",
    "OUT_OF_REGIME": "Outside the stated regime",
    "ERROR": "Broke",
}
"""Verdicts as a person reads them, in the order in which they are told."""

_KEPT = ("--preset", "--set", "--device", "--plugin", "--seeds")
"""Options that a claim's own command takes over from the command of the run."""


def told(record: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Verdicts in words with the claims that have them; those that hold and are refuted always."""
    found = []
    for verdict, words in WORDS.items():
        names = _each_once(record, [c for c in record["claims"] if c["verdict"] == verdict])
        if names or verdict in ("SUPPORTED", "REFUTED"):
            found.append((words, names))
    return found


def _each_once(record: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every id once; where not all it stands for came out so, with those that did."""
    found = []
    for name in dict.fromkeys(claim["id"] for claim in claims):
        own = [claim for claim in claims if claim["id"] == name]
        if len(own) == sum(claim["id"] == name for claim in record["claims"]):
            found.append(str(name))
        else:
            which = (named(record, claim).partition(" (")[2].rstrip(")") for claim in own)
            found.append(f"{name} ({'; '.join(filter(None, which))})")
    return found


def how_sure(record: Mapping[str, Any]) -> str:
    """Chance of a false verdict and the draws, in one sentence."""
    number = len(record["claims"])
    one = (
        f"the verdict is false with a chance of at most {LEVEL:.0%}, more or less where it is "
        f"called approximate"
    )
    chance = family(number) if number > 1 else one
    return f"{chance}; {record['seeds']} seeds, salt {typed(record['salt'])}"


def where(record: Mapping[str, Any]) -> list[str]:
    """The regime of every framework in one line, in the paper's letters."""
    found = []
    for framework, parameters in record["regime"].items():
        with suppress(AttributeError):  # a record of another version may lack some
            found.append(f"{framework}: {in_one_line(SimpleNamespace(**parameters))}")
    return found


def named(record: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """A claim's id; with framework and horizon where one id stands for several."""
    same = [c for c in record["claims"] if c["id"] == claim["id"]]
    more = [
        str(claim[key])
        for key in ("framework", "horizon")
        if len({c[key] for c in same}) > 1 and claim[key] is not None
    ]
    return str(claim["id"]) + (f" ({', '.join(more)})" if more else "")


def mended_by(condition: Mapping[str, Any]) -> str:
    """What mends a violated condition, as the end of a line about it; nothing where not known."""
    if "mends" not in condition:
        return ""
    settings = [f"{symbol} = {value:g}" for symbol, value in condition["mends"].items()]
    if not settings:
        return "; no one parameter alone mends it"
    return f"; the nearest that mends it: {' or '.join(settings)}"


def needed(claim: Mapping[str, Any]) -> str:
    """What the interval is held against, in words; "-" where there is nothing."""
    if claim["threshold"] is None and claim["band"] is None:
        return "-"
    if claim["band"] is None:
        return target(claim["threshold"], None)
    low, high = claim["band"]
    band = (float("-inf") if low is None else low, float("inf") if high is None else high)
    return target(0.0, band)


def again(record: Mapping[str, Any], claim: Mapping[str, Any]) -> str:
    """The command that asks this claim alone again, as a shell takes it.

    A run that itself asked a record again is repeated whole: the regime stands in that record.
    """
    command, words = words_of(record["command"])
    options, names = options_and_names(words)
    asked = [text for name, text in options if name == "--from"]
    if asked:
        return shlex.join([*command, "--from", asked[0], *_plugins(options)])
    command.append(claim["id"])
    if claim["framework"] is not None:
        command += ["--framework", claim["framework"], "--seeds", str(record["seeds"])]
    command += ["--salt", record["salt"]]
    for name, text in options:
        if name in _KEPT and not (name == "--seeds" and claim["framework"] is not None):
            command += [name, text]
    files = [name for name in names if name.endswith(".py")]
    return shlex.join([*command, *(word for file in files for word in ("--plugin", file))])


def _plugins(options: Sequence[tuple[str, str]]) -> list[str]:
    """Files of claims, as options."""
    return [word for name, text in options if name == "--plugin" for word in (name, text)]
