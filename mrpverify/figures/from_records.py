"""Figures of stored records of checks: drawn without running anything again.

A record says of every claim what was measured, in `details`; a figure names the claims whose
records it needs and draws what stands there. The records of this project are in `docs/results`;
others are those of ``mrpverify check --json``, in a folder of their own (``--records``). What is
drawn from is held against itself first, as ``check --verify`` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..drawing.style import Drawn
from ..judge.verdicts import Verdict
from ..regular import read_regular
from ..report.verifying import check_followed
from .figure import Study

RECORDS = Path("docs", "results")
"""Where records are looked for unless somebody says otherwise."""
NEEDED = {"claims", "salt", "seeds", "command", "simulation", "regime"}
"""What a record says, for a figure and its caption."""
Record = Mapping[str, Any]
"""A record, or a claim as it stands there."""
Found = Mapping[str, Mapping[str, Record]]
"""Claim -> salt -> the claim as it stands in the record of that salt."""


@dataclass(frozen=True)
class RecordsFigure:
    """A figure of what stored records say of some claims, salt by salt."""

    name: str
    title: str
    claims: tuple[str, ...]
    draw: Callable[[Found], Drawn]
    text: str

    def gather(self, study: Study) -> Found:
        """The claims of all records of the study's folder; the study notes those that are shown."""
        found: dict[str, dict[str, Record]] = {claim: {} for claim in self.claims}
        for path, record, own in self._own(study.records):
            study.shown_records[path.name] = record
            for claim in own:
                found[claim["id"]][record["salt"]] = claim
        return found

    def _own(self, folder: Path) -> list[tuple[Path, Record, list[Record]]]:
        """The records of a folder that tell of these claims, and what they tell."""
        told = [
            (path, record, [claim for claim in record["claims"] if claim["id"] in self.claims])
            for path, record in _records(folder)
        ]
        return [row for row in told if row[2]]

    def caption(self, data: Found) -> str:
        """The text of the caption, and the verdict of each claim on each salt."""
        said = "; ".join(f"{claim} {_verdicts(own)}" for claim, own in data.items())
        return f"{' '.join(self.text.split())} Verdicts by salt: {said}."

    def obstacle(self, published: bool) -> str:
        """Nothing but a record that is not there, which `missing` says."""
        del published
        return ""

    def missing(self, folder: Path) -> str:
        """What a folder lacks, or which of its records is no good, and what to do; "" for nothing.

        Every claim has a record, one for each salt, whose verdicts follow from its numbers.
        """
        if not folder.is_dir():
            return f"there is no folder {folder}; name one of records with --records"
        own = self._own(folder)
        there = {claim["id"] for *_, claims in own for claim in claims}
        absent = [claim for claim in self.claims if claim not in there]
        if absent:
            return (
                f"no record of {', '.join(absent)} in {folder}; name a folder of records with "
                f"--records, of `mrpverify check {' '.join(absent)} --json FILE`"
            )
        return next(_unfit(own), "")


def _unfit(own: Sequence[tuple[Path, Record, list[Record]]]) -> Iterator[str]:
    """What is wrong with records: no numbers, others than were measured, or one salt told twice."""
    teller: dict[tuple[str, str], Path] = {}
    for path, record, claims in own:
        try:
            check_followed(record, str(path), f"`mrpverify check --verify {path}`")
        except ValueError as error:
            yield str(error)
        for claim in claims:
            if claim["verdict"] == Verdict.ERROR:
                yield f"{path}: {claim['id']} ended in an ERROR, without numbers; make it again"
            first = teller.setdefault((claim["id"], record["salt"]), path)
            if first != path:
                yield (
                    f"{claim['id']} on salt {record['salt']!r} is in {first} and in {path}; "
                    "move one of them away"
                )


def _verdicts(own: Mapping[str, Record]) -> str:
    """The verdict of a claim on every salt."""
    return ", ".join(f"{row['verdict']} ({salt})" for salt, row in own.items())


def _records(folder: Path) -> Iterator[tuple[Path, Record]]:
    """Every record of a folder in the order of names; other files are passed over."""
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(read_regular(path))
        except (OSError, ValueError):
            continue
        if _is_record(content):
            yield path, content


def _is_record(content: Any) -> bool:
    """Whether a file says what a figure and its caption need."""
    if not isinstance(content, dict) or not content.keys() >= NEEDED:
        return False
    claims = content["claims"]
    return isinstance(claims, list) and all(
        isinstance(claim, dict) and {"id", "verdict", "details"} <= claim.keys() for claim in claims
    )


def numbers_of(claim: Record, names: Sequence[str]) -> list[Record]:
    """The numbers of a claim under these names; raises KeyError for one that is not there."""
    rows = {row["name"]: row for row in claim["details"]["numbers"]}
    return [rows[name] for name in names]
