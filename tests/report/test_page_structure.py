"""The page as a person uses it: on a phone, with a keyboard, with a screen reader, in the dark."""

import re
import shlex
from dataclasses import replace
from itertools import pairwise

import pytest

from mrpverify.claims.concluded import ControlResult
from mrpverify.claims.registry import select
from mrpverify.judge.findings import Table, columns
from mrpverify.report.html import page
from mrpverify.report.outcome import again
from mrpverify.report.record import record
from tests.report.parsed import tree
from tests.report.test_text import result, run

COLUMNS = columns("class", "share", "measured", measured="verdict")
ROWS = [{"class": i, "share": i / 20, "measured": "SUPPORTED"} for i in range(20)]
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def text():
    found = result(findings=[Table("features", ROWS, columns=COLUMNS)])
    (control, *_) = found.claim.controls["mae"]
    controlled = vars(found) | {"controls": (ControlResult(control, found.measurement, True),)}
    return page(record(run(), [type(found)(**controlled), result(value=0.25)]))


@pytest.fixture(scope="module")
def whole(text):
    return tree(text)


def named(element):
    return element["aria-label"] or element["title"] or element.text().strip()


def test_verdict_number_and_picture_come_before_everything_else(whole):
    (card, _) = [e for e in whole.all("li") if "card" in (e["class"] or "")]
    kinds = [e["class"] or e.tag for e in card.all("span", "svg")]
    assert kinds.index("badge REFUTED") < kinds.index("amount") < kinds.index("svg")
    order = [e.tag for e in whole.all("h1", "dl", "ul", "table")]
    assert order[:3] == ["h1", "dl", "ul"]


def test_the_top_says_what_holds_what_was_refuted_and_how_sure(whole):
    told = next(e for e in whole.all("dl") if e["class"] == "told")
    answers = dict(
        zip(
            (e.text().strip() for e in told.all("dt")),
            (e.text() for e in told.all("dd")),
            strict=True,
        )
    )
    assert answers["Holds"] == "none"
    assert answers["Refuted"] == "T1.lottery"
    assert "24 seeds" in answers["How sure"]


def test_many_names_of_one_verdict_are_counted():
    every = [replace(result(), claim=claim) for claim in select(["theorem1", "theorem2"])]
    shown = tree(page(record(run(), every)))
    (told,) = [e for e in shown.all("details") if e["class"] == "names"]
    number = len({one.claim.id for one in every})
    assert f"{number} claims" in told.text()
    assert all(one.claim.id in told.text() for one in every)


def test_the_regime_at_the_top_is_set_in_symbols(whole):
    top = next(e for e in whole.all("dl") if e["class"] == "told")
    links = {e["href"] for e in top.all("a")}
    assert links
    assert links <= {f"#{e['id']}" for e in whole.all("dt") if e["id"]}
    assert "sigma_0" not in top.text()


def test_verdicts_stand_in_no_table_that_could_scroll_out_of_sight(whole):
    for badge in (e for e in whole.all("span") if "badge" in (e["class"] or "")):
        assert not {e.tag for e in around(badge)} & {"table"}


def around(element):
    while element.around is not None:
        element = element.around
        yield element


def test_headings_are_in_order_with_one_at_the_top(whole):
    levels = [int(e.tag[1]) for e in whole.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_header_cells_have_words_and_say_what_they_head(whole):
    heads = list(whole.all("th"))
    assert heads
    assert all(e["scope"] in ("col", "row") and e.text().strip() for e in heads)


def test_tables_scroll_in_a_region_that_the_keyboard_reaches(whole):
    tables = list(whole.all("table"))
    assert len(tables) == 2  # features of a claim, conditions of the regime
    for table in tables:
        assert (table.around["role"], table.around["tabindex"]) == ("region", "0")
        assert named(table.around)


def test_language_skip_link_pictures_and_anchors(whole):
    assert next(whole.all("html"))["lang"] == "en"
    first = next(whole.all("a"))
    assert first["href"] == "#glance"
    ids = [e["id"] for e in whole.all() if e["id"]]
    assert len(ids) == len(set(ids))
    assert {e["href"][1:] for e in whole.all("a")} <= set(ids)
    assert all(e["role"] == "img" and list(e.all("title")) for e in whole.all("svg"))


def test_a_symbol_leads_to_its_meaning(whole):
    links = [e for e in whole.all("a") if e["class"] == "symbol"]
    assert links
    for link in links:
        assert next(link.all("math"))
        (line,) = [e for e in whole.all("dt") if e["id"] == link["href"][1:]]
        assert line.around["class"] == "glossary"
        assert link["title"].split(": ")[1]


def test_every_claim_shows_the_command_that_asks_it_alone(whole):
    for article in whole.all("article"):
        said = [e.text().split() for e in article.all("code")]
        assert ["python", "-m", "mrpverify.check", "T1.lottery"] in [words[:4] for words in said]


def test_a_columns_full_numbers_are_what_it_is_sorted_by(whole):
    table = next(whole.all("table"))
    shown = [e.text().strip() for e in table.all("td")]
    assert "0.050" in shown
    assert [e.text().strip() for e in table.all("th") if e["scope"] == "col"] == [
        "class", "measured", "share",
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "key"), [
    (1 / 7, "0.142857"), (1e-5, "1e-05"), (None, ""), (float("inf"), ""), ([0.25, 1.0], "0.25"),
    ({"mean": 1 / 3}, "0.333333"), (0.125, None), (1.0, None), (3, None), ("text", None),
])  # fmt: skip
def test_a_cell_says_what_it_is_sorted_by_where_its_text_does_not(value, key):
    rows = [{"which": "a", "share": value}, {"which": "b", "share": 0}]
    first = next(tree(page(record(run(), [result(findings=[Table("t", rows)])]))).all("td"))
    assert first["data-value"] == key


