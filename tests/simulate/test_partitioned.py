"""Inner stages of the loud kernels alone: order, stability, cost and what the flow must promise."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import torch

from mrpverify.objectives.mae import gradient as mae
from mrpverify.simulate.chebyshev import Chebyshev, stages_needed
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.flow import Field
from mrpverify.simulate.partitioned import GROUP, Partitioned
from mrpverify.simulate.rows import some_patches
from mrpverify.simulate.sample import sample_images, sample_weights
from tests.built_in import OBJECTIVES, instead

STIFFNESS = 200.0
RATES = torch.tensor([0.3, -0.2, 0.2, -0.3] + [0.5, -0.5] * 10, dtype=torch.float64)
START = torch.tensor([[0.5, 0.4, 0.6, 0.3] + [1e-4, 2e-4] * 10], dtype=torch.float64).unsqueeze(2)
"""Four kernels share a target that they reach at a rate of 2 x 200; twenty hardly touch it."""


def competition(y, kernels):
    """dy_k/dt = y_k (a_k + lambda - lambda sum_j y_j^2): kernels that are not there do nothing."""
    rates = RATES[kernels].unsqueeze(2)
    return y * (rates + STIFFNESS - STIFFNESS * y.square().sum(1, keepdim=True))


def exact(start, time):
    """Bernoulli: y_k e^{(a_k + lambda) t} over the root of 1 + 2 lambda int sum_j ( )^2."""
    rates = RATES.view(1, -1, 1)
    grown, faded = torch.exp(rates * time), np.exp(-STIFFNESS * time)
    area = start.square() * (grown**2 - faded**2) / (rates + STIFFNESS)
    return start * grown / (faded**2 + STIFFNESS * area.sum(1, keepdim=True)).sqrt()


def loud(state):
    return state.norm(dim=2) > 0.01


def partitioned(start, tolerance=1e-3):
    return Partitioned(competition, start.clone(), tolerance, loud)


def until(solver, end):
    for _ in range(5000):
        active = solver.time < end
        if not bool(active.any()):
            return
        solver.advance(active, torch.full_like(solver.time, end))
    raise AssertionError("the integrator does not arrive")


def at_fixed_steps(start, h, number):
    """Errors of the loud and of the calm kernels, relative, after steps of h and nine stages."""
    solver = partitioned(start)
    step = torch.full((1, 1), h, dtype=torch.float64)
    for _ in range(number):
        _, solver.state, solver.flow = solver._step(step, torch.full((1, 1), 9))
    error = (solver.state / exact(start, h * number) - 1).abs()[0, :, 0]
    return np.array([float(error[:4].max()), float(error[4:].max())])


def test_a_step_is_of_second_order():
    """On the way to the target: half the step, a quarter of the error, on loud and calm kernels."""
    errors = [at_fixed_steps(START, 0.01 / n, n) for n in (8, 16, 32)]
    np.testing.assert_allclose(np.log2(errors[0] / errors[1]), 2, atol=0.3)
    np.testing.assert_allclose(np.log2(errors[1] / errors[2]), 2, atol=0.3)


def test_steps_far_beyond_the_explicit_limit_are_stable_and_accurate():
    """h lambda = 40 on the target, for which nine stages are just enough with the margin."""
    assert int(stages_needed(torch.tensor(1.2 * 40))) == 9
    assert (at_fixed_steps(exact(START, 1.0), 0.1, 8) < 2e-3).all()


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-5])
def test_the_error_follows_the_tolerance(tolerance):
    """Of calm kernels as its root: the stiff residual drives these, too, at its full strength.

    In the masked autoencoder it does so by C/varrho less, and no difference is seen there.
    """
    solver = partitioned(START, tolerance)
    until(solver, 2.0)
    error = (solver.state / exact(START, 2.0) - 1).abs()[0, :, 0]
    assert float(error[:4].max()) < 3 * tolerance
    assert float(error[4:].max()) < tolerance**0.5


def test_calm_kernels_are_not_computed_in_inner_stages():
    computed = []

    def counted(y, kernels):
        computed.append(y.shape[1])
        return competition(y, kernels)

    solver = Partitioned(counted, START.clone(), 1e-3, loud)
    whole = Chebyshev(competition, START.clone(), 1e-3, own_clocks=False)
    until(solver, 2.0)
    until(whole, 2.0)
    assert float(solver.evaluations) < 0.6 * float(whole.evaluations)
    assert set(computed) == {GROUP, START.shape[1]}, "four are loud"
    assert computed.count(GROUP) > 2 * computed.count(START.shape[1])


def test_a_split_step_pays_for_its_loud_kernels_in_every_stage_and_once_for_all():
    """Four of 24 kernels are loud."""
    solver = partitioned(START)
    solver.measure_radius()
    before = float(solver.evaluations)
    solver._step(torch.full((1, 1), 0.1, dtype=torch.float64), torch.full((1, 1), 9))
    assert float(solver.evaluations) - before == pytest.approx(1 + 9 * 4 / 24)


def test_a_seed_does_not_feel_the_others_of_its_batch():
    """Others have more loud kernels, no stiffness yet, or have come to their end before."""
    start = torch.cat([START, START.flip(1) * 0.5, 1e-4 * START, START.clamp(min=0.15)])
    ends = torch.tensor([[2.0], [0.7], [0.01], [1.3]], dtype=torch.float64)

    def run(states, until):
        solver = partitioned(states)
        while bool((solver.time < until).any()):
            solver.advance(solver.time < until, until)
        return solver

    batch = run(start, ends)
    for seed in range(len(start)):
        alone = run(start[seed : seed + 1], ends[seed : seed + 1])
        np.testing.assert_allclose(batch.state[seed], alone.state[0], rtol=1e-9)
        assert float(batch.evaluations[seed]) == pytest.approx(float(alone.evaluations[0]))


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("decoder", ["tied-init", "independent", "tied"])
def test_a_kernel_of_zeros_is_not_there(regime, decoder, target):
    """What the masked autoencoder must promise for loud kernels to be followed alone."""
    p = replace(regime("mae"), decoder=decoder, target=target)
    images, weights = sample_images(p, "zeros", [0]), 10 * sample_weights(p, "zeros", [0])
    field = Field(p, images, mae.initial_state(p, weights, "zeros", [0]))
    state = field.layout.pack(field.fixed)
    every = torch.arange(state.shape[1]).unsqueeze(0)
    some = every[:, ::3]
    gaps = state.clone()
    gaps[:, 1::3], gaps[:, 2::3] = 0, 0
    with_gaps, without = field(gaps, every), field(state[:, ::3], some)
    torch.testing.assert_close(with_gaps[:, ::3], without, rtol=1e-9, atol=1e-12)
    assert not with_gaps[:, 1::3].any()


def test_a_masked_autoencoder_with_calm_kernels_goes_where_it_goes_without(regime):
    """To T by both, with the same correlations and crossings, at a quarter less gradients."""
    p = replace(regime("mae"), method="flow", init_scale=0.02, horizon=1500.0)
    found = pretrain(p, "calm", [0])
    whole = replace(OBJECTIVES["mae"], loud=None)
    with instead(whole):
        expected = pretrain(p, "calm", [0])
    np.testing.assert_allclose(found.final_correlations, expected.final_correlations, atol=0.01)
    crossed = np.isfinite(expected.crossing_time)
    assert crossed.any()
    np.testing.assert_array_equal(np.isfinite(found.crossing_time), crossed)
    np.testing.assert_allclose(
        found.crossing_time[crossed], expected.crossing_time[crossed], rtol=0.01
    )
    assert found.steps[0] < 0.8 * expected.steps[0]


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("masks", ["bernoulli", "fixed"])
def test_what_the_quiet_patches_do_is_not_stiff(regime, masks, target):
    """What the masked autoencoder promises of its inner flow: the rest has next to no curvature."""
    p = replace(regime("mae"), masks=masks, target=target, patches=8, visible=0.5)
    images, weights = sample_images(p, "quiet", [0]), sample_weights(p, "quiet", [0])
    captured = images.features[:, : weights.shape[1]]
    weights[:, : captured.shape[1]] += p.linear_from * captured
    state = mae.initial_state(p, weights, "quiet", [0])
    field = Field(p, images, state)
    packed = field.layout.pack(state)
    every = torch.arange(packed.shape[1]).unsqueeze(0)
    with mock.patch.object(mae, "WORTH_CHOOSING", 0):
        inner = field._stiff(mae.inner_direction, packed, every)
    whole = jacobian(lambda y: field(y, every), packed)
    rest = whole - jacobian(lambda y: inner.derivative(y, every), packed)
    assert 0 < torch.linalg.matrix_norm(rest, 2) < 0.01 * torch.linalg.matrix_norm(whole, 2)


def test_a_small_seed_keeps_all_patches(regime):
    """Its stages cost calls, not arithmetic."""
    p = replace(regime("mae"), images=3)
    images, weights = sample_images(p, "small", [0]), sample_weights(p, "small", [0])
    state = mae.initial_state(p, weights, "small", [0])
    found = mae.inner_direction(p, state, images).direction(state)
    whole, _ = mae.descent_direction(p, state, images, weights[..., 0])
    for name in whole:
        torch.testing.assert_close(found[name], whole[name], rtol=0, atol=0)


def jacobian(flow, y):
    """By central differences [y, y]."""
    step, columns = 1e-6, []
    for index in range(y.numel()):
        push = torch.zeros(y.numel(), dtype=y.dtype)
        push[index] = step
        push = push.view_as(y)
        columns.append((flow(y + push) - flow(y - push)).flatten() / (2 * step))
    return torch.stack(columns, 1)


def test_quiet_patches_are_left_out_and_the_flow_is_the_same(regime):
    p = replace(regime("mae"), method="flow", init_scale=0.02, horizon=1500.0)
    rows = []

    def counted(patches, kept, *totals):
        rows.append(float(kept.double().mean()))
        return some_patches(patches, kept, *totals)

    with (
        mock.patch.object(mae, "some_patches", counted),
        mock.patch.object(mae, "WORTH_CHOOSING", 0),
    ):
        found = pretrain(p, "quiet", [0])
    with instead(replace(OBJECTIVES["mae"], inner=None)):
        expected = pretrain(p, "quiet", [0])
    assert 0.05 < np.mean(rows) < 0.7
    np.testing.assert_allclose(found.final_correlations, expected.final_correlations, atol=0.01)
    crossed = np.isfinite(expected.crossing_time)
    np.testing.assert_array_equal(np.isfinite(found.crossing_time), crossed)
    np.testing.assert_allclose(
        found.crossing_time[crossed], expected.crossing_time[crossed], rtol=0.002
    )
    assert found.steps[0] < 1.1 * expected.steps[0]


def test_the_estimate_of_calm_kernels_is_the_error_of_the_trapezoidal_rule():
    """On flows that are quadratic in time differences are exact: h/2 (f_0 + f_1) - int f dt."""
    solver = partitioned(START)
    solver._calm = torch.ones_like(solver._calm)
    ends = np.array([0.3, 0.7, 1.5])  # of the last step and of this one, unequal
    flows = np.stack([(1 + 2 * r - 3 * r**2) * RATES.numpy() for r in ends])
    integral = sum(c / n * (1.5**n - 0.7**n) for n, c in ((1, 1), (2, 2), (3, -3)))
    expected = 0.4 * (flows[1] + flows[2]) - integral * RATES.numpy()
    before, f, flow = (torch.from_numpy(x).view(1, -1, 1) for x in flows)
    solver.previous = (torch.full((1, 1), 0.7 - 0.3, dtype=torch.float64), None, before)
    h = torch.full((1, 1, 1), 0.8, dtype=torch.float64)
    found = solver._estimate(h, START, f, START, flow)
    np.testing.assert_allclose(found[0, :, 0].abs(), np.abs(expected), rtol=1e-12)
