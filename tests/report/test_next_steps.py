"""What to do next: for every verdict, and the same in text, JSON, page and Markdown."""

import io
import re
import shlex
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from mrpverify.claims.concluded import ControlResult, concluded
from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import all_claims, select
from mrpverify.counterexample.searching import _claim, _start
from mrpverify.judge.findings import Recorded
from mrpverify.judge.measurement import mean_above
from mrpverify.judge.verdicts import Verdict
from mrpverify.regime import load_preset, parse_settings
from mrpverify.report.html import page
from mrpverify.report.markdown import markdown
from mrpverify.report.next_steps import next_steps
from mrpverify.report.record import Run, record
from mrpverify.report.text import print_report
from mrpverify.theory.assumptions import violated
from tests.report.parsed import tree
from tests.report.test_text import result

QUICK = load_preset("quick").regimes
OUTSIDE = QUICK | {"mae": replace(QUICK["mae"], off_class=4.0)}


def run(*words, regimes=QUICK):
    command = ["python", "-m", "mrpverify.check", *(words or ("T1.lottery",))]
    return Run(command, regimes, 24, "a", "cpu", 1.0, 0)


def of(verdict):
    """A claim that got this verdict for a reason that gives it, and the run that it is of."""
    refuted, holds = result(), result(measured=Verdict.SUPPORTED)
    (control, *_) = holds.claim.controls["mae"]
    if verdict is Verdict.UNINFORMATIVE:
        passing = (ControlResult(control, holds.measurement, False),)
        return concluded(holds.claim, "mae", holds.measurement, passing), run()
    if verdict is Verdict.OUT_OF_REGIME:
        broken = tuple(violated(OUTSIDE["mae"], "mae"))
        found = concluded(holds.claim, "mae", holds.measurement, (), broken)
        return found, run("T1.lottery", "--set", "s=4", regimes=OUTSIDE)
    counted = {"successes": 8, "trials": 8, "value": 1.0, "interval": (0.688, 1.0)}
    measured = {} if verdict is not Verdict.INCONCLUSIVE else counted
    found = replace(refuted.measurement, measured=verdict, **measured)
    return concluded(refuted.claim, "mae", found, ()), run()


def outputs(found, asked):
    """What text, JSON, page and Markdown say to do next, each in plain words."""
    content = record(asked, [found])
    file = io.StringIO()
    print_report(Console(file=file, width=10_000, markup=False), asked, [found], strict=False)
    said = [e.text() for e in tree(page(content)).all("p") if "Next:" in e.text()]
    name = f"next, T1.lottery ({found.framework or 'images'}, {found.claim.horizon}): "
    return {
        "JSON": content["claims"][0]["next"],
        "text": [x.removeprefix(name) for x in file.getvalue().splitlines() if x.startswith(name)],
        "page": [" ".join(x.replace("Next:", "").split()) for x in said],
        "Markdown": [re.sub(r"\\(.)", r"\1", x).removeprefix("- next: ")
                     for x in markdown(content).splitlines() if x.startswith("- next: ")],
    }  # fmt: skip


WORDS = {
    Verdict.SUPPORTED: None,
    Verdict.REFUTED: "mrpverify.counterexample T1.lottery --framework mae --vary sigma_0",
    Verdict.INCONCLUSIVE: "--seeds 14 on another --salt would decide",
    Verdict.UNINFORMATIVE: "control 'permuted initial correlations' passed (0.500 [0.400, 0.600])",
    Verdict.OUT_OF_REGIME: "--set s=1.6 brings it back inside 'sparse presence'",
    Verdict.ERROR: "its traceback is in the record",
}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_report_says_the_same_of_what_to_do_next(verdict):
    found, asked = of(verdict)
    assert found.verdict is verdict
    said = outputs(found, asked)
    assert all(lines == said["JSON"] for lines in said.values()), said
    expected = WORDS[verdict]
    assert any(expected in line for line in said["JSON"]) if expected else said["JSON"] == []


