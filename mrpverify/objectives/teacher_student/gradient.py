"""Teacher-student pretraining on semantic targets (section 2): exact gradient over the mask [R, D].

    -grad = sum_p [ (hhat - h) - lambda a_p ] a'_p x_p

under Bernoulli masks, and with (hhat - h) + shared h - own a_p in the bracket under masks of fixed
size (`parts.mask_law`).
No mask is sampled and no automatic differentiation is used. A state is a dictionary of plain
tensors with seeds leading: ``weights`` [seeds, kernels, dimension]; ``teacher`` (gain "ema") the
moving average of the weights, same shape; ``released`` [seeds, kernels] who has ever crossed.
"""

from __future__ import annotations

from functools import reduce
from math import inf

import torch

from ...parameters import Parameters
from ...parts.mask_law import MaskLaw
from ...simulate.batches import always_alone
from ...simulate.encoder import back_project, cache_sized, project, smoothed_relu
from ...simulate.masks import law_of_masks
from ...simulate.objective import Course, Objective, State
from ...simulate.passes import Match, matched, possible, taught
from ...simulate.passes import largest as largest_of
from ...simulate.replay import decided
from ...simulate.sample import Images
from .options import IN_STEPS, PARTS


def trained(parameters: Parameters, state: State) -> dict[str, int]:
    """Trained tensors and their width per kernel."""
    del parameters
    return {"weights": state["weights"].shape[2]}


def plateau_degree(parameters: Parameters) -> int:
    """Degree of homogeneity of the loss in the trained tensors below varrho."""
    return 2 * parameters.power


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0 from the initial kernels."""
    del salt, seeds
    state = {"weights": weights, "released": torch.zeros_like(weights[..., 0], dtype=torch.bool)}
    if parameters.gain == "ema":
        state["teacher"] = weights.clone()
    return state


def gains(parameters: Parameters, state: State, largest: torch.Tensor) -> torch.Tensor:
    """tau of every kernel [seeds, kernels]; `largest` is its largest feature correlation now."""
    if parameters.gain == "hold":
        return _held(parameters, largest)
    tau = torch.full_like(largest, parameters.start_gain)
    if parameters.gain == "release":
        return torch.where(state["released"], 1.0, tau)
    return tau


def _held(parameters: Parameters, largest: torch.Tensor) -> torch.Tensor:
    """tau_1 up to varrho, 1 from (1 + delta_h) varrho on, geometric between [seeds, kernels].

    A kernel rests where tau is a little above 1. A straight fall passes there in a small part of
    its width, the smaller the larger tau_1; a geometric one is no steeper for a larger gain.
    """
    p = parameters
    if p.hold_width == 0:
        return torch.where(largest >= p.linear_from, 1.0, torch.full_like(largest, p.start_gain))
    # 1 - (largest/varrho - 1)/delta_h, which is 1 at varrho and 0 where the gain has fallen.
    left = torch.mul(largest, -1 / (p.linear_from * p.hold_width)).add_(1 + 1 / p.hold_width)
    return torch.pow(p.start_gain, left.clamp_(0.0, 1.0))


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad of the mask-expected loss, and the largest pre-activation of each seed [seeds].

    Computed in units of varrho, in which sReLU bends at 1.
    """
    varrho = parameters.linear_from
    tau = gains(parameters, state, largest).to(state["weights"])
    scaled: State = {name: state[name] / varrho for name in ("weights", "teacher") if name in state}
    groups = cache_sized(images.patches, tau.shape[1])
    masks = law_of_masks(parameters, images)
    match = _match(parameters, state, tau, masks)
    parts = [_direction_of(parameters, scaled, x, tau, masks, match) for x in groups]
    total = reduce(torch.add, (part for part, _ in parts))
    reach = reduce(torch.maximum, (part for _, part in parts))
    return {"weights": total.mul_(varrho / images.patches.shape[1])}, reach.amax(1) * varrho


