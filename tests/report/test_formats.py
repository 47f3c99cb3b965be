"""The record as Markdown and as LaTeX: the same numbers, and nothing of it is markup."""

import re
import shutil
import subprocess

import pytest

from mrpverify.claims.registry import all_claims
from mrpverify.report.latex import latex
from mrpverify.report.markdown import markdown
from mrpverify.report.record import record
from tests.report.test_text import result, run

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
    assert len(names) == len(set(names)) == 8 * len(whole_registry()["claims"]) + 3
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


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_table_and_macros_compile(tmp_path):
    content = whole_registry() | {"salt": HOSTILE}
    (tmp_path / "report.tex").write_text(latex(content), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"""\documentclass{article}\usepackage{booktabs}\input{report}\begin{document}
        \mrpTable, \mrpSalt: \mrpTOneLotteryMaeStatement \mrpLThreeTeacherStudentStatement
        \end{document}"""
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
