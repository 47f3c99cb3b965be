"""The record as Markdown and as LaTeX: the same numbers, and nothing of it is markup."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import all_claims, select
from mrpverify.judge.findings import Table, as_rows
from mrpverify.report.latex import latex
from mrpverify.report.markdown import markdown
from mrpverify.report.outcome import told
from mrpverify.report.record import record
from tests.report.test_text import REGIME, result, run

HOSTILE = "\\input{x} $a_1$ & 50% #1 {~^} <b> | `c` \u96ea \"q\" 'r'\n[l](u)"


def of(*results, salt="a"):
    return record(run(salt), results)


def whole_registry():
    """A record in which every claim of the package occurs in every framework and horizon."""
    content = of(result())
    (claim,) = content["claims"]
    content["claims"] = [
        claim | {"id": c.id, "horizon": c.horizon, "statement": c.statement, "framework": framework}
        for c in all_claims()
        for framework in c.controls
    ]
    return content


def test_the_answer_stands_first_in_markdown():
    lines = markdown(of(result())).splitlines()
    assert lines[0] == "# Checked: supported"  # the run's exit code, as it was given
    assert "- **Refuted**: T1.lottery" in lines[:5]


def test_the_table_of_markdown_has_the_numbers():
    (row,) = [x for x in markdown(of(result())).splitlines() if x.startswith("| T1.lottery")]
    assert "| REFUTED | 0.500 | \\[0.400, 0.600\\] | \\> 0.8 |" in row


def test_every_line_of_the_markdown_table_has_as_many_cells():
    text = markdown(whole_registry())
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert len(table) == len(whole_registry()["claims"]) + 2


def test_nothing_hostile_is_markup_in_markdown():
    text = markdown(of(result(statistic=HOSTILE), salt="`" * 4))
    (line,) = [x for x in text.splitlines() if "50%" in x]
    assert not re.findall(r"(?<!\\)[<`|$\[]", line.split(": 0.500")[0])
    assert "`````sh" in text


def test_every_macro_of_latex_has_letters_alone_and_a_name_of_its_own():
    names = re.findall(r"^\\newcommand\{\\([^}]*)\}", latex(whole_registry()), re.MULTILINE)
    assert len(names) == len(set(names)) == 9 * len(whole_registry()["claims"]) + 3
    assert all(name.isalpha() and name.isascii() for name in names)


def test_numbers_of_latex_are_those_of_the_record():
    text = latex(of(result(value=0.25)))
    assert r"\newcommand{\mrpTOneLotteryMaeValue}{\ensuremath{0.250}}" in text
    assert r"\newcommand{\mrpTOneLotteryMaeNeeded}{$>$ 0.8}" in text
    assert r"\newcommand{\mrpTOneLotteryMaeTrials}{--}" in text


def test_two_claims_of_one_name_keep_their_own_macros():
    text = latex(of(result(), result(value=0.25)))
    assert r"\mrpTOneLotteryMaeValue}{\ensuremath{0.500}}" in text
    assert r"\mrpTOneLotteryMaeAgainValue}{\ensuremath{0.250}}" in text


def test_the_file_is_ascii_with_braces_and_dollars_in_pairs():
    text = latex(of(result(statistic=HOSTILE), salt=HOSTILE))
    assert text.isascii()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[\\{}$%&#_]", "", code)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"(?<!\\)#", code)
    assert r"\input" not in code


FEATURES = [{"class": 0, "view_": i, "captured_share": i / 2, "interval": [0.1, None]}
            for i in range(2)]  # fmt: skip


def violated():
    """A claim whose regime starts too large, as a record has it."""
    (claim,) = select(["A.regime"])
    broken = replace(REGIME, init_scale=0.5)
    return record(run(), evaluate((claim,), {"mae": broken}, range(2), "a", lambda _: {}))


def test_both_say_what_mends_a_violated_condition():
    content = violated()
    content["regime"] = {}
    (claim,) = content["claims"]
    (start,) = [c for c in claim["violated"] if c["id"] == "initial scale"]
    start["mends"] = {"sigma_0": 0.0125}
    assert re.search(r"outside .*the nearest that mends it: .* = 0\.0125", markdown(content))
    (macro,) = re.findall(
        r"^.newcommand\{.mrpARegimeMaeViolated\}.*$", latex(content), re.MULTILINE
    )
    assert re.search(r"the nearest that mends it: .* \$?=\$? 0\.0125", macro)
    start["mends"] = {}
    assert "no one parameter alone mends it" in markdown(content)
    assert "no one parameter alone mends it" in latex(content)


def test_both_have_a_row_for_every_feature():
    content = of(result(findings=[Table("features", FEATURES)]))
    assert "| 0 | 1 | 0.500 | \\[0.100, -\\] |" in markdown(content)
    table = (
        latex(content).partition(r"\mrpTOneLotteryMaeFeaturesTable")[2].partition("tabular}}")[0]
    )
    assert "class & view  & captured share & interval" in table
    assert r"0 & 1 & 0.500 & [0.100, -] \\" in table


def test_an_id_stands_once_at_the_top_however_many_frameworks_it_has():
    content = of(result())
    (claim,) = content["claims"]
    other = claim | {"framework": "teacher-student"}
    at_crossing = claim | {"framework": "teacher-student", "horizon": "16 T_c"}
    alike = content | {"claims": [claim, other, at_crossing]}
    assert dict(told(alike))["Refuted"] == ["T1.lottery"]
    differ = content | {"claims": [claim, other | {"verdict": "SUPPORTED"}, at_crossing]}
    assert dict(told(differ))["Holds"] == [f"T1.lottery (teacher-student, {claim['horizon']})"]
    (both,) = dict(told(differ))["Refuted"]
    assert both == f"T1.lottery (mae, {claim['horizon']}; teacher-student, 16 T_c)"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_table_and_macros_compile(tmp_path):
    content = whole_registry() | {"salt": HOSTILE}
    for claim in content["claims"]:
        if claim["id"] == "A.regime":
            claim["violated"] = violated()["claims"][0]["violated"]
        if claim["id"] == "T1.lottery":
            claim["details"] = {"features": FEATURES}
            claim["findings"] = as_rows([Table("features", FEATURES)])
    (tmp_path / "report.tex").write_text(latex(content), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"""\documentclass{article}\usepackage{booktabs}\input{report}\begin{document}
        \setbox0=\hbox{\mrpTable}\typeout{WIDTH \the\wd0 of \the\textwidth}
        \mrpTable, \mrpTOneLotteryMaeFeaturesTable, \mrpARegimeMaeViolated, \mrpSalt:
        \mrpTOneLotteryMaeStatement \mrpLThreeTeacherStudentStatement
        \end{document}"""
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    printed = done.stdout.decode(errors="replace")
    assert done.returncode == 0, printed[-2000:]
    told = re.search(r"WIDTH ([\d.]+)pt ?of ([\d.]+)pt", printed)
    width, room = map(float, told.groups())
    assert width <= room, "the table is wider than the column of a plain article"
