"""A step of teacher-student kernels in one loop: the same as stage by stage, on the same clocks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.flow import Field
from mrpverify.simulate.sample import sample_images, sample_weights


@pytest.fixture(autouse=True)
def _alone(request, monkeypatch):
    """A small regime is none that is trained alone."""
    if "small" not in request.node.name:
        monkeypatch.setattr(teacher_student, "always_alone", lambda p: True)


VARIANTS = [
    {},
    {"gain": "constant", "tau": 1.3},
    {"hold_width": 0.3, "amplification": 50.0},
    {"masks": "fixed", "patches": 8, "visible": 0.5},
    {"power": 4, "linear_from": 0.5},
    {"precision": "float32"},
]


def a_solver(p, course=True):
    """Of one seed with captured kernels, some near varrho, and others."""
    images, weights = sample_images(p, "course", [0]), 3 * sample_weights(p, "course", [0])
    weights[:, :5] += p.linear_from * images.features[:, :5]
    weights[:, 5] = 0.99 * p.linear_from * images.features[:, 5]
    state = teacher_student.initial_state(p, weights.to(images.patches), "course", [0])
    if p.precision == "float32":
        images = images.to("cpu", torch.float32)
        state["weights"] = state["weights"].float()
    field = Field(p, images, state)
    field.course = field.course if course else None
    return field.integrator()


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_step_leads_where_its_stages_do(regime, assert_same, variant):
    """Clocks with three stages, with many and at rest."""
    p = replace(regime("teacher-student"), method="flow", kernels_per_class=8, **variant)
    kernels = torch.arange(p.kernels)
    stages = torch.where(kernels % 3 == 0, 3, torch.where(kernels % 3 == 1, 9, 0)).unsqueeze(0)
    h = torch.where(stages > 0, 0.3 + 0.1 * kernels, 0.0).double()
    fast, slow = a_solver(p), a_solver(p, course=False)
    within = 1e-4 if p.precision == "float32" else 1e-12
    assert_same(fast.flow, slow.flow, within=within)
    slow.flow = fast.flow
    chosen, state, flow = fast._step(h, stages)
    other, expected, there = slow._step(h, stages)
    assert torch.equal(chosen, other)
    assert chosen.shape[1] < p.kernels, "some rest"
    assert_same(state, expected, within=within)
    assert_same(flow, there, within=within)
    torch.testing.assert_close(fast.evaluations, slow.evaluations)
    assert not torch.equal(state, fast._take(fast.state, chosen))


def test_a_run_is_the_same_by_either(regime, passes_of_torch):
    p = replace(regime("teacher-student"), method="flow", hold_width=0.2)
    found = pretrain(p, "course", [0])
    with passes_of_torch():
        expected = pretrain(p, "course", [0])
    assert found.steps[0] == expected.steps[0]
    crossed = np.isfinite(expected.crossing_time)
    assert crossed.any()
    np.testing.assert_allclose(found.crossing_time[crossed], expected.crossing_time[crossed], 1e-6)
    np.testing.assert_allclose(found.final_correlations, expected.final_correlations, atol=1e-8)


@pytest.mark.parametrize(
    "variant",
    [{"gain": "ema", "method": "descent"}, {"gain": "release", "method": "descent"},
     {"stop_gradient": False}],
    ids=str,
)  # fmt: skip
def test_what_a_loop_does_not_know_it_does_not_take(regime, variant):
    """Gains that follow what has been, a teacher of its own, a gradient through it."""
    p = replace(regime("teacher-student"), **variant)
    images, weights = sample_images(p, "course", [0]), sample_weights(p, "course", [0])
    state = teacher_student.initial_state(p, weights, "course", [0])
    assert teacher_student.course(p, state, images) is None


def test_seeds_of_a_batch_go_stage_by_stage(regime):
    p = regime("teacher-student")
    images, weights = sample_images(p, "course", [0, 1]), sample_weights(p, "course", [0, 1])
    state = teacher_student.initial_state(p, weights, "course", [0, 1])
    assert teacher_student.course(p, state, images) is None


def test_a_frozen_encoder_answers_once(regime, monkeypatch):
    """Its outputs are known to every evaluation of the flow; a trained one answers anew."""
    from mrpverify.objectives.fine_tuning import gradient as fine_tuning

    asked = []
    plain = fine_tuning.outputs
    monkeypatch.setattr(fine_tuning, "outputs", lambda *given: asked.append(given) or plain(*given))
    for step, times in ((0.0, 1), (0.5, 0)):
        p = replace(regime("fine-tuning"), method="flow", encoder_step=step)
        images, weights = sample_images(p, "course", [0]), sample_weights(p, "course", [0])
        state = fine_tuning.initial_state(p, weights, "course", [0])
        asked.clear()
        field = Field(p, images, state)
        packed = field.layout.pack(state)
        every = torch.arange(packed.shape[1]).unsqueeze(0)
        for _ in range(3):
            flow = field.layout.unpack(field(packed, every))
        assert len(asked) == times
        expected, _ = fine_tuning.descent_direction(p, dict(state), images, weights[..., 0])
        for name, value in flow.items():
            torch.testing.assert_close(value, expected[name])


def test_a_small_regime_is_trained_in_batches_and_goes_stage_by_stage(regime):
    p = regime("teacher-student")
    images, weights = sample_images(p, "course", [0]), sample_weights(p, "course", [0])
    assert teacher_student.course(p, {"weights": weights}, images) is None
    large = load_preset("quick").regimes["teacher-student"]
    images, weights = sample_images(large, "course", [0]), sample_weights(large, "course", [0])
    assert teacher_student.course(large, {"weights": weights}, images) is not None
