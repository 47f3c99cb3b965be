"""The stabilised integrator against closed forms and scipy: order, stability, error, clocks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from mrpverify.simulate.chebyshev import (
    FIRST_ROUNDS,
    LATER_ROUNDS,
    MOST_STAGES,
    RADIUS_MARGIN,
    THIRD_ORDER,
    Chebyshev,
    coefficients,
    stage_limit,
    stages_needed,
)


def until(solver, end):
    """Step all clocks to `end`; the number of rounds."""
    for rounds in range(20000):
        active = solver.time < end
        if not bool(active.any()):
            return rounds
        solver.advance(active, torch.full_like(solver.time, end))
    raise AssertionError("the integrator does not arrive")


def one_step(stages, z):
    """Factor by which one step of h lambda = -z multiplies y' = lambda y."""
    table = coefficients(stages)
    older, last = 1.0, 1.0 - table[0][2] * z
    for mu, nu, slope, start in table[1:]:
        new = (1 - mu - nu) + mu * last + nu * older - z * (slope * last + start)
        older, last = last, new
    return last


def test_three_stages_are_of_third_order():
    errors = [abs(one_step(3, z) - np.exp(-z)) for z in (0.04, 0.02)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1)


def test_three_stages_are_those_of_bogacki_and_shampine():
    """On y' = y^2 against their tableau: on a linear equation all of one order are alike."""
    h, y = 0.1, 1.0
    k = [y**2]
    k.append((y + h / 2 * k[0]) ** 2)
    k.append((y + 3 / 4 * h * k[1]) ** 2)
    expected = y + h * (2 / 9 * k[0] + 1 / 3 * k[1] + 4 / 9 * k[2])
    older, last = y, y + coefficients(3)[0][2] * h * k[0]
    for mu, nu, slope, start in coefficients(3)[1:]:
        new = (1 - mu - nu) * y + mu * last + nu * older + h * (slope * last**2 + start * k[0])
        older, last = last, new
    assert last == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("stages", [4, 7, 30, 120])
def test_a_step_is_of_second_order(stages):
    """Its stability polynomial is exp(-z) up to z^3: the error falls eightfold with half the z."""
    errors = [abs(one_step(stages, z) - np.exp(-z)) for z in (0.04, 0.02)]
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize("stages", [3, 4, 7, 30, 120])
def test_a_step_is_damped_up_to_its_limit_and_not_far_beyond(stages):
    inside = [abs(one_step(stages, z)) for z in np.linspace(0.1, stage_limit(stages), 400)]
    assert max(inside) < 1
    assert abs(one_step(stages, 1.2 * stage_limit(stages))) > 1


def test_the_stages_are_enough_and_not_one_too_many():
    for radius in (0.0, 0.3, 3.0, 8.0, 50.0, 4e3):
        s = int(stages_needed(torch.tensor(radius)))
        assert s == 3 or stage_limit(s - 1) <= radius
        assert stage_limit(s) >= radius


@given(st.sampled_from([THIRD_ORDER, MOST_STAGES]), st.floats(1e-8, 1e8), st.floats(-1e-4, 1e-4))
def test_rounding_decides_no_stage_of_a_step_cut_to_the_longest(stages, radius, noise):
    """The radius is measured by differences, to about 1e-8 in float64 and 1e-4 in float32."""
    state = torch.ones(1, 1, 1, dtype=torch.float64)
    solver = Chebyshev(lambda y, kernels: -y, state, 1e-3, own_clocks=False)
    solver.radius = torch.tensor([[radius]], dtype=torch.float64)
    step = solver._longest(stages)
    found = stages_needed(RADIUS_MARGIN * (1 + noise) * solver.radius * step)
    assert int(found) == stages
    assert float(step * RADIUS_MARGIN * radius) == pytest.approx(stage_limit(stages), rel=2e-3)


def stiff(y, kernels):
    """Three kernels that do not interact: a logistic growth and two stiff relaxations each."""
    rate = torch.tensor([1.0, 0.3, 2.0], dtype=y.dtype)[kernels][..., None]
    growth, slow, fast = y[..., :1], y[..., 1:2], y[..., 2:]
    return torch.cat(
        [rate * growth * (1 - growth), -20 * rate * (slow - growth), -500 * (fast - growth**2)], 2
    )


START = torch.tensor([[[0.01, 0.5, 0.2], [0.02, 0.1, 0.3], [1e-3, 0.2, 0.1]]], dtype=torch.float64)


def reference(end):
    """The same by scipy's implicit solver [kernels, 3]."""

    def flat(_, y):
        found = stiff(torch.from_numpy(y).view(1, 3, 3), torch.arange(3)[None])
        return found.flatten().numpy()

    found = solve_ivp(flat, (0, end), START.flatten().numpy(), "Radau", rtol=1e-10, atol=1e-13)
    return found.y[:, -1].reshape(1, 3, 3)


@pytest.mark.parametrize("own", [True, False])
def test_the_error_follows_the_tolerance(own):
    expected = reference(6.0)
    errors = []
    for tolerance in (1e-2, 1e-3, 1e-4):
        solver = Chebyshev(stiff, START.clone(), tolerance, own)
        until(solver, 6.0)
        errors.append(np.abs(solver.state.numpy() / expected - 1).max())
    assert errors[0] < 0.05
    assert errors[1] < 0.01
    assert errors[2] < 0.002
    assert errors[2] < errors[0] / 5


def test_stiffness_costs_its_root_and_not_itself():
    """Five hundred relaxation times a unit of time; Euler's limit is 2/500, so 1500 steps."""
    solver = Chebyshev(stiff, START.clone(), 1e-2, own_clocks=False)
    until(solver, 6.0)
    assert float(solver.evaluations) < 600
    assert float(solver.largest_radius.max()) == pytest.approx(500, rel=0.1)


