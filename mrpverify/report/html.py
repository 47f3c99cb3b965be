"""A check as one HTML page that needs nothing else: verdicts, intervals as pictures, controls.

The page is made from the JSON record (docs/command_line.md) and, for claims about real images, from
the figures that were drawn; so any stored record can be shown again.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..judge.verdicts import EXIT_CODES, EXIT_USAGE
from .record import cell, tables

Pictures = Sequence[Mapping[str, bytes]]
"""PNG figures by title, one mapping per claim of the record."""

WIDTH, HEIGHT, EDGE = 220, 26, 6
"""Size of an interval's picture, and the room at its ends, in px."""

OUTCOMES = {code: verdict.replace("_", " ").lower() for verdict, code in EXIT_CODES.items()}
OUTCOMES |= {EXIT_USAGE: "usage"}


def page(record: Mapping[str, Any], pictures: Pictures = ()) -> str:
    """The whole page as text; `record` as `mrpverify.report.record.record` makes it."""
    template = _environment().get_template("page.html")
    shown = list(pictures) or [{} for _ in record["claims"]]
    claims = [
        {
            **claim,
            "tables": tables(claim["details"]),
            "lines": [
                line
                for key in ("lines", "diverged", "unfinished")
                for line in claim["details"].get(key, [])
            ],
            "pictures": _inline(own),
        }
        for claim, own in zip(record["claims"], shown, strict=True)
    ]
    return template.render(record=record, claims=claims, outcome=OUTCOMES[record["exit_code"]])


def png(figure: Any) -> bytes:
    """A matplotlib figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()


def interval_picture(
    value: float | None,
    interval: Sequence[float | None],
    threshold: float | None,
    band: Sequence[float | None] | None = None,
) -> Markup:
    """A value with its interval beside its threshold or band; an end that is open has an arrow.

    A number that does not exist (None) is left out. The scale is [0, 1] where all numbers fit it.
    """
    low, high = interval
    marks = [value, low, high, threshold, *(band or ())]
    known = [x for x in marks if x is not None and math.isfinite(x)]
    if not known:
        return Markup("")
    scale = _scale(known)
    parts = [_line(EDGE, WIDTH - EDGE, "axis")]
    if band is not None:
        parts.append(_rectangle(*_ends(band, scale), "band"))
    parts.append(_rectangle(*_ends(interval, scale), "interval", inset=9))
    parts += [_arrow(EDGE, -1)] if low is None else []
    parts += [_arrow(WIDTH - EDGE, 1)] if high is None else []
    if threshold is not None:
        parts.append(_tick(_place(threshold, scale), "threshold"))
    if value is not None:
        parts.append(
            f'<circle class="value" cx="{_place(value, scale):.1f}" cy="{HEIGHT / 2}" r="4"/>'
        )
    text = f"value {cell(value)}, interval {cell([low, high])}, threshold {cell(threshold)}"
    ends = f"<title>{text}; drawn from {scale[0]:g} to {scale[1]:g}</title>"
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return Markup(f'<svg {size} role="img">{ends}{"".join(parts)}</svg>')  # noqa: S704 - numbers


def _scale(known: Sequence[float]) -> tuple[float, float]:
    """Ends of the drawn axis: [0, 1] for shares, else the numbers with some room."""
    low, high = min(known), max(known)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _place(number: float, scale: tuple[float, float]) -> float:
    """Horizontal place of a number in px, kept on the picture."""
    share = (number - scale[0]) / (scale[1] - scale[0])
    return EDGE + min(max(share, 0.0), 1.0) * (WIDTH - 2 * EDGE)


def _ends(interval: Sequence[float | None], scale: tuple[float, float]) -> tuple[float, float]:
    """Horizontal places of both ends; one that is open lies at the picture's edge."""
    low, high = interval
    left = EDGE if low is None else _place(low, scale)
    return left, WIDTH - EDGE if high is None else _place(high, scale)


def _line(left: float, right: float, name: str) -> str:
    """A horizontal line in the middle."""
    return (
        f'<line class="{name}" x1="{left:.1f}" x2="{right:.1f}" y1="{HEIGHT / 2}" '
        f'y2="{HEIGHT / 2}"/>'
    )


def _rectangle(left: float, right: float, name: str, inset: float = 3) -> str:
    """A bar, at least 2 px wide."""
    width = max(right - left, 2.0)
    return (
        f'<rect class="{name}" x="{left:.1f}" y="{inset}" width="{width:.1f}" '
        f'height="{HEIGHT - 2 * inset}"/>'
    )


def _tick(place: float, name: str) -> str:
    """A vertical line."""
    return f'<line class="{name}" x1="{place:.1f}" x2="{place:.1f}" y1="2" y2="{HEIGHT - 2}"/>'


def _arrow(place: float, side: int) -> str:
    """The end of an interval that is open."""
    tip, back, middle = place + 5 * side, place - 2 * side, HEIGHT / 2
    return (
        f'<path class="interval" d="M{tip} {middle} L{back} {middle - 7} L{back} {middle + 7}Z"/>'
    )


def _inline(pictures: Mapping[str, bytes]) -> dict[str, str]:
    """PNG bytes as data addresses."""
    return {
        title: "data:image/png;base64," + base64.b64encode(content).decode()
        for title, content in pictures.items()
    }


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
    environment.filters["cell"] = cell
    return environment
