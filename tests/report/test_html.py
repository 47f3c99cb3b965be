"""The page of a check: everything of the record is on it, escaped, with the intervals drawn."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.report.html import EDGE, WIDTH, interval_picture, page
from mrpverify.report.record import record
from tests.report.test_text import result, run

NUMBERS = st.floats(-1e6, 1e6)


def shown(*results, pictures=(), salt="a"):
    return page(record(run(salt), results), pictures)


class Elements(HTMLParser):
    """Collects what a page would load, and checks that tags are closed in order."""

    VOID = ("meta", "img", "br", "line", "rect", "circle", "path")

    def __init__(self):
        super().__init__()
        self.open, self.loads = [], []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for key, value in attrs if key in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_every_claim_is_there_with_verdict_statistic_and_controls():
    text = shown(result(), result(value=0.25))
    for part in ("T1.lottery", "REFUTED", "a share [of 3]", "a guess [R]", "0.250", "Regime"):
        assert part in text
    assert text.count("<article") == 2


def test_the_page_is_well_formed_and_loads_nothing():
    elements = Elements()
    elements.feed(shown(result(), pictures=[{"a photo": b"\x89PNG"}]))
    assert elements.open == []
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in elements.loads)
    assert any(address.startswith("data:") for address in elements.loads)


def test_markup_in_the_record_is_text():
    text = shown(result(statistic="<script>alert(1)</script>"), salt="<b>")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<b>&lt;" not in text


def test_rows_of_the_details_become_tables():
    rows = [
        {"captured_share": 0.5, "interval": [0.1, None]},
        {"captured_share": 1.0, "interval": 1},
    ]
    text = shown(result(details={"features": rows, "other": [1, 2]}))
    assert "captured share" in text
    assert "[0.100, -]" in text


def test_lines_of_the_details_are_said():
    assert "three photos &amp; more" in shown(result(details={"lines": ["three photos & more"]}))


def places(picture, name):
    """x of every mark of one class."""
    pattern = rf'class="{name}" (?:c?x1?)="([-\d.]+)"'
    return [float(x) for x in re.findall(pattern, picture)]


def test_a_share_is_drawn_on_the_scale_from_0_to_1():
    picture = interval_picture(0.5, (0.25, 0.75), 0.8)
    inside = WIDTH - 2 * EDGE
    assert places(picture, "value") == [EDGE + inside / 2]
    assert places(picture, "interval") == [EDGE + inside / 4]
    assert places(picture, "threshold") == [pytest.approx(EDGE + 0.8 * inside, abs=0.1)]


@given(value=NUMBERS, low=NUMBERS, width=st.floats(0, 1e6), threshold=NUMBERS)
def test_all_marks_lie_on_the_picture_in_their_order(value, low, width, threshold):
    picture = interval_picture(value, (low, low + width), threshold)
    (dot,), (bar,), (tick,) = (places(picture, n) for n in ("value", "interval", "threshold"))
    assert all(EDGE - 0.1 <= x <= WIDTH - EDGE + 0.1 for x in (dot, bar, tick))
    assert (dot - tick) * (value - threshold) >= -1e-6 * abs(value - threshold)


def test_open_ends_have_arrows_and_undefined_numbers_are_left_out():
    assert interval_picture(0.5, (None, None), 0.0).count("<path") == 2
    assert interval_picture(None, (None, None), None) == ""
    assert "circle" not in interval_picture(None, (0.1, 0.2), 0.0)


def test_a_band_is_drawn_where_there_is_one():
    assert 'class="band"' in interval_picture(2.0, (1.9, 2.1), 2.0, (1.8, 2.2))


@pytest.mark.parametrize(
    ("band", "left", "right"), [((None, 2.2), EDGE, None), ((1.8, None), None, WIDTH - EDGE)]
)
def test_a_band_without_an_end_reaches_the_edge(band, left, right):
    picture = interval_picture(2.0, (1.9, 2.1), 2.0, band)
    start, width = re.search(r'class="band" x="([\d.]+)".*?width="([\d.]+)"', picture).groups()
    assert left is None or float(start) == left
    assert right is None or float(start) + float(width) == pytest.approx(right, abs=0.1)
