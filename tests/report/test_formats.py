"""The record as Markdown and as LaTeX: the same numbers, and nothing of it is markup."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import all_claims, select
from mrpverify.judge.findings import Table, as_rows
from mrpverify.report.latex import latex
from mrpverify.report.markdown import markdown
from mrpverify.report.outcome import told
from mrpverify.report.record import record
from tests.report.test_text import REGIME, result, run

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "docs" / "results").glob("*.json"))
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
    table = latex(content).partition(r"\mrpTOneLotteryMaeFeaturesTable")[2].partition("\n}}")[0]
    assert "{class} & view  & captured share & interval" in table.replace(r"\raggedright ", "")
    plain = table.replace(r"\raggedright ", "")
    assert r"{0} & 1 & 0.500 & [0.100, -] \tabularnewline" in plain


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


BRACKETS = [{"interval": [0.1, 0.2], "name": "x"}, {"interval": [0.3, 0.4], "name": "*"}]
WIDE = [{"name": "a rather long name of a row " * 3, "path": "p" * 40}
        | {f"interval {i}": [-0.123, 1 / 3] for i in range(12)}]  # fmt: skip


def wide_and_bracketed():
    """A claim with a table that is too wide for a page, and one whose rows begin with a bracket."""
    return of(result(findings=[Table("wide", WIDE), Table("bracketed", BRACKETS)]))


def tables(text):
    """Every tabular of a file as rows of cells, head first."""
    bodies = re.findall(r"\\toprule\n(.*?)\\bottomrule", text, re.DOTALL)
    lines = [[x for x in body.splitlines() if x.endswith(r"\tabularnewline")] for body in bodies]
    return [[line.removesuffix(r" \tabularnewline").split(" & ") for line in own] for own in lines]


def test_no_row_of_latex_begins_with_what_the_line_before_takes_for_an_option():
    found = [row[0] for rows in tables(latex(wide_and_bracketed())) for row in rows]
    assert r"{\raggedright [0.100, 0.200]}" in [cell.strip() for cell in found]
    assert all(cell.startswith("  {") for cell in found)


def test_columns_that_do_not_fit_go_into_a_table_below_with_the_first_one_again():
    found = [rows for rows in tables(latex(wide_and_bracketed())) if "rather long" in rows[1][0]]
    assert len(found) > 2
    assert len({rows[1][0] for rows in found}) == 1
    heads = [cell for rows in found for cell in rows[0][1:]]
    assert heads == [r"\raggedright path", *(rf"\raggedright interval {i}" for i in range(12))]


def test_a_minus_within_a_symbol_is_one_that_latex_has():
    content = of(result())
    content["claims"][0]["statement"] = "T_leak ~ k^{-2/(q-2)} \u2212 1"
    (line,) = [x for x in latex(content).splitlines() if "MaeStatement}" in x]
    assert line.isascii()
    assert "$k^{-2/(q-2)}$ $-$ 1" in line


def test_a_stored_record_of_before_details_were_kept_has_its_numbers_in_latex():
    content = of(result(value=0.25))
    del content["claims"][0]["details"], content["claims"][0]["findings"]
    assert r"\mrpTOneLotteryMaeValue}{\ensuremath{0.250}}" in latex(content)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_the_latex_of_every_stored_record_is_ascii(path):
    assert latex(json.loads(path.read_text(encoding="utf-8"))).isascii()


needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")


@needs_latex
def test_every_macro_of_every_stored_record_compiles_into_the_column_of_an_article(tmp_path):
    made = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in STORED}
    chosen = made | {"made here": wide_and_bracketed(), "hostile": of(result(statistic=HOSTILE))}
    pages = []
    for number, content in enumerate(chosen.values()):
        text = latex(content)
        (tmp_path / f"{number}.tex").write_text(text, encoding="utf-8")
        names = re.findall(r"newcommand\{(\\\w+)\}", text)
        shown = "\n".join(rf"\noindent {name}{{}}\par" for name in names)
        pages.append(rf"\begingroup\input{{{number}}}" + f"\n{shown}\n" + r"\endgroup")
    printed = compiled(tmp_path, "\n".join(pages))
    assert not re.findall(r"^(?:Overfull|Missing character).*", printed, re.MULTILINE)


def compiled(folder, body):
    """What pdflatex says of an article with this body; it must find no error."""
    start = r"\documentclass{article}\usepackage{booktabs}\begin{document}\sloppy"
    text = "\n".join([start, body, r"\end{document}"])
    (folder / "paper.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=folder, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    printed = done.stdout.decode(errors="replace")
    assert done.returncode == 0, printed[-2000:]
    return printed


@needs_latex
def test_table_and_macros_compile(tmp_path):
    content = whole_registry() | {"salt": HOSTILE}
    for claim in content["claims"]:
        if claim["id"] == "A.regime":
            claim["violated"] = violated()["claims"][0]["violated"]
        if claim["id"] == "T1.lottery":
            claim["details"] = {"features": FEATURES}
            claim["findings"] = as_rows([Table("features", FEATURES)])
    (tmp_path / "report.tex").write_text(latex(content), encoding="utf-8")
    printed = compiled(
        tmp_path,
        r"""\input{report}
        \setbox0=\hbox{\mrpTable}\typeout{WIDTH \the\wd0 of \the\textwidth}
        \mrpTable, \mrpTOneLotteryMaeFeaturesTable, \mrpARegimeMaeViolated, \mrpSalt:
        \mrpTOneLotteryMaeStatement \mrpLThreeTeacherStudentStatement""",
    )
    told = re.search(r"WIDTH ([\d.]+)pt ?of ([\d.]+)pt", printed)
    width, room = map(float, told.groups())
    assert width <= room, "the table is wider than the column of a plain article"
