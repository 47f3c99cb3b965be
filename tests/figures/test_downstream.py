"""Figures of what follows pretraining: the numbers written are the numbers drawn."""

import io

import matplotlib.image
import numpy as np
import pytest

from mrpverify.figures import coverage, learned_views, objectives, retention, single_view
from mrpverify.judge.intervals import mean_interval
from mrpverify.regime import load_preset

REGIMES = load_preset("quick").regimes
RANDOM = np.random.default_rng(0)


def picture(drawn):
    """The picture can be written, and is not empty."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=40)
    pixels = matplotlib.image.imread(io.BytesIO(out.getvalue()))
    assert pixels.std() > 0.05


def test_learned_views_writes_one_cell_per_seed_class_and_stage():
    module = learned_views
    cells = RANDOM.integers(0, 4, (24, 8))
    predicted = RANDOM.integers(0, 2, (24, 8))
    names = (module.SCRATCH, module.BEFORE, module.AFTER)
    rows = [module.Maps("mae", dict.fromkeys(names, cells), predicted, 0.2) for _ in range(2)]
    drawn, numbers = module.draw(rows)
    picture(drawn)
    assert len(numbers) == 2 * 3 * (cells.size + 4) + 2
    assert numbers[9]["learned"] == module.NAMES[cells[1, 1]]
    wrong = ((cells == 1) & (predicted != 0)) | ((cells == 2) & (predicted != 1))
    (crosses,) = [line for line in drawn.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses.get_xdata()) == wrong.sum() > 0


def test_retention_marks_what_is_lost():
    module = retention
    before = RANDOM.uniform(0.8, 1.2, (24, 16))
    after, control = 2 * before, 0.1 * before[:4]
    panels = [module.Panel(REGIMES[name], before, after, control) for name in ("mae", "mae")]
    drawn, numbers = module.draw(panels)
    picture(drawn)
    assert len(numbers) == 2 * (after.size + control.size)
    assert float(numbers[17]["after"]) == pytest.approx(after[1, 1], rel=1e-5)


def test_coverage_and_single_view_draw_means_with_their_intervals():
    module = coverage
    values = [RANDOM.uniform(0.8, 1, 8) for _ in module.SHARES]
    panel = module.Panel(REGIMES["mae"], values, values, values, values[0])
    drawn, numbers = module.draw([panel, panel])
    picture(drawn)
    row = next(r for r in numbers if r["x"] == 0.625 and r["curve"].startswith("all"))
    assert row["mean"] == pytest.approx(values[1].mean())
    assert (row["low"], row["high"]) == pytest.approx(mean_interval(values[1]))
    module = single_view
    curves = {
        name: [RANDOM.uniform(0, 0.1, 8) for _ in curve.shares]
        for name, curve in module.CURVES.items()
    }
    drawn, numbers = module.draw([module.Panel(REGIMES["mae"], curves, curves)] * 2)
    picture(drawn)
    law = [r for r in numbers if "L12)" in str(r["curve"])]
    assert law[0]["mean"] == pytest.approx(0.01 * 0.1508, rel=1e-3)


def test_objectives_draw_every_row():
    module = objectives
    score = {"mean": 0.9, "interval": [0.85, 0.95]}
    names = ("teacher-student", "mae", "contrastive", "clustering", "untrained")
    heads = [f"{h}, {k}" for h in ("linear probe", "fine-tuned") for k in module.SCORES]
    rows = [
        {"objective": name, "held": 3.0, "class_pure": 2.0, **dict.fromkeys(heads, score)}
        for name in names
    ]
    rows.append({"objective": "supervised", "held": 2.0, "class_pure": 2.0,
                 **dict.fromkeys(module.SCORES, score)})  # fmt: skip
    drawn, numbers = module.draw(module.Table(16, rows))
    picture(drawn)
    assert len(numbers) == 6 * (2 + 4)
    assert {n["objective"] for n in numbers} == {*names, "supervised"}
