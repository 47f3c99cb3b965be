"""The one style: every objective has one look, numbers read well, intervals end where values do."""

import numpy as np
import pytest
from matplotlib import colors, rcParams

from mrpverify.drawing import style


def test_every_objective_has_a_colour_a_mark_and_a_name_of_its_own():
    for looks in (style.COLOURS, style.MARKS, style.NAMES):
        assert set(looks) == set(style.COLOURS)
        assert len(set(looks.values())) == len(looks)


# Machado, Oliveira and Fernandes (2009): full deuteranopia and protanopia, in linear RGB.
DEFICIENT = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
CONFUSED = (0.55, 0.4, 0.1), (0.4, 0.47, 0.1)
"""A brown and a green that most people tell apart and some do not."""


@pytest.mark.parametrize("kind", DEFICIENT)
def test_colours_stay_apart_without_red_or_green_cones(kind):
    seen = [DEFICIENT[kind] @ np.array(colors.to_rgb(c)) ** 2.2 for c in style.COLOURS.values()]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.08
    red, green = (
        DEFICIENT[kind] @ np.array(c) ** 2.2 for c in ((0.55, 0.4, 0.1), (0.4, 0.47, 0.1))
    )
    assert np.linalg.norm(red - green) < 0.08  # the measure does see colours that are confused


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (0.0025, 4, "0.0025"), (1000.0, 4, "1000"), (-4.0, 3, "\u22124"), (1e4, 4, "$10^{4}$"),
        (3e4, 4, r"$3 \cdot 10^{4}$"), (5.571e-7, 3, r"$5.57 \cdot 10^{-7}$"),
        (float("inf"), 3, "\u221e"), (0.0, 4, "0"), (2900.0, 2, "2900"),
    ],
)  # fmt: skip
def test_numbers_in_short(value, digits, told):
    assert style.in_short(value, digits) == told


@style.styled
def drawn():
    figure = style.sheet(2, 2)
    axes = figure.subplots()
    few = np.array([0.5, 1.0, 1.0])
    rows = style.measured(axes, [1.0], [few], "k", "share", within=(0, 1))
    rare = np.array([0.0, 0.0, 1.0])
    rows += style.measured(axes, [1.0], [rare], "k", "share", within=(0, 1))
    return rows, style.point(axes, 1.0, few, "k", within=(0, 1)), rcParams["font.family"]


def test_an_interval_ends_where_no_value_can_be():
    (row, rare), marked, _ = drawn()
    assert rare["low"] == 0
    assert row["high"] == marked["high"] == 1
    assert row["low"] < row["mean"] == pytest.approx(5 / 6)


def test_the_style_is_the_figure_s_own_and_leaves_the_user_s_settings():
    before = dict(rcParams)
    *_, family = drawn()
    assert family == ["STIXGeneral"]
    assert dict(rcParams) == before
