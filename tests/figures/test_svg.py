"""A picture is made small without being changed, and drawn again it is the same file."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np

from mrpverify.drawing.style import sheet, styled
from mrpverify.figures.svg import slim


@styled
def plain():
    """An SVG with text, marks, a picture and a clipped curve, as matplotlib writes it."""
    figure = sheet(3, 2)
    axes = figure.subplots()
    axes.plot([0, 1, 2], [0.123456, 1.2, 0.3], "o-", label=r"$\sigma_0$")
    axes.fill_between([0, 1], [0, 1], [1, 2], alpha=0.2)
    axes.imshow(np.eye(3), extent=(0, 1, 0, 1), aspect="auto")
    axes.legend()
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def test_what_is_drawn_twice_is_the_same():
    assert slim(plain(), "a") == slim(plain(), "a")


def test_the_picture_is_whole_and_smaller():
    before = plain()
    after = slim(before, "a title & more")
    assert len(after) < 0.7 * len(before)
    root = ET.fromstring(after)
    assert root[0].text == "a title & more"
    names = re.findall(r' id="([^"]*)"', after)
    assert len(names) == len(set(names))
    referred = set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', after))
    assert {a or b for a, b in referred} == set(names)


def test_every_use_stands_where_it_stood():
    def places(text):
        """Letters by their place: shifts of uses, whether as a transformation or as x and y."""
        shifts = re.findall(r'<use [^>]*transform="translate\(([-\d.]+)[ ,]+([-\d.]+)\)"', text)
        own = []
        for tag in re.findall(r"<use [^>]*>", text):
            x, y = (re.search(rf' {name}="([-\d.]+)"', tag) for name in "xy")
            if x or y:
                own.append((x[1] if x else "0", y[1] if y else "0"))
        return sorted((round(float(a), 1), round(float(b), 1)) for a, b in [*shifts, *own])

    moved = [place for place in places(plain()) if place != (0, 0)]
    kept = [place for place in places(slim(plain(), "a")) if place != (0, 0)]
    assert len(kept) == len(moved)
    assert np.abs(np.array(kept) - np.array(moved)).max() <= 0.11  # rounded to hundredths, then 0.1
