"""Gradient descent on a mask-expected loss: step-size rule, horizon rule, trajectory.

**Step size.** Below varrho the driving part of the loss is homogeneous of degree D in the trained
tensors (2q teacher-student, q+1 masked autoencoder), so at scale c flow and curvature shrink with
c^{D-2}. The step eta (varrho / c)^{D-2} then makes the same relative progress everywhere on the
plateau; from varrho on it is eta itself. c is the largest of all feature correlations and
pre-activations of the seed, so a kernel driven by noise is bounded as well.
Gradient flow does not care: what is recorded and compared is physical time, the sum of the steps.

**Horizon.** T = horizon_factor times the time of full coverage (every feature crossed by some
kernel), per seed, and at least LEAST_STEPS eta, so that a run in which everything is crossed at the
start is trained all the same. A seed that is not covered at the physical time ``deadline`` ends
there: T is the deadline and the seed learned too little. A fixed horizon replaces the rule; T is
hit exactly by shortening the last step. A seed that runs out of max_steps before T is stored as it
is, with neither ``reached_horizon`` nor ``diverged``: nothing is known about it at T.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..parameters import (
    Parameters,
    check_device,
    check_patches,
    check_start,
    check_teachers,
    follows_flow,
)
from .arithmetic import number_type, products_as_asked
from .flow import Field, integrate
from .masks import own_patches
from .objective import State
from .run import (
    as_computed,
    classified,
    correlate,
    diverged,
    enough_crossed,
    horizon_rule,
    objective_of,
)
from .sample import (
    NO_PATCH,
    Images,
    feature_moments,
    sample_background,
    sample_images,
    sample_weights,
)
from .teaching import TaughtImages, Teacher, taught
from .threads import one_thread
from .trajectory import NEVER, Recorder, Trajectory


def pretrain(
    parameters: Parameters,
    salt: str,
    seeds: list[int],
    device: str = "cpu",
    start: torch.Tensor | None = None,
    teachers: Sequence[Teacher] = (),
) -> Trajectory:
    """Draw data and init of the seeds and train them, on the CPU in one thread.

    `start` are kernels [seeds, kernels, dimension] to go on from (fine-tuning needs them); by
    default the initial ones are drawn. `teachers` are the networks that a distilled run learns
    from, each of every seed. Raises RegimeError for a start or teachers that are missing or do not
    fit, or masks that do not fit the images; ValueError where fewer labels exist than are asked
    for.
    """
    check_device([parameters], device)
    check_start(parameters, None if start is None else tuple(start.shape), len(seeds))
    check_teachers(parameters, [teacher.parameters for teacher in teachers])
    objective = objective_of(parameters)
    with one_thread(), products_as_asked(parameters):
        images = sample_images(parameters, salt, seeds)
        check_patches(parameters, own_patches(images.owner).tolist())
        if objective.labelled:
            images = _as_labelled(parameters, images, salt, seeds)
        if teachers:
            images = _as_taught(parameters, images, teachers, salt, seeds)
        weights = sample_weights(parameters, salt, seeds) if start is None else start
        held_out = sample_background(
            parameters, salt, seeds, parameters.images * parameters.patches_per_feature
        )
        # Masks that are drawn anew in every step have no flow.
        flow = follows_flow(parameters)
        train_from = integrate if flow else descend
        # Gradients are closed forms; what autograd keeps ready costs 7 % of a run.
        with torch.inference_mode():
            return train_from(parameters, images, weights, held_out, salt, seeds, device)


def _as_labelled(parameters: Parameters, images: Images, salt: str, seeds: list[int]) -> Images:
    """What is learned from downstream: images with a paid-for label, shuffled as a control.

    Pretraining sees all images and asks for no label.
    """
    if parameters.labels:
        images = images.first_per_class(parameters.labels, parameters.classes)
    return images if parameters.true_labels else images.with_shuffled_labels(salt, seeds)


def _as_taught(
    parameters: Parameters,
    images: Images,
    teachers: Sequence[Teacher],
    salt: str,
    seeds: list[int],
) -> TaughtImages:
    """Training images with the soft labels of the teachers, each in its own arithmetic."""
    answers = [_answers(teacher, images) for teacher in teachers]
    return taught(parameters, images, answers, salt, seeds)


def _answers(teacher: Teacher, images: Images) -> torch.Tensor:
    """A teacher's logits [seeds, images, classes], float64."""
    logits = objective_of(teacher.parameters).logits
    if logits is None:
        raise ValueError(f"framework {teacher.parameters.framework}: has no classifier.")
    patches = images.patches.to(teacher.state["weights"].dtype)
    return logits(teacher.parameters, teacher.state, patches).double()


