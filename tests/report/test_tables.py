"""Tables that documents ask records for."""

import pytest

from mrpverify.report.kept import StoredRecordError
from mrpverify.report.tables import tabled

NUMBER = {
    "name": "exponent", "value": -0.99951, "interval": [-1.01, -0.98], "prediction": -1.0,
    "band": [-1.1, -0.9], "rival": "the other one", "rival_value": -2.0, "rival_excluded": True,
    "measured": "SUPPORTED",
}  # fmt: skip


def record(salt, *numbers, claim="L2", verdict="SUPPORTED", failed=True, **details):
    """A record with one claim."""
    return {
        "salt": salt,
        "claims": [
            {
                "id": claim, "name": f"laws.{claim}", "framework": "mae", "horizon": "none",
                "role": "gate", "verdict": verdict,
                "controls": [{"failed_as_it_should": failed}],
                "details": {"numbers": list(numbers), **details},
            }
        ],
    }  # fmt: skip


def rows(kind, names, *records):
    """Cells of the table, without its head."""
    mark = f"<!-- results: {kind} {names} -->old<!-- results: end -->"
    text = tabled(f"before\n\n{mark}\n\nafter", records)
    assert text.startswith(f"before\n\n<!-- results: {kind} {names} -->\n| claim ")
    assert text.endswith("\n<!-- results: end -->\n\nafter")
    assert tabled(text, records) == text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def test_a_number_of_every_salt_stands_beside_what_was_foretold():
    other = NUMBER | {
        "value": -0.5, "interval": [-0.5, -0.5], "band": [-1.2, -0.9], "rival_value": -3.0,
        "measured": "REFUTED",
    }  # fmt: skip
    assert rows("numbers", "L2", record("b", other), record("a", NUMBER)) == [
        ["L2", "mae", "exponent", "-1", "[-1.2 to -1.1, -0.9]", "the other one: -3 to -2",
         "-0.9995 [-1.01, -0.98]", "-0.5 REFUTED"]
    ]  # fmt: skip


def test_a_number_that_one_salt_alone_has_leaves_a_gap():
    new = NUMBER | {"name": "amplitude"}
    cells = rows("numbers", "laws", record("a", NUMBER), record("b", NUMBER, new))
    assert [row[2] for row in cells] == ["exponent", "amplitude"]
    assert not cells[1][-2].strip()
    assert cells[1][-1].startswith("-0.9995")


def test_a_control_that_did_not_fail_says_so():
    there = record("a", NUMBER), record("b", NUMBER, failed=False)
    for salt in there:
        salt["claims"][0]["controls"][0] |= {
            "id": "noise", "expected": "nothing", "value": 0.25, "interval": [0.2, 0.3],
        }  # fmt: skip
    assert rows("controls", "L2", *there) == [
        ["L2", "mae", "noise", "nothing", "0.25 [0.2, 0.3]", "0.25 [0.2, 0.3] did not fail"]
    ]


def test_what_has_no_end_is_a_dash():
    never = NUMBER | {"rival_value": None, "band": [None, -0.9]}
    (cells,) = rows("numbers", "L2", record("a", never), record("b", never))
    assert cells[4:6] == ["[-, -0.9]", "the other one: -"]


def test_lines_of_text_stand_as_they_are_once():
    records = [record(salt, NUMBER, pictures=["a | 1", "b"]) for salt in "ab"]
    mark = "<!-- results: notes L2 --><!-- results: end -->"
    assert tabled(mark, records) == (
        "<!-- results: notes L2 -->\n```text\na | 1\nb\n```\n<!-- results: end -->"
    )


def test_verdicts_count_rivals_and_controls():
    kept = NUMBER | {"rival_excluded": False}
    records = (
        record("a", NUMBER, kept),
        record("b", NUMBER, verdict="INCONCLUSIVE", failed=False),
        record("a", claim="L10"),
    )
    assert rows("verdicts", "L*", *records) == [
        ["L2", "mae", "gate", "SUPPORTED", "INCONCLUSIVE", "2 of 3", "1 of 2"],
        ["L10", "mae", "gate", "SUPPORTED", "", "", "1 of 1"],
    ]


