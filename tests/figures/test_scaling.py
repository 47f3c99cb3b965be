"""The figure of the scaling path: drawn from curves as claims give them."""

import numpy as np
import pytest

from mrpverify.claims.laws.curves import curve
from mrpverify.figures import scaling


def rows():
    k = np.array([4, 8, 16, 32])
    values = np.tile(k / 40, (24, 1)) + 0.001 * np.linspace(-1, 1, 24)[:, None]
    shown = {
        name: curve(name, ("k", k), ("y", values), k / 40, np.full(4, 0.5))
        for name in ("captured", "missed", "T")
    }
    return [
        {"claim": "S.capture", "framework": "teacher-student", **shown["captured"]},
        {"claim": "S.capture", "framework": "teacher-student", **shown["missed"]},
        *({"claim": "S.time", "framework": f, **shown["T"]} for f in ("mae", "supervised")),
    ]


def test_every_statement_has_its_panel_over_k():
    figure, flat = scaling.draw(rows())
    captured, missed, time = figure.axes
    assert [axes.get_xscale() for axes in figure.axes] == ["log"] * 3
    assert time.get_yscale() == "log"
    assert captured.lines[0].get_ydata() == pytest.approx(np.array([0.1, 0.2, 0.4, 0.8]))
    assert captured.lines[1].get_ydata() == pytest.approx(np.full(4, 0.5))
    assert len(flat) == 16
    assert [row["k"] for row in flat[:4]] == [4.0, 8.0, 16.0, 32.0]
    assert {row["framework"] for row in flat[8:]} == {"mae", "supervised"}
    assert missed.get_title(loc="left").startswith("(b)")
