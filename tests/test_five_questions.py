"""Five questions that a reader of the paper has: each is answered in one step, here is where."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrpverify.__main__ import app
from mrpverify.claims.registry import select
from mrpverify.figures.catalogue import figures
from mrpverify.report.html import page
from mrpverify.report.kept import stored
from mrpverify.report.markdown import markdown
from mrpverify.report.record import record
from mrpverify.report.results import claims_of
from tests.report.parsed import tree
from tests.report.test_text import REGIME, result, run, text

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
START = (ROOT / "docs" / "start_here.md").read_text(encoding="utf-8")
RECORDS = stored(ROOT / "docs" / "results")


def rows(table, *cells):
    """Lines of a table that begin with the first cell and hold the others."""
    return [line for line in table.splitlines() if line.startswith(f"| {cells[0]}")
            and all(f"| {cell}" in line for cell in cells[1:])]  # fmt: skip


def test_readme_leads_to_all_five():
    assert "(docs/start_here.md)" in README
    section = START.partition("## Five questions")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| .*\? \| ", section, re.MULTILINE)) == 5


@pytest.mark.parametrize("claim", [c for c in select(["theorem1"]) if "mae" in c.controls],
                         ids=lambda claim: f"{claim.id} {claim.horizon}")  # fmt: skip
def test_does_theorem_1_hold_for_the_masked_autoencoder(claim):
    """README: a row for every claim of Theorem 1, with verdict, number and command."""
    (row,) = rows(README, f"{claim.id} ({claim.horizon}): ", "mae |")
    assert re.search(r"\*\*[A-Z_]+\*\*", row)
    assert re.search(r"\[[\d.e-]+, [\d.e-]+\]", row)
    assert f"`mrpverify check {claim.id}`" in row


def test_at_what_k_and_how_sure():
    """Terminal: above and below the verdicts. Page and Markdown: at the top."""
    regime = replace(REGIME, classes=7)
    asked = replace(run(), regimes={"mae": regime})
    content = record(asked, [result(), result(value=0.25)])
    printed = text(result(), result(value=0.25))
    assert re.search(rf"^mae +\(k={REGIME.classes} m=", printed, re.MULTILINE)
    assert "at most 5%" in printed
    told = next(e for e in tree(page(content)).all("dl") if e["class"] == "told")
    top = page(content).partition('<dl class="told">')[2].partition("</dl>")[0]
    in_order = " ".join(re.sub(r"<[^>]+>", "", top).split())  # k and m are symbols there
    assert "mae: k=7 m=" in in_order
    assert "24 seeds, salt a" in told.text()
    top = markdown(content).partition("\n## ")[0]
    assert "k=7" in top
    assert "24 seeds" in top


def test_what_was_refuted():
    """README: in the same table as what holds. Page: at the top."""
    refuted = {
        (c["id"], c["framework"] or "real images")
        for _, c in claims_of(RECORDS)
        if c["verdict"] == "REFUTED"
    }
    assert refuted
    assert {(row[2:].split(" ")[0].rstrip(":"), row.split(" | ")[1])
            for row in README.splitlines() if "**REFUTED**" in row} == refuted  # fmt: skip
    told = next(e for e in tree(page(record(run(), [result()]))).all("dl") if e["class"] == "told")
    assert "RefutedT1.lottery" in "".join(told.text().split())


def test_am_i_inside_the_regime_with_my_numbers():
    """Terminal: every condition with its margin, what is violated and what would mend it."""
    asked = ["check", "A.regime", "--framework", "mae", "--set", "sigma_0=0.5"]
    told = CliRunner().invoke(app, asked, env={"COLUMNS": "80"})
    assert told.exit_code == 6
    words = " ".join(told.output.split())
    assert "VIOLATED initial scale" in words
    assert re.search(r"mends it: .*--set sigma_0=0\.\d+", words)
    inside = CliRunner().invoke(app, asked[:-2])
    assert (inside.exit_code, "VIOLATED" in inside.output) == (0, False)


def test_how_do_i_draw_a_figure_again():
    """Terminal: all names. Gallery: the command, in the caption that every figure leads to."""
    listed = CliRunner().invoke(app, ["figures"])
    assert set(figures()) <= set(re.findall(r"^\w+", listed.output, re.MULTILINE))
    gallery = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(\.\./(paper_figures/drawn/(\w+))\.svg\)", gallery)
    assert len(shown) > 3
    for path, name in shown:
        assert f"(../{path}.md)" in gallery
        caption = (ROOT / f"{path}.md").read_text(encoding="utf-8")
        assert re.search(rf"mrpverify figures .*\b{name}\b", caption), name
