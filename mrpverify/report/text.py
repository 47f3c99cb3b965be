"""The readable report of a check."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from math import isnan
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ..claims.concluded import ClaimResult, ControlResult
from ..judge.findings import Column as Shown
from ..judge.findings import Picture
from ..judge.sequential import LEVEL
from ..judge.verdicts import Verdict
from ..parameters import Framework, Parameters
from ..records.provenance import versions
from ..theory.assumptions import applying
from ..theory.condition import Condition
from .next_steps import mended, next_steps, what_mends
from .own_regime import own_regime
from .run import Run, own_data
from .shown import Cell, Grid, Line, not_known, seen, shown, target

ROOMY = 120
"""Columns from which verdicts, conditions and controls are tables."""
COLUMN = 11
"""Characters that a column of a finding's table needs, on average, to be read."""

NO_NUMBER = ("-", "-", "-")
"""Value, interval and threshold of a claim that came to no number."""

STYLES = {
    Verdict.SUPPORTED: "bold green",
    Verdict.REFUTED: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.UNINFORMATIVE: "bold magenta",
    Verdict.OUT_OF_REGIME: "bold blue",
}


def print_report(console: Console, run: Run, results: Sequence[ClaimResult], strict: bool) -> None:
    """Conditions, verdicts, controls and features of every framework, then the outcome."""
    for framework, regime in run.regimes.items():
        own = [result for result in results if result.framework == framework]
        title = Text(f"{framework}  ({in_one_line(regime)})", "bold")
        if console.width < ROOMY:  # a rule would cut it
            console.print(title)
        else:
            console.rule(title, align="left")
        _print_conditions(console, framework, regime)
        if own:
            _print_verdicts(console, own)
            _print_controls(console, own)
        for result in own:
            _print_findings(console, result, regime)
    _print_images(console, [result for result in results if result.framework is None])
    _print_outcome(console, run, results, strict)


def _print_images(console: Console, results: Sequence[ClaimResult]) -> None:
    """Claims about real images: verdicts, controls and findings."""
    if not results:
        return
    console.rule(Text("real images", "bold"), align="left")
    _print_verdicts(console, results)
    _print_controls(console, results)
    for result in results:
        _print_findings(console, result)


def typed(salt: str) -> str:
    """A salt as it is typed; one that would break the line, or colour it, with escapes."""
    return shlex.quote(salt) if salt.isprintable() else ascii(salt)


def in_one_line(p: Any) -> str:
    """A regime (whatever has the fields of Parameters) in one line, in the paper's letters."""
    fixed = getattr(p, "masks", "bernoulli") != "bernoulli"  # older records do not name masks
    masks = f" masks={p.masks} P={p.patches}" if fixed else ""
    return (
        f"k={p.classes} m={p.kernels_per_class} s={p.off_class:g} N={p.images} d={p.dimension} "
        f"q={p.power} varrho={p.linear_from:g} sigma_0={p.init_scale:g} theta={p.visible:g}"
        f"{masks}"
    )


def _table(*headers: str, title: str) -> Table:
    """A table that folds what is too long for it and never cuts it."""
    columns = [Column(header, overflow="fold") for header in headers]
    return Table(*columns, title=title, title_justify="left")


def _print_conditions(console: Console, framework: Framework, regime: Parameters) -> None:
    """Every condition of the regime with its margin: a table, or lines where there is no room."""
    own = applying(regime, framework)
    if console.width < ROOMY:
        console.print(Text("Regime conditions", "italic"))
        for item in own:
            margin = f" {item.id}: {item.statement}; margin {item.margin:.3g}"
            console.print(Text.assemble(_mark(item), f"{margin}, needs {item.needed_ratio:g}"))
        return
    table = _table(
        "condition", "statement", "left", "right", "margin", "needed", "",
        title="Regime conditions",
    )  # fmt: skip
    for item in own:
        table.add_row(
            item.id, Text(item.statement), f"{item.left:.3g}", f"{item.right:.3g}",
            f"{item.margin:.3g}", f"{item.needed_ratio:g}", _mark(item),
        )  # fmt: skip
    console.print(table)


def _mark(item: Condition) -> Text:
    """Whether a condition holds."""
    return Text("holds", "green") if item.holds else Text("VIOLATED", "bold red")


