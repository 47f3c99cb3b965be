"""The figure of the scaling path: drawn from curves as claims give them."""

import numpy as np
import pytest

from mrpverify.claims.laws.curves import curve
from mrpverify.figures import scaling

K = [4, 8, 16, 32]


def shown(claim, framework, name, classes):
    """One row as a claim gives it: y = k/40, rival 1/2."""
    k = np.array(classes)
    values = np.tile(k / 40, (24, 1)) + 0.001 * np.linspace(-1, 1, 24)[:, None]
    found = curve(name, ("k", k), ("y", values), k / 40, np.full(len(k), 0.5))
    (row,) = found.details()["curves"]
    return {"claim": claim, "framework": framework, **row}


def rows():
    teacher, supervised = "teacher-student", "supervised"
    return [
        shown("S.capture", teacher, "captured", K),
        shown("S.capture", teacher, "some feature missed", K),
        *(shown("S.time", f, "T at q = 3", K) for f in ("mae", supervised)),
        shown("S.single", teacher, "single-view images", [4, 8, 16]),
        shown("S.single", supervised, "single-view images", [4, 8, 12, 16]),
        *(shown("S.race", teacher, n, [3, 4, 5, 7]) for n in scaling.RACE_MARKS),
        shown("S.bounded", teacher, "largest correlation", K),
        shown("S.bounded", supervised, "largest correlation", [4, 8, 12, 16]),
    ]


def test_every_statement_has_its_panel_over_k():
    figure, flat = scaling.draw(rows())
    captured, missed, time, single, raced, largest = figure.axes
    assert [axes.get_xscale() for axes in figure.axes] == ["log"] * 6
    assert time.get_yscale() == "log"
    assert captured.lines[0].get_ydata() == pytest.approx(np.array(K) / 40)
    assert captured.lines[1].get_ydata() == pytest.approx(np.full(4, 0.5))
    assert len(flat) == 4 * 11 - 1
    assert [row["k"] for row in flat[:4]] == K
    assert {row["framework"] for row in flat[8:16]} == {"mae", "supervised"}
    assert missed.get_title(loc="left").startswith("(b)")
    assert list(single.get_xticks()) == [4, 8, 12, 16]
    # One line of the rival for all three; three predictions; marks and their bars.
    assert len([line for line in raced.lines if line.get_linestyle() == "--"]) == 1
    assert len(raced.containers) == 3
    assert len(largest.containers) == 2
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(names) == len(set(names))
    assert {"prediction", "teacher-student", "supervised", "masked autoencoder"} <= set(names)
