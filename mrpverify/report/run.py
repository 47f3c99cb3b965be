"""What was asked: the run that a record and its reports are of, and the words that asked it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..parameters import Framework, Parameters

_FLAGS = ("--list", "--no-cache", "--quiet", "--strict")


@dataclass(frozen=True)
class Run:
    """What was asked and on what it ran."""

    command: Sequence[str]
    regimes: Mapping[Framework, Parameters]
    seeds: int
    salt: str
    device: str
    seconds: float
    exit_code: int
    unheard: Sequence[str] = ()
    """Settings that change no run of some claims, a line each (`claims.heard`)."""
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """`digest` and `as_published` of the data sets that the claims read, by name."""


def own_data(data: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for every data set that is not as published."""
    return [
        f"{name} is NOT as published (SHA-256 {str(found['digest'])[:12]}): the verdicts are about "
        "other data than the claims were written for."
        for name, found in data.items()
        if not found["as_published"]
    ]


def words_of(command: Sequence[str]) -> tuple[list[str], list[str]]:
    """How a command starts a check, and the words that follow it."""
    words = list(command)
    if "mrpverify.check" not in words:
        return ["python", "-m", "mrpverify.check"], []
    start = words.index("mrpverify.check") + 1
    return words[:start], words[start:]


def options_and_names(words: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Options with their values, and names, of the words of a command line."""
    options: list[tuple[str, str]] = []
    names: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return options, names + rest
        if not word.startswith("--"):
            names.append(word)
            continue
        name, equals, text = word.partition("=")
        if name not in _FLAGS:
            options.append((name, text if equals or not rest else rest.pop(0)))
    return options, names
