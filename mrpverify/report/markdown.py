"""A check as Markdown: the answer first, a table of verdicts, then every claim with its command.

Symbols stand between dollar signs, which GitHub, pandoc and notebooks typeset.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ..judge.findings import Picture
from ..judge.verdicts import Verdict
from .mathematics import in_latex
from .outcome import OUTCOMES, again, how_sure, mended_by, named, needed, told, where
from .run import own_data
from .shown import Grid, Line, cell, found, not_known, shown

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$&~])")
_COLUMNS = ("claim", "framework", "at", "role", "verdict", "value", "90 % interval", "needed")


def markdown(record: Mapping[str, Any]) -> str:
    """The whole text; `record` as `mrpverify.report.record.record` makes it."""
    lines = [f"# Checked: {OUTCOMES[record['exit_code']]}", ""]
    lines += [f"- **{words}**: {_words(', '.join(n) or 'none')}" for words, n in told(record)]
    lines += [f"- **Where**: {_words(regime)}" for regime in where(record)]
    lines += [f"- **Data**: {_words(line)}" for line in own_data(record.get("data", {}))]
    lines += [f"- **Not heard**: {_words(line)}" for line in record.get("unheard", [])]
    lines += [f"- **How sure**: {_words(how_sure(record))}", ""]
    lines += _code(shlex.join(record["command"]))
    lines += [_row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
    lines += [_row(_cells(claim)) for claim in record["claims"]]
    for claim in record["claims"]:
        lines += _claim(record, claim)
    return "\n".join(lines).rstrip() + "\n"


def _cells(claim: Mapping[str, Any]) -> list[str]:
    """A claim's line of the table."""
    open_ = not_known(claim["details"])
    count = f" ({claim['successes']} of {claim['trials']}{open_})" if claim["trials"] else ""
    given = (
        claim["id"],
        claim["framework"] or "real images",
        claim["horizon"],
        claim["role"],
        claim["verdict"].replace("_", " "),
        cell(claim["value"]) + count,
        cell(claim["interval"]),
        needed(claim),
    )
    return [_text(part) for part in given]


def _claim(record: Mapping[str, Any], claim: Mapping[str, Any]) -> list[str]:
    """What a claim says and measured, its controls, and how to ask it again."""
    value, interval = cell(claim["value"]), cell(claim["interval"])
    numbers = f": {value}, 90 % interval {interval}, needed {needed(claim)}"
    if claim["value"] is None and claim["threshold"] is None:
        numbers = ""  # it was not run, or broke
    lines = ["", f"## {_words(named(record, claim))}: {claim['verdict'].replace('_', ' ')}", ""]
    lines += [f"{_text(claim['statement'])} ({_words(claim['provenance'])})", ""]
    lines += [f"- {_text(claim['statistic'])}{_words(numbers)}"]
    if claim.get("own_regime"):
        lines.append(f"- run in a regime of its own: {_words(claim['own_regime'])}")
    if claim["prediction"]:
        lines.append(f"- predicted: {_text(claim['prediction'])}")
    for condition in claim["violated"]:
        margin = f"margin {cell(condition['margin'])}, needs {cell(condition['needed_ratio'])}"
        lines.append(
            f"- outside the regime: {_text(condition['statement'])} ({margin})"
            f"{_text(mended_by(condition))}"
        )
    lines += [f"- next: {_words(line)}" for line in claim.get("next", [])]
    for control in claim["controls"]:
        came_out = "failed, as it should" if control["failed_as_it_should"] else "DID NOT FAIL"
        came_out = "BROKE" if control["measured"] == Verdict.ERROR else came_out
        seen = f"{came_out} ({control['observed']})"
        lines.append(f"- control {_text(control['id'])}: {_words(seen)}")
    items = shown(found(claim))
    lines += [_said(item) for item in items if not isinstance(item, Grid)]
    lines += ["", *_code(again(record, claim))]
    for item in items:
        if isinstance(item, Grid):
            lines += _rows(item)
    return lines


def _said(item: Line | Picture) -> str:
    """A line of the findings, or that there is a picture."""
    return f"- {_words(str(item) if isinstance(item, Line) else f'picture: {item.name}')}"


def _rows(grid: Grid) -> list[str]:
    """A table of a claim's findings, as of every feature."""
    head = [_words(column.words) or "row" for column in grid.columns]
    body = [_row([_words(item.words) for item in row]) for row in grid.rows]
    return ["", f"{_words(grid.title)}:", "", _row(head), _row(["---"] * len(head)), *body]


def _code(command: str) -> list[str]:
    """A command as a block; its fence is longer than any in it."""
    longest = max(map(len, re.findall("`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}sh", command, fence, ""]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """A text with its symbols typeset, for one line."""
    return in_latex(text, _words, "<sup>POWER</sup>")


def _words(text: str) -> str:
    """Words as they stand: nothing in them is markup, and they stay on their line."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"[\r\n]+", " ", text))
