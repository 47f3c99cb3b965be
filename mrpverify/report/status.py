"""What to type, how long it takes, what ought to come out: docs/status.md, of stored records."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .kept import Record
from .not_refuted import not_refuted
from .results import at, by_salt, claims_of, minutes, table

LEFT_OUT = ("--salt", "--workers", "--device")
"""Options that no verdict hangs on, and the salt, which a row has many of."""
HEAD = ("claim", "framework", "command", "minutes", "expected verdict")


def status_page(records: Sequence[Record]) -> str:
    """docs/status.md: a row for every claim and framework, its salts together."""
    rows: dict[tuple[str, str, str], list[tuple[Record, Record]]] = {}
    for record, claim in claims_of(records):
        key = (f"{claim['id']}{at(claim['horizon'])}", claim["framework"] or "real images",
               _command(record))  # fmt: skip
        rows.setdefault(key, []).append((record, claim))
    text = (
        "# Status",
        "What to type to see a verdict again, and what ought to come out. Made from the records in "
        "`docs/results/` by `mrpverify results`; a test fails where it is stale. Minutes are those "
        "of the whole command, which answers for other claims too, on a machine that did other "
        "work beside: one number a salt. The numbers themselves: "
        "[results](results.md).",
        table(HEAD, [_row(key, own) for key, own in rows.items()]),
        "An expected verdict is that of the source named in the record (`simulation`); REFUTED and "
        "INCONCLUSIVE are expected where they were found. To keep what came out, with all its "
        "numbers: `mrpverify archive FILE.zip RECORD...`; to recompute the verdicts of an archive "
        "elsewhere: `mrpverify check --verify FILE.zip`.",
        "## What no control has refuted",
        "A control has failed as it should once one of a claim's numbers or parts is refuted on "
        "it. Of these no control on any salt says no, so that they have not been seen to be able "
        "to: their agreement says less than that of the others.",
        table(("claim", "framework", "numbers and parts"), _never_refuted(records)),
    )
    return "\n\n".join(text) + "\n"


def _never_refuted(records: Sequence[Record]) -> list[Sequence[str]]:
    """Rows of the claims with numbers or parts that are refuted in no control on any salt."""
    rows: dict[tuple[str, str], list[list[str]]] = {}
    for _, claim in claims_of(records):
        key = f"{claim['id']}{at(claim['horizon'])}", claim["framework"] or "real images"
        rows.setdefault(key, []).append(not_refuted(claim))
    never = {key: [n for n in own[0] if all(n in one for one in own)] for key, own in rows.items()}
    return [(*key, "; ".join(names)) for key, names in never.items() if names]


def _row(key: tuple[str, str, str], own: Sequence[tuple[Record, Record]]) -> Sequence[str]:
    """One row; what differs between salts is said by salt."""
    claim, framework, command = key
    salts = [record["salt"] for record, _ in own]
    return (
        claim, framework, f"`{command} --salt {shlex.quote(salts[0])}`",
        by_salt(salts, [minutes(record) for record, _ in own]),
        by_salt(salts, [found["verdict"] for _, found in own]),
    )  # fmt: skip


def _command(record: Record) -> str:
    """The command of a record without what differs between machines, and its salt."""
    words = list(record["command"])
    if "mrpverify.check" in words:
        words = ["mrpverify", "check", *words[words.index("mrpverify.check") + 1 :]]
    for option in LEFT_OUT:
        if option in words:
            place = words.index(option)
            del words[place : place + 2]
    return shlex.join(words)
