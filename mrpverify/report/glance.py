"""The stored records at a glance: a row for every group of claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..judge.verdicts import Verdict

Record = Mapping[str, Any]
Pair = tuple[Record, Record]
"""A record and one of its claims."""

QUESTIONS = {
    "assumptions": "are the presets inside the theory's regime?",
    "theorem1": "does pretraining capture every feature? (Theorem 1)",
    "theorem2": "does fine-tuning keep them, and classify? (Theorem 2)",
    "supervised": "what does supervised learning learn from scratch?",
    "comparison": "does pretraining gain over supervised learning, and over other pretraining?",
    "explanation": "is it the mask, the reconstruction, the ensemble or the label?",
    "laws": "do the derived laws hold, number by number?",
    "scaling": "do the statements sharpen as k grows?",
    "further": "do they go on up to sixteen times k?",
    "dominoes": "does it hold on real pictures with known views?",
    "encodings": "which encodings of real pictures carry it?",
    "transformer": "does a small transformer gain on them too?",
    "images": "does it show in photos and networks?",
}
"""What each group of claims asks; a group that is not here stands with its name alone."""
COLUMNS = {
    Verdict.REFUTED: "refuted",
    Verdict.INCONCLUSIVE: "not decided",
    Verdict.UNINFORMATIVE: "says nothing (a control did not fail)",
    Verdict.OUT_OF_REGIME: "outside its regime",
    Verdict.ERROR: "broke",
}
"""Verdicts other than SUPPORTED with the head of their column; one that nothing got has none."""
HEAD = ("question", "verdicts SUPPORTED")


def group_of(claim: Record) -> str:
    """The group of a claim as it stands in a record: its name up to the first dot."""
    return str(claim["name"]).partition(".")[0]


def at_a_glance(pairs: Sequence[Pair]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: what holds, by number, and by name whatever does not, group by group."""
    shown = [v for v in COLUMNS if any(claim["verdict"] == v for _, claim in pairs)]
    head = [*HEAD, *(COLUMNS[verdict] for verdict in shown), "command"]
    return head, [_row(group, own, shown) for group, own in _by_group(pairs)]


def _by_group(pairs: Sequence[Pair]) -> list[tuple[str, list[Pair]]]:
    """Groups in the order of `QUESTIONS`, then others, each with all its claims."""
    found: dict[str, list[Pair]] = {group: [] for group in QUESTIONS}
    for record, claim in pairs:
        found.setdefault(group_of(claim), []).append((record, claim))
    return [(group, own) for group, own in found.items() if own]


def _row(group: str, own: Sequence[Pair], shown: Sequence[Verdict]) -> list[str]:
    """What a group asks, how many of its verdicts hold, and which do not."""
    holds = sum(claim["verdict"] == Verdict.SUPPORTED for _, claim in own)
    others = [_named(own, verdict) for verdict in shown]
    question = QUESTIONS.get(group, group)
    return [question, f"{holds} of {len(own)}", *others, f"`mrpverify check {group}`"]


def _named(own: Sequence[Pair], verdict: Verdict) -> str:
    """Claims of a verdict by name; where other salts say otherwise, with the salts that say it."""
    asked: dict[str, list[str]] = {}
    said: dict[str, list[str]] = {}
    for record, claim in own:
        name = _name(claim, own)
        asked.setdefault(name, []).append(str(record["salt"]))
        if claim["verdict"] == verdict:
            said.setdefault(name, []).append(str(record["salt"]))
    return "; ".join(
        name if salts == asked[name] else f"{name} on {', '.join(salts)}"
        for name, salts in said.items()
    )


def _name(claim: Record, own: Sequence[Pair]) -> str:
    """A claim, with framework and horizon where one id stands for several."""
    same = [other for _, other in own if other["id"] == claim["id"]]
    more = [
        str(claim[key])
        for key in ("framework", "horizon")
        if len({other[key] for other in same}) > 1
    ]
    return f"{claim['id']} ({', '.join(more)})" if more else str(claim["id"])
