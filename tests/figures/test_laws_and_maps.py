"""Figures of laws and maps: drawn from rows as claims give them, with the numbers in the CSV."""

import numpy as np
import pytest

from mrpverify.claims.laws.curves import curve
from mrpverify.claims.registry import select
from mrpverify.drawing import style
from mrpverify.figures import laws, maps
from mrpverify.figures.figure import Study
from mrpverify.judge.numbers import Rival, all_numbers, mean_number
from mrpverify.records.collect import Machine, collect
from mrpverify.records.store import Store
from mrpverify.regime import load_preset
from tests.sweep.tiny import write_plan

QUICK = load_preset("quick").regimes


def law_rows(value):
    x = np.geomspace(1, 8, 4)
    values = value + 0.01 * np.linspace(-1, 1, 24)
    rival = Rival("another", 3.0)
    measured = all_numbers([mean_number("slope", values, 1.0, rival)], "s")
    shown = curve("panel", ("size", x), ("time", np.outer(values, x)), x, x**3.0, logarithmic=True)
    return [
        {
            "framework": "mae",
            "verdict": str(measured.measured),
            "numbers": measured.details["numbers"],
            "curves": shown.details()["curves"],
        }
    ]


def test_a_law_shows_points_prediction_rival_and_every_number():
    figure, flat = laws.LawFigure(select(["L2"])[0]).draw(law_rows(1.1))
    _, curve_axes, _, number_axes = figure.axes
    points = [row for row in flat if row["panel"] == "curve"]
    assert [row["prediction"] for row in points] == pytest.approx([1, 2, 4, 8])
    assert [row["rival"] for row in points] == pytest.approx([1, 8, 64, 512])
    assert [row["value"] for row in points] == pytest.approx([1.1, 2.2, 4.4, 8.8])
    assert {line.get_label() for line in curve_axes.lines} >= {"prediction", "rival"}
    (number,) = [row for row in flat if row["panel"] == "number"]
    assert (number["band_low"], number["band_high"], number["rival"]) == (0.5, 1.5, 3.0)
    dots = [
        line.get_xdata() for line in number_axes.lines if line.get_marker() == style.MARKS["mae"]
    ]
    assert dots[0][0] == pytest.approx(0.2)  # 0.1 of a half-width of 0.5


def test_the_boundaries_of_a_gain_are_those_of_l3_and_l4():
    visible = np.array([0.5])  # K = 1.5 at C_p = 2
    lines = {label: float(y[0]) for label, y, _ in maps.gain_boundaries(QUICK["mae"], visible)}
    assert lines == pytest.approx(
        {
            "grows above (one feature)": 1.5 ** (1 / 3),
            "diverges above (one feature)": 1.5,
            "grows above (both views in one kernel)": 1.25 ** (1 / 3),
            "diverges above (both views in one kernel)": 1.25,
        }
    )


def test_the_edge_of_the_initial_scale_is_where_its_condition_turns():
    regime = QUICK["teacher-student"]
    ((_, edge, _),) = maps.scale_boundary(regime, np.array([0.3, 0.6]))

    def holds(scale):
        p = maps.replace(regime, init_scale=scale)
        return next(c.holds for c in maps.assumptions.conditions(p) if c.id == "initial scale")

    assert edge[0] == edge[1]
    assert holds(0.999 * edge[0])
    assert not holds(1.001 * edge[0])


def test_cells_of_a_map_meet_halfway():
    edges = maps._edges([1.0, 4.0, 16.0])
    assert edges[4.0] == pytest.approx((2.0, 8.0))
    assert edges[1.0] == pytest.approx((0.5, 2.0))
    assert edges[16.0][1] == pytest.approx(32.0)


def test_a_map_draws_every_cell_of_its_plan(tmp_path, monkeypatch):
    write_plan(tmp_path, PLAN)
    monkeypatch.setattr(maps, "preset_folder", lambda: tmp_path)
    own = maps.MapFigure(
        "plan",
        "a map",
        "theta",
        "sigma_0",
        "claim",
        maps.scale_boundary,
        {"T1.capture": "capture"},
        "What is seen.",
    )
    store = Store(tmp_path / "records")
    rows = own.gather(Study({}, "a", lambda requests: collect(requests, Machine("cpu", 1), store)))
    assert [(r["theta"], r["sigma_0"]) for r in rows] == [
        (a, b) for a in (0.3, 0.7) for b in (0.02, 0.08)
    ]
    assert {row["measured"] for row in rows} <= {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    figure, flat = own.draw(rows)
    cells = [row for row in flat if not row["line"]]
    assert len(cells) == len(figure.axes[0].patches) == 4
    assert [row["successes"] for row in cells] == [row["successes"] for row in rows]
    assert any("initial scale" in row["line"] for row in flat)


PLAN = """
preset = "tiny.toml"
claims = ["T1.capture"]
frameworks = ["teacher-student"]
[grid]
theta = [0.3, 0.7]
sigma_0 = [0.02, 0.08]
"""
