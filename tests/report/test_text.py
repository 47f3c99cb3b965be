"""The readable report: nothing swallowed, nothing hidden."""

import io
import re
import shlex
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from mrpverify.claims.concluded import ClaimResult, ControlResult
from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.laws.regimes import only
from mrpverify.claims.observed import mean_share
from mrpverify.claims.registry import all_claims, select
from mrpverify.claims.theorem1.lottery import _compared
from mrpverify.counterexample import searching
from mrpverify.judge.findings import Estimate, Note, Recorded
from mrpverify.judge.measurement import Measurement, mean_above, together, with_unknown
from mrpverify.judge.numbers import ABOVE_ZERO, Rival, all_numbers, mean_number
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.report.html import page
from mrpverify.report.listing import print_claims
from mrpverify.report.markdown import markdown
from mrpverify.report.next_steps import next_steps
from mrpverify.report.record import Run, record
from mrpverify.report.shown import target
from mrpverify.report.text import print_report
from mrpverify.terminal import WIDTH, report_console
from mrpverify.theory.assumptions import violated

REGIME = Parameters(framework="mae")
OUTSIDE = replace(load_preset("quick").regimes["mae"], off_class=4.0)


def run(salt="a"):
    return Run(["check"], {"mae": REGIME}, 24, salt, "cpu", 1.0, 0)


def result(**values):
    defaults = {
        "statistic": "a share [of 3]",
        "value": 0.5,
        "interval": (0.4, 0.6),
        "threshold": 0.8,
        "measured": Verdict.REFUTED,
    }
    (claim,) = select(["T1.lottery"])
    measurement = Measurement(**{**defaults, **values})
    return ClaimResult(claim, "mae", measurement, (), (), measurement.measured, "a guess [R]")


def text(*results, salt="a", width=160):
    console = Console(file=io.StringIO(), width=width, markup=False)
    print_report(console, run(salt), results, strict=False)
    return console.file.getvalue()


def test_brackets_are_text_not_markup():
    shown = text(result(), salt="[/x]")
    for part in ("a share [of 3]", "a guess [R]", "'[/x]'"):
        assert part in shown


def test_a_rule_that_is_never_right_is_shown_all_the_same():
    compared = _compared({"coin": np.zeros(3), "none": np.full(3, np.nan)}, 0.06)
    assert "rules: coin: 0.000 (chance 0.060)" in text(result(findings=[compared]))


def test_seeds_that_were_not_run_are_said():
    found = with_unknown(result().measurement, 3, 24)
    assert "3 seeds ran out of steps or work" in text(result(**vars(found)))


def test_share_and_interval_beside_the_verdict():
    share = mean_share("mean_share_not_class_pure", np.array([0.01, 0.02]))
    assert "mean share not class pure: 0.0150 [" in text(result(findings=[share]))
    assert share.details()["mean_share_not_class_pure"] == 0.015


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_can_be_shown(verdict):
    assert verdict in text(result(measured=verdict))


def test_undefined_numbers_are_null_in_the_record_and_no_words_in_the_text():
    nan = float("nan")
    broken = result(value=nan, interval=(nan, float("inf")), measured=Verdict.ERROR)
    assert "nan" not in text(broken)
    (claim,) = record(run(), [broken])["claims"]
    assert (claim["value"], claim["interval"], claim["verdict"]) == (None, [None, None], "ERROR")


@pytest.mark.parametrize("width", [60, 160])
def test_a_claim_that_was_not_run_says_why_and_shows_no_numbers(width):
    """Not defined for three views: no value, no interval, nothing needed, no controls."""
    three = replace(load_preset("quick").regimes["supervised"], views=3)
    found = evaluate(select(["KD.residual"]), {"supervised": three}, range(2), "a", lambda _: {})
    console = Console(file=io.StringIO(), width=width, markup=False)
    told = replace(run(), regimes={"supervised": three})
    print_report(console, told, found, strict=False)
    shown = console.file.getvalue()
    assert "OUT_OF_REGIME" in shown
    assert "what is foretold" in shown
    written = markdown(record(told, found))
    for words in ("nan", "90 % interval [", "(measured", "Negative controls"):
        assert words not in shown
        assert words not in written.replace("\\[", "[")


