"""Descent: step-size rule, horizon rule, what is noted on the way, and what ends a run."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.parameters import FRAMEWORKS, Parameters, parts_of
from mrpverify.simulate.descend import descend, pretrain, step_size
from mrpverify.simulate.run import DIVERGED_AT, LEAST_STEPS
from mrpverify.simulate.sample import sample_background, sample_images, sample_weights
from mrpverify.simulate.trajectory import NEVER, SNAPSHOT_RATIO, snapshot_steps
from tests.built_in import OBJECTIVES, instead

SALT = "descent"
# Some but not all features are covered by then.
HORIZON = {"teacher-student": 600.0, "mae": 300.0, "supervised": 80.0}


def drawn(p, seeds):
    """Images, initial kernels and held-out background of some seeds."""
    return (
        sample_images(p, SALT, seeds),
        sample_weights(p, SALT, seeds),
        sample_background(p, SALT, seeds, 50),
    )


def assert_learned_something(run) -> None:
    assert np.isfinite(run.crossing_time).any()
    assert not np.allclose(run.final_weights, run.initial_weights, rtol=0.1)


@pytest.fixture(scope="module")
def finished(regime):
    """A run per framework that reached T by the rule, of two seeds that end at different steps."""
    runs = {}
    for framework in FRAMEWORKS:
        p = regime(framework, max_steps=6000)
        runs[framework] = (p, pretrain(p, SALT, [0, 1]))
        assert runs[framework][1].reached_horizon.all()
        assert len(set(runs[framework][1].steps.tolist())) == 2
    return runs


# --------------------------------------------------------------------------- step-size rule


@given(
    eta=st.floats(0.01, 10),
    varrho=st.floats(0.1, 2),
    share=st.floats(1e-2, 1),
    degree=st.integers(2, 8),
)
def test_the_step_is_eta_times_a_power_of_the_distance_to_varrho(eta, varrho, share, degree):
    p = Parameters(step=eta, linear_from=varrho)
    low, high = torch.tensor([0.3 * share * varrho]), torch.tensor([share * varrho])
    expected = eta * share ** -(degree - 2)
    # The larger of correlation and pre-activation counts, whichever it is.
    assert float(step_size(p, degree, low, high)) == pytest.approx(expected, rel=1e-5)
    assert float(step_size(p, degree, high, low)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("largest", [0.5, 0.7, 100.0])
def test_from_varrho_on_the_step_is_eta(largest):
    p = Parameters(step=3.0, linear_from=0.5)
    eta = step_size(p, 6, torch.tensor([largest]), torch.tensor([-1.0]))
    assert eta.tolist() == [3.0]
    assert eta.dtype == torch.float64


def test_the_step_exists_where_nothing_responds():
    p = Parameters()
    eta = step_size(p, 6, torch.tensor([-0.1, 0.0]), torch.tensor([-0.2, -torch.inf]))
    assert torch.isfinite(eta).all()
    assert (eta > p.step).all()


def test_every_seed_has_its_own_step():
    eta = step_size(Parameters(), 4, torch.tensor([0.05, 0.5]), torch.tensor([0.0, 0.0]))
    assert eta[0] == pytest.approx(100 * float(eta[1]), rel=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_run_is_its_steps_added_up(framework, regime, monkeypatch, assert_same):
    """Replayed step by step, in physical time and in weights."""
    p = regime(framework, horizon=HORIZON[framework])
    objective = OBJECTIVES[framework]
    run = pretrain(p, SALT, [0])
    images, weights, _ = drawn(p, [0])
    state = objective.start(p, weights.clone(), SALT, [0])
    time, steps = 0.0, 0
    while time < p.horizon:
        largest = (state["weights"] @ images.features.transpose(1, 2)).amax(2)
        move, reach = objective.direction(p, state, images, largest)
        scale = max(float(largest.max()), float(reach))
        degree = {"teacher-student": 2 * p.power, "mae": p.power + 1, "supervised": p.power}[
            framework
        ]
        eta = p.step * max(1.0, p.linear_from / scale) ** (degree - 2)
        eta = min(eta, p.horizon - time)
        for name, direction in move.items():
            state[name] = state[name] + eta * direction
        after = (state["weights"] @ images.features.transpose(1, 2)).amax(2)
        objective.after_step(p, state, after)
        time, steps = time + eta, steps + 1
    assert_learned_something(run)
    assert run.steps[0] == steps > 20
    assert run.final_time[0] == pytest.approx(time, rel=1e-12)
    assert_same(run.final_weights, state["weights"], within=1e-8)


# ----------------------------------------------------------------------------- horizon rule


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("horizon", [1.0, 123.456])
def test_a_fixed_horizon_is_hit_exactly(framework, horizon, regime):
    run = pretrain(regime(framework, horizon=horizon), SALT, [0, 1])
    assert run.final_time.tolist() == [horizon, horizon]
    assert run.reached_horizon.all()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_rule_multiplies_the_time_of_full_coverage(framework, finished):
    p, run = finished[framework]
    np.testing.assert_allclose(run.final_time, p.horizon_factor * run.coverage_time, rtol=1e-14)


def test_the_factor_is_the_one_asked_for(regime, finished):
    _, twice = finished["mae"]
    thrice = pretrain(regime("mae", horizon_factor=3.0, max_steps=6000), SALT, [0, 1])
    np.testing.assert_array_equal(thrice.coverage_time, twice.coverage_time)
    np.testing.assert_allclose(thrice.final_time, 1.5 * twice.final_time, rtol=1e-14)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_uncovered_run_ends_at_max_steps_and_says_so(framework, regime):
    run = pretrain(regime(framework, max_steps=50), SALT, [0, 1])
    assert run.steps.tolist() == [50, 50]
    assert not run.reached_horizon.any()
    assert np.isinf(run.coverage_time).all()
    assert np.isfinite(run.final_weights).all()


def test_max_steps_may_also_end_a_run_with_a_fixed_horizon(regime):
    run = pretrain(regime("mae", horizon=1e6, max_steps=30), SALT, [0])
    assert not run.reached_horizon[0]
    assert run.final_time[0] < 1e6


def test_a_run_crossed_at_the_start_is_trained_for_a_least_time(regime):
    p = regime(init_scale=3.0)
    run = pretrain(p, SALT, [0])
    assert run.coverage_time[0] == 0.0
    assert run.reached_horizon[0]
    assert run.final_time[0] == pytest.approx(LEAST_STEPS * p.step)
    assert not np.allclose(run.final_weights, run.initial_weights, rtol=0.1)


def test_a_run_that_is_never_covered_ends_at_its_deadline(regime):
    run = pretrain(regime("mae", signal=False, deadline=500.0), SALT, [0])
    assert run.coverage_time[0] == np.inf
    assert run.final_time[0] == pytest.approx(500.0)
    assert run.reached_horizon[0]


def test_a_covered_run_goes_on_past_its_deadline(regime):
    p = regime("mae")
    plain = pretrain(p, SALT, [0])
    between = (plain.coverage_time[0] + plain.final_time[0]) / 2
    late = pretrain(replace(p, deadline=float(between)), SALT, [0])
    assert late.final_time[0] == pytest.approx(plain.final_time[0])


# -------------------------------------------------------------------------------- snapshots


@given(st.integers(1, 100_000))
def test_the_snapshot_grid_is_geometric_and_a_prefix_of_longer_ones(last):
    grid = snapshot_steps(last)
    assert grid[0] == 0
    assert grid[-1] <= last < grid[-1] * SNAPSHOT_RATIO + 1
    for one, two in pairwise(grid[1:].tolist()):
        assert one < two < one * SNAPSHOT_RATIO + 1
    assert np.array_equal(grid, snapshot_steps(200_000)[: len(grid)])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_snapshots_lie_on_the_grid_and_at_the_end_of_each_seed(framework, finished):
    p, run = finished[framework]
    grid = snapshot_steps(p.max_steps)
    on_grid = grid[grid <= run.steps.max()].tolist()
    assert run.snapshot_step.tolist() == sorted({*on_grid, *run.steps.tolist()})


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_run_cut_at_max_steps_has_a_snapshot_of_its_end(framework, regime):
    run = pretrain(regime(framework, max_steps=53), SALT, [0])
    assert 53 not in snapshot_steps(53)
    assert run.snapshot_step[-1] == 53
    np.testing.assert_array_equal(run.correlations[:, -1], run.final_correlations)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_finished_seed_is_nan_in_later_snapshots_and_does_not_move(framework, finished):
    _, run = finished[framework]
    early = int(run.steps.argmin())
    for seed in (0, 1):
        within = run.snapshot_step <= run.steps[seed]
        for name in ("time", "loss", "correlations"):
            noted = getattr(run, name)[seed]
            assert np.isfinite(noted[within]).all(), name
            assert np.isnan(noted[~within]).all(), name
        last = np.flatnonzero(within)[-1]
        assert run.snapshot_step[last] == run.steps[seed]
        np.testing.assert_array_equal(run.correlations[seed, last], run.final_correlations[seed])
        assert run.time[seed, last] == run.final_time[seed]
    assert (run.snapshot_step > run.steps[early]).any(), "both seeds ended together"


def test_the_loss_of_a_snapshot_is_that_of_its_kernels_at_their_own_gains(regime):
    """A kernel beyond varrho on one feature alone has a gain that its least correlation has not."""
    p = regime(gain="hold", hold_width=0.5, max_steps=300)
    run = pretrain(p, SALT, [0, 1])
    weights = torch.from_numpy(run.final_weights)
    images = sample_images(p, SALT, [0, 1])
    state = OBJECTIVES[p.framework].start(p, weights, SALT, [0, 1])
    c = torch.from_numpy(run.final_correlations)
    assert ((c.amax(2) > p.linear_from) & (c.amin(2) < p.linear_from)).any()
    last = np.isfinite(run.loss).cumsum(1).argmax(1)
    loss, other = (
        OBJECTIVES[p.framework].loss(p, state, images, x) for x in (c.amax(2), c.amin(2))
    )
    found = run.loss[[0, 1], last]
    np.testing.assert_allclose(found, loss, rtol=1e-9)
    assert not np.allclose(found, other, rtol=1e-3)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_start_and_end_are_the_correlations_of_the_stored_weights(framework, finished, assert_same):
    p, run = finished[framework]
    for part in ("initial", "final"):
        weights = getattr(run, f"{part}_weights")
        assert_same(
            np.einsum("srd,sfd->srf", weights, run.features), getattr(run, f"{part}_correlations")
        )
    assert_same(run.initial_weights, sample_weights(p, SALT, [0, 1]))
    np.testing.assert_array_equal(run.correlations[:, 0], run.initial_correlations)
    assert (np.diff(run.time[run.steps.argmax()]) > 0).all()
    assert_learned_something(run)


# -------------------------------------------------------------------------------- crossings


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_correlations_are_noted_at_the_first_crossing_of_a_kernel(framework, finished):
    p, run = finished[framework]
    first = run.crossing_time.min(2)
    crossed = np.isfinite(first)
    assert crossed.any()
    for seed, kernel in zip(*np.nonzero(crossed), strict=True):
        at_first = run.crossing_time[seed, kernel] == first[seed, kernel]
        above = run.crossing_correlations[seed, kernel] >= p.linear_from
        np.testing.assert_array_equal(above, at_first)


def test_a_kernel_that_never_crosses_has_no_time_and_no_correlations(finished):
    _, run = finished["mae"]
    never = np.isinf(run.crossing_time).all(2)
    assert never.any()
    assert not never.all()
    assert (run.crossing_time[never] == NEVER).all()
    assert np.isnan(run.crossing_correlations[never]).all()
    assert np.isfinite(run.crossing_correlations[~never]).all()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_crossing_times_agree_with_the_snapshots(framework, finished):
    """At a snapshot before the crossing time a pair is below varrho, at the crossing it is not."""
    p, run = finished[framework]
    times = run.time[:, :, None, None]
    before = times < run.crossing_time[:, None]
    assert (run.correlations[before] < p.linear_from).all()
    at_once = times == run.crossing_time[:, None]
    assert at_once.any()
    assert (run.correlations[at_once] >= p.linear_from).all()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_coverage_is_the_last_first_crossing_of_a_feature(framework, finished):
    """In supervised learning one feature of every class is enough."""
    p, run = finished[framework]
    by_feature = run.crossing_time.min(1)
    if framework == "supervised":
        by_feature = by_feature.reshape(2, p.classes, p.views).min(2)
    np.testing.assert_array_equal(run.coverage_time, by_feature.max(1))
    assert np.isfinite(run.coverage_time).all()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_reference_correlations_are_those_at_full_coverage_where_t_is_twice_that(
    framework, finished
):
    """Every feature's best correlation is at varrho or was there before; bounded by the course."""
    p, run = finished[framework]
    for seed in (0, 1):
        first = run.crossing_time[seed].min(0)
        last = np.flatnonzero(first == run.coverage_time[seed])[0]
        assert run.reference_correlations[seed, :, last].max() >= p.linear_from
        after = run.time[seed] > run.coverage_time[seed]
        assert not np.allclose(run.reference_correlations[seed], run.final_correlations[seed])
        assert after.any()


