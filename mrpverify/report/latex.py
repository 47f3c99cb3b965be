r"""A check as LaTeX: a macro per number and a booktabs table, for ``\input`` in a paper.

``\input{report}`` in the preamble, after ``\usepackage{booktabs}``, prints nothing; it defines
``\mrpTable`` and for every claim macros such as ``\mrpTOneCaptureMaeValue``; a claim with rows of
its own, as one for every feature, has a table too: ``\mrpTOneCaptureMaeFeaturesTable``. A name
that is already taken is an error of LaTeX, not a silent other number.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from .mathematics import in_latex
from .outcome import again, how_sure, mended_by, named, needed
from .shown import Grid, Line, Shown, cell, found, shown
from .tabular import BELOW, panels, tabular

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_ESCAPED = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': r"{\char34}", "\u226a": r"$\ll$",
    "\u226b": r"$\gg$", "\u2265": r"$\ge$", "\u2264": r"$\le$", "\u221d": r"$\propto$",
    "\u223c": r"$\sim$", "\u2212": "$-$", "`": r"{\char96}", "\u00d7": r"$\times$",
    "\u00b1": r"$\pm$", "\u221a": r"$\surd$", "\u221e": r"$\infty$", "\u2016": r"$\Vert$",
    "\u2013": "--", "\u2014": "---", "\u2019": "'", "\u00b7": r"$\cdot$", "\u2192": r"$\to$",
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
}  # fmt: skip


def latex(record: Mapping[str, Any]) -> str:
    """The whole file; `record` as `mrpverify.report.record.record` makes it."""
    stems = _stems(record)
    lines = [
        f"% mrpverify {record['mrpverify']}: {_comment(shlex.join(record['command']))}",
        f"% {_comment(how_sure(record))}",
        "% Needs booktabs. \\input this in the preamble; \\mrpTable is the table.",
    ]
    for stem, claim in zip(stems, record["claims"], strict=True):
        lines += [f"% {_comment(again(record, claim))}", *_macros(stem, claim)]
        for item in shown(found(claim)):
            lines += _finding(stem, item)
    lines += [_macro("mrpSeeds", str(record["seeds"])), _macro("mrpSalt", _words(record["salt"]))]
    return "\n".join([*lines, *_table(record, stems)]) + "\n"


def _macros(stem: str, claim: Mapping[str, Any]) -> list[str]:
    """One macro per number of a claim, its verdict and its statement."""
    low, high = claim["interval"]
    given = {
        "Value": _number(claim["value"]),
        "Low": _number(low),
        "High": _number(high),
        "Needed": _words(needed(claim)),
        "Successes": _number(claim["successes"]),
        "Trials": _number(claim["trials"]),
        "Verdict": _words(claim["verdict"].replace("_", " ").lower()),
        "Statement": _text(claim["statement"]),
        "Violated": "; ".join(_violated(condition) for condition in claim["violated"]) or "none",
    }
    return [_macro(stem + name, text) for name, text in given.items()]


def _violated(condition: Mapping[str, Any]) -> str:
    """A condition that does not hold, and what mends it."""
    margin = f"margin {cell(condition['margin'])}, needs {cell(condition['needed_ratio'])}"
    return f"{_text(condition['statement'])} ({_words(margin)}){_text(mended_by(condition))}"


def _finding(stem: str, item: Shown) -> list[str]:
    """What was found beside the verdict: a table as a macro, a line as a comment."""
    match item:
        case Grid(columns=columns):
            head = [column.words for column in columns]
            rows = [[x.words for x in row] for row in item.rows]
            return _as_macro(f"{stem}{_letters(item.name)}Table", panels(head, rows, _words))
        case Line():
            return [f"% {_comment(str(item))}"]
    return [f"% {_comment(f'picture: {item.name}')}"]


def _as_macro(name: str, tables: Sequence[Sequence[str]]) -> list[str]:
    """A macro for tables that stand one below the other."""
    start = rf"\newcommand{{\{name}}}{{{{\footnotesize\setlength{{\tabcolsep}}{{2.5pt}}%"
    first, *others = tables
    return [start, *first, *(line for own in others for line in (BELOW, *own)), "}}"]


def _table(record: Mapping[str, Any], stems: Sequence[str]) -> list[str]:
    """The table of verdicts, made of the macros."""
    rows = []
    for stem, claim in zip(stems, record["claims"], strict=True):
        m = f"\\{stem}"
        horizon = in_latex(claim["horizon"], _words, "POWER")
        cells = [
            _words(claim["id"]), rf"\raggedright {_words(claim['framework'] or 'real images')}",
            "--" if horizon == "none" else horizon, f"{m}Verdict{{}}", f"{m}Value{{}}",
            rf"\raggedright [{m}Low{{}}, {m}High{{}}]", rf"\raggedright {m}Needed{{}}",
        ]  # fmt: skip
        rows.append(cells)
    head = ["claim", "framework", "at", "verdict", "value", r"90\,\% interval", "needed"]
    return _as_macro("mrpTable", [tabular("lp{44pt}llrp{46pt}p{36pt}", head, rows)])


def _stems(record: Mapping[str, Any]) -> list[str]:
    """How the macros of each claim begin: letters alone, no two the same."""
    stems: list[str] = []
    for claim in record["claims"]:
        _, bracket, more = named(record, claim).partition(" (")
        horizon = claim["horizon"] if bracket and claim["horizon"] in more else ""
        stem = "mrp" + _letters(f"{claim['id']} {claim['framework'] or ''} {horizon}")
        while stem in stems:
            stem += "Again"
        stems.append(stem)
    return stems


def _letters(text: str) -> str:
    """Words joined with capitals, digits spelt: what the name of a macro may hold."""
    words = re.findall(r"[A-Za-z]+|[0-9]", text)
    return "".join(_DIGITS[int(w)] if w.isdigit() else w[0].upper() + w[1:] for w in words)


def _macro(name: str, text: str) -> str:
    """A definition; LaTeX refuses a name that is taken."""
    return f"\\newcommand{{\\{name}}}{{{text}}}"


def _number(value: float | None) -> str:
    """A number as the other reports show it, a dash where there is none."""
    return "--" if value is None else f"\\ensuremath{{{cell(value)}}}"


def _text(text: str) -> str:
    """A text with its symbols typeset."""
    return in_latex(text, _words, r"\textsuperscript{POWER}")


def _words(text: str) -> str:
    """Words as they stand: nothing in them is a command; what is not ASCII has its code."""
    return "".join(_ESCAPED.get(c) or _printable(c) for c in text)


def _printable(character: str) -> str:
    """A character that every font has, or its code."""
    if character.isspace():
        return " "
    shown = character.isascii() and character.isprintable()
    return character if shown else f"U+{ord(character):04X}"


def _comment(text: str) -> str:
    """A text that stays on its line."""
    return "".join(_printable(c) for c in text)
