"""Several steps of loud kernels between two looks at all: each as one by one, and within reach."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.objectives.mae import gradient as mae
from mrpverify.parameters import Parameters
from mrpverify.records import collect
from mrpverify.records.labelled import Request
from mrpverify.regime import load_preset
from mrpverify.simulate import compiled, walking
from mrpverify.simulate.batches import activations, always_alone
from mrpverify.simulate.chebyshev import (
    INSIDE,
    MOST_STAGES,
    NO_NUMBER,
    RADIUS_MARGIN,
    STEPS_PER_RADIUS,
    THIRD_ORDER,
    Chebyshev,
    stage_limit,
)
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.flow import Field
from mrpverify.simulate.objective import Walk
from mrpverify.simulate.partitioned import Chosen, Partitioned, Stiff
from mrpverify.simulate.sample import sample_images, sample_weights
from mrpverify.simulate.walking import CONTROL, MOST, Walking, in_turn
from tests.simulate import test_partitioned
from tests.simulate.test_partitioned import START, STIFFNESS, competition, exact, loud, until

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
CONTROLS = {
    "few stages": (0.5, 1.0, 1.0, 99.0),
    "many stages": (2.0, 20.0, 1e3, 99.0),
    "to the end": (0.5, 3.0, 1e-1, 1.2),
    "rejected": (40.0, 1.0, 1e-6, 99.0),
}
"""The step, lambda, the tolerance and the time left."""


def near_a_state(p):
    """Of a seed with captured kernels and others: loud kernels, their flow and its stiff part."""
    images, weights = sample_images(p, "stages", [0]), 3 * sample_weights(p, "stages", [0])
    weights[:, :5] += p.linear_from * images.features[:, :5]
    if p.precision == "float32":
        images, weights = images.to("cpu", torch.float32), weights.float()
    field = Field(p, images, mae.initial_state(p, weights, "stages", [0]))
    solver = field.integrator()
    chosen = solver._grouped(solver._loud(solver.state))
    index = chosen.unsqueeze(2).expand(-1, -1, solver.state.shape[2])
    y, f = (x.gather(1, index) for x in (solver.state, solver.flow))
    return y, f, field._stiff(mae.inner_direction, y, chosen)


@given(
    push=st.floats(1e-3, 1e3), longer=st.sampled_from([1.0, 1.0 + 1e-6, 1.5, 30.0]),
    error=st.sampled_from([0.0, 1e-7, 0.01, 0.5, 1.0, 1.0001, 1.5, 2.5, 100.0, NO_NUMBER]),
    stiffness=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_the_next_step_is_one_rule_in_three_places(push, longer, error, stiffness):
    """Tensors, numbers and compiled; after a step that was rejected a shorter one is tried."""
    step = push * longer

    def clock(value: float) -> torch.Tensor:
        return torch.full((1, 1), value, dtype=torch.float64)

    solver = Chebyshev(lambda y, kernels: torch.zeros_like(y), torch.ones(1, 1, 1).double(), 1.0,
                       own_clocks=False)  # fmt: skip
    solver.step, solver.radius = clock(step), clock(stiffness / RADIUS_MARGIN)
    solver._estimate = lambda *given: torch.full((1, 1, 1), error, dtype=torch.float64)
    here = torch.ones(1, 1, dtype=torch.bool)
    solver._judge(here, clock(push), solver.state, solver.flow, solver._every)
    found = walking._next_step(push, step, error, stiffness)
    assert found == pytest.approx(float(solver.step), rel=1e-9)
    asked = np.array([0.0, 0.0, 0.0, 0.0, *CONTROL])
    assert found == pytest.approx(
        compiled._next_step(push, step, error, stiffness, asked), rel=1e-12
    )
    if error > 1:
        assert found <= 0.9 * push
    elif longer > 1:
        edge = INSIDE * stage_limit(THIRD_ORDER) / stiffness
        assert found >= (edge if push <= edge < step else step) * (1 - 1e-12)


@pytest.mark.parametrize("choosing", [0, 10**9], ids=["some patches", "all patches"])
@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_steps_at_once_lead_where_those_in_turn_do(
    regime, assert_same, monkeypatch, variant, control, choosing
):
    monkeypatch.setattr(mae, "WORTH_CHOOSING", choosing)
    p = replace(regime("mae"), kernels_per_class=8, **variant)
    y, f, stiff = near_a_state(p)
    asked = (*CONTROLS[control], *CONTROL)
    found, expected = stiff.steps(y, f, asked, 3), in_turn(stiff.derivative, y, f, asked, 3)
    within = 1e-4 if p.precision == "float32" else 1e-9
    assert found.stages.tolist() == expected.stages.tolist()
    assert len(found.stages) in {"to the end": {2}, "rejected": {0}}.get(control, {2, 3})
    assert found.step == pytest.approx(expected.step, rel=within)
    assert found.error == pytest.approx(expected.error, rel=within)
    for name in ("ends", "flows", "lengths") if len(found.stages) else ():
        assert_same(getattr(found, name), getattr(expected, name), within=within)


def test_a_seed_in_a_batch_has_no_steps_at_once(regime):
    p = regime("mae")
    images, weights = sample_images(p, "stages", [0, 1]), sample_weights(p, "stages", [0, 1])
    state = mae.initial_state(p, weights, "stages", [0, 1])
    assert mae.inner_direction(p, state, images).steps is None


def walking_solver(tolerance=1e-3):
    return Walking(competition, START.clone(), tolerance, loud)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-5])
def test_the_error_follows_the_tolerance(tolerance):
    """As of steps one by one (`test_partitioned`), by in a closed form."""
    solver = walking_solver(tolerance)
    until(solver, 2.0)
    error = (solver.state / exact(START, 2.0) - 1).abs()[0, :, 0]
    assert float(error[:4].max()) < 3 * tolerance
    assert float(error[4:].max()) < tolerance**0.5
    assert float(solver.time) == 2.0


def beside(y, kernels):
    """Four kernels share a target (`test_partitioned`), and twenty grow slowly, each alone."""
    rates = test_partitioned.RATES[kernels].unsqueeze(2)
    few = kernels.unsqueeze(2) < 4
    left = STIFFNESS - STIFFNESS * torch.where(few, y, 0.0).square().sum(1, keepdim=True)
    return y * torch.where(few, rates + left, 0.1 * rates)


def known_beside(time):
    """Their closed form [1, 24, 1]."""
    shared = exact(torch.where(torch.arange(24).view(1, 24, 1) < 4, START, 0.0), time)
    grown = START * torch.exp(0.1 * time * test_partitioned.RATES.view(1, 24, 1))
    return torch.where(torch.arange(24).view(1, 24, 1) < 4, shared, grown)


def test_pieces_join_and_follow_the_closed_form():
    """From the first to the last: times, lengths, states and flows at both ends."""
    solver = Walking(beside, START.clone(), 1e-4, loud)
    every, numbers, time, state = torch.arange(24).unsqueeze(0), [], 0.0, START
    while float(solver.time) < 2.0:
        if not bool(solver.advance(solver.time < 2.0, torch.full_like(solver.time, 2.0))):
            assert solver._pieces is None or solver.pieces() == []
            continue
        pieces = solver.pieces()
        numbers.append(len(pieces))
        for piece in pieces:
            assert torch.equal(piece.before, state)
            assert float(piece.time) == pytest.approx(time + float(piece.length), rel=1e-12)
            known = known_beside(float(piece.time))
            torch.testing.assert_close(piece.after, known, rtol=1e-3, atol=0.0)
            flow = beside(piece.after, every)
            torch.testing.assert_close(piece.flow_after, flow, rtol=1e-3, atol=0.02)
            time, state = float(piece.time), piece.after
        assert torch.equal(state, solver.state)
        assert torch.equal(pieces[-1].flow_after, solver.flow)
    assert 4 <= max(numbers) <= MOST
    assert float(solver.time) == 2.0


def test_looks_at_all_kernels_are_fewer_than_steps():
    computed = []

    def counted(y, kernels):
        computed.append(y.shape[1])
        return beside(y, kernels)

    until(Walking(counted, START.clone(), 1e-4, loud), 2.0)
    looks = computed.count(START.shape[1])
    computed.clear()
    until(Partitioned(counted, START.clone(), 1e-4, loud), 2.0)
    assert looks < 0.8 * computed.count(START.shape[1])


def weighed(error_beside, lengths, walk_error=0.5, most=4):
    """A solver to which steps of these lengths were given, after a look that found an error."""
    solver = walking_solver()
    solver._most, number = most, len(lengths)
    kernels = torch.arange(24).unsqueeze(0)
    chosen = Chosen(loud(START).unsqueeze(2), kernels.unsqueeze(2), loud(START).unsqueeze(2))
    walk = Walk(
        START.expand(number, -1, -1) * 1.01, 0.0 * START.expand(number, -1, -1),
        torch.tensor(lengths, dtype=torch.float64), torch.full((number,), 4), 0.7, walk_error,
    )  # fmt: skip
    solver._error_beside = lambda *given: error_beside
    solver._pieces, solver._age = [], torch.full_like(solver._age, 3)
    accepted = solver._weigh(walk, chosen, torch.full((1, 1), 9.0, dtype=torch.float64))
    return accepted, solver


@pytest.mark.parametrize(
    ("error", "lengths", "most"),
    [(0.02, [0.1, 0.1], 2), (0.005, [0.1, 0.1], 3), (1e-12, [0.1] * 2, 3), (0.08, [0.1] * 4, 2),
     (0.9, [0.1] * 2, 1), (1e-12, [0.1] * 6, 6)],
)  # fmt: skip
def test_how_many_steps_come_next_follows_from_the_error_beside(error, lengths, most):
    accepted, solver = weighed(error, lengths)
    assert accepted
    assert solver._most == most
    assert float(solver.time) == pytest.approx(sum(lengths))
    assert float(solver.previous[0]) == pytest.approx(sum(lengths))
    assert float(solver.step) == 0.7
    assert int(solver._age) == 3 + len(lengths)


@pytest.mark.parametrize(
    ("walk_error", "age"), [(1.0, 5), (1.0001, STEPS_PER_RADIUS), (3.0, STEPS_PER_RADIUS)]
)
def test_steps_after_which_one_was_rejected_are_taken_and_the_radius_is_looked_at(walk_error, age):
    accepted, solver = weighed(0.02, [0.1, 0.1], walk_error=walk_error)
    assert accepted
    assert int(solver._age) == age


def test_no_step_has_more_stages_than_there_are_weights_for():
    """However stiff and however far away the end is; the first look comes after one step."""
    y = torch.ones(1, 1, 1, dtype=torch.float64)
    for stiffness in (3.0, 400.0):
        control = (1e6, stiffness, 1e9, 1e9, *CONTROL)
        found = in_turn(lambda x, _, rate=stiffness: -rate * x, y, -stiffness * y, control, 1)
        assert found.stages.tolist() == [MOST_STAGES]
        longest = INSIDE * (MOST_STAGES**2 - 1) / 1.54 / stiffness
        assert found.lengths.tolist() == pytest.approx([longest], rel=1e-12)
    assert Walking._most == 1


def test_activations_are_images_times_patches_times_what_is_wider():
    """2 patches for each own view and for three features of other classes, or for 3 s of them."""
    p = Parameters(images=10, patches=8, classes=5, kernels_per_class=3, dimension=20,
                   patches_per_feature=2, views=2, off_class=0.4)  # fmt: skip
    assert activations(p) == 10 * 10 * 20
    assert activations(replace(p, kernels_per_class=6)) == 10 * 10 * 30
    assert activations(replace(p, off_class=1.5)) == 10 * 13 * 20
    assert activations(replace(p, patches=14)) == 10 * 14 * 20


def test_what_is_too_far_off_beside_is_tried_again_with_half_as_many_steps():
    accepted, solver = weighed(1.5, [0.1, 0.2, 0.1, 0.1])
    assert not accepted
    assert (float(solver.time), solver._most, solver.pieces()) == (0.0, 2, [])
    assert torch.equal(solver.state, START)
    assert float(solver.step) == pytest.approx(0.1)
    assert int(solver.nowhere) == 0


def test_one_step_that_is_too_far_off_beside_becomes_shorter():
    accepted, solver = weighed(8.0, [0.1])
    assert not accepted
    assert float(solver.step) == pytest.approx(0.1 * 0.8 / 2)
    accepted, solver = weighed(NO_NUMBER, [0.1])
    assert not accepted
    assert float(solver.step) == pytest.approx(0.01)
    assert int(solver.nowhere) == 1


@pytest.mark.parametrize(("error", "nowhere"), [(2.0, 0), (NO_NUMBER, 1)])
def test_where_the_first_step_is_rejected_nothing_has_moved(error, nowhere):
    accepted, solver = weighed(0.0, [], walk_error=error)
    assert not accepted
    assert (float(solver.time), int(solver.nowhere), float(solver.step)) == (0.0, nowhere, 0.7)
    assert int(solver._age) == STEPS_PER_RADIUS


def test_steps_in_turn_that_lead_to_no_number_are_not_taken():
    y = torch.ones(1, 2, 3, dtype=torch.float64)
    found = in_turn(lambda x, _: x * torch.nan, y, y, (1.0, 1.0, 1e-3, 9.0, *CONTROL), 3)
    assert len(found.lengths) == 0
    assert found.error * 1e-3 == NO_NUMBER


@given(
    st.integers(16, 2000), st.integers(8, 40), st.integers(2, 12), st.integers(2, 20),
    st.integers(1, 40), st.floats(0.0, 2.0),
)  # fmt: skip
def test_a_seed_that_walks_is_alone_in_its_batch(images, patches, classes, m, more, off):
    """Or its numbers would depend on what else is missing."""
    p = Parameters(
        framework="mae", images=images, patches=patches, classes=classes, kernels_per_class=m,
        dimension=2 * classes + more, off_class=off,
    )  # fmt: skip
    group = [Request(p, "a", seed) for seed in range(8)]
    parts = collect._split(group, collect.Machine("cpu"))
    assert always_alone(p) == (max(map(len, parts)) == 1)


def test_a_preset_walks_on_a_cpu_and_a_small_law_does_not(regime):
    for p, kind in ((load_preset("quick").regimes["mae"], Walking), (regime("mae"), Partitioned)):
        images, weights = sample_images(p, "kind", [0]), sample_weights(p, "kind", [0])
        field = Field(p, images, mae.initial_state(p, weights, "kind", [0]))
        assert type(field.integrator()) is kind


@pytest.mark.slow
def test_a_run_that_walks_goes_where_all_kernels_go_step_by_step(passes_of_torch):
    """Preset quick to coverage of most, with the same crossings; with and without a compiler."""
    p = replace(load_preset("quick").regimes["mae"], horizon=5500.0, precision="float64")
    found = pretrain(p, "walk", [0])
    with passes_of_torch():
        plain = pretrain(p, "walk", [0])
    np.testing.assert_allclose(found.crossing_time, plain.crossing_time, rtol=1e-6)
    assert found.steps[0] == plain.steps[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mrpverify.simulate.flow.Walking",
            lambda field, state, tolerance, *_: Chebyshev(field, state, tolerance, False),
        )
        expected = pretrain(p, "walk", [0])
    crossed = np.isfinite(expected.crossing_time)
    assert crossed.sum() > 5
    np.testing.assert_array_equal(np.isfinite(found.crossing_time), crossed)
    error = np.abs(found.crossing_time[crossed] / expected.crossing_time[crossed] - 1)
    assert np.median(error) < 3 * p.tolerance
    assert error.max() < 0.01
    assert found.steps[0] < 0.4 * expected.steps[0]


def test_without_a_faster_way_the_steps_are_taken_in_turn(monkeypatch):
    """A way that is not there on this machine answers None."""
    asked = []
    solver, other = walking_solver(), walking_solver()
    other._inner = lambda state, kernels: Stiff(competition, lambda *given: asked.append(given))
    until(solver, 0.2)
    until(other, 0.2)
    assert asked
    assert torch.equal(solver.state, other.state)
    y, _, control, most = asked[0]
    assert y.shape[0] == 1
    assert control[4:] == CONTROL
    assert 1 <= most <= MOST
