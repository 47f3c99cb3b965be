"""Tables of documents, made from stored records where a comment asks for one.

``mrpverify results`` writes a table between such a comment and its end:

    <!-- results: numbers L1 L2 -->...<!-- results: end -->

The first word is the kind of table: ``verdicts`` has a row for every claim and framework, with a
verdict for each salt; ``numbers`` one for every number that a claim states, with its prediction,
band and rival; ``means`` one for every part of a claim, with the number of seeds in which it is
true, and for all else that it tells as a mean over seeds; ``controls`` one for every control;
``notes`` are its lines of text as they stand. Then come claims, groups or patterns, as the command
line knows them. ``rows CLAIM TABLE`` are the rows of a table that a claim tells, by its name in the
record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..claims.registry import UnknownClaimError, select
from .kept import Record, StoredRecordError, file_name
from .results import at, check_shown, claims_of, table
from .verifying import DAMAGED

BEGIN = r"<!-- results:(?! end -->| begin )"
"""How a mark begins; the table of README has another one."""
MARK = re.compile(
    rf"{BEGIN}(?P<words>[^>]*?)-->(?:(?!<!-- results:).)*<!-- results: end -->", re.DOTALL
)
ROWS = "rows"
"""The kind of table that a claim tells itself."""
Rows = Mapping[tuple[str, str, str], Mapping[str, Record]]
"""(claim, framework, horizon) -> salt -> that claim of the record."""


def tabled(text: str, records: Sequence[Record]) -> str:
    """A document with its tables as the records have them.

    Raises StoredRecordError for a name that no claim or record has and for a table without a row.
    """
    whole = {found.start() for found in MARK.finditer(text)}
    for begun in re.finditer(rf"{BEGIN}([^>]*?)-->", text):
        if begun.start() not in whole:
            asked = " ".join(begun[1].split())
            raise StoredRecordError(f"'results: {asked}': lacks its '<!-- results: end -->'.")
    return MARK.sub(lambda found: _written(found["words"], records), text)


def _written(words: str, records: Sequence[Record]) -> str:
    """A mark with its table; raises StoredRecordError for a kind or a name that there is not."""
    kind, *asked = words.split() or [""]
    if kind not in (*KINDS, ROWS) or len(asked) < (2 if kind == ROWS else 1):
        raise StoredRecordError(
            f"'results: {' '.join(words.split())}': expected {', '.join(KINDS)} and claims, or "
            f"{ROWS} CLAIM TABLE."
        )
    names = " ".join(asked)
    made = KINDS[kind] if kind in KINDS else partial(_rows, name=asked.pop())
    try:
        meant = [claim.id for claim in select(asked)]
    except UnknownClaimError as error:
        raise StoredRecordError(f"'results: {kind} {names}': {error}") from None
    there = [(record, claim) for record, claim in claims_of(records) if claim["id"] in meant]
    if not there:
        raise StoredRecordError(f"'results: {kind} {names}': no stored record is about it.")
    there.sort(key=lambda pair: meant.index(pair[1]["id"]))
    return f"<!-- results: {kind} {names} -->\n{_made(made, there)}\n<!-- results: end -->"


def _made(make: Callable[[Rows], str], there: Sequence[tuple[Record, Record]]) -> str:
    """A table of some claims; raises StoredRecordError naming a record that it cannot show."""
    try:
        return make(_by_claim(there))
    except StoredRecordError:
        raise
    except DAMAGED:
        for record, claim in there:
            check_shown(file_name(record), partial(make, _by_claim([(record, claim)])))
        raise


def _by_claim(there: Sequence[tuple[Record, Record]]) -> Rows:
    """Claims with their records, by claim and salt."""
    rows: dict[tuple[str, str, str], dict[str, Record]] = {}
    for record, claim in there:
        key = (claim["id"], claim["framework"] or "real images", claim["horizon"])
        rows.setdefault(key, {})[str(record["salt"])] = claim
    return rows


def _salts(rows: Rows) -> list[str]:
    """Salts of some claims, in their order."""
    return sorted({salt for own in rows.values() for salt in own})


def _verdicts(rows: Rows) -> str:
    """A row for every claim, framework and horizon."""
    salts = _salts(rows)
    head = ("claim", "framework", "role", *salts, "rivals excluded", "controls that failed")
    body = []
    for (claim, framework, horizon), own in rows.items():
        some = next(iter(own.values()))
        verdicts = [own[salt]["verdict"] if salt in own else "" for salt in salts]
        excluded = [n["rival_excluded"] for c in own.values() for n in _all_numbers(c)]
        failed = [x["failed_as_it_should"] for c in own.values() for x in c.get("controls", ())]
        body.append((f"{claim}{at(horizon)}", framework, some["role"], *verdicts,
                     _count(excluded), _count(failed)))  # fmt: skip
    return table(head, body)


def _count(answers: Sequence[bool]) -> str:
    """How many of them are so, empty where nothing was asked."""
    return f"{sum(answers)} of {len(answers)}" if answers else ""


def _named(
    rows: Rows,
    head: Sequence[str],
    found_in: Callable[[Record], Mapping[str, Record]],
    about: Callable[[Sequence[Record]], Sequence[str]],
    shown: Callable[[Record], str],
) -> str:
    """A row for whatever has a name in a claim: what all salts say `about` it, then each salt's."""
    salts, body = _salts(rows), []
    for (claim, framework, horizon), own in rows.items():
        found = {salt: found_in(c) for salt, c in own.items()}
        for name in dict.fromkeys(name for each in found.values() for name in each):
            there = {salt: each[name] for salt, each in found.items() if name in each}
            values = [shown(there[salt]) if salt in there else "" for salt in salts]
            told = about(list(there.values()))
            body.append((f"{claim}{at(horizon)}", framework, name, *told, *values))
    return table(("claim", "framework", *head, *salts), body)


