"""Mathematics in plain letters, as claims spell it, becomes mathtext that matplotlib can set."""

import pytest
from matplotlib.mathtext import MathTextParser

from mrpverify.claims.registry import all_claims
from mrpverify.drawing.typeset import typeset


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ("sigma_0 / varrho", r"$\sigma_{0}$ / $\varrho$"),
        ("n = 2q-2", "$n$ = $2q-2$"),
        ("T over T_v", "$T$ over $T_{v}$"),
        ("T ~ sigma_0^{-n}", "$T$ \u221d $\\sigma_{0}^{-n}$"),
        ("power of 1 - theta", "power of 1 \u2212 $\\theta$"),
        ("u over u*", "$u$ over $u^*$"),
        ("T_leak", r"$T_{\mathrm{leak}}$"),
        ("||w||^2", r"$\Vert w \Vert^2$"),
        ("rho << Gamma", "$\\rho$ \u226a $\\Gamma$"),
        ("a kernel's own start", "a kernel's own start"),
        ("T1.capture of MAE", "T1.capture of MAE"),
        ("slope -4", "slope \u22124"),
        ("a guess [R] of E[A^2]/E[B]", "a guess [R] of $E$[$A^{2}$]/$E$[$B$]"),
        ("t^(1/3) and t^0.33", "$t^{1/3}$ and $t^{0.33}$"),
        ("w ~ N(0, 1)", "$w$ \u223c $N$(0, 1)"),
        (r"already $\mu$", r"already $\mu$"),
    ],
)
def test_symbols_are_set_and_words_are_left(plain, set_):
    assert typeset(plain) == set_


def test_statements_of_all_claims_can_be_set():
    parser = MathTextParser("path")
    for claim in all_claims():
        parser.parse(typeset(claim.statement))


def test_a_ratio_of_letters_and_a_power_of_brackets_are_mathematics():
    assert typeset("alpha/beta > phi_q(d_0)") == r"$\alpha$/$\beta$ > $\phi_{q}$($d_{0}$)"
    assert typeset("1 - (1 - 1/2k)^{km}; all") == "1 \u2212 (1 \u2212 1/$2k$)$^{km}$; all"
