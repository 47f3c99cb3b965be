"""The figure of the explanation: the numbers written are the numbers drawn."""

import io

import matplotlib.image
import numpy as np
import pytest

from mrpverify.figures import explanation as module

RANDOM = np.random.default_rng(0)


def some(low: float, high: float = 1.0) -> np.ndarray:
    """Accuracies of a few seeds."""
    return RANDOM.uniform(low, high, module.SEEDS)


def test_every_way_scale_and_group_is_drawn_once() -> None:
    scales = [0.02, 0.13, 0.26, 0.52]
    names = (module.MASKED, module.TUNED, module.SCRATCH)
    nowhere = np.full(module.SEEDS, np.nan)
    partly = np.where(np.arange(module.SEEDS) < 3, 0.3, np.nan)
    data = module.Data(
        {name: some(0.85) for name in module.LOOKS},
        scales,
        {name: [some(0.9) for _ in scales] for name in names},
        (np.geomspace(0.02, 0.52, module.FINE), np.linspace(0.86, 1, module.FINE)),
        (0.13, 0.26),
        {module.TUNED: [some(0.9), some(0.9), partly], module.MASKED: [some(0.9), nowhere, partly]},
    )
    drawn, numbers = module.draw(data)
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=60)
    assert matplotlib.image.imread(io.BytesIO(out.getvalue())).std() > 0.05
    assert len(numbers) == len(module.LOOKS) + module.FINE + len(names) * len(scales) + 5
    ways = {row["learner"]: row["mean"] for row in numbers if row["panel"] == "ways"}
    assert ways[module.VOTE] == pytest.approx(data.ways[module.VOTE].mean())
    last = numbers[-1]
    assert (last["mean"], last["seeds"]) == (pytest.approx(0.3), 3)
    # What is printed beside a mark is its mean.
    printed = {text.get_text() for text in drawn.axes[0].texts}
    assert printed == {f"{mean:.3f}" for mean in ways.values()}