def descend(
    parameters: Parameters,
    images: Images,
    weights: torch.Tensor,
    held_out: torch.Tensor,
    salt: str = "",
    seeds: list[int] | None = None,
    device: str = "cpu",
) -> Trajectory:
    """Train from given images [seeds, ...] and kernels [seeds, kernels, dimension].

    `held_out` [seeds, count, dimension] are background patches that T1.noise looks at.
    """
    dtype = number_type(parameters)
    run = _Run(
        parameters,
        images.to(device, dtype),
        weights.to(device, dtype),
        salt,
        seeds if seeds is not None else list(range(len(weights))),
    )
    while run.active:
        run.advance()
    return run.trajectory(held_out.to(device, dtype))


def step_size(
    parameters: Parameters, degree: int, largest: torch.Tensor, reach: torch.Tensor
) -> torch.Tensor:
    """eta (varrho / c)^{D-2} on the plateau, eta after it [seeds], float64.

    `largest` is the largest feature correlation of each seed, `reach` its largest pre-activation.
    """
    scale = torch.maximum(largest, reach).double().clamp(min=1e-12)
    return parameters.step * (parameters.linear_from / scale).clamp(min=1.0) ** (degree - 2)


class _Run:
    """One batch of seeds in training; a finished seed goes on with steps of size zero."""

    def __init__(
        self,
        parameters: Parameters,
        images: Images,
        weights: torch.Tensor,
        salt: str,
        seeds: list[int],
    ) -> None:
        self.parameters, self.images = parameters, images
        self.salt, self.seeds = salt, seeds
        self.moments = feature_moments(parameters, images)
        self.objective = as_computed(parameters)
        self.initial_weights = weights.clone()
        self.state: State = self.objective.start(parameters, weights.clone(), salt, seeds)
        self.step = 0
        self.time = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        self.steps = torch.zeros_like(self.time, dtype=torch.int64)
        self.done = torch.zeros_like(self.time, dtype=torch.bool)
        fixed = parameters.horizon if parameters.horizon > 0 else NEVER
        self.horizon = torch.full_like(self.time, fixed)
        self.correlations = correlate(self.state["weights"], self.images)
        self.recorder = Recorder(
            self.correlations, parameters.linear_from, parameters.max_steps, self._covered
        )
        self._observe()
        self._snapshot()

    @property
    def active(self) -> bool:
        """Whether any seed still has to run."""
        return self.step < self.parameters.max_steps and not bool(self.done.all())

    def advance(self) -> None:
        """One gradient step of every unfinished seed, and what is noted after it."""
        kernels = self.correlations.amax(2)
        direction, reach = self.objective.direction(
            self.parameters, self.state, self.images, kernels
        )
        eta = self._step(kernels.amax(1), reach)
        for name, move in direction.items():
            # In double: on a dead plateau eta exceeds single precision, and inf * 0 is not 0.
            self.state[name] += (eta[:, None, None] * move).to(move.dtype)
        self.time += eta
        self.step += 1
        self.steps += ~self.done
        self.correlations = correlate(self.state["weights"], self.images)
        self._follow()
        self._observe()
        ended = self._ended() & ~self.done
        last = self.step == self.parameters.max_steps
        if last or self.recorder.is_due(self.step) or bool(ended.any()):
            self._snapshot()
        self.done |= ended

    def _follow(self) -> None:
        """Renew what follows the trained tensors; what a seed ended with stays."""
        before = dict(self.state)
        self.objective.after_step(self.parameters, self.state, self.correlations.amax(2))
        for name, value in self.state.items():
            if value is not before[name]:
                self.state[name] = torch.where(self.done[:, None, None], before[name], value)

    def trajectory(self, held_out: torch.Tensor) -> Trajectory:
        """Everything noted, on the CPU as numpy arrays."""
        noted, weights = self.recorder, self.state["weights"]
        step, time, correlations, loss = noted.stacked()
        response = torch.bmm(held_out, weights.transpose(1, 2)).amax(1)
        arrays = {
            "initial_correlations": noted.initial,
            "final_correlations": self.correlations,
            "crossing_time": noted.crossing_time,
            "crossing_correlations": noted.crossing_correlations,
            "coverage_time": noted.coverage_time,
            "reference_correlations": noted.reference,
            "final_time": self.time,
            "steps": self.steps,
            "reached_horizon": (self.time >= self.horizon) & ~diverged(self.correlations),
            "diverged": diverged(self.correlations),
            "own_activity": self.moments.own_activity,
            "squared_activity": self.moments.squared_activity,
            "patch_activity": self.moments.patch_activity,
            "final_weights": weights,
            "initial_weights": self.initial_weights,
            "final_decoder": self.state.get("decoder", weights),
            "features": self.images.features,
            "background_response": response,
            "patch_count": (self.images.owner[:, 0] != NO_PATCH).sum(1),
            **self._curvature(),
            **classified(self.parameters, self.state, self.images, self.salt, self.seeds),
        }
        return Trajectory(
            snapshot_step=step,
            time=time,
            loss=loss,
            correlations=correlations,
            **{name: value.cpu().numpy() for name, value in arrays.items()},
        )

    def _curvature(self) -> dict[str, torch.Tensor]:
        """Largest |eigenvalue| of the loss's Hessian where a run ended [seeds], inf if it diverged.

        Masks that are drawn anew in every step have no loss of their own, and none of this.
        """
        if self.objective.trained is None:
            return {}
        integrator = Field(self.parameters, self.images, self.state).integrator()
        integrator.measure_radius()
        largest = integrator.radius.amax(1)
        return {"largest_curvature": largest.masked_fill(diverged(self.correlations), torch.inf)}

    def _step(self, largest: torch.Tensor, reach: torch.Tensor) -> torch.Tensor:
        """Step of each seed: the rule, cut at the horizon, zero where the seed has ended."""
        degree = self.objective.plateau_degree(self.parameters)
        eta = step_size(self.parameters, degree, largest, reach)
        return torch.minimum(eta, self.horizon - self.time).masked_fill(self.done, 0.0)

    def _observe(self) -> None:
        """Note crossings; full coverage sets the horizon where it follows the rule."""
        self.recorder.observe(self.correlations, self.time)
        if self.parameters.horizon == 0:
            self.horizon = horizon_rule(self.parameters, self.recorder.coverage_time)
        self.recorder.observe_halfway(self.correlations, self.time, self.horizon)

    def _covered(self, crossed: torch.Tensor) -> torch.Tensor:
        """Whether enough features [seeds, features] have been crossed for T to be set [seeds]."""
        return enough_crossed(self.parameters, self.moments, crossed)

    def _ended(self) -> torch.Tensor:
        """Seeds at their horizon, and seeds that diverged."""
        return (self.time >= self.horizon) | diverged(self.correlations)

    def _snapshot(self) -> None:
        """Pass a snapshot on, NaN for the seeds that had ended before this step."""
        loss = self.objective.loss(
            self.parameters, self.state, self.images, self.correlations.amax(2)
        )
        gone = self.done
        self.recorder.snapshot(
            self.step,
            self.time.masked_fill(gone, torch.nan),
            self.correlations.masked_fill(gone[:, None, None], torch.nan),
            loss.masked_fill(gone, torch.nan),
        )