def course(parameters: Parameters, state: State, images: Images) -> Course | None:
    """A step of one seed's kernels in one loop, where gains follow the kernels at once."""
    x, p = images.patches, parameters
    at_once = p.gain in ("hold", "constant") and _teaches_itself(p, state)
    if not at_once or not always_alone(p) or len(x) > 1 or not x.is_cpu:
        return None
    masks = law_of_masks(p, images)
    fall = 0.0 if p.gain == "constant" else inf if p.hold_width == 0 else 1 / p.hold_width
    law = (masks.own, masks.shared, p.start_gain, fall, p.linear_from, 1 / x.shape[1])
    numbers = torch.tensor([float(number) for number in law], dtype=x.dtype)

    def step(
        y: torch.Tensor, f: torch.Tensor, counts: list[int], table: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        return taught(numbers, x[0], images.features[0], counts, table, y, f, p.power)

    return step


def _direction_of(
    parameters: Parameters,
    state: State,
    patches: torch.Tensor,
    tau: torch.Tensor,
    masks: MaskLaw,
    match: Match | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed over some images for varrho = 1: -grad in w; largest u of kernels [seeds, kernels]."""
    u = project(state["weights"], patches)
    found = None if match is None else matched(u, match, parameters.power)
    signal, reach = found or _signal(parameters, state, patches, u, tau, masks)
    return back_project(signal, patches), reach


def _signal(
    parameters: Parameters,
    state: State,
    patches: torch.Tensor,
    u: torch.Tensor,
    tau: torch.Tensor,
    masks: MaskLaw,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What drives every pre-activation u of some images for varrho = 1; their largest.

    sReLU(tau u) = tau^q f(u) with f the same function, bent at 1/tau instead of 1.
    """
    q, amplified = parameters.power, tau[:, None] ** parameters.power
    reach = largest_of(u)
    a, slope = _bent(u, u.clamp(0.0, 1.0), q)
    h = a.sum(2)
    taught = h
    if decided((reach > _alike_up_to(parameters, state, tau)).any()):
        seen = project(state["teacher"], patches) if "teacher" in state else u
        cut = torch.minimum(seen, tau.reciprocal()[:, None, None]).clamp_(min=0)
        taught_a, taught_slope = _bent(seen, cut, q)
        taught = taught_a.sum(2)
    gap = (taught * amplified).sub_(h).unsqueeze(2)
    signal = _less_penalty(gap, h, a, masks).mul_(slope)
    if not parameters.stop_gradient:
        signal -= gap * amplified.unsqueeze(2) * taught_slope
    return signal, reach


def _match(parameters: Parameters, state: State, tau: torch.Tensor, masks: MaskLaw) -> Match | None:
    """What passes that are compiled match, where they can: not with a teacher."""
    if not _teaches_itself(parameters, state) or not possible("matched", tau, parameters.power):
        return None
    return Match.of(tau, masks, parameters.power)


def _teaches_itself(parameters: Parameters, state: State) -> bool:
    """Whether the teacher has the kernels of its student, and no gradient of its own."""
    return "teacher" not in state and parameters.stop_gradient


def _less_penalty(
    gap: torch.Tensor, h: torch.Tensor, a: torch.Tensor, masks: MaskLaw
) -> torch.Tensor:
    """(hhat - h) + shared h - own a [seeds, images, patches, kernels]; `a` is overwritten."""
    if masks.patches is None:
        return torch.sub(gap, a, alpha=masks.own, out=a)
    kept = torch.addcmul(gap, h.unsqueeze(2), masks.shared)
    return torch.sub(kept, a.mul_(masks.own), out=a)


def _alike_up_to(parameters: Parameters, state: State, tau: torch.Tensor) -> torch.Tensor:
    """Largest u/varrho up to which the teacher puts out tau^q times what its kernel does.

    [seeds, kernels]; it spares the teacher's passes as long as no kernel is crossing. -inf where
    the teacher has kernels or a gradient of its own.
    """
    if not _teaches_itself(parameters, state):
        return torch.full_like(tau, -torch.inf)
    return torch.where(tau == 1, torch.inf, 1 / tau.clamp(min=1.0))


def _bent(u: torch.Tensor, cut: torch.Tensor, power: int) -> tuple[torch.Tensor, torch.Tensor]:
    """c^{q-1} (u - (1 - 1/q) c) and c^{q-1}; `cut`, which is c = u in [0, bend], is overwritten.

    With bend 1 they are sReLU(u) and its slope in units of varrho.
    """
    value = torch.sub(u, cut, alpha=1 - 1 / power)
    slope = cut.pow_(power - 1)
    return value.mul_(slope), slope


def after_step(parameters: Parameters, state: State, largest: torch.Tensor) -> None:
    """Update what is not trained: who has ever crossed, and the moving-average teacher."""
    state["released"] |= largest >= parameters.linear_from
    if "teacher" in state:
        state["teacher"] = state["weights"].lerp(state["teacher"], parameters.ema_decay)


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """E L = 1/(2N) sum_n sum_r [ (hhat - h)^2 + own sum_p a_p^2 - shared h^2 ] per seed [seeds]."""
    u = project(state["weights"], images.patches)
    seen = project(state.get("teacher", state["weights"]), images.patches)
    tau = gains(parameters, state, largest)[:, None, None, :]
    a, _ = smoothed_relu(u, parameters.power, parameters.linear_from)
    taught, _ = smoothed_relu(seen * tau, parameters.power, parameters.linear_from)
    gap = taught.sum(2) - a.sum(2)
    total = gap.square().sum((1, 2)) + _penalty(a, law_of_masks(parameters, images))
    return total / (2 * images.patches.shape[1])


def _penalty(a: torch.Tensor, masks: MaskLaw) -> torch.Tensor:
    """Sum over images and kernels of own sum_p a_p^2 - shared h^2 [seeds]."""
    if masks.patches is None:
        whole: torch.Tensor = masks.own * a.square().sum((1, 2, 3))
        return whole
    of_patches, of_outputs = a.square().sum(2, keepdim=True), a.sum(2, keepdim=True).square()
    penalty: torch.Tensor = masks.own * of_patches - masks.shared * of_outputs
    return penalty.sum((1, 2, 3))


OBJECTIVE = Objective(
    name="teacher-student",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    over_images=True,
    after_step=after_step,
    in_steps=lambda parameters: parameters.gain in IN_STEPS,
    course=course,
    independent_kernels=True,  # L10
)
