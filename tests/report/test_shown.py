"""Every report shows the same of a claim's findings, by their types; a record keeps all of them."""

import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

from mrpverify.claims.accuracies import accuracies
from mrpverify.judge.findings import (
    SHOWN,
    Column,
    Curve,
    Estimate,
    Finding,
    Note,
    Picture,
    Recorded,
    Table,
    as_rows,
    by_case,
    details_of,
    from_rows,
)
from mrpverify.judge.measurement import mean_above, mean_within, share_of_seeds, together
from mrpverify.judge.numbers import Rival, all_numbers, mean_number
from mrpverify.judge.per_seed import above, in_each_seed
from mrpverify.report.html import page
from mrpverify.report.latex import latex
from mrpverify.report.markdown import markdown
from mrpverify.report.record import record
from mrpverify.report.shown import Grid, Line, found, shown
from mrpverify.report.text import print_report
from tests.report.parsed import tree
from tests.report.test_text import result, run

VALUES = np.linspace(0.9, 1.0, 20)
KNOWN = np.arange(20) > 0
LEG = {
    **{kind: Estimate.of("", VALUES).summary()
       for kind in ("multi_view", "single_view", "overall", "train_multi_view",
                    "train_single_view")},
    "learned_share": 0.625,
    "confusion": [{"shown": "view 1", "learned": "1", "accuracy": 0.875, "images": 8}],
}  # fmt: skip
CURVE = Curve("a curve", "m", "share", [1.0, 2.0], [0.25, None], [0.125, -np.inf],
              [0.375, np.inf], [0.3, 0.6], [0.5, 0.5])  # fmt: skip
FINDINGS: dict[str, tuple[Finding, ...]] = {
    "a table": (Table("rows of it", [{"a_key": 0.125, "over_seeds": 71}, {"other": "x"}]),),
    "columns": (
        Table("of columns", [{"a": 0.125, "b": [0.0, None], "c": True, "v": "REFUTED"}], "titled",
              (Column("a", "head", "digits"), Column("b", "band", "band"),
               Column("c", form="yes"), Column("v", form="verdict"))),
    ),
    "cases": (by_case("cases", {"a case": VALUES, "none": np.full(3, np.nan)}),),
    "legs": accuracies({"tuned": LEG}),
    "estimates": (Estimate("a number", 0.0625), Estimate.of("features", VALUES),
                  Estimate("undefined", None), Estimate.of("nothing", np.full(2, np.nan))),
    "a curve": (CURVE,),
    "notes": (Note("lines", ("first", "second")), Note("said", ("words",), "a topic")),
    "a picture": (Picture("a title", lambda: None),),
    "together": together("x", {"p": mean_above(VALUES, 0.5), "w": mean_within(VALUES, 0.95, 0.1)},
                         [Estimate("p", 0.5)]).findings,
    "each seed": in_each_seed("x", {"gain": above(VALUES, 0.85)}, known=KNOWN).findings,
    "seeds": share_of_seeds(VALUES > 0, "x", known=KNOWN).findings,
    "numbers": all_numbers(
        [mean_number("n", VALUES, 0.95, Rival("other", np.inf), (0.9, np.inf))], "x", [CURVE]
    ).findings,
}  # fmt: skip


def words(item):
    """Everything that is shown of one finding."""
    if isinstance(item, Grid):
        heads = [column.words for column in item.columns]
        return [item.title, *heads, *(cell.words for row in item.rows for cell in row)]
    return [item.about, item.words] if isinstance(item, Line) else [item.name]


def reports(content, results):
    """Text of every report of a record, in plain words."""
    console = Console(file=io.StringIO(), width=400, markup=False)
    print_report(console, run(), results, strict=False)
    plain = re.sub(r"\\([^A-Za-z0-9\s])", r"\1", markdown(content))
    return {
        "text": " ".join(console.file.getvalue().split()),  # a title is folded over a narrow table
        "html": "".join(element.text() + "\n" for element in tree(page(content)).all()),
        "markdown": plain,
    }


@pytest.mark.parametrize("findings", FINDINGS.values(), ids=FINDINGS)
def test_text_page_and_markdown_show_the_same_of_every_type(findings):
    results = [result(findings=findings)]
    content = record(run(), results)
    expected = [word for item in shown(findings) for word in words(item)]
    assert expected
    for name, said in reports(content, results).items():
        missing = [word for word in expected if word not in said]
        assert not missing, (name, missing)


def test_a_finding_that_is_left_out_is_missed():
    """The test above can fail: of another claim's findings the reports say nothing."""
    results = [result()]
    said = reports(record(run(), results), results)
    expected = [w for item in shown(FINDINGS["columns"]) for w in words(item)]
    assert all("titled" not in text for text in said.values())
    assert "titled" in expected


def test_what_is_kept_for_machines_is_shown_nowhere():
    results = [result(findings=[Recorded("a_secret", "hush"), *FINDINGS["a table"]])]
    content = record(run(), results)
    assert content["claims"][0]["details"]["a_secret"] == "hush"
    for said in (*reports(content, results).values(), latex(content)):
        assert "hush" not in said
        assert "over seeds" not in said


@pytest.mark.parametrize("findings", FINDINGS.values(), ids=FINDINGS)
def test_a_record_gives_back_what_was_shown(findings):
    content = record(run(), [result(findings=findings)])
    (claim,) = json.loads(json.dumps(content))["claims"]
    again, first = shown(found(claim)), shown(findings)
    assert [words(item) for item in again] == [words(item) for item in first]
    assert [type(item) for item in again] == [type(item) for item in first]


def test_a_record_from_before_findings_had_types_shows_its_tables_and_lines():
    (claim,) = record(run(), [result()])["claims"]
    del claim["findings"]
    claim["details"] = {"features": [{"class": 1, "over_seeds": 3}], "unfinished": ["not yet"],
                        "bound": 4.0, "parts": {"p": {"mean": 1.0}}}  # fmt: skip
    grid, line = shown(found(claim))
    assert words(grid) == ["features", "class", "1"]
    assert words(line) == ["", "not yet"]


def test_details_keep_their_names():
    findings = [CURVE, CURVE, *FINDINGS["together"], *FINDINGS["legs"], Recorded("bound", 4.0)]
    details = details_of(findings)
    assert len(details["curves"]) == 2
    assert list(details["parts"]) == ["p", "w"]
    assert details["p"] == 0.5  # an estimate of the name of a part stands beside it
    assert details["accuracies"]["tuned"]["learned_share"] == 0.625
    assert details["bound"] == 4.0


def test_every_type_that_is_shown_has_a_name_in_a_record():
    rows = as_rows([one for findings in FINDINGS.values() for one in findings])
    assert {row["type"] for row in rows} == set(SHOWN)
    with pytest.raises(ValueError, match="'guess'; expected table"):
        from_rows([{"type": "guess", "name": "x"}], {})


def test_what_is_no_finding_is_refused_by_name():
    with pytest.raises(TypeError, match=r"'features' is no finding; give Table"):
        result(findings={"features": []})


def test_a_form_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="form='bold'; choose one of plain"):
        Column("a", form="bold")
