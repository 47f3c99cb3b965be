"""Figures from stored records: what is drawn is what stands there, and the kept one is of today."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrpverify.figures import explanation_limits as module
from mrpverify.figures.__main__ import app
from mrpverify.figures.drawing_order import drawable
from mrpverify.figures.figure import Study
from mrpverify.figures.files import _table
from mrpverify.images.folder import MissingDataError

ROOT = Path(__file__).parent.parent.parent
RECORDS = ROOT / "docs" / "results"
DRAWN = ROOT / "paper_figures" / "drawn"


def study(folder=RECORDS):
    return Study({}, "a", dict, records=folder)


@pytest.fixture(scope="module")
def found():
    return module.FIGURE.gather(study())


def test_every_record_of_its_claims_is_found_by_claim_and_salt(found):
    for claim in module.CLAIMS:
        names = {path.stem for path in RECORDS.glob(f"explanation-{claim}-*.json")}
        assert {f"explanation-{claim}-{salt}" for salt in found[claim]} == names != set()


def test_what_is_drawn_stands_in_the_records(found):
    _, numbers = module.draw(found)
    for row in numbers:
        leaves = json.dumps(found[row["claim"]][row["salt"]])
        assert json.dumps(row["mean"]) in leaves, row
    drawn = {(row["claim"], row["salt"]) for row in numbers}
    assert drawn == {(claim, salt) for claim, own in found.items() for salt in own}


def test_no_share_is_drawn_beyond_its_range_and_a_difference_may_be_below_zero(found):
    _, numbers = module.draw(found)
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1
               for row in numbers if row["claim"] != "CMP.noise")  # fmt: skip
    changed = json.loads(json.dumps(found))
    (row,) = [x for x in changed["CMP.noise"]["a"]["details"]["numbers"]
              if x["name"] == next(iter(module.NOISE))]  # fmt: skip
    row["interval"] = [-0.5, 0.5]
    _, numbers = module.draw(changed)
    assert min(row["low"] for row in numbers) == -0.5


def test_every_mark_lies_on_its_panel(found):
    figure, _ = module.draw(found)
    panels = [axes for part in figure.subfigs for axes in part.axes]
    assert len(panels) == len(module.CLAIMS)
    for axes in panels:
        (left, right), (one, other) = axes.get_xlim(), axes.get_ylim()
        for container in axes.containers:
            for x, y in container.lines[0].get_xydata():
                assert left <= x <= right
                assert min(one, other) <= y <= max(one, other)
            for bars in container.lines[2]:
                for segment in bars.get_segments():
                    assert all(left <= x <= right for x, _ in segment)


def test_the_kept_figure_is_of_the_records_that_are_stored(found):
    """Else: mrpverify figures explanation_limits --out paper_figures/drawn."""
    _, numbers = module.draw(found)
    kept = (DRAWN / "explanation_limits.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(kept))) == list(csv.reader(io.StringIO(_table(numbers))))
    caption = (DRAWN / "explanation_limits.md").read_text(encoding="utf-8")
    assert module.FIGURE.caption(found) in caption
    shown = study()
    module.FIGURE.gather(shown)
    assert all(f"record `{name}`" in caption for name in shown.shown_records)


def test_its_caption_says_salts_seeds_commands_and_regimes(tmp_path):
    told = CliRunner().invoke(
        app, ["explanation_limits", "--records", str(RECORDS), "--out", str(tmp_path)]
    )
    assert told.exit_code == 0, told.output
    text = (tmp_path / "explanation_limits.md").read_text()
    assert f"`mrpverify figures explanation_limits --records {RECORDS}`" in text
    assert "`python -m mrpverify.check CMP.angle --salt b" in text
    assert "24 seeds at most, salt `b`" in text
    assert "- mae: table `[mae]` of preset `quick`" in text
    kept = json.loads((RECORDS / "explanation-CMP.unequal-c.json").read_text())
    assert f"{kept['claims'][0]['verdict']} (c)" in text


def test_without_records_it_says_which_and_how(tmp_path, capsys):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"claims": [{"id": "CMP.angle"}]}')
    with pytest.raises(MissingDataError, match=r"no record of CMP\.angle, .*--records"):
        drawable(["explanation_limits"], False, tmp_path)
    assert "explanation_limits" not in [f.name for f in drawable(["all"], False, tmp_path)]
    assert "left out explanation_limits: no record of" in capsys.readouterr().err


@pytest.fixture
def copied(tmp_path):
    """A folder with the records that the figure is of."""
    for claim in module.CLAIMS:
        for path in RECORDS.glob(f"explanation-{claim}-*.json"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def edited(path, edit):
    record = json.loads(path.read_text())
    edit(record)
    path.write_text(json.dumps(record))


def refused(folder, match):
    with pytest.raises(MissingDataError, match=match):
        drawable(["explanation_limits"], False, folder)


def test_of_two_records_of_a_claim_on_one_salt_none_is_drawn(copied):
    assert drawable(["explanation_limits"], False, copied)
    path = copied / "explanation-CMP.angle-a.json"
    (copied / "later.json").write_bytes(path.read_bytes())
    refused(copied, r"CMP\.angle on salt 'a' is in .*CMP\.angle-a\.json and in .*later\.json")


def test_a_record_whose_verdict_does_not_follow_is_not_drawn(copied):
    path = copied / "explanation-CMP.angle-b.json"
    edited(path, lambda record: record["claims"][0].update(verdict="REFUTED"))
    refused(copied, r"CMP\.angle-b\.json: its verdicts do not follow .*check --verify")


def test_a_claim_that_ended_in_an_error_has_nothing_to_draw(copied):
    path = copied / "explanation-CMP.angle-c.json"
    error = {"verdict": "ERROR", "measured": "ERROR", "details": {}}
    edited(path, lambda record: record["claims"][0].update(error) or record.update(exit_code=1))
    refused(copied, "ended in an ERROR")
