"""CMP.init on runs that are known: the gain over supervised learning at larger inits."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.explanation import initial_scale as claim
from mrpverify.claims.laws.foretold import Foretold
from mrpverify.judge.verdicts import Verdict
from mrpverify.regime import load_preset

MAE = load_preset("quick").regimes["mae"]
SEEDS = 24
LOST = {0.5: 0.09, 1.0: 0.05, 2.0: 0.01}
"""What supervised learning loses at every growth, and 0.14 at the preset's init."""


def said(parameters, runs, scale=1.0):
    """The flow's word in these tests."""
    growth = float(runs.attrs["growth"])
    lost = LOST[growth] if scale == 1.0 else 0.14
    views = np.ones((SEEDS, 8, 2))
    return Foretold(np.full(SEEDS, 1 - lost), views, views, np.ones((SEEDS, 8, 2, 1)))


def answers(lost, growth):
    """A run that errs on so many of 200 single-view images, half of one up or down by seed."""
    number = np.full((SEEDS, 1, 1, 3), 100)
    right = number.copy()
    errors = np.round(200 * lost + 2 * np.random.default_rng(1).standard_normal(SEEDS))
    right[..., 1] -= np.clip(errors, 0, 100).astype(int)[:, None, None]
    shape, pairs = ("seed", "law", "class", "shown"), ("seed", "kernel", "feature")
    nothing = np.zeros((SEEDS, MAE.kernels, MAE.features))
    return xr.Dataset(
        {
            "test_correct": (shape, right), "test_number": (shape, number),
            "final_correlations": (pairs, nothing), "crossing_time": (pairs, nothing + np.inf),
        },
        coords={"law": ["in distribution"]},
        attrs={"growth": growth},
    )  # fmt: skip


def runs_with(lost):
    """All legs, pretraining right on every image."""
    runs = {}
    for growth in claim.GROWTHS:
        runs[claim._encoder(growth)] = answers(0.0, growth)
        runs[claim._tuned(growth)] = answers(-1.0, growth)
        runs[claim._scratch(growth)] = answers(lost(growth), growth)
    return runs


def test_a_gain_as_foretold_is_told_from_two_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "foretell", said)
    found = claim.measure(MAE, runs_with(LOST.get))
    assert found.measured is Verdict.SUPPORTED
    assert all(row["rival_excluded"] for row in found.details["numbers"])
    ends = found.details["ends"]
    assert ends["condition"] < ends["condition, sides equal"] < ends["gain measured"]
    assert ends["gain foretold"] == pytest.approx(ends["gain measured"], rel=0.1)
    exchanged = claim.OTHER_SCALE.look(MAE, runs_with(LOST.get))
    assert claim.measure(MAE, exchanged).measured is Verdict.REFUTED


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(lambda growth: 0.14, id="the same gain from every init"),
        pytest.param(lambda growth: LOST[growth] * (growth < 1), id="it ends with the condition"),
    ],
)
def test_the_rivals_are_refuted(lost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "foretell", said)
    assert claim.measure(MAE, runs_with(lost)).measured is Verdict.REFUTED


def test_where_a_gain_ends() -> None:
    scales = np.array([0.1, 0.2, 0.4])
    assert claim.falls_to(scales, np.array([0.10, 0.04, 0.0])) == pytest.approx(0.2 * 2**0.5)
    assert claim.falls_to(scales, np.array([0.10, 0.02, 0.0])) == pytest.approx(0.2)
    assert claim.falls_to(scales, np.array([0.10, 0.05, 0.03])) is None
    assert claim.falls_to(scales, np.array([0.01, 0.05, 0.0])) is None


def test_scales_are_those_of_the_condition() -> None:
    legs = claim.legs(MAE)
    assert len(legs) == 9
    first = legs[claim._scratch(claim.GROWTHS[0])].parameters
    assert first.init_scale == legs[claim._encoder(claim.GROWTHS[0])].parameters.init_scale
    ratio = first.init_scale / legs[claim._tuned(2.0)].parameters.init_scale
    assert ratio == pytest.approx(claim.GROWTHS[0] / 2)
    assert "0.13" in claim.predict(MAE)
    with pytest.raises(ValueError, match="no initial scale"):
        claim.legs(replace(MAE, power=2))