def _print_verdicts(console: Console, results: Sequence[ClaimResult]) -> None:
    """What was found for every claim: a table, or lines where there is no room for one."""
    if console.width < ROOMY:
        console.print(Text("Verdicts", "italic"))
        for result in results:
            claim, at = result.claim, f" at {result.claim.horizon}"
            console.print(
                Text.assemble(
                    (claim.id, "bold"), "" if claim.horizon == "none" else at,
                    f" ({claim.role}): ", _verdict(result),
                )
            )  # fmt: skip
            value, interval, aim = numbers = _numbers_in_words(result)
            if numbers != NO_NUMBER:
                console.print(Text(f"    {value}, 90 % interval {interval}, needed {aim}"))
            console.print(Text(f"    {result.measurement.statistic}"))
        return
    table = _table(
        "claim", "at", "role", "verdict", "value", "90 % interval", "threshold", "statistic",
        title="Verdicts",
    )  # fmt: skip
    for column in table.columns[:-1]:
        column.no_wrap = True
    for result in results:
        claim = result.claim
        table.add_row(
            claim.id, claim.horizon, claim.role, _verdict(result), *_numbers_in_words(result),
            result.measurement.statistic,
        )  # fmt: skip
    console.print(table)


def _verdict(result: ClaimResult) -> Text:
    """The verdict, and what the numbers alone say where that is another."""
    verdict = Text(result.verdict, STYLES[result.verdict])
    measured = result.measurement.measured
    if result.verdict == measured or _numbers_in_words(result) == NO_NUMBER:
        return verdict
    return verdict.append(f" (measured {measured})")


def _numbers_in_words(result: ClaimResult) -> tuple[str, str, str]:
    """Value, interval, and what they are held against; dashes where nothing came to a number."""
    m = result.measurement
    if m.measured is Verdict.ERROR or (isnan(m.value) and isnan(m.threshold)):
        return NO_NUMBER
    count = f" ({m.successes}/{m.trials}{not_known(m.details)})" if m.trials else ""
    return (
        f"{m.value:.3f}{count}",
        f"[{m.interval[0]:.3f}, {m.interval[1]:.3f}]",
        target(m.threshold, m.band),
    )


def _print_controls(console: Console, results: Sequence[ClaimResult]) -> None:
    """Whether every control failed, as it should: a table, or lines where there is no room."""
    if not any(result.controls for result in results):
        return
    if console.width < ROOMY:
        console.print(Text("Negative controls", "italic"))
        for result in results:
            for item in result.controls:
                name = f"{result.claim.id}, {item.control.id}: "
                words = f" ({seen(item)}); expected: {item.control.expected}"
                console.print(Text.assemble(name, _came_out(item), words))
        return
    table = _table("claim", "control", "came out", "seen", "expected", title="Negative controls")
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    for result in results:
        for item in result.controls:
            claim = f"{result.claim.id} ({result.claim.horizon})"
            expected = item.control.expected
            table.add_row(claim, item.control.id, _came_out(item), seen(item), expected)
    console.print(table)


def _came_out(item: ControlResult) -> Text:
    """What became of a control."""
    if item.failed_as_it_should:
        return Text("failed, as it should", "green")
    if item.measurement.measured is Verdict.ERROR:
        return Text("BROKE", "bold red")
    return Text("DID NOT FAIL", "bold red")


def _print_findings(
    console: Console, result: ClaimResult, regime: Parameters | None = None
) -> None:
    """Tables, then lines, then in which regime where it is its own, and what was predicted."""
    claim = result.claim
    name = claim.id if result.framework is None else f"{claim.id} at {claim.horizon}"
    items = shown(result.measurement.findings)
    for item in items:
        if isinstance(item, Grid):
            _print_grid(console, claim.id, item)
    for item in items:
        match item:
            case Line(about=about, words=words):
                console.print(Text(f"{name}, {about}: {words}" if about else f"{name}: {words}"))
            case Picture(name=title):
                console.print(Text(f"{name}, picture: {title}"))
    own = own_regime(claim, regime)
    if own is not None:
        console.print(Text(f"{name}, run in a regime of its own: {own}"))
    if result.prediction is not None:
        console.print(Text(f"{name}, predicted: {result.prediction}"))