def test_with_a_later_horizon_the_reference_is_taken_halfway(regime):
    """T/2 = 700 is past the coverage of seed 0; a run of that length ends where it was taken."""
    p = regime("mae", horizon=1400.0, step=0.5, max_steps=6000)
    long = pretrain(p, SALT, [0])
    short = pretrain(regime("mae", horizon=700.0, step=0.5, max_steps=6000), SALT, [0])
    assert long.coverage_time[0] < 700
    # The shorter run cuts its last step at 700, the longer one takes it in full.
    distance = np.abs(long.reference_correlations - short.final_correlations).max()
    assert distance < 0.01 < np.abs(long.initial_correlations - short.final_correlations).max()


# ------------------------------------------------------------------------------- divergence


@pytest.mark.parametrize("horizon", [0.0, 38.0, 1e4])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_divergence_ends_a_run_and_is_no_reached_horizon(horizon, precision, regime):
    """A constant gain far above K: every kernel in the linear regime grows without bound (L4).

    At 38 the step that diverges is also the one that ends at the horizon.
    """
    p = regime(gain="constant", tau=3.0, horizon=horizon, precision=precision)
    assert p.tau > p.gain_floor
    run = pretrain(p, "d", [1])
    assert np.abs(run.final_correlations).max() > DIVERGED_AT
    assert run.steps[0] < 100
    assert not run.reached_horizon[0]
    for name in ("final_time", "final_weights", "final_correlations", "reference_correlations"):
        assert np.isfinite(getattr(run, name)).all(), name