@pytest.mark.parametrize(
    ("measured", "words"),
    [(Verdict.SUPPORTED, "passed"), (Verdict.INCONCLUSIVE, "did not fail")],
)
def test_a_control_that_is_undecided_has_not_passed(measured, words):
    found, _ = of(Verdict.UNINFORMATIVE)
    (item,) = found.controls
    undecided = replace(item, measurement=replace(item.measurement, measured=measured))
    (line,) = next_steps(replace(found, controls=(undecided,)), run())
    assert f"'permuted initial correlations' {words} (" in line
    assert item.control.expected in line


def test_a_control_of_too_few_seeds_is_told_how_many_it_needs():
    found, _ = of(Verdict.UNINFORMATIVE)
    (item,) = found.controls
    few = replace(item, measurement=replace(item.measurement, successes=0, trials=2))
    (line,) = next_steps(replace(found, controls=(few,)), run())
    assert "looked at 2 of the 4 seeds that it needs" in line
    assert "--seeds 4 or more" in line


def test_a_control_whose_runs_are_few_whatever_is_asked_is_not_told_to_ask_for_more():
    found, _ = of(Verdict.UNINFORMATIVE)
    (item,) = found.controls
    undecided = replace(item.measurement, successes=1, trials=4, measured=Verdict.INCONCLUSIVE)
    looked = replace(item, measurement=undecided)
    assert looked.control.look is not None
    own = replace(found.measurement, successes=20, trials=24)
    (line,) = next_steps(replace(found, measurement=own, controls=(looked,)), run())
    assert "it has 4 seeds, whatever --seeds says; another --salt may refute it" in line


def test_seeds_that_cannot_support_are_said_before_a_share_is_called_too_near():
    """Three of four: the interval reaches 0.99, and nothing is known of two hundred seeds."""
    found, _ = of(Verdict.INCONCLUSIVE)
    few = replace(found.measurement, successes=3, trials=4, interval=(0.249, 0.987))
    (line,) = next_steps(replace(found, measurement=few), run())
    assert (
        line == "4 seeds cannot support a claim at p0 = 0.8: --seeds 14 or more on another --salt"
    )
    near = replace(found.measurement, successes=19, trials=24, interval=(0.611, 0.914))
    (line,) = next_steps(replace(found, measurement=near), run())
    assert line == (
        "a share of 0.792 is too near to 0.8: about 14,000 seeds would decide at this share"
    )
    many = replace(found.measurement, successes=299, trials=384, interval=(0.741, 0.813))
    (line,) = next_steps(replace(found, measurement=many), run())
    assert "about 2,200 seeds" in line
    at_it = replace(found.measurement, successes=16, trials=20, interval=(0.6, 0.93))
    (line,) = next_steps(replace(found, measurement=at_it), run())
    assert "no number will decide" in line


def test_a_control_that_failed_is_not_named():
    found, _ = of(Verdict.UNINFORMATIVE)
    (item,) = found.controls
    failed = replace(item, failed_as_it_should=True)
    assert len(next_steps(replace(found, controls=(item, failed)), run())) == 1


def test_what_several_claims_are_told_is_said_once_with_all_of_them():
    found, asked = of(Verdict.OUT_OF_REGIME)
    (other,) = select(["T1.capture"])
    file = io.StringIO()
    print_report(
        Console(file=file, width=10_000), asked, [found, replace(found, claim=other)], False
    )
    (line,) = [x for x in file.getvalue().splitlines() if x.startswith("next, ")]
    assert line.startswith("next, T1.lottery (mae, crossing), T1.capture (mae, T): --set s=")


def test_a_real_check_outside_its_regime_says_what_brings_it_back():
    (found,) = evaluate(select(["A.regime"]), {"mae": OUTSIDE["mae"]}, range(2), "a", lambda _: {})
    asked = run("A.regime", "--set", "s=4", regimes={"mae": OUTSIDE["mae"]})
    assert found.verdict is Verdict.OUT_OF_REGIME
    (line,) = next_steps(found, asked)
    value = float(re.search(r"--set s=([\d.]+)", line)[1])
    back = replace(OUTSIDE["mae"], off_class=value)
    assert violated(OUTSIDE["mae"], "mae")
    assert not violated(back, "mae")


def command_of(name, framework, *words, verdict=Verdict.REFUTED):
    """The words of the search that a refuted claim names."""
    (claim,) = [c for c in select([name]) if framework in c.controls][:1]
    found = replace(result(), claim=claim, framework=framework, verdict=verdict)
    (line,) = [x for x in next_steps(found, run(*words)) if "edge" in x]
    return shlex.split(line.partition("fails: ")[2].partition(";")[0])


