"""The stages of a masked autoencoder's stiff step in one loop: the same as one after the other."""

from dataclasses import replace

import pytest
import torch

from mrpverify.objectives.mae import gradient as mae
from mrpverify.simulate import partitioned
from mrpverify.simulate.chebyshev import THIRD_ORDER, coefficients
from mrpverify.simulate.flow import Field
from mrpverify.simulate.objective import Nearby
from mrpverify.simulate.sample import sample_images, sample_weights


def a_step(p, count, h=2.0):
    """Of a seed with captured kernels and others: the solver, its loud kernels, and their step."""
    images, weights = sample_images(p, "stages", [0]), 3 * sample_weights(p, "stages", [0])
    weights[:, :5] += p.linear_from * images.features[:, :5]
    field = Field(p, images, mae.initial_state(p, weights, "stages", [0]))
    solver = field.integrator()
    chosen = solver._grouped(solver._loud(solver.state))
    index = chosen.unsqueeze(2).expand(-1, -1, solver.state.shape[2])
    y, f = (x.gather(1, index) for x in (solver.state, solver.flow))
    step = torch.full((1, 1), h, dtype=torch.float64)
    return solver, (y, f, step, torch.full((1, 1), count), chosen)


VARIANTS = [
    {},
    {"decoder": "tied"},
    {"decoder": "independent", "bias": False},
    {"target": "masked"},
    {"target": "masked", "decoder": "tied", "bias": False},
    {"masks": "fixed", "patches": 8, "visible": 0.5},
    {"masks": "fixed", "patches": 8, "visible": 0.5, "target": "masked"},
    {"power": 4, "linear_from": 0.5},
    {"visible": 1.0, "target": "masked"},
    {"precision": "float32"},
]


@pytest.mark.parametrize("choosing", [0, 10**9], ids=["some patches", "all patches"])
@pytest.mark.parametrize("count", [THIRD_ORDER, THIRD_ORDER + 1, 9])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_all_stages_at_once_lead_where_one_after_the_other_does(
    regime, passes_of_torch, assert_same, monkeypatch, variant, count, choosing
):
    monkeypatch.setattr(mae, "WORTH_CHOOSING", choosing)
    p = replace(regime("mae"), kernels_per_class=8, **variant)
    solver, step = a_step(p, count)
    found = solver._beside_the_calm(*step)
    with passes_of_torch():
        expected = solver._beside_the_calm(*step)
    assert not torch.equal(expected, step[0])
    assert_same(found, expected, within=1e-5 if p.precision == "float32" else 1e-12)


def test_a_stage_forgotten_would_be_seen(regime, passes_of_torch):
    solver, (y, f, h, stages, chosen) = a_step(regime("mae"), 9)
    found = solver._beside_the_calm(y, f, h, stages, chosen)
    with passes_of_torch():
        other = solver._beside_the_calm(y, f, h, stages - 1, chosen)
    assert float((found - other).norm() / found.norm()) > 1e-5


def test_a_seed_in_a_batch_takes_its_stages_one_after_the_other(regime):
    p = regime("mae")
    images, weights = sample_images(p, "stages", [0, 1]), sample_weights(p, "stages", [0, 1])
    state = mae.initial_state(p, weights, "stages", [0, 1])
    assert mae.inner_direction(p, state, images).stages is None


def test_what_declines_is_asked_stage_by_stage(regime, monkeypatch, assert_same):
    """A way that is not there on this machine answers None."""
    p = regime("mae")
    solver, step = a_step(p, 5)
    expected = solver._beside_the_calm(*step)
    asked = []

    def declining(y, f, table):
        asked.append(table)

    plain = mae.inner_direction
    monkeypatch.setattr(
        solver, "_inner",
        lambda y, kernels: partitioned.Stiff(Field._stiff(
            solver._derivative, lambda *given: Nearby(plain(*given).direction), y, kernels
        ).derivative, declining),
    )  # fmt: skip
    assert_same(solver._beside_the_calm(*step), expected, within=1e-12)
    (table,) = asked
    rows = torch.tensor(coefficients(5), dtype=torch.float64)
    torch.testing.assert_close(table[:, 1:3], rows[:, :2])
    torch.testing.assert_close(table[:, 3:], 2.0 * rows[:, 2:])
    torch.testing.assert_close(table[:, :3].sum(1), torch.ones(5, dtype=torch.float64))
