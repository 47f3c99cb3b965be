"""The figure of costs: everything that a way needs is counted, and the numbers are those drawn."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from mrpverify import regime
from mrpverify.claims.legs import Leg
from mrpverify.figures import cost as module
from mrpverify.figures.figure import Study
from mrpverify.records.labelled import Request


def drawn_like(accuracy: float, evaluations: float) -> module.Bought:
    """Four seeds."""
    return module.Bought(
        "", np.full(4, evaluations), np.full(4, accuracy), np.ones(4)
    )  # fmt: skip


def test_numbers_are_those_drawn() -> None:
    data = {name: [drawn_like(0.8, 100.0), drawn_like(0.9, 900.0)] for name in module.LOOKS}
    figure, numbers = module.draw(data)
    assert len(numbers) == 2 * len(module.LOOKS)
    assert {row["gradient evaluations"] for row in numbers} == {100.0, 900.0}
    assert {round(row["mean"], 6) for row in numbers} == {0.8, 0.9}
    lines = [line.get_xydata() for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    joined = [xy for xy in lines if len(xy) == 2 and xy[0][0] != xy[1][0]]
    assert len(joined) == len(module.LOOKS)


class Counted(Study):
    """Every run costs a number of its own: a power of two, so that a sum tells its parts."""

    def runs(self, leg: Leg, seeds: int) -> xr.Dataset:
        costs: dict[Request, None] = self.asked
        request = leg.request("a", 0)
        costs.setdefault(request)
        cost = 2.0 ** list(costs).index(request)
        return xr.Dataset(
            {
                "steps": ("seed", np.full(seeds, cost)),
            }
        )


def test_teachers_members_and_pretraining_are_paid_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    score: Callable[..., np.ndarray] = lambda *_: np.ones(module.SEEDS)  # noqa: E731
    monkeypatch.setattr(module, "single_view", score)
    monkeypatch.setattr(module, "multi_view", score)
    answers = (np.zeros((module.MEMBERS, module.SEEDS, 1, 8)), np.zeros((module.SEEDS, 1), int))
    monkeypatch.setattr(module, "single_view_answers", lambda *_: answers)
    study = Counted({"mae": regime("mae")}, "a", lambda _: {})
    data = module.gather(study)
    members = 2**module.MEMBERS - 1
    parts = {name: int(bought[-1].evaluations[0]) for name, bought in data.items()}
    assert parts[module.ENSEMBLE] == members
    for name in (module.TAUGHT, module.SMOOTHED, module.TUNED):
        assert bin(parts[name]).count("1") == (11 if name == module.TAUGHT else 2), name
    assert parts[module.TAUGHT] > members
    assert parts[module.TAUGHT] & members == members
    assert bin(parts[module.MASKED]).count("1") == bin(parts[module.SCRATCH]).count("1") == 1