def test_a_step_far_too_large_for_mae_is_caught(regime):
    run = pretrain(regime("mae", step=1e6, precision="float32"), SALT, [0])
    assert not run.reached_horizon[0]
    assert run.steps[0] < 10
    assert np.isfinite(run.final_time[0])


def test_a_diverged_seed_stays_and_the_others_go_on(regime):
    p = regime(gain="constant", tau=3.0, max_steps=40)
    images, weights, held_out = drawn(p, [0, 1])
    weights[1] *= 1e-3
    both = descend(p, images, weights, held_out)
    alone = descend(p, images.select(torch.tensor([0])), weights[:1], held_out[:1])
    assert both.steps[0] == alone.steps[0] < both.steps[1]
    np.testing.assert_allclose(both.final_weights[:1], alone.final_weights, rtol=1e-8)
    assert both.final_time[0] == pytest.approx(alone.final_time[0], rel=1e-10)


# --------------------------------------------------------------------------------- controls


def test_without_amplification_no_kernel_grows(regime):
    """tau = 1 constant: -<w, grad> = -lambda sum a a' u <= 0 for every kernel."""
    run = pretrain(regime(gain="constant", tau=1.0, max_steps=300), SALT, [0, 1])
    before, after = (np.linalg.norm(w, axis=-1) for w in (run.initial_weights, run.final_weights))
    assert (after <= before * (1 + 1e-12)).all()
    assert np.isinf(run.crossing_time[run.initial_correlations < 0.5]).all()
    largest = run.correlations.max((2, 3))
    assert (np.diff(largest, axis=1) < 0).all()
    assert (largest[:, -1] < 0.1 * largest[:, 0]).all()


