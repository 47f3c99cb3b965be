"""Numbers in running text that name their record say what it says."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrpverify import results
from mrpverify.report.kept import StoredRecordError
from mrpverify.report.prose import MARK, filled
from tests.documents import DOCUMENTS


def record(salt, value, **more):
    claim = {"id": "X.one", "name": "theorem1.one", "framework": "mae", "horizon": "T",
             "value": value, "details": {"mean": {"value": 2 * value, "known": True}}}  # fmt: skip
    return {"salt": salt, "claims": [claim | more]}


def mark(asked, text="?"):
    return f"one of <!-- record: {asked} -->{text}<!-- record: end -->, all told"


@pytest.mark.parametrize(
    ("asked", "said"),
    [("X.one mae T value 2", "0.12 to 0.35"), ("X.one mae T value 0", "0"),
     ("X.one mae T details.mean.value 1", "0.2 to 0.7")],
)  # fmt: skip
def test_a_range_over_the_salts_at_the_digits_asked(asked, said):
    records = [record("b", 0.349), record("a", 0.124)]
    assert filled(mark(asked, "old\n numbers"), records) == mark(asked, said)
    assert filled(mark(asked, said), records) == mark(asked, said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [("X.one mae T value", "it takes claim"), ("X.one mae T value x", "it takes claim"),
     ("X.two mae T value 2", "no stored record"), ("X.one mae end value 2", "no stored record"),
     ("X.one mae T details.median 2", "holds no number"),
     ("X.one mae T details.mean.known 2", "holds no number"), ("X.one mae T id 2", "holds no")],
)  # fmt: skip
def test_a_mark_that_nothing_answers_is_an_error(asked, said):
    with pytest.raises(StoredRecordError, match=re.escape(f"record: {asked}")) as told:
        filled(mark(asked), [record("a", 0.1)])
    assert said in str(told.value)


def test_text_without_marks_stays():
    text = "0.5 <!-- results: begin (mrpverify results) --> <!-- of value --> and so on\n"
    assert filled(text, []) == text


def test_a_stale_number_in_a_document_is_seen(tmp_path):
    root = Path(__file__).parent.parent.parent
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "results").symlink_to(root / "docs" / "results")
    (tmp_path / "README.md").write_text((root / "README.md").read_text())
    page = tmp_path / "docs" / "page.md"
    page.write_text(mark("SL.test supervised T value 2", "0.99"))
    ask = ["--root", str(tmp_path)]
    told = CliRunner().invoke(results.app, [*ask, "--check"])
    assert told.exit_code == 1
    assert "page.md" in told.output.replace("\n", "")
    assert CliRunner().invoke(results.app, ask).exit_code == 0
    assert "0.99" not in page.read_text()
    page.write_text(mark("SL.nothing supervised T value 2"))
    assert CliRunner().invoke(results.app, ask).exit_code == 2


def test_marks_stand_within_a_line():
    """A line that begins with a comment would end its paragraph."""
    found = 0
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        found += len(MARK.findall(text))
        assert not re.search(r"^\s*<!-- record: ", text, re.MULTILINE), document
    assert found > 2