def test_means_are_those_of_parts_and_of_arms():
    gain = {"mean": 0.1375, "interval": [0.12, 0.15], "needed": "> 0.02", "measured": "SUPPORTED",
            "true_seeds": 16, "seeds": 16}  # fmt: skip
    open_ = {**gain, "measured": "INCONCLUSIVE", "true_seeds": 13}
    accuracies = {"supervised": {"single_view": {"mean": 0.86, "interval": [0.86, 0.86]}}}
    other = {"mean": 2.0, "interval": [1.0, 3.0]}
    parts = {"gain": gain, "open": open_}
    told = record("a", parts=parts, accuracies=accuracies, other=other, seeds={"a": 1})
    assert [row[2:] for row in rows("means", "L2", told)] == [
        ["gain", "> 0.02", "0.1375 [0.12, 0.15], 16 of 16"],
        ["open", "> 0.02", "0.1375 [0.12, 0.15], 13 of 16 INCONCLUSIVE"],
        ["other", "", "2 [1, 3]"],
        ["single-view accuracy, supervised", "", "0.86"],
    ]


def test_rows_of_a_table_are_those_of_the_record():
    places = [{"two_or_more": 12, "share": 0.21818, "interval": [0.131, 0.3294], "grid": "96 px"}]
    mark = "<!-- results: rows L2 places --><!-- results: end -->"
    text = tabled(mark, [record("a", NUMBER, places=places)])
    assert text.splitlines()[1:-1] == [
        "| two or more | share | interval | grid |",
        "| --- | --- | --- | --- |",
        "| 12 | 0.218 | [0.131, 0.329] | 96 px |",
    ]
    both = tabled(mark, [record(salt, NUMBER, places=places) for salt in "ba"])
    assert [line for line in both.splitlines() if line.startswith("Salt")] == ["Salt a:", "Salt b:"]
    assert both.count("| 12 | 0.218 |") == 2
    with pytest.raises(StoredRecordError, match="places"):
        tabled(mark, [record("a", NUMBER)])


def test_accuracies_and_differences_of_real_images_are_rows():
    """Claims about networks tell rows where the others tell legs."""
    half = {"mean": 0.5, "interval": [0.25, 0.75]}
    gain = {"difference": "tuned - scratch", "images": "single-view", "mean": half}
    told = record("a", accuracies=[{"arm": "tuned", "training": half}], differences=[gain])
    assert [row[2:] for row in rows("means", "L2", told)] == [
        ["tuned - scratch, single-view", "", "0.5 [0.25, 0.75]"]
    ]
    text = tabled("<!-- results: rows L2 accuracies --><!-- results: end -->", [told])
    assert text.splitlines()[-2] == "| tuned | 0.5 [0.25, 0.75] |"


@pytest.mark.parametrize("names", ["L99", "T1.capture"])
def test_a_name_without_a_claim_or_without_a_record_is_refused(names):
    with pytest.raises(StoredRecordError, match=names):
        tabled(f"<!-- results: numbers {names} --><!-- results: end -->", [record("a", NUMBER)])


@pytest.mark.parametrize(
    "words", ["rows", "rows L2", "rows ", "numbers", "number L2", "", "table L2 numbers"]
)
def test_a_mark_that_asks_for_nothing_is_told_and_not_passed_over(words):
    with pytest.raises(StoredRecordError, match=r"rows CLAIM TABLE"):
        tabled(f"<!-- results: {words} -->old<!-- results: end -->", [record("a", NUMBER)])


def test_a_mark_without_an_end_is_told():
    mark = "<!-- results: numbers L2 -->"
    for text in (mark, f"{mark} old {mark}<!-- results: end -->"):
        with pytest.raises(StoredRecordError, match=r"numbers L2.: lacks its"):
            tabled(text, [record("a", NUMBER)])
    readme = "<!-- results: begin (x) -->old<!-- results: end -->"
    assert tabled(readme, []) == readme
