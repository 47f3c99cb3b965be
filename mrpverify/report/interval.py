"""The picture of an interval beside its threshold or band, as SVG that sizes to its place."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from .shown import cell

WIDTH, HEIGHT, EDGE = 220, 26, 6
"""Size of an interval's picture, and the room at its ends, in units of its drawing."""
LABEL = 13
"""Height of the line below that says where the axis begins and ends."""


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
    parts += [_end(EDGE, scale[0], "start"), _end(WIDTH - EDGE, scale[1], "end")]
    tall = HEIGHT + LABEL
    size = f'width="{WIDTH}" height="{tall}" viewBox="0 0 {WIDTH} {tall}"'
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


def _end(place: float, number: float, anchor: str) -> str:
    """The number at one end of the drawn axis."""
    where = f'x="{place}" y="{HEIGHT + LABEL - 3}" text-anchor="{anchor}"'
    return f'<text {where} aria-hidden="true">{number:.3g}</text>'


def _arrow(place: float, side: int) -> str:
    """The end of an interval that is open."""
    tip, back, middle = place + 5 * side, place - 2 * side, HEIGHT / 2
    return (
        f'<path class="interval" d="M{tip} {middle} L{back} {middle - 7} L{back} {middle + 7}Z"/>'
    )
