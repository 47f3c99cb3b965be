"""An SVG as matplotlib writes it, made small and the same each time it is drawn.

Names of elements count up in the order in which they appear (matplotlib's come from addresses in
memory), those that nothing refers to go, and coordinates keep two decimals: a hundredth of a point.
"""

from __future__ import annotations

import re
from html import escape

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_COORDINATES = re.compile(r'\b(d|x|y|points|transform)="([^"]*)"')
_FRACTION = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_NAME = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r"#([\w.-]+)")
_SHIFTED = re.compile(r'(<use\b[^>]*) transform="translate\(([-\d.]+)[ ,]+([-\d.]+)\)"(?=[ /])')
_STYLE = re.compile(r'style="([^"]*)"')


def slim(text: str, title: str) -> str:
    """The same picture in fewer bytes, with a title that screen readers read."""
    text = _METADATA.sub("", _COMMENT.sub("", text))
    text = _COORDINATES.sub(_shorter, text)
    text = _STYLE.sub(
        lambda found: f'style="{found[1].replace("; ", ";").replace(": ", ":")}"', text
    )
    text = _SHIFTED.sub(_placed, text).replace("xlink:href", "href")
    text = _renamed(text)
    text = re.sub(r">\s+<", "><", text)
    text = re.sub(r"<g>\s*</g>", "", text)
    return re.sub(r"(<svg\b[^>]*>)", rf"\1<title>{escape(title)}</title>", text, count=1) + "\n"


def _shorter(found: re.Match[str]) -> str:
    """Coordinates with two decimals (a scale keeps six) and without line breaks."""
    name, value = found[1], " ".join(found[2].split())
    if name == "transform":
        short = re.sub(r"(translate|rotate)\(([^)]*)\)", _two_decimals, value)
    else:
        short = _FRACTION.sub(lambda number: _rounded(number[0]), value)
    return f'{name}="{short}"'


def _two_decimals(found: re.Match[str]) -> str:
    """A shift or turn with two decimals."""
    return f"{found[1]}({_FRACTION.sub(lambda number: _rounded(number[0]), found[2])})"


def _placed(found: re.Match[str]) -> str:
    """A shifted copy by its place, which is shorter."""
    across, down = (f' {name}="{value}"' * (value != "0") for name, value in
                    (("x", found[2]), ("y", found[3])))  # fmt: skip
    return found[1].rstrip() + across + down


def _rounded(number: str) -> str:
    """Two decimals at most, without zeros at the end."""
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _renamed(text: str) -> str:
    """Names in the order of their appearance; those that nothing refers to are dropped."""
    used = set(_REFERENCE.findall(text))
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        if found[1] not in used:
            return ""
        return f' id="{names.setdefault(found[1], f"i{len(names)}")}"'

    text = _NAME.sub(named, text)
    return _REFERENCE.sub(lambda found: f"#{names.get(found[1], found[1])}", text)