def test_regime_conditions_come_without_any_run():
    found = evaluate(select(["A.regime"]), {"mae": REGIME}, range(2), "a", lambda _: {})
    assert "step size" in text(*found)


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ((1.5, 2.25), "[1.5, 2.25]"),
        ((ABOVE_ZERO, 1.0), "(0, 1]"),
        ((float("-inf"), -7.789), "[-inf, -7.79]"),
    ],
)
def test_a_band_reads_as_an_interval(band, words):
    assert target(0.0, band) == f"in {words}"


@pytest.mark.parametrize("width", [60, 80, 119, 120, 160])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_ids_and_verdicts_are_whole_at_every_width(width, verdict):
    shown = text(result(measured=verdict), width=width)
    verdicts = shown[shown.index("Verdicts") :].splitlines()
    assert any("T1.lottery" in line and verdict in line for line in verdicts)
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert max(map(len, shown.splitlines()[:-1])) <= width


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("20", 60), ("97", 97), ("x", WIDTH)])
def test_columns_count_where_nobody_looks(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert report_console().width == width


def test_the_last_line_can_be_quoted():
    last = text(result(), width=60).splitlines()[-1]
    assert last.startswith("REFUTED: T1.lottery (mae) [24 seeds, salt a, mrpverify ")
    assert "salt 'two words', mrp" in text(result(), salt="two words").splitlines()[-1]


def test_a_control_that_failed_reads_as_it_should():
    (claim,) = select(["A.regime"])
    found = evaluate((claim,), {"mae": REGIME}, range(2), "a", lambda _: {})
    shown = text(*found)
    (line,) = [line for line in shown.splitlines() if "failed, as it should" in line]
    assert not any(verdict in line for verdict in Verdict)


def test_an_open_share_says_how_many_seeds_would_decide():
    open_share = result(
        value=1.0, interval=(0.688, 1.0), measured=Verdict.INCONCLUSIVE, successes=8, trials=8
    )
    shown = text(open_share)
    assert "--seeds 14 on another --salt would decide" in shown
    assert "on this one, asked again and judged by its e-value, 18" in " ".join(shown.split())
    (claim,) = record(run(), [open_share])["claims"]
    assert "--seeds 14" in claim["next"][0]
    assert "mrpverify.counterexample T1.lottery" in text(result())
    (line,) = [x for x in next_steps(result(), run()) if "counterexample" in x]
    words = shlex.split(line.partition("python -m ")[2].partition(";")[0])
    asked = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[1] == "T1.lottery"
    regime = load_preset("quick").regimes[asked["--framework"]]
    assert searching._start(regime, [asked["--vary"]]) == {"sigma_0": regime.init_scale}
    assert "next," not in text(result(measured=Verdict.SUPPORTED))


def test_no_mean_of_shares_is_shown_beyond_its_range():
    """A t-interval of a few shares reaches below 0 or above 1."""
    few = np.array([0.0, 0.5, 0.0, 0.1])
    free, share = Estimate.of("x", few), Estimate.of_share("x", few)
    assert free.interval[0] < 0
    assert share.interval == (0.0, free.interval[1])
    assert Estimate.of_share("x", 1 - few).interval == pytest.approx((1 - free.interval[1], 1.0))
    assert share.value == free.value
    assert Estimate.of_share("x", few[:1]).interval == (0.0, 1.0)
    nothing = np.array([np.nan])
    assert Estimate.of_share("x", nothing) == Estimate.of("x", nothing)
    assert mean_share("mean_share", few).details()["interval_of_mean_share"][0] == 0.0


def test_an_open_mean_says_how_many_seeds_would_decide():
    """Of the rows of a law, and of the parts of a claim; what is decided is left alone."""
    rows = [{"name": name, "value": 0.009, "interval": [0.0, 0.018], "seeds": 24,
             "band": [-0.014, 0.014], "measured": measured}
            for name, measured in (("one", "INCONCLUSIVE"), ("two", "SUPPORTED"))]  # fmt: skip
    law = result(measured=Verdict.INCONCLUSIVE, findings=(Recorded("numbers", rows),))
    (line,) = next_steps(law, run())
    assert line.startswith("one: about --seeds 178 on another --salt")  # 24 (1.512 9/5)^2 = 177.7
    assert "next, T1.lottery" in text(law)
    drawn = np.random.default_rng(3).normal(0.1, 0.4, 24)
    part = mean_above(drawn, 0.0)
    found = replace(together("x", {"gain": part}), measured=Verdict.INCONCLUSIVE)
    (line,) = next_steps(replace(result(), measurement=found, verdict=Verdict.INCONCLUSIVE), run())
    assert re.match(r"gain: about --seeds \d+ on another", line)
    near = rows[0] | {"value": 0.01399}
    law = result(measured=Verdict.INCONCLUSIVE, findings=(Recorded("numbers", [near]),))
    assert "too near" in next_steps(law, run())[0]


def test_runs_without_work_left_say_what_would_finish_them():
    """More seeds would not decide then."""
    open_seeds = result(
        measured=Verdict.INCONCLUSIVE, successes=20, trials=24,
        findings=(Note("seeds_not_known", ("4 seeds ran out",), kept={"seeds_not_known": 4}),
                  Note("unfinished", ("--set work=40000 would go on",)), Note("else", ("x",))),
    )  # fmt: skip
    assert next_steps(open_seeds, run()) == ["4 seeds ran out", "--set work=40000 would go on"]


@pytest.mark.parametrize(("name", "said"), [("CMP.ssl", True), ("CMP.gain", False)])
def test_what_the_introduction_reports_refutes_no_theorem(name, said):
    (claim,) = select([name])
    shown = " ".join(text(replace(result(), claim=claim)).split())
    assert ("no theorem states it: none is refuted" in shown) is said
    assert ("mrpverify.counterexample " + name) in shown


def test_provenance_of_the_introduction_is_that_of_two_claims():
    own = [c.id for c in select(["all", "explanation", "laws"]) if c.provenance.startswith("[I]")]
    assert own == ["CMP.shift", "CMP.ssl"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (only("one view", "a claim's own", False), ""),
        (next(c for c in violated(OUTSIDE, "mae")), "; the nearest that mends it: --set s="),
    ],
)
def test_a_condition_of_a_claim_alone_is_not_said_to_have_no_mend(condition, said):
    found = replace(result(), violated=(condition,))
    outside = Run(["check"], {"mae": OUTSIDE}, 24, "a", "cpu", 1.0, 0)
    file = io.StringIO()
    print_report(Console(file=file, width=200), outside, [found], strict=False)
    shown = " ".join(file.getvalue().split())
    assert "no one parameter alone mends it" not in shown
    assert f"needs {condition.needed_ratio:g}{said}" in shown
    (claim,) = record(outside, [found])["claims"]
    assert ("mends" in claim["violated"][0]) is bool(said)


