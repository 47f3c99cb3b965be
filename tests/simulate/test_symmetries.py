"""What must not change: rotation, order of kernels, batching, L10 (independence), L9 (balance)."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.objectives.mae import gradient as mae
from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.parameters import FRAMEWORKS
from mrpverify.simulate.descend import descend, pretrain
from mrpverify.simulate.sample import Images, sample_background, sample_images, sample_weights
from mrpverify.simulate.teaching import taught
from tests.built_in import OBJECTIVES, instead

SALT = "symmetry"
# Rounding grows with the correlations while kernels compete: 1e-16 times the growth since the
# start, over a few hundred steps. Measured distances are below 1e-10.
WITHIN = 1e-8
# Short enough for one second, long enough that kernels cross (asserted).
SHORT = {
    "teacher-student": {"horizon": 600.0, "max_steps": 4000},
    "mae": {"horizon": 300.0, "max_steps": 4000},
    "supervised": {"horizon": 80.0, "max_steps": 4000},
    "masked-supervised": {"horizon": 80.0, "max_steps": 4000},
    "distilled": {"horizon": 80.0, "max_steps": 4000},
    "contrastive": {"horizon": 10.0},
    "clustering": {"horizon": 30.0},
    "fine-tuning": {"horizon": 20.0},
}


def drawn(p, seeds):
    """Images, initial kernels and held-out background of some seeds.

    Where a run is taught, it is by kernels at random directions.
    """
    images = sample_images(p, SALT, seeds)
    if p.framework == "distilled":
        kernels = {"weights": 0.4 * sample_weights(replace(p, init_scale=1.0), "teacher", seeds)}
        answers = OBJECTIVES["distilled"].logits(p, kernels, images.patches)
        images = taught(p, images, [answers], SALT, seeds)
    return (
        images,
        sample_weights(p, SALT, seeds),
        sample_background(p, SALT, seeds, 50),
    )


def rotated(images: Images, turn: torch.Tensor) -> Images:
    return replace(images, patches=images.patches @ turn, features=images.features @ turn)


def orthogonal(dimension: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(dimension, dimension, generator=draw, dtype=torch.float64))[
        0
    ]


def assert_something_happened(trajectory) -> None:
    """Kernels moved, and some but not all pairs were crossed."""
    assert np.isfinite(trajectory.crossing_time).any()
    assert np.isinf(trajectory.crossing_time).any()
    assert not np.allclose(trajectory.final_weights, trajectory.initial_weights, rtol=0.1)


def losses(trajectory) -> np.ndarray:
    """Losses after the start, where clustering has no clusters yet."""
    return trajectory.loss[:, 1:]


@pytest.fixture(scope="session")
def assert_same_course(assert_same):
    """Everything that does not live in pixel space is the same in two trajectories."""

    def check(found, expected) -> None:
        assert_something_happened(expected)
        assert np.array_equal(found.snapshot_step, expected.snapshot_step)
        assert np.array_equal(found.steps, expected.steps)
        for name in (
            "time",
            "correlations",
            "initial_correlations",
            "final_correlations",
            "reference_correlations",
            "final_time",
            "background_response",
        ):
            assert_same(getattr(found, name), getattr(expected, name), within=WITHIN)
        assert_same(losses(found), losses(expected), within=WITHIN)
        for name in ("crossing_time", "coverage_time", "crossing_correlations"):
            one, other = getattr(found, name), getattr(expected, name)
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)

    return check


# ------------------------------------------------------------------------------- rotation


@pytest.mark.parametrize("framework", OBJECTIVES)
def test_rotating_features_data_and_init_together_changes_nothing(
    framework, regime, assert_same_course, assert_same
):
    p = regime(framework, **SHORT[framework])
    images, weights, held_out = drawn(p, [0])
    turn = orthogonal(p.dimension)
    plain = descend(p, images, weights, held_out)
    turned = descend(p, rotated(images, turn), weights @ turn, held_out @ turn)
    assert_same_course(turned, plain)
    assert_same(turned.final_weights, plain.final_weights @ turn.numpy(), within=WITHIN)
    assert_same(turned.final_decoder, plain.final_decoder @ turn.numpy(), within=WITHIN)


@pytest.mark.parametrize("framework", OBJECTIVES)
def test_rotating_the_data_alone_changes_the_course(framework, regime, assert_different):
    p = regime(framework, **SHORT[framework])
    images, weights, held_out = drawn(p, [0])
    turn = orthogonal(p.dimension)
    plain = descend(p, images, weights, held_out)
    turned = descend(p, rotated(images, turn), weights, held_out @ turn)
    assert_different(turned.final_correlations, plain.final_correlations, by=0.1)


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("decoder", ["independent", "tied"])
def test_rotation_with_the_other_decoders(decoder, target, regime, assert_same, assert_different):
    p = regime("mae", decoder=decoder, target=target, horizon=150.0, step=0.5)
    images, weights, held_out = drawn(p, [0])
    turn = orthogonal(p.dimension)
    plain = descend(p, images, weights, held_out)
    start = mae.initial_state

    def turned_start(parameters, weights, salt, seeds):
        state = start(parameters, weights, salt, seeds)
        if "decoder" in state:  # the kernels come rotated, an independent decoder does not
            state["decoder"] = state["decoder"] @ turn
        return state

    with instead(replace(OBJECTIVES["mae"], start=turned_start)):
        turned = descend(p, rotated(images, turn), weights @ turn, held_out @ turn)
    assert_same(turned.final_correlations, plain.final_correlations, within=WITHIN)
    assert_same(turned.loss, plain.loss, within=WITHIN)
    assert_same(turned.final_decoder, plain.final_decoder @ turn.numpy(), within=WITHIN)
    assert_different(plain.final_weights, plain.initial_weights)


# ------------------------------------------------------------------------ order and batch


@pytest.mark.parametrize("framework", OBJECTIVES)
def test_permuting_the_kernels_permutes_the_result(framework, regime, assert_same):
    """In supervised learning within the block of a class: the head is fixed."""
    p = regime(framework, **SHORT[framework])
    images, weights, held_out = drawn(p, [0])
    draw = torch.Generator().manual_seed(4)
    order = torch.randperm(p.kernels, generator=draw)
    if framework.endswith("supervised") or framework == "distilled":
        order = torch.cat(
            [
                block * p.kernels_per_class + torch.randperm(p.kernels_per_class, generator=draw)
                for block in range(p.classes)
            ]
        )
    assert (order != torch.arange(p.kernels)).any()
    plain = descend(p, images, weights, held_out)
    shuffled = descend(p, images, weights[:, order], held_out)
    assert_something_happened(plain)
    for name in (
        "initial_correlations",
        "final_correlations",
        "final_weights",
        "final_decoder",
        "background_response",
        "reference_correlations",
    ):
        along = getattr(plain, name)[:, order.numpy()]
        assert_same(getattr(shuffled, name), along, within=WITHIN)
    for name in ("crossing_time", "crossing_correlations"):
        along = getattr(plain, name)[:, order.numpy()]
        np.testing.assert_allclose(getattr(shuffled, name), along, rtol=1e-6, atol=1e-9)
    assert_same(losses(shuffled), losses(plain), within=WITHIN)


@pytest.mark.parametrize(
    ("framework", "changes"),
    [
        ("teacher-student", {"gain": "hold", "max_steps": 800}),
        ("teacher-student", {"gain": "ema", "tau": 1.6, "horizon": 600.0}),
        ("mae", {"max_steps": 700}),
        ("mae", {"decoder": "independent", "decoder_scale": 0.05, "horizon": 300.0}),
        ("supervised", {}),
        ("fine-tuning", {}),
        ("fine-tuning", {"encoder_step": 0.0}),
    ],
)
def test_a_batch_of_seeds_is_a_loop_over_seeds(framework, changes, regime, assert_same):
    """Patches 4, so that seeds of different P share the batch; seeds end at different steps."""
    p = regime(framework, patches=4, images=40, **changes)
    start = sample_weights(p, SALT, [0, 1, 2]) if framework == "fine-tuning" else None
    batch = pretrain(p, SALT, [0, 1, 2], start=start)
    widths = set()
    for place, seed in enumerate([0, 1, 2]):
        own = None if start is None else start[place : place + 1]
        alone = pretrain(p, SALT, [seed], start=own)
        widths.add(int(alone.patch_count[0]))
        for item in fields(alone):
            if item.name in ("snapshot_step", "time", "loss", "correlations"):
                continue
            if getattr(alone, item.name) is None:
                assert getattr(batch, item.name) is None
                continue
            one, other = getattr(batch, item.name)[place], getattr(alone, item.name)[0]
            np.testing.assert_allclose(
                one, other, rtol=1e-6, atol=1e-9, equal_nan=True, err_msg=item.name
            )
        common = np.isin(batch.snapshot_step, alone.snapshot_step)
        assert common.sum() == len(alone.snapshot_step) > 10
        for name in ("time", "loss", "correlations"):
            assert_same(getattr(batch, name)[place, common], getattr(alone, name)[0], within=1e-6)
    assert len(widths) > 1, "no seed was padded"
    assert np.isfinite(batch.crossing_time).any()


# ---------------------------------------------------------------------- L10, independence


def large_state(p, objective, seeds=(0, 1)):
    """Kernels of order 1, so that every piece of the activation is in play; and images."""
    images = sample_images(p, SALT, list(seeds))
    w = sample_weights(p, SALT, list(seeds)) / p.init_scale
    state = objective.initial_state(p, w, SALT, list(seeds))
    largest = torch.bmm(state["weights"], images.features.transpose(1, 2)).amax(2)
    return state, images, largest


@pytest.mark.parametrize("gain", ["constant", "hold", "release", "ema"])
@pytest.mark.parametrize("kept", [[3], [0, 2, 7], [5, 5, 1, 1, 1]], ids=["one", "some", "clones"])
def test_teacher_student_kernels_do_not_feel_each_other(gain, kept, regime, assert_same):
    p = regime("teacher-student", gain=gain)
    state, images, largest = large_state(p, teacher_student)
    part = {name: value[:, kept] for name, value in state.items()}
    whole, _ = teacher_student.descent_direction(p, state, images, largest)
    alone, _ = teacher_student.descent_direction(p, part, images, largest[:, kept])
    assert_same(alone["weights"], whole["weights"][:, kept])


@pytest.mark.parametrize("kept", [[3], [0, 2, 7], list(range(12)) + [0] * 5])
@pytest.mark.parametrize("decoder", ["tied-init", "tied"])
def test_mae_kernels_do_feel_each_other(kept, decoder, regime, assert_different):
    p = regime("mae", decoder=decoder)
    state, images, largest = large_state(p, mae)
    part = {name: value[:, kept] for name, value in state.items()}
    whole, _ = mae.descent_direction(p, state, images, largest)
    alone, _ = mae.descent_direction(p, part, images, largest[:, kept])
    for name in state:
        assert_different(alone[name], whole[name][:, kept], by=0.01)


def leaders_first(p, images, weights) -> torch.Tensor:
    """Kernels in falling order of their largest pre-activation, of one seed."""
    u = torch.einsum("npd,rd->npr", images.patches[0], weights[0])
    return u.amax((0, 1)).argsort(descending=True)


def test_removing_other_kernels_leaves_a_teacher_student_course_alone(regime, assert_same):
    """The leaders stay, so the common step sequence stays; it is compared first."""
    p = regime("teacher-student", **SHORT["teacher-student"])
    images, weights, held_out = drawn(p, [0])
    kept = leaders_first(p, images, weights)[:6]
    whole = descend(p, images, weights, held_out)
    part = descend(p, images, weights[:, kept], held_out)
    assert_same(part.time, whole.time, within=WITHIN)
    assert_something_happened(part)
    assert_same(part.final_weights, whole.final_weights[:, kept.numpy()], within=WITHIN)


def test_removing_the_leader_changes_a_teacher_student_course_by_its_step_alone(
    regime, assert_same
):
    """Another leader, other steps: the same flow up to an error of order eta."""
    p = regime("teacher-student", **{**SHORT["teacher-student"], "step": 0.5})
    images, weights, held_out = drawn(p, [0])
    kept = leaders_first(p, images, weights)[1:]
    whole = descend(p, images, weights, held_out)
    part = descend(p, images, weights[:, kept], held_out)
    assert whole.steps[0] != part.steps[0]
    assert np.isfinite(part.crossing_time).any()
    assert_same(part.final_weights, whole.final_weights[:, kept.numpy()], within=0.03)


def test_removing_the_leader_changes_a_mae_course(regime, assert_different):
    p = regime("mae", **SHORT["mae"])
    images, weights, held_out = drawn(p, [0])
    kept = leaders_first(p, images, weights)[1:]
    whole = descend(p, images, weights, held_out)
    part = descend(p, images, weights[:, kept], held_out)
    assert_something_happened(whole)
    assert_different(part.final_weights, whole.final_weights[:, kept.numpy()], by=0.1)


# ---------------------------------------------------------------------------- L9, balance


def balance_rates(p, scale, seed=0):
    """d/dt of ||w_r||^2 and of q ||b_r||^2 under gradient flow, at kernels of a given scale."""
    images = sample_images(p, SALT, [seed])
    draw = torch.Generator().manual_seed(seed)
    shape = (1, p.kernels, p.dimension)
    state = {
        name: scale * torch.randn(shape, generator=draw, dtype=torch.float64)
        for name in ("weights", "decoder")
    }
    move, reach = mae.descent_direction(p, state, images, torch.zeros(1, p.kernels))
    grow = {name: 2 * (state[name] * move[name]).sum(-1) for name in state}
    return grow["weights"], p.power * grow["decoder"], float(reach)


@settings(max_examples=30)
@given(
    q=st.integers(2, 4),
    theta=st.floats(0.2, 0.95),
    target=st.sampled_from(["all", "masked"]),
    bias=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_gradient_flow_conserves_the_balance_below_varrho(
    q, theta, target, bias, seed, regime, assert_same
):
    """w_r -> c w_r, b_r -> c^{-q} b_r leaves b_r a_{r,p}, and so every such loss, unchanged."""
    p = regime("mae", power=q, visible=theta, target=target, bias=bias, linear_from=1.0)
    encoder, decoder, reach = balance_rates(p, 0.25, seed)
    assert 0 < reach < p.linear_from
    assert_same(encoder, decoder)


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_balance_ends_where_the_activation_is_linear(target, bias, regime, assert_different):
    p = regime("mae", target=target, bias=bias, linear_from=0.1)
    encoder, decoder, reach = balance_rates(p, 1.0)
    assert reach > 5 * p.linear_from
    assert_different(encoder, decoder, by=0.1)


@pytest.mark.parametrize("target", ["all", "masked"])
def test_descent_drifts_off_the_balance_in_proportion_to_the_step(target, regime):
    """Up to a time before varrho: half the step, half the drift (the rule scales with eta)."""
    horizon = {"all": 70.0, "masked": 300.0}[target]
    drifts = []
    for step in (1.0, 0.5, 0.25):
        p = regime("mae", target=target, step=step, horizon=horizon, max_steps=20000)
        run = descend(p, *drawn(p, [0]))
        assert run.reached_horizon[0]
        assert 1.5 * run.initial_correlations.max() < run.final_correlations.max()
        u = torch.einsum(
            "npd,rd->npr",
            sample_images(p, SALT, [0]).patches[0],
            torch.from_numpy(run.final_weights[0]),
        )
        assert u.max() < p.linear_from
        w, b = (np.square(part).sum(-1) for part in (run.final_weights, run.final_decoder))
        start = np.square(run.initial_weights).sum(-1)
        change = (w - p.power * b) - (start - p.power * start)
        drifts.append(np.abs(change).max())
        assert drifts[-1] < 0.1 * np.abs(w - start).max()
    assert drifts[0] / drifts[1] == pytest.approx(2, rel=0.2)
    assert drifts[1] / drifts[2] == pytest.approx(2, rel=0.1)


def test_a_fused_decoder_has_no_balance_to_keep(regime):
    """tied: there is one tensor, and its norm grows alone."""
    p = regime("mae", decoder="tied")
    state, images, largest = large_state(p, mae)
    assert set(state) == set(mae.descent_direction(p, state, images, largest)[0]) == {"weights"}


def test_every_objective_is_covered_here():
    assert set(OBJECTIVES) == set(SHORT) > set(FRAMEWORKS)
