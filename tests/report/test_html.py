"""The page of a check: everything of the record is on it, escaped, with the intervals drawn."""

import base64
import hashlib
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify import checking
from mrpverify.judge.findings import Note, Picture, Recorded, Table
from mrpverify.report.html import page
from mrpverify.report.interval import EDGE, WIDTH, interval_picture
from mrpverify.report.record import record
from tests.report.parsed import tree
from tests.report.test_text import result, run

NUMBERS = st.floats(-1e6, 1e6)


def shown(*results, pictures=(), salt="a"):
    return page(record(run(salt), results), pictures)


def test_every_claim_is_there_with_verdict_statistic_and_controls():
    text = shown(result(), result(value=0.25))
    for part in ("T1.lottery", "REFUTED", "a share [of 3]", "a guess [R]", "0.250", "Regime"):
        assert part in text
    assert text.count("<article") == 2


def test_the_page_is_well_formed_and_loads_nothing():
    page = tree(shown(result(), pictures=[{"a photo": b"\x89PNG"}]))
    loads = [e[key] for e in page.all() for key in ("src", "href", "data", "action") if e[key]]
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in loads)
    assert any(address.startswith("data:") for address in loads)
    style = next(page.all("style")).text()
    assert "url(" not in style
    assert "@import" not in style


def test_only_the_pages_own_script_may_run():
    page = tree(shown(result(statistic="<script>alert(1)</script>")))
    (script,) = page.all("script")
    own = base64.b64encode(hashlib.sha256(script.text().strip(" ").encode()).digest()).decode()
    (policy,) = [e["content"] for e in page.all("meta") if e["http-equiv"]]
    assert f"script-src 'sha256-{own}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "alert" not in script.text()


@pytest.mark.parametrize("where", ["statistic", "details", "salt", "title"])
def test_markup_in_the_record_is_text(where):
    hostile = "</code></script><img src=x onerror=alert(1)>\"' $\\rho$ {{ 7*7 }}"
    rows = [Table(hostile, [{hostile: hostile, "b": 1}]), Note("note", (hostile,), hostile)]
    text = {
        "statistic": lambda: shown(result(statistic=hostile)),
        "details": lambda: shown(result(findings=rows)),
        "salt": lambda: shown(result(), salt=hostile),
        "title": lambda: shown(result(), pictures=[{hostile: b"\x89PNG"}]),
    }[where]()
    page = tree(text)
    assert not [e for e in page.all() if e["onerror"] or e["src"] == "x"]
    assert len(list(page.all("script"))) == 1
    assert "&lt;img src=x" in text


def test_a_table_stands_on_the_page():
    rows = [
        {"captured_share": 0.5, "interval": [0.1, None]},
        {"captured_share": 1.0, "interval": 1},
    ]
    text = shown(result(findings=[Table("features", rows), Recorded("other", [1, 2])]))
    assert "captured share" in text
    assert "[0.100, -]" in text


def test_a_note_is_said():
    assert "three photos &amp; more" in shown(
        result(findings=[Note("lines", ("three photos & more",))])
    )


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


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), SystemExit(0)])
def test_a_picture_that_breaks_loses_no_page_and_is_told(error, capsys):
    def breaks():
        raise error

    picture = Picture("mine", breaks)
    drawn = replace(result(), measurement=result().measurement.beside(picture))
    assert checking._drawn(SimpleNamespace(quiet=True), [drawn]) == [{}]
    assert f"no pictures ({type(error).__name__}" in capsys.readouterr().err
    assert "picture: mine" in shown(drawn, pictures=[{}])