def test_a_gradient_through_the_teacher_makes_everything_decay(regime):
    """The same gain that makes kernels grow behind a stop-gradient."""
    grown = pretrain(regime(max_steps=300), SALT, [0, 1])
    decayed = pretrain(regime(max_steps=300, stop_gradient=False), SALT, [0, 1])
    assert (grown.final_correlations.max((1, 2)) >= 0.5).all()
    assert (decayed.final_correlations.max((1, 2)) < 0.1 * decayed.initial_correlations.max()).all()
    assert np.nanmax(decayed.loss[:, -1] / decayed.loss[:, 0]) < 0.01


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_seed_in_which_nothing_responds_stays_where_it_is(framework, regime):
    """The rule then asks for a step beyond single precision; times a zero gradient it is zero."""
    p = regime(framework, precision="float32", max_steps=3)
    images, weights, held_out = drawn(p, [0])
    run = descend(p, images, 0.0 * weights, held_out)
    # eta (varrho / 1e-12)^{D-2}, three times: degree 3 leaves one power, the others more.
    assert run.final_time[0] > (1e12 if framework == "supervised" else 1e20) / 2
    assert run.steps[0] == 3
    assert (run.final_weights == 0).all()


def test_feature_free_images_teach_no_feature(regime):
    """The same horizon as images with features, which are learned by then."""
    for framework in FRAMEWORKS:
        shown, empty = (
            pretrain(regime(framework, signal=s, horizon=HORIZON[framework]), SALT, [0])
            for s in (True, False)
        )
        assert_learned_something(shown)
        assert np.isinf(empty.crossing_time).all()


