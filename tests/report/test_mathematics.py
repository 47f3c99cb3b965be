"""Symbols of claims as MathML with a way to their meaning, and as LaTeX."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from mrpverify.claims.registry import all_claims
from mrpverify.report.mathematics import glossary, in_latex, in_mathml
from mrpverify.theory.notation import letters
from tests.report.parsed import tree


@pytest.mark.parametrize(
    ("plain", "inside"),
    [
        ("sigma_0", "<msub><mi>\u03c3</mi><mn>0</mn></msub>"),
        ("varrho", "<mi>\u03f1</mi>"),
        ("C_p", "<msub><mi>C</mi><mi>p</mi></msub>"),
        ("T_leak", "<msub><mi>T</mi><mtext>leak</mtext></msub>"),
        ("u*", "<msup><mi>u</mi><mo>*</mo></msup>"),
        ("sigma_0^{-(2q-2)}", "<msubsup><mi>\u03c3</mi><mn>0</mn><mrow><mo>\u2212</mo>"),
        ("t^(1/3)", "<mrow><mn>1</mn><mo>/</mo><mn>3</mn></mrow>"),
        ("lambda", "<mi>\u03bb</mi>"),
        ("(1-theta)^{C_p}", "<sup><a"),
        ("||w||^2", "<mo>\u2016</mo><mi>w</mi><mo>\u2016</mo></mrow><mn>2</mn>"),
    ],
)
def test_symbols_become_mathml(plain, inside):
    assert inside in in_mathml(plain)


def test_signs_and_words_stay_between_symbols():
    assert tree(in_mathml("rho << Gamma & more")).text().split() == [
        "\u226a", "&", "more", "\u03c1", "\u0393",
    ]  # fmt: skip


def test_index_decides_which_line_a_symbol_leads_to():
    assert 'href="#symbol-sigma_p"' in in_mathml("sigma_p")
    assert 'href="#symbol-Lambda"' in in_mathml("Lambda_end")
    assert "href" not in in_mathml("R_x")
    assert "href" not in in_mathml("N(0, 1)")
    assert 'href="#symbol-N"' in in_mathml("N images")


def test_the_glossary_says_what_the_command_line_says():
    found = {line.key: line.words for line in glossary(["rho << Gamma", "sigma_0"])}
    assert found["rho"] == letters()["rho"].meaning
    assert {"rho", "Gamma", "sigma_0"} <= found.keys()


def test_the_glossary_explains_what_its_explanations_use():
    lines = glossary(["Delta"])
    assert {"Delta", "K", "lambda", "C_p", "theta"} <= {line.key for line in lines}
    assert glossary(line.words for line in lines) == lines


def test_anchors_are_one_to_one():
    lines = glossary(letters())
    assert len({line.anchor for line in lines}) == len(lines)


@given(st.text("ab<>&\"'$\\{}^_[]()|* sigmNqTrho012-+/~", max_size=40))
def test_whatever_the_text_the_markup_is_well_formed_and_holds_no_foreign_tag(text):
    tags = {element.tag for element in tree(in_mathml(text)).all()}
    assert tags <= {
        "a", "math", "mi", "mn", "mo", "mrow", "msub", "msup", "msubsup", "mtext", "sup",
    }  # fmt: skip


def test_a_text_with_dollars_of_its_own_is_no_mathematics():
    assert in_mathml("$\\rho$ < q") == escape("$\\rho$ < q")


def test_statements_of_all_claims_have_mathml_that_is_well_formed():
    for claim in all_claims():
        tree(in_mathml(claim.statement))


@given(st.text("ab$\\{}^_[]() sigmNqTrho012-", max_size=40))
def test_dollars_of_latex_come_in_pairs(text):
    shown = in_latex(text, lambda words: words.replace("$", ""), "(POWER)")
    assert shown.count("$") % 2 == 0
