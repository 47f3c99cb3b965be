"""A check as one HTML page that needs nothing else: verdicts, intervals as pictures, controls.

The page is made from the JSON record (docs/command_line.md) and, for claims about real images, from
the figures that were drawn; so any stored record can be shown again.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from math import isfinite
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..judge.findings import Picture
from .interval import interval_picture
from .mathematics import glossary, in_mathml, spelt_in_mathml
from .outcome import OUTCOMES, again, how_sure, mended_by, named, needed, told, where
from .run import own_data
from .shown import Cell, Grid, Line, cell, found, not_known, shown

Pictures = Sequence[Mapping[str, bytes]]
"""PNG figures by title, one mapping per claim of the record."""

OPEN_ROWS = 12
"""Tables of at most this many rows are shown unfolded."""
FEW_NAMES = 8
"""More claims of one verdict than these are folded on a phone, where the first card comes first."""


def page(record: Mapping[str, Any], pictures: Pictures = ()) -> str:
    """The whole page as text; `record` as `mrpverify.report.record.record` makes it."""
    environment = _environment()
    shown = list(pictures) or [{} for _ in record["claims"]]
    script = _source("page.js")
    return environment.get_template("page.html").render(
        record=record,
        claims=[_claim(record, c, own) for c, own in zip(record["claims"], shown, strict=True)],
        outcome=OUTCOMES[record["exit_code"]],
        command=shlex.join(record["command"]),
        told=told(record),
        where=where(record),
        own_data=own_data(record.get("data", {})),
        sure=how_sure(record),
        glossary=glossary(_texts(record)),
        style=_source("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        open_rows=OPEN_ROWS,
        few_names=FEW_NAMES,
    )


def png(figure: Any) -> bytes:
    """A matplotlib figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()


def _claim(
    record: Mapping[str, Any], claim: Mapping[str, Any], pictures: Mapping[str, bytes]
) -> dict[str, Any]:
    """A claim of the record with what is shown beside it."""
    items = shown(found(claim))
    return {
        **claim,
        "named": named(record, claim),
        "needed": needed(claim),
        "again": again(record, claim),
        "next": claim.get("next", []),
        "own_regime": claim.get("own_regime"),
        "grids": [_verdict_second(item) for item in items if isinstance(item, Grid)],
        "lines": [str(item) for item in items if isinstance(item, Line)],
        "not_drawn": [
            item.name for item in items if isinstance(item, Picture) and item.name not in pictures
        ],
        "pictures": _inline(pictures),
    }


def _verdict_second(grid: Grid) -> Grid:
    """The same with a verdict right after the first column, where a narrow screen shows it."""
    forms = [column.form for column in grid.columns]
    places = sorted(range(len(forms)), key=lambda place: (place > 0, forms[place] != "verdict"))
    columns = tuple(grid.columns[place] for place in places)
    rows = tuple(tuple(row[place] for place in places) for row in grid.rows)
    return replace(grid, columns=columns, rows=rows)


def _texts(record: Mapping[str, Any]) -> Iterator[str]:
    """Every text whose symbols the page sets."""
    yield from where(record)
    for claim in record["claims"]:
        yield from (claim["statement"], claim["statistic"], claim["role_reason"])
        yield claim["prediction"] or ""
        for control in claim["controls"]:
            yield from (control["id"], control["expected"])
        yield from (condition["statement"] for condition in claim["violated"])
        for item in shown(found(claim)):
            if isinstance(item, Grid):
                yield from (row[0].words for row in item.rows)
    for framework, conditions in record["conditions"].items():
        yield from (c["statement"] for c in conditions if framework in c["applies_to"])


def _command(command: str) -> Markup:
    """A command whose words break over lines only where one is longer than a line."""
    return Markup("<code>{}</code>").format(
        Markup(" ").join(Markup("<span>{}</span>").format(word) for word in command.split(" "))
    )


def _sorted_by(item: Cell, in_symbols: bool = False) -> Markup:
    """The attribute that sorts a cell where its text does not: a page has 10^4 of them.

    `in_symbols`: its symbols are typeset, so that its text is another.
    """
    key, finite = _sortable(item.value), isinstance(item.value, float) and isfinite(item.value)
    typeset = in_symbols and in_mathml(item.words) != escape(item.words)
    if (key == item.words and not typeset) or (finite and float(key) == _number(item.words)):
        return Markup("")
    return Markup(' data-value="{}"').format(key)


def _number(words: str) -> float | None:
    """The number that a cell says, None where it says more."""
    try:
        return float(words)
    except ValueError:
        return None


def _sortable(value: object) -> str:
    """What a cell is sorted by: a number to six digits, the start of an interval, else its text."""
    if isinstance(value, Mapping) and "mean" in value:
        return _sortable(value["mean"])
    if isinstance(value, (list, tuple)) and value:
        return _sortable(value[0])
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _inline(pictures: Mapping[str, bytes]) -> dict[str, str]:
    """PNG bytes as data addresses."""
    return {
        title: "data:image/png;base64," + base64.b64encode(content).decode()
        for title, content in pictures.items()
    }


def _source(name: str) -> Markup:
    """A file beside the template as it stands: style or script of our own."""
    text = (files("mrpverify.report") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of this package


def _environment() -> Environment:
    """Templates of this package, everything escaped, a missing name an error."""
    environment = Environment(
        loader=PackageLoader("mrpverify.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["interval_picture"] = interval_picture
    environment.globals["mended_by"] = mended_by
    environment.filters["command"] = _command
    environment.filters["cell"] = cell
    environment.filters["not_known"] = not_known
    environment.filters["sorted_by"] = _sorted_by
    environment.filters["as_cell"] = lambda value: Cell(cell(value), value)
    environment.filters["math"] = in_mathml
    environment.filters["symbol"] = spelt_in_mathml
    return environment