def test_mae_without_masks_and_target_masked_learns_nothing(regime):
    p = {"target": "masked", "horizon": 500.0}
    masked, unmasked = (pretrain(regime("mae", visible=v, **p), SALT, [0]) for v in (0.5, 1.0))
    assert_learned_something(masked)
    assert np.isinf(unmasked.crossing_time).all()
    assert (np.diff(unmasked.loss[0]) < 0).all()


# ---------------------------------------------------------------------- numerical quality


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("bias", [True, False])
def test_small_steps_make_the_mae_loss_fall(target, bias, regime):
    horizon = {"all": 300.0, "masked": 900.0}[target]
    run = pretrain(regime("mae", target=target, bias=bias, step=0.3, horizon=horizon), SALT, [0])
    assert_learned_something(run)
    assert (np.diff(run.loss[0]) < 0).all()
    assert run.loss[0, -1] < 0.8 * run.loss[0, 0]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_descent_converges_to_a_flow_at_first_order_in_the_step(
    framework, regime, assert_different
):
    """At one physical time before the first crossing: half the step, half the distance."""
    scale, horizon = {
        "teacher-student": (0.06, 150.0),
        "mae": (0.03, 100.0),
        "supervised": (0.06, 10.0),
    }[framework]
    ends = []
    for step in (0.4, 0.2, 0.1):
        p = regime(framework, step=step, horizon=horizon, init_scale=scale)
        run = pretrain(p, SALT, [0])
        assert np.isinf(run.crossing_time).all()
        assert_different(run.final_correlations, run.initial_correlations, by=0.05)
        ends.append(run.final_correlations)
    first, second = (np.abs(one - two).max() for one, two in pairwise(ends))
    assert first / second == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_another_step_gives_the_same_physics(framework, regime):
    """eta and eta/4: the same pairs cross in the same order, at times apart by O(eta)."""
    start = {"teacher-student": 1.0, "mae": 0.3, "supervised": 0.2}[framework]
    coarse, fine = (
        pretrain(regime(framework, step=step, horizon=HORIZON[framework]), SALT, [0])
        for step in (start, start / 4)
    )
    order = np.argsort(coarse.crossing_time.ravel(), kind="stable")[:4]
    assert np.array_equal(order, np.argsort(fine.crossing_time.ravel(), kind="stable")[:4])
    times = [run.crossing_time.ravel()[order] for run in (coarse, fine)]
    assert np.isfinite(times[0]).all()
    assert not np.array_equal(*times)
    np.testing.assert_allclose(*times, rtol=0, atol=10 * start)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_single_precision_is_close_to_double(framework, regime, assert_same):
    exact, rounded = (
        pretrain(regime(framework, precision=t, horizon=HORIZON[framework]), SALT, [0])
        for t in ("float64", "float32")
    )
    assert_learned_something(exact)
    assert rounded.final_weights.dtype == np.float32
    assert rounded.time.dtype == np.float64
    assert_same(rounded.final_weights, exact.final_weights, within=1e-3)