def test_symbols_in_the_first_cell_of_a_row_are_set_and_it_sorts_by_its_words():
    rows = [{"name": "sigma_0 = 0.5 varrho", "share": 0.5}, {"name": "plain", "share": 0.25}]
    shown = tree(page(record(run(), [result(findings=[Table("t", rows)])])))
    (symbols, plain) = [e for e in shown.all("th") if e["scope"] == "row"][:2]
    assert symbols["data-value"] == "sigma_0 = 0.5 varrho"
    assert plain["data-value"] is None
    meant = {e["href"][1:] for e in symbols.all("a")}
    assert meant
    assert meant <= {e["id"] for e in shown.all("dt") if e["id"]}


def test_the_page_of_all_claims_with_many_rows_is_small():
    many = [dict(row, note="x" * 20) for row in ROWS * 5]
    results = [
        result(findings=[Table("features", many), Table("more", many)]) for _ in select(["all"])
    ]
    assert len(page(record(run(), results)).encode()) < 3 * MEGABYTE


# Contrast: every text on every ground it may lie on, of both palettes (WCAG 2.2, 1.4.3 and 1.4.11).

GROUNDS = ("ground", "card")


def palettes(text):
    """Colours by name: the light ones, then the dark ones over them."""
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks)
    assert light.keys() == dark.keys()
    return {"light": light, "dark": dark}


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def used(style, *properties):
    """Variables that these properties take."""
    names = "|".join(properties)
    return set(re.findall(rf"(?:^|[;{{\s])(?:{names}):[^;}}]*var\(--([\w-]+)\)", style))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_every_ground(text, scheme):
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    colours = palettes(style)[scheme]
    texts = used(style, "color") - {"badge"}
    assert {"ink", "soft", "link", "good", "bad"} <= texts
    pairs = [(t, g) for t in texts for g in GROUNDS] + [("ink", "code")]
    badges = set(re.findall(r"\.badge[^{}]*\{[^}]*background: var\(--(\w+)\)", style))
    assert len(badges) == 6
    pairs += [("badge", ground) for ground in badges]
    poor = {p: contrast(colours[p[0]], colours[p[1]]) for p in pairs}
    assert not {p: c for p, c in poor.items() if c < 4.5}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_mark_of_a_picture_can_be_seen(text, scheme):
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    colours = palettes(style)[scheme]
    marks = used(style, "fill", "stroke", "outline")
    assert {"interval", "axis", "band", "bad", "ink"} <= marks
    assert not {m for m in marks for g in GROUNDS if contrast(colours[m], colours[g]) < 3}


def test_dark_is_dark_and_paper_is_light(text):
    colours = palettes(text)
    assert luminance(colours["light"]["ground"]) > 0.8 > 0.05 > luminance(colours["dark"]["ground"])
    assert "@media screen and (prefers-color-scheme: dark)" in text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            ["all", "--set", "k=3", "--set=m=9", "--out", "x y", "--quiet"],
            ["--set", "k=3", "--set", "m=9"],
        ),
        (["T1.*", "--preset", "my file.toml", "--seeds", "3"], ["--preset", "my file.toml"]),
        (["mine.py"], ["--plugin", "mine.py"]),
    ],
)  # fmt: skip
def test_a_claims_own_command_asks_in_the_same_regime(asked, words):
    content = record(run("a b"), [result()]) | {
        "command": ["python", "-m", "mrpverify.check", *asked]
    }
    start = ["python", "-m", "mrpverify.check", "T1.lottery", "--framework", "mae"]
    draws = ["--seeds", "24", "--salt", "a b"]
    assert shlex.split(again(content, content["claims"][0])) == start + draws + words


def test_a_record_asked_again_is_asked_from_its_file():
    command = ["python", "-m", "mrpverify.check", "--from", "r.json", "--out", "x"]
    content = record(run(), [result()]) | {"command": command}
    assert again(content, content["claims"][0]) == "python -m mrpverify.check --from r.json"