@pytest.mark.parametrize(
    ("name", "framework", "asked", "expected"),
    [
        ("T1.bounded", "mae", [], ["--vary", "sigma_0"]),
        ("CMP.ssl", "teacher-student", [], ["--vary", "theta"]),  # no run of it sees sigma_0
        ("T1.bounded", "mae", ["--set", "theta=0.25"], ["--vary", "theta"]),
        ("T1.bounded", "mae", ["--set", "visible=0.25", "--preset", "paper"],
         ["--vary", "theta", "--preset", "paper"]),
        ("T1.bounded", "mae", ["--set", "m=9"], ["--vary", "sigma_0", "--set=m=9"]),
    ],
)  # fmt: skip
def test_a_search_varies_what_the_claim_depends_on(name, framework, asked, expected):
    words = command_of(name, framework, name, *asked)
    start = ["python", "-m", "mrpverify.counterexample", name, "--framework", framework]
    assert words == start + expected


def test_a_search_that_is_named_can_be_started():
    words = command_of("T1.bounded", "mae", "T1.bounded", "--set", "m=9", "--set", "theta=0.3")
    assert _claim(words[3], words[5], [])[1] == "mae"
    assert _start(QUICK["mae"], [words[7]]) == {"theta": QUICK["mae"].visible}
    parse_settings([word.removeprefix("--set=") for word in words if word.startswith("--set=")])


def test_a_search_for_a_claim_that_is_judged_at_several_times_means_one_of_them():
    several = [c for c in all_claims() if c.id in ("T1.monosemantic", "T1.induction", "D.capture")]
    assert len(several) == 6
    for claim in several:
        for framework in claim.frameworks:
            found = replace(result(), claim=claim, framework=framework, verdict=Verdict.REFUTED)
            (line,) = [x for x in next_steps(found, run()) if "edge" in x]
            if "counterexample" not in line:  # its regime is its own
                continue
            words = shlex.split(line.partition("fails: ")[2].partition(";")[0])
            at = words[words.index("--at") + 1]
            assert _claim(words[3], words[5], [], at) == (claim, framework)


def test_a_file_of_claims_goes_with_the_search():
    words = command_of("T1.bounded", "mae", "mine.py", "--plugin", "law.py")
    assert words[-4:] == ["--plugin", "law.py", "--plugin", "mine.py"]


@pytest.mark.parametrize(("name", "framework", "said"), [
    ("D.mask", "teacher-student", "its regime is its own"), ("images.gain", None, "real images"),
])  # fmt: skip
def test_a_claim_that_no_parameter_reaches_is_not_sent_on_a_search(name, framework, said):
    (claim,) = select([name])
    found = replace(result(), claim=claim, framework=framework)
    (line,) = next_steps(found, run(name))
    assert said in line
    assert "counterexample" not in line


def test_an_open_difference_says_how_many_seeds_would_decide():
    """Paired differences stand in a list of their own in a record."""
    drawn = mean_above(np.random.default_rng(3).normal(0.1, 0.4, 24), 0.0)
    row = drawn.summary() | {"difference": "pixels", "measured": "INCONCLUSIVE"}
    found = result(measured=Verdict.INCONCLUSIVE, findings=[Recorded("differences", [row])])
    (line,) = next_steps(found, run())
    assert re.match(r"pixels: about --seeds \d+ on another --salt", line)


def test_what_broke_is_said_claim_or_control():
    """A broken control was told as if the claim had said nothing."""
    holds = result(measured=Verdict.SUPPORTED)
    (control, *_) = holds.claim.controls["mae"]
    broken = replace(holds.measurement, measured=Verdict.ERROR)
    one = concluded(holds.claim, "mae", holds.measurement, (ControlResult(control, broken, False),))
    assert one.verdict is Verdict.ERROR
    (line,) = next_steps(one, run())
    assert line.startswith(f"control {control.id!r} broke, so that what was measured is not judged")
    (line,) = next_steps(concluded(holds.claim, "mae", broken, ()), run())
    assert line.startswith("it broke before it could say anything")