def _print_grid(console: Console, claim: str, grid: Grid) -> None:
    """A table, or where its columns have no room to be read a line for every row."""
    if console.width >= COLUMN * len(grid.columns):
        console.print(_grid(claim, grid))
        return
    console.print(Text(f"{claim}, {grid.title}", "italic"))
    for row in grid.rows:
        first, *others = zip(grid.columns, row, strict=True)
        told = [
            Text.assemble(f"{c.words} ", _coloured(c, cell)) for c, cell in others if cell.words
        ]
        console.print(Text.assemble((f"  {first[1].words}", "bold"), ": ", Text("; ").join(told)))


def _grid(claim: str, grid: Grid) -> Table:
    """A table of a claim's findings; verdicts in it have their colours."""
    table = _table(*(column.words for column in grid.columns), title=f"{claim}, {grid.title}")
    for row in grid.rows:
        table.add_row(*itertools.starmap(_coloured, zip(grid.columns, row, strict=True)))
    return table


def _coloured(column: Shown, cell: Cell) -> Text:
    """A cell, as a text of its own: nothing in it is markup."""
    is_verdict = column.form == "verdict" and cell.words in STYLES
    return Text(cell.words, STYLES[Verdict(cell.words)] if is_verdict else "")


def _print_outcome(
    console: Console, run: Run, results: Sequence[ClaimResult], strict: bool
) -> None:
    """Gates, findings, violated conditions and the exit code."""
    for role in ("gate", "finding"):
        own = [result for result in results if result.claim.role == role]
        if not own:
            continue
        line = Text(f"{role}s: ")
        for result in own:
            name = f"{result.claim.id}/{result.framework or 'images'}/{result.claim.horizon} "
            line.append(name).append(f"{result.verdict}  ", STYLES[result.verdict])
        console.print(line)
    if len(results) > 1:
        console.print(Text(family(len(results))))
    for framework, condition in sorted(
        {(r.framework, c) for r in results for c in r.violated}, key=str
    ):
        console.print(
            Text(
                f"{framework}: outside the regime, {condition.id}: {condition.statement} "
                f"has margin {condition.margin:.3g}, needs {condition.needed_ratio:g}"
                + mended(what_mends(run.regimes, framework, condition)),
                "bold blue",
            )
        )
    for words, names in _said_once(run, results).items():
        console.print(Text(f"next, {', '.join(names)}: {words}"))
    for words in own_data(run.data):
        console.print(Text(f"data: {words}", "bold red"))
    for words in run.unheard:
        console.print(Text(f"not heard: {words}", "bold"))
    counted = "gates and findings" if strict else "gates"
    console.print(
        f"{run.seeds} seeds, salt {run.salt!r}, {run.device}, {run.seconds:.0f} s; "
        f"exit code {run.exit_code} (from the {counted})"
    )
    console.print(Text(quotable(run, results), "bold"), soft_wrap=True)


def _said_once(run: Run, results: Sequence[ClaimResult]) -> dict[str, list[str]]:
    """What to do next, each line once with all claims that it is about."""
    said: dict[str, list[str]] = {}
    for result in results:
        name = f"{result.claim.id} ({result.framework or 'images'}, {result.claim.horizon})"
        for words in next_steps(result, run):
            said.setdefault(words, []).append(name)
    return said


def family(verdicts: int) -> str:
    """What holds of several verdicts at once: the family-wise rule, in one line."""
    return (
        f"{verdicts} verdicts: each is false with a chance of at most {LEVEL:.0%} on its own, more "
        f"or less where it is called approximate; at most {LEVEL * verdicts:.2g} false ones are "
        f"expected"
    )


def quotable(run: Run, results: Sequence[ClaimResult]) -> str:
    """The outcome in one line that can be quoted: claims by verdict, draws and version."""
    found = []
    for verdict in STYLES:
        own = [result for result in results if result.verdict == verdict]
        names = dict.fromkeys(f"{r.claim.id} ({r.framework or 'images'})" for r in own)
        if own:
            found.append(f"{verdict}: {', '.join(names)}")
    version = versions()["mrpverify"]
    return f"{'; '.join(found)} [{run.seeds} seeds, salt {typed(run.salt)}, mrpverify {version}]"
