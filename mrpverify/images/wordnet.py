"""Which of ImageNet's 1000 classes are neighbours in WordNet: kinds of one thing, or nearly.

Stored is ``wordnet_hypernyms.txt``: one line per class in the order of the network's head, its
WordNet 3.0 id and all hypernyms at most STEPS above it. The ids are those of timm 1.0.31
(``imagenet_synsets.txt``), whose lemmas hold all 1000 names of the head; the hypernyms are those of
Debian's wordnet-base 3.0 (``data.noun``). `table` makes it again from the two files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

STEPS = 2
"""Hypernyms up to here are shared by neighbours: fixed before any window was looked at.

At one step 323 of the classes have no neighbour at all, at three steps 97 are neighbours because
they are instrumentalities; at two a class has 9 in the median, and at most 62.
"""
TABLE = Path(__file__).parent / "wordnet_hypernyms.txt"

Hypernyms = Mapping[str, tuple[str, ...]]
"""Id of a synset -> ids of those directly above it."""


@cache
def neighbours() -> np.ndarray:
    """Whether two classes share a synset at most STEPS above each of them [1000, 1000].

    They count as above themselves: a class is its own neighbour, and so is one below another.
    """
    rows = [frozenset(line.split()) for line in _lines(TABLE.read_text(encoding="utf-8"))]
    return np.array([[not row.isdisjoint(other) for other in rows] for row in rows])


def table(data_noun: str, classes: Iterable[str]) -> str:
    """The stored lines, from the text of WordNet's ``data.noun`` and the classes' ids in order.

    Raises KeyError for an id that is no noun of this WordNet.
    """
    above = hypernyms(data_noun)
    return "".join(" ".join(_within(above, name)) + "\n" for name in classes)


def hypernyms(data_noun: str) -> Hypernyms:
    """Hypernyms and classes of instances (pointers @ and @i) of every noun synset (wndb(5WN))."""
    above: dict[str, tuple[str, ...]] = {}
    for line in data_noun.splitlines():
        if line.startswith(" "):  # the licence
            continue
        offset, _, _, words, *rest = line.partition(" | ")[0].split()
        pointers = rest[2 * int(words, 16) :]
        fours = [pointers[1 + 4 * index :][:4] for index in range(int(pointers[0]))]
        above[f"n{offset}"] = tuple(f"n{four[1]}" for four in fours if four[0] in ("@", "@i"))
    return above


def _within(above: Hypernyms, name: str) -> list[str]:
    """A synset and those up to STEPS above it, the nearest first."""
    found, last = {name: None}, [name]
    for _ in range(STEPS):
        last = [upper for lower in last for upper in above[lower]]
        found |= dict.fromkeys(last)
    return list(found)


def _lines(text: str) -> list[str]:
    """Lines of the table without its heading."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]
