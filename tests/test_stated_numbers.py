"""What documents state as measured a record holds, or a list says what else it rests on."""

import pytest

from tests import stated_numbers as numbers
from tests.stated_numbers import Section, listed, stated, unheld, without_record

KINDS = {"formula", "file"}
LISTED = listed()
NAMES = [document.relative_to(numbers.ROOT).as_posix() for document in numbers.DOCUMENTS]


@pytest.fixture(scope="module")
def found():
    return without_record()


@pytest.mark.parametrize("document", NAMES)
def test_no_section_states_more_than_records_hold_and_the_list_admits(document, found):
    more = {
        title: there
        for (name, title), there in found.items()
        if name == document and len(there) > LISTED.get((name, title), (0, "", ""))[0]
    }
    assert not more, (
        "more numbers than are listed. Name the claim whose record holds them, mark them "
        "(docs/command_line.md), leave them out, or say in docs/numbers.md what they rest on "
        "(python tests/stated_numbers.py --write)"
    )


def test_the_list_holds_nothing_but_what_is_there(found):
    assert set(LISTED) <= set(found), (
        "all of a section's numbers are held now: python tests/stated_numbers.py --write"
    )
    assert {kind for _, kind, _ in LISTED.values()} <= KINDS
    assert all(len(why) > 10 for _, _, why in LISTED.values())


def test_readme_states_no_measured_number_without_a_record():
    """What is left in the front page are versions, a level and the paper's number."""
    own = {place: kind for place, (_, kind, _) in LISTED.items() if place[0] == "README.md"}
    assert set(own.values()) <= {"formula", "file"}


def section(text):
    return Section("docs/x.md", "X", text)


def test_what_counts_as_stated():
    text = "It is 0.861 [0.853, 0.87], -1.01, in 16 of 16 seeds, 15/16, and 95 % of them, 3.2e-06."
    assert stated(text) == ["0.861", "0.853", "0.87", "-1.01", "16 of 16", "15/16", "95", "3.2e-06"]
    silent = (
        "`0.5` sigma_0 = 0.05, theta >= 0.3, k^-0.01, 1/2, 1/10, v1.2.3, [x](y-0.5.svg), 24 seeds"
    )
    assert stated(silent) == []


def test_a_number_is_held_beside_its_claim_and_nowhere_else(monkeypatch):
    claim = {"id": "X.one", "value": 0.8612, "interval": [0.853, None], "successes": 15,
             "trials": 16, "outcomes": [True, None, False],
             "details": {"a": {"b": ["-1.014", True]}}}  # fmt: skip
    monkeypatch.setattr(numbers, "CLAIMS", [claim])
    assert unheld(section("X.one: 0.861 [0.853], 86 %, 15 of 16, 1 of 3, -1.01")) == []
    assert unheld(section("X.one: 0.862, 87 %, 16 of 16, 1.00, 0.8613")) == [
        "0.862", "87", "16 of 16", "1.00", "0.8613"]  # fmt: skip
    assert unheld(section("X.one is true.\n\nIt is 0.861.")) == ["0.861"]
    assert unheld(section("X.one.more and X.ones: 0.861")) == ["0.861"]
    assert unheld(section("| X.one | 0.861 |\n| X.two | 0.861 |")) == ["0.861"]


def test_a_number_is_held_by_the_curve_of_a_figure_that_is_shown():
    shown = "![L](../paper_figures/drawn/overview.svg)\n\nIt is 0.8713."
    path = numbers.ROOT / "paper_figures" / "drawn" / "overview.csv"
    value = next(x for x in numbers.of_csv(path) if 0 < x < 1)
    assert unheld(section(shown.replace("0.8713", f"{value:.4f}"))) == []
    assert unheld(section(f"It is {value:.4f}.")) == [f"{value:.4f}"]


def test_what_a_command_writes_is_no_business_of_the_list(monkeypatch, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(
        "a <!-- record: X -->0.5<!-- record: end --> b\n\n```\n0.7\n```\n\n"
        "## T\n<!-- results: begin (x) -->\n| 0.6 |\n<!-- results: end --> 0.8\n"
    )
    monkeypatch.setattr(numbers, "DOCUMENTS", (page,))
    monkeypatch.setattr(numbers, "ROOT", tmp_path)
    assert without_record() == {("README.md", "T"): ["0.8"]}
