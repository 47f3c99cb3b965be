"""The judge judged: rates of false verdicts where they are claimed, and t-intervals as control.

The fast part draws 100 samples a case at 16 seeds and allows 0.05 and four standard errors, 0.137.
A rate of exactly 0.05 exceeds that (14 or more of 100) with a chance of 5e-4; of the about 70
rates few are that high, so that a right judge fails by chance in less than 4 % of salts. The salt
is fixed.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mrpverify.calibration import __main__ as command
from mrpverify.calibration import page, table
from mrpverify.calibration.truths import ACCURACIES, NUMBERS, SHARES, STATEMENTS, collapse
from mrpverify.judge import betting, e_value, intervals, measurement, numbers, per_seed, sequential
from mrpverify.judge.sequential import design

ROOT = Path(__file__).parent.parent
DRAWS, SEEDS = 100, 16
CASES = table.cases()
MODULES = (betting, e_value, intervals, measurement, numbers, per_seed, sequential)


@pytest.mark.parametrize("case", [c for c in CASES if c.exact], ids=lambda c: c.function)
def test_no_verdict_that_claims_it_is_false_more_often_than_one_in_twenty(case):
    found = table.rates(case, SEEDS, DRAWS, "test")
    for rate in (found.supported, found.refuted):
        assert rate is None or rate <= table.allowed(DRAWS), case.truth
    if found.coverage is not None:
        assert found.coverage >= 1 - 2 * table.allowed(DRAWS), case.truth


@pytest.mark.parametrize("function", ["mean_above", "mean_within"])
def test_the_t_interval_fails_where_collapse_is_rare(function):
    """The control: without it the table could not see a wrong judge."""
    own = [c for c in CASES if c.function == function and "collapse" in c.truth]
    assert len(own) == 3
    for case in own:
        found = table.rates(case, SEEDS, DRAWS, "test")
        assert found.supported > 2 * table.allowed(DRAWS)
        assert found.coverage < 0.8


def test_the_simulated_rates_of_the_design_are_the_exact_ones():
    """At p0: within four standard errors of the sum over all counts (chance beyond: 6e-5)."""
    case = next(c for c in CASES if c.function == "share_of_seeds" and "0.8" in c.truth)
    found = table.rates(case, 24, 1000, "exact")
    exact = design(24, table.P0).characteristics(table.P0)
    for seen, true in ((found.supported, exact.supported), (found.refuted, exact.refuted)):
        assert abs(seen - true) < 4 * np.sqrt(true * (1 - true) / 1000)


@pytest.mark.parametrize(
    "truth", [*STATEMENTS, *ACCURACIES, *SHARES, NUMBERS[0]], ids=lambda truth: truth.name
)
def test_truths_have_the_mean_they_say(truth):
    """Five standard errors of 20,000 draws: a chance of 6e-7 each."""
    values = truth.draw(np.random.default_rng(3), 20_000)
    assert abs(values.mean() - truth.mean) <= 5 * values.std() / np.sqrt(20_000) + 1e-9
    assert not truth.bounded or (values.min() >= 0 and values.max() <= 1)


def test_the_share_of_good_seeds_is_what_a_collapse_leaves():
    truth = collapse(0.2, 0.75)
    good = truth.draw(np.random.default_rng(0), 20_000) >= 0.99
    assert truth.good == pytest.approx(good.mean(), abs=5 * np.sqrt(0.16 / 20_000))


def test_the_page_names_functions_that_exist_and_every_case():
    text = (ROOT / page.PAGE).read_text(encoding="utf-8")
    start, end = text.index(page.BEGIN), text.index(page.END)
    named = set(re.findall(r"^\| `(\w+)` \|", text[start:end], re.MULTILINE))
    said = set(re.findall(r"`([a-z]\w+)`", text[:start]))
    for name in named | said:
        assert any(hasattr(module, name) for module in MODULES), name
    assert named == {case.function for case in CASES} <= said
    rows = [f"| `{case.function}` | {case.truth} |" for case in CASES]
    assert [row for row in rows if row not in text] == []
    assert "**FAILS**" not in text


def test_the_command_writes_between_the_markers_and_ends_by_what_it_found(tmp_path, monkeypatch):
    few = [c for c in CASES if c.function == "share_of_seeds"]
    monkeypatch.setattr(table, "cases", lambda: few)
    (tmp_path / "docs").mkdir()
    path = tmp_path / page.PAGE
    path.write_text(f"a\n{page.BEGIN}\nstale row\n{page.END}\nb\n")
    ask = ["--root", str(tmp_path), "--draws", "50"]
    assert CliRunner().invoke(command.app, ask).exit_code == 0
    text = path.read_text()
    assert text.startswith("a\n")
    assert text.endswith(f"{page.END}\nb\n")
    assert text.count("| `share_of_seeds` |") == len(few)
    assert "stale row" not in text
    path.write_text("no markers")
    assert CliRunner().invoke(command.app, ask).exit_code == 2
    assert path.read_text() == "no markers"
    assert CliRunner().invoke(command.app, [*ask[2:], "--draws", "5"]).exit_code == 2
    assert CliRunner().invoke(command.app, ["--quick", "--draws", "5000"]).exit_code == 2
    wrong = [c for c in CASES if c.function == "mean_above" and "2% of seeds" in c.truth]
    monkeypatch.setattr(table, "cases", lambda: [replace(c, exact=True) for c in wrong])
    assert CliRunner().invoke(command.app, ["--quick"]).exit_code == 1
