"""Numbers in the running text of documents, filled in from stored records.

A document says where a number comes from, in a comment that nobody sees, and ``mrpverify results``
writes the number between it and its end:

    <!-- record: SL.test supervised T value 2 -->0.86 to 0.87<!-- record: end -->

The words are claim, framework, horizon, field (``details.over_seeds.mean`` for one further in) and
digits after the point. Salts that differ give a range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .kept import Record, StoredRecordError
from .results import claims_of

BEGIN = r"<!-- record: (?!end -->)(?P<asked>[^>]*?) -->"
"""How a mark begins."""
MARK = re.compile(rf"{BEGIN}(?:(?!<!-- record: ).)*<!-- record: end -->", re.DOTALL)
WORDS = 5
"""Claim, framework, horizon, field, digits."""


def filled(text: str, records: Sequence[Record]) -> str:
    """A document with the numbers of records in it.

    Raises StoredRecordError for a mark that no record answers, and for one without an end.
    """
    whole = {found.start() for found in MARK.finditer(text)}
    for begun in re.finditer(BEGIN, text):
        if begun.start() not in whole:
            raise StoredRecordError(
                f"'record: {begun['asked']}': lacks its '<!-- record: end -->'."
            )
    return MARK.sub(lambda found: _written(found["asked"], records), text)


def _written(asked: str, records: Sequence[Record]) -> str:
    """A mark with its number."""
    words = asked.split()
    if len(words) != WORDS or not words[-1].isdecimal():
        raise StoredRecordError(
            f"'record: {asked}': it takes claim, framework, horizon, field and digits, such as "
            f"'record: SL.test supervised T value 2'."
        )
    name, framework, horizon, field, digits = words
    there = [claim for _, claim in claims_of(records)
             if (claim["id"], str(claim["framework"]), claim["horizon"])
             == (name, framework, horizon)]  # fmt: skip
    values = [_at(claim, field, asked) for claim in there]
    if not values:
        raise StoredRecordError(f"'record: {asked}': no stored record is about it.")
    ends = dict.fromkeys(f"{value:.{digits}f}" for value in (min(values), max(values)))
    return f"<!-- record: {asked} -->{' to '.join(ends)}<!-- record: end -->"


def _at(claim: Record, field: str, asked: str) -> float:
    """The number in a field of a claim."""
    node: Any = claim
    for key in field.split("."):
        node = node.get(key) if isinstance(node, Mapping) else None
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise StoredRecordError(f"'record: {asked}': the field {field} holds no number.")
    return float(node)
