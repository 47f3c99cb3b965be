"""The page in a real browser: phone, desk and paper, light and dark, by keyboard and by axe.

Needs the extra `browser` and a Chromium of the system; `.ci/run` has both.
"""

import shutil
from dataclasses import replace
from itertools import cycle

import pytest

from mrpverify.claims.concluded import ControlResult
from mrpverify.claims.registry import all_claims
from mrpverify.judge.findings import Table
from mrpverify.judge.verdicts import Verdict
from mrpverify.report.html import page
from mrpverify.report.record import record
from tests.report.test_text import result, run

playwright = pytest.importorskip("playwright.sync_api", reason="extra [browser] is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no extra [browser]")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
WIDTHS = (360, 768, 1440)
LOOKS = [("screen", "light"), ("screen", "dark"), ("print", "light")]
COUNTS = ("serious", "critical")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def report():
    """A page with long names, long tables, a control that did not fail, every kind of claim and of
    verdict."""
    rows = [{"class": i, "share": (i * 7 % 20) / 20, "a rather long name of a column": "x" * 60}
            for i in range(20)]  # fmt: skip
    found = result(
        findings=[Table("features", rows)], statistic="a share of " + "very long words " * 9
    )
    (control, *_) = found.claim.controls["mae"]
    controls = (ControlResult(control, found.measurement, False),)
    results = [type(found)(**{**vars(found), "controls": controls})]
    shown = [claim for claim in all_claims() if claim.group in ("theorem1", "laws")]
    results += [replace(result(value=0.25), claim=claim, verdict=verdict)
                for claim, verdict in zip(shown, cycle(Verdict), strict=False)]  # fmt: skip
    return page(record(run(), results))


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        shown = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page from a file, in a window of a width, as a medium and a colour scheme."""
    contexts = []

    def opened_as(text, width=1440, medium="screen", scheme="light", tested=False):
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        # axe is a script that the page's own policy would stop; nothing else is let through.
        context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=tested)
        contexts.append(context)
        shown = context.new_page()
        shown.said = []
        shown.asked = []
        shown.on("console", lambda message: shown.said.append(message.text))
        shown.on("pageerror", lambda error: shown.said.append(str(error)))
        shown.on("request", lambda request: shown.asked.append(request.url))
        shown.emulate_media(media=medium, color_scheme=scheme)
        shown.goto(file.as_uri())
        return shown

    yield opened_as
    for context in contexts:
        context.close()


def grave(shown):
    """Findings of axe that count, as (rule, impact, where)."""
    found = axe.Axe().run(shown).response["violations"]
    return [(finding["id"], finding["impact"], finding["nodes"][0]["target"])
            for finding in found if finding["impact"] in COUNTS]  # fmt: skip


def brightness(shown, what):
    """Of a colour of the body, 0 to 255."""
    colour = shown.evaluate(f"getComputedStyle(document.body).{what}")
    return sum(map(float, colour[colour.index("(") + 1 : -1].split(",")[:3])) / 3


def too_wide(shown):
    return shown.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(opened, report, width):
    assert not too_wide(opened(report, width))


def test_a_page_that_scrolls_sideways_would_be_seen(opened, report):
    wide = '<main><div style="width: 2000px">wide</div>'
    assert too_wide(opened(report.replace("<main>", wide, 1)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("medium", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(opened, report, width, medium, scheme):
    assert grave(opened(report, width, medium, scheme, tested=True)) == []


@pytest.mark.parametrize("fault", [
    '<img src="data:,x">',
    '<p style="color: #999; background: #aaa">too pale to read</p>',
    '<div style="overflow: auto; height: 20px; width: 90px"><p>one</p><p>two</p><p>three</p></div>',
])  # fmt: skip
def test_axe_would_have_seen_a_fault(opened, report, fault):
    assert grave(opened(report.replace("<main>", f"<main>{fault}", 1), tested=True)) != []


def test_nothing_is_fetched_and_the_console_is_quiet(opened, report):
    shown = opened(report)
    assert shown.said == []
    assert len(shown.asked) == 1
    assert shown.asked[0].startswith("file:")


def test_a_script_that_is_not_the_pages_own_does_not_run(opened, report):
    hostile = "<main><script>document.title = 'run'</script>"
    shown = opened(report.replace("<main>", hostile, 1))
    assert shown.title() != "run"
    assert any("Content Security Policy" in line for line in shown.said)


def test_dark_is_dark_and_paper_is_white(opened, report):
    light, dark = opened(report), opened(report, scheme="dark")
    paper = opened(report, medium="print", scheme="dark")
    assert brightness(light, "backgroundColor") > 200 > 80 > brightness(light, "color")
    assert brightness(dark, "backgroundColor") < 60 < 200 < brightness(dark, "color")
    assert brightness(paper, "backgroundColor") > 250
    assert brightness(paper, "color") < 80


def test_paper_shows_what_is_folded_on_a_screen(opened, report):
    folded = "details:not([open]) table"
    shown = opened(report)
    assert not shown.locator(folded).first.is_visible()
    shown.emulate_media(media="print")
    assert shown.locator(folded).first.is_visible()
    assert not shown.locator(".filter").first.is_visible()


def test_no_table_is_wider_than_paper(opened):
    rows = [{f"interval of number {i}": [i / 7, 1 / 3] for i in range(12)}]
    text = page(record(run(), [result(findings=[Table("numbers", rows)])]))
    assert not too_wide(opened(text, 720, medium="print"))  # A4 less its margins


def test_every_regime_stands_beside_its_word_and_not_below_it(opened):
    """Two frameworks are two lines of one term."""
    content = record(run(), [result()])
    for key in ("regime", "config_hash", "conditions"):
        (own,) = content[key].values()
        content[key]["teacher-student"] = own
    shown = opened(page(content))
    lines = [one.bounding_box()["x"] for one in shown.locator(".told dd").all()]
    words = [one.bounding_box()["x"] for one in shown.locator(".told dt").all()]
    assert len(lines) > len(words)
    assert len(set(lines)) == len(set(words)) == 1


def test_on_a_phone_verdict_and_number_of_the_first_claim_are_there_at_once(opened, report):
    shown = opened(report, 360)
    for part in (".badge", ".amount", "svg"):
        box = shown.locator(f".card >> nth=0 >> {part}").first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


@pytest.fixture(scope="module")
def many():
    """Every claim there is, in all its frameworks, as `check` of all groups would show them."""
    found = result()
    each = [replace(found, claim=claim) for claim in all_claims() for _ in claim.controls]
    return page(record(run(), each))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("medium", "scheme"), LOOKS)
def test_the_page_of_all_claims_fits_its_width(opened, many, width, medium, scheme):
    assert not too_wide(opened(many, width, medium, scheme))


def test_on_a_phone_long_lists_of_names_are_folded_and_nowhere_else(opened, many):
    """The first verdict is reached by a swipe, not by ten."""
    names = "details.names"
    phone, desk = opened(many, 360), opened(many)
    assert phone.locator(names).first.get_attribute("open") is None
    assert phone.locator(".card").first.bounding_box()["y"] < 2 * 800
    assert desk.locator(names).first.get_attribute("open") is not None
    phone.locator(f"{names} summary").first.click()
    assert phone.get_by_text("T1.capture", exact=False).first.is_visible()
    assert grave(opened(many, 360, tested=True)) == []


def test_no_number_and_no_verdict_is_broken_over_lines_on_paper(opened):
    rows = [{"name": "a rather long name of a number", "value": 0.932, "interval": [0.866, 0.997],
             "seeds": 24, "prediction": 1.0, "band": [0.75, 1.25], "rival": "nothing is done",
             "rival value": 0.5, "rival excluded": True, "measured": "INCONCLUSIVE"}]  # fmt: skip
    shown = opened(page(record(run(), [result(findings=[Table("numbers", rows)])])), 720, "print")
    cells = shown.locator("table.data td").all()
    (one,) = [cell for cell in cells if cell.inner_text() == "0.932"]
    (verdict,) = [cell for cell in cells if cell.inner_text() == "INCONCLUSIVE"]
    lines = (
        "e => { const r = document.createRange(); r.selectNodeContents(e);"
        " return r.getClientRects().length; }"
    )
    assert [cell.evaluate(lines) for cell in (one, verdict)] == [1, 1]
    assert not too_wide(shown)


def test_a_table_sorts_by_keyboard_and_filters(opened, report):
    shown = opened(report)
    table = shown.locator("table.data").first
    table.evaluate("element => { element.closest('details').open = true; }")
    key = table.locator("thead th button").nth(1)
    numbers = table.locator("tbody tr td:nth-child(2)")

    def column():
        return [float(text) for text in numbers.all_inner_texts()]

    before = column()
    key.focus()
    shown.keyboard.press("Enter")
    assert column() == sorted(before) != before
    shown.keyboard.press("Enter")
    assert column() == sorted(before, reverse=True)
    shown.locator("details .filter input").first.fill("0.95")
    assert table.locator("tbody tr:visible").count() == 1


def test_tab_reaches_every_table_that_scrolls(opened, report):
    shown = opened(report, 360)
    shown.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    wide = shown.locator(".scroll").evaluate_all(
        "all => all.filter(part => part.scrollWidth > part.clientWidth).map(part => part.tabIndex)"
    )
    assert wide
    assert set(wide) == {0}