def test_kernels_with_own_clocks_pay_for_themselves():
    """A kernel that rests costs next to nothing beside one that moves."""

    def flow(y, kernels):
        return torch.where(kernels[..., None] == 0, 1.0, 1e-6) * y * (1 - y)

    start = torch.full((1, 8, 1), 1e-4, dtype=torch.float64)
    together = Chebyshev(flow, start.clone(), 1e-4, own_clocks=False)
    apart = Chebyshev(flow, start.clone(), 1e-4, own_clocks=True)
    until(together, 15.0)
    until(apart, 15.0)
    np.testing.assert_allclose(apart.state, together.state, rtol=1e-3)
    assert float(apart.evaluations) < 0.4 * float(together.evaluations)


@pytest.mark.parametrize("own", [True, False])
def test_a_seed_does_not_feel_the_others_of_its_batch(own):
    starts = torch.cat([START, 3 * START, 0.2 * START])
    batch = Chebyshev(stiff, starts.clone(), 1e-3, own)
    until(batch, 3.0)
    for seed in range(3):
        alone = Chebyshev(stiff, starts[seed : seed + 1].clone(), 1e-3, own)
        until(alone, 3.0)
        np.testing.assert_allclose(batch.state[seed], alone.state[0], rtol=1e-12)
        assert float(batch.evaluations[seed]) == pytest.approx(float(alone.evaluations[0]))


def test_a_blow_up_shrinks_the_step_instead_of_passing_it():
    solver = Chebyshev(
        lambda y, kernels: y**2, torch.ones(1, 1, 1, dtype=torch.float64), 1e-3, True
    )
    for _ in range(3000):
        solver.advance(solver.time < 2.0, torch.full_like(solver.time, 2.0))
        if float(solver.state.max()) > 1e6:
            break
    assert float(solver.time) == pytest.approx(1.0, abs=1e-2)


def test_a_plateau_costs_the_logarithm_of_its_start():
    """dc/dt = c^5, as of a teacher-student kernel at q = 3: two decades of c_0, eight of time."""

    def evaluations(start):
        solver = Chebyshev(lambda y, _: y**5, torch.full((1, 1, 1), start).double(), 1e-4, True)
        until(solver, 0.999 * start**-4 / 4)
        return float(solver.evaluations)

    cost = [evaluations(start) for start in (1e-1, 1e-2, 1e-3)]
    assert abs(cost[2] - cost[1]) < 1.1 * abs(cost[1] - cost[0]) + 20


def test_every_seed_is_evaluated_at_its_own_moving_kernels():
    """Another kernel moves in each seed: hardly more kernels are computed than paid for."""
    rate = torch.full((3, 12, 1), 1e-6, dtype=torch.float64)
    rate[range(3), [1, 6, 11]] = 1.0
    computed = []

    def flow(y, kernels):
        computed.append(y.shape[0] * y.shape[1])
        return rate.gather(1, kernels.unsqueeze(2)) * y * (1 - y)

    solver = Chebyshev(flow, torch.full_like(rate, 1e-4), 1e-4, own_clocks=True)
    until(solver, 15.0)
    assert sum(computed) < 1.2 * float(solver.evaluations.sum()) * 12
    np.testing.assert_allclose(solver.state[rate == 1].max(), 0.9970, atol=2e-3)


@pytest.mark.parametrize("stages", [4, 5, 9, 30])
def test_the_first_stage_is_a_step_of_euler(stages):
    """b_1 = 1/w_0 makes a_1 = 1 - b_1 T_1(w_0) vanish: the second stage takes no F_n off."""
    first, second = coefficients(stages)[:2]
    assert second[3] == pytest.approx(0.0, abs=1e-15)
    assert first[2] > 0


@pytest.mark.parametrize("stages", [4, 5, 9, 40, 200])
def test_stages_are_enough_up_to_their_own_limit(stages):
    """`stages_needed` undoes `stage_limit`: one more from there on, none before."""
    limit = stage_limit(stages)
    around = stages_needed(torch.tensor([0.999 * limit, 1.001 * limit], dtype=torch.float64))
    assert around.tolist() == [stages, stages + 1]


def test_a_radius_that_does_not_settle_is_given_up_after_its_rounds():
    """An oscillator: a round of the power iteration multiplies by 1 or by 9, for ever."""
    oscillator = torch.tensor([[0.0, 1.0], [-9.0, 0.0]], dtype=torch.float64)
    start = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)
    solver = Chebyshev(lambda y, _: y @ oscillator.T, start, 1e-3, own_clocks=True)
    costs = []
    for _ in range(3):
        before = float(solver.evaluations)
        solver._refresh_radius(torch.ones_like(solver.time, dtype=torch.bool))
        costs.append(float(solver.evaluations) - before)
    assert costs == [FIRST_ROUNDS, LATER_ROUNDS, LATER_ROUNDS]


def test_a_radius_that_has_settled_costs_no_more_rounds():
    """One rate: the second round sees what the first one saw, and later the first does."""
    start = torch.tensor([[[1.0, 2.0]]], dtype=torch.float64)
    solver = Chebyshev(lambda y, _: -3.0 * y, start, 1e-3, own_clocks=True)
    for cost in (2, 1, 1):
        before = float(solver.evaluations)
        solver._refresh_radius(torch.ones_like(solver.time, dtype=torch.bool))
        assert float(solver.evaluations) - before == cost
        assert float(solver.radius) == pytest.approx(3.0, rel=1e-6)