def test_the_held_out_response_is_the_largest_one(regime):
    p = regime("mae", horizon=100.0)
    images, weights, held_out = drawn(p, [0, 1])
    run = descend(p, images, weights, held_out)
    expected = np.einsum("snd,srd->srn", held_out.numpy(), run.final_weights).max(2)
    np.testing.assert_allclose(run.background_response, expected, rtol=1e-12)


def test_the_callers_tensors_are_left_alone(regime):
    for framework in FRAMEWORKS:
        p = regime(framework, horizon=50.0)
        images, weights, held_out = drawn(p, [0])
        before = weights.clone(), images.patches.clone()
        run = descend(p, images, weights, held_out)
        assert torch.equal(weights, before[0])
        assert torch.equal(images.patches, before[1])
        assert not np.array_equal(run.final_weights, weights.numpy())


def test_the_final_decoder_is_the_trained_one(regime):
    apart = pretrain(regime("mae", horizon=100.0), SALT, [0])
    assert not np.allclose(apart.final_decoder, apart.final_weights)
    for changes in ({"framework": "mae", "decoder": "tied"}, {"framework": "teacher-student"}):
        run = pretrain(regime(**changes, horizon=50.0, step=0.5), SALT, [0])
        np.testing.assert_array_equal(run.final_decoder, run.final_weights)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_cuda_gives_what_the_cpu_gives(framework, regime, assert_same):
    p = regime(framework, horizon=HORIZON[framework])
    here, there = (pretrain(p, SALT, [0, 1], device=device) for device in ("cpu", "cuda"))
    assert_learned_something(here)
    assert np.array_equal(there.steps, here.steps)
    assert_same(there.final_weights, here.final_weights, within=1e-6)
    np.testing.assert_allclose(there.crossing_time, here.crossing_time, rtol=1e-6)


def test_every_objective_of_the_parts_is_there_under_its_name():
    assert set(FRAMEWORKS) < set(OBJECTIVES)
    assert all(one.name == name and one.parts == parts_of(name) for name, one in OBJECTIVES.items())
    labelled = {"supervised", "masked-supervised", "distilled", "fine-tuning"}
    assert {name for name, objective in OBJECTIVES.items() if objective.labelled} == labelled


def test_what_follows_a_step_is_told_the_largest_correlation_of_each_kernel(regime):
    """Of the weights after that step, by an objective that looks at them itself."""
    p, seen = regime(max_steps=3, horizon=1e9), []
    images, weights, held_out = drawn(p, [0, 1])

    def noted(parameters, state, largest):
        correlations = torch.einsum("srd,sfd->srf", state["weights"], images.features)
        seen.append((largest.clone(), correlations))

    with instead(replace(OBJECTIVES[p.framework], after_step=noted)):
        descend(p, images, weights, held_out)
    assert len(seen) == 3
    for largest, correlations in seen:
        torch.testing.assert_close(largest, correlations.max(2).values, rtol=1e-12, atol=0)
        assert (correlations.min(2).values < largest).all()