def test_a_control_that_broke_says_so_and_why():
    (control,) = select(["T1.lottery"])[0].controls["mae"][:1]
    broke = replace(
        result().measurement, statistic="failed with KeyError: 'v'", measured=Verdict.ERROR,
        value=float("nan"), successes=None, trials=None,
    )  # fmt: skip
    broken = replace(result(), controls=(ControlResult(control, broke, False),))
    whole = record(run(), [broken])
    for shown in (text(broken), markdown(whole), page(whole)):
        assert "BROKE" in shown
        assert "DID NOT FAIL" not in shown
        assert "KeyError" in shown


def test_claims_of_one_id_and_horizon_are_listed_with_their_frameworks():
    console = Console(file=io.StringIO(), width=200)
    print_claims(console, all_claims())
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert len(lines) == len(set(lines))
    assert any(line.startswith("T1.bounded (T, mae) ") for line in lines)
    assert any(line.startswith("T1.monosemantic (T) ") for line in lines)


def test_a_wide_table_is_lines_where_its_columns_have_no_room():
    """Nine columns at 60 characters broke words of five letters into three lines."""
    number = mean_number("ln of a ratio", np.full(16, 0.1), 0.0, Rival("none [of 3]", 2.0))
    measurement = all_numbers([number], "a number")
    (claim,) = select(["T1.lottery"])
    found = ClaimResult(claim, "mae", measurement, (), (), measurement.measured, None)
    narrow, wide = text(found, width=60), text(found, width=160)
    said = "ln of a ratio: seeds 16; value 0.1; 90 % interval [0.1, 0.1]; prediction 0;"
    assert said in " ".join(narrow.split())
    assert "rival none [of 3]: 2; rival excluded yes; measured SUPPORTED" in " ".join(
        narrow.split()
    )
    assert said not in " ".join(wide.split())