def _controls(rows: Rows) -> str:
    """A row for every control of every claim: its value, and whether it failed as it should."""
    return _named(
        rows,
        ("control", "expected"),
        lambda claim: {row["id"]: row for row in claim.get("controls", ())},
        lambda there: [there[0]["expected"]],
        _of_control,
    )


def _of_control(row: Record) -> str:
    """A control's value with its interval; in words where it did not fail."""
    value = _value({**row, "measured": "SUPPORTED"})
    return value if row["failed_as_it_should"] else f"{value} did not fail"


def _numbers(rows: Rows) -> str:
    """A row for every number of every claim; a verdict stands beside it where it is no yes."""
    return _named(
        rows,
        ("number", "prediction", "band", "rival"),
        lambda claim: {n["name"]: n for n in _all_numbers(claim)},
        _foretold,
        _value,
    )


def _means(rows: Rows) -> str:
    """A row for every mean that a claim tells, those that it is judged by first."""
    return _named(
        rows,
        ("mean of", "needed"),
        lambda claim: _told(claim["details"]),
        lambda there: [there[0].get("needed", "")],
        _mean,
    )


def _told(details: Record) -> dict[str, Record]:
    """Whatever of a claim has a mean."""
    there = {**details.get("parts", {}), **details}
    legs = details.get("accuracies", {})
    for leg, kinds in legs.items() if isinstance(legs, Mapping) else ():
        there |= {f"{kind.replace('_', '-')} accuracy, {leg}": x for kind, x in kinds.items()}
    for row in details.get("differences", ()):
        told = row["mean"] if isinstance(row["mean"], Mapping) else row
        there[", ".join(filter(None, (row["difference"], row.get("images"))))] = told
    return {name: x for name, x in there.items() if isinstance(x, Mapping) and "mean" in x}


def _notes(rows: Rows) -> str:
    """The lines that claims tell, one block for those that all salts have alike."""
    blocks: dict[str, None] = {}
    for own in rows.values():
        for claim in own.values():
            blocks |= {
                f"```text\n{chr(10).join(lines)}\n```": None
                for lines in claim["details"].values()
                if isinstance(lines, list) and lines and all(isinstance(x, str) for x in lines)
            }
    return "\n\n".join(blocks)


def _rows(rows: Rows, name: str) -> str:
    """The rows of a table of that name, one table for each claim and salt that has it.

    Of several each says its salt.
    """
    of = [(salt, own[salt]) for own in rows.values() for salt in sorted(own)]
    told = [(salt, claim["details"].get(name)) for salt, claim in of]
    found = [(salt, cells) for salt, cells in told if cells]
    if not found:
        raise StoredRecordError(f"'results: rows ... {name}': no stored record has such a table.")
    if len(found) == 1:
        return _as_told(found[0][1])
    return "\n\n".join(f"Salt {salt}:\n\n{_as_told(cells)}" for salt, cells in found)


def _as_told(told: Sequence[Record]) -> str:
    """A table of a record; its columns are what the first row names."""
    columns = list(told[0])
    head = [column.replace("_", " ") for column in columns]
    return table(head, [[_cell(row.get(column)) for column in columns] for row in told])


def _cell(value: object) -> str:
    """A cell of such a table: numbers to three digits, intervals in brackets, behind their mean."""
    if isinstance(value, Mapping):
        return f"{_cell(value['mean'])} {_cell(value['interval'])}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_cell, value))}]"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _mean(row: Record) -> str:
    """A mean with its interval, and in how many seeds its own statement is true.

    These seeds decide, and not the interval: a verdict stands beside them where it is no yes.
    """
    value = _value({**row, "value": row["mean"], "measured": "SUPPORTED"})
    if "true_seeds" not in row:
        return value
    verdict = "" if row["measured"] == "SUPPORTED" else f" {row['measured']}"
    return f"{value}, {row['true_seeds']} of {row['seeds']}{verdict}"


def _foretold(there: Sequence[Record]) -> Sequence[str]:
    """Prediction, band and rival of a number; a range where salts have their own."""
    low, high = (_range([n["band"][end] for n in there]) for end in (0, 1))
    rival = f"{there[0]['rival']}: {_range([n['rival_value'] for n in there])}"
    return _range([n["prediction"] for n in there]), f"[{low}, {high}]", rival


def _range(values: Sequence[float | None]) -> str:
    """One number to four digits, or the least and the largest; a dash where none is finite."""
    finite = [value for value in values if value is not None]
    if not finite:
        return _short(None)
    return " to ".join(dict.fromkeys(map(_short, (min(finite), max(finite)))))


def _value(number: Record) -> str:
    """A number with its interval, where that is wider than the digits."""
    value = _short(number["value"])
    ends = [_short(end) for end in number["interval"]]
    interval = "" if ends == [value, value] else f" [{ends[0]}, {ends[1]}]"
    verdict = "" if number["measured"] == "SUPPORTED" else f" {number['measured']}"
    return f"{value}{interval}{verdict}"


def _short(value: float | None) -> str:
    """A number to four digits; next to nothing is 0."""
    if value is None:
        return "-"
    return "0" if abs(value) < NOTHING else f"{value:.4g}"


NOTHING = 1e-12
"""Rounding of a difference."""


def _all_numbers(claim: Record) -> list[Mapping[str, Any]]:
    """The numbers that a claim states, if it is of that kind."""
    return [n for n in claim["details"].get("numbers", ()) if "rival" in n]


KINDS: Mapping[str, Callable[[Rows], str]] = {
    "controls": _controls,
    "means": _means,
    "notes": _notes,
    "numbers": _numbers,
    "verdicts": _verdicts,
}
