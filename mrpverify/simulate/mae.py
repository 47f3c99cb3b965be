"""Masked autoencoder on pixels (section 2): exact gradients over the mask [R for the idea, D].

With S = sum_p x_p, a decoder B = (b_r) and a bias beta, the mask-expected loss of both targets is

    E L = 1/(2N) sum_n { ||c S - B h - beta||^2
                         + sum_p [ lambda ||B a_p||^2 + 2 g x_p . B a_p ] } + const

target "all": c = 1, g = 0; target "masked": c = g = 1 - theta (the cross term keeps pairs of
different patches only). const = theta (1 - theta)/(2N) sum ||x_p||^2 for "masked", 0 for "all".

State: ``weights`` and ``decoder``, both [seeds, kernels, dimension]; the tied decoder has none.
The bias stays at its optimum, the mean of c S - B h, so it has no state of its own.
"""

from __future__ import annotations

import torch

from ..parameters import PARTS, Parameters
from .encoder import back_project, project, smoothed_relu
from .objective import Objective, State
from .sample import Images
from .seeding import generator, normal

LOUD = 0.1
"""Share of varrho from which on a kernel is loud: below, its curvature is 10^-4 of a captured one's
at q = 3, and h lambda is far below 1 in every step that its growth allows."""


def trained(parameters: Parameters, state: State) -> dict[str, int]:
    """Trained tensors and their width per kernel."""
    del parameters
    return {name: tensor.shape[2] for name, tensor in state.items()}


def plateau_degree(parameters: Parameters) -> int:
    """Degree of homogeneity of the driving term S . B h in (w, b) below varrho."""
    return parameters.power + 1


def slowdown(parameters: Parameters) -> float:
    """How much longer a view may need once a kernel holds its sibling: K/(K - 1) (L14 [D])."""
    p = parameters
    left = (p.gain_floor - 1) / p.gain_floor
    return 1 / left if p.views > 1 and left > 0 else (1.0 if p.views == 1 else float("inf"))


def loud(parameters: Parameters, largest: torch.Tensor) -> torch.Tensor:
    """Kernels that make the loss stiff, by their largest correlation [seeds, kernels].

    Without the others they have the loss of a smaller network, with next to the same curvature.
    """
    return largest > LOUD * parameters.linear_from


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: decoder equal to the kernels, or drawn apart with scale sigma_b."""
    state = {"weights": weights}
    if parameters.decoder == "tied-init":
        state["decoder"] = weights.clone()
    if parameters.decoder == "independent":
        shape = tuple(weights.shape[1:])
        unit = torch.stack([normal(shape, generator(salt, seed, "decoder")) for seed in seeds])
        state["decoder"] = parameters.decoder_scale * unit.to(weights)
    return state


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad of the mask-expected loss in w and b, and the largest pre-activation [seeds]."""
    del largest
    w, x = state["weights"], images.patches
    b = state.get("decoder", w)
    cross = _cross(parameters)
    u = project(w, x)
    reach = u.amax((1, 2, 3))
    a, slope = smoothed_relu(u, parameters.power, parameters.linear_from)
    h = a.sum(2)
    rho = _residual(parameters, h, b, x)
    flat = a.flatten(1, 2)
    gram = torch.bmm(flat.transpose(1, 2), flat) / x.shape[1]
    to_b = torch.bmm(h.transpose(1, 2), rho) / x.shape[1]
    to_b = torch.baddbmm(to_b, gram, b, alpha=-parameters.mask_penalty)
    drive = torch.bmm(rho, b.transpose(1, 2)).unsqueeze(2)
    b_gram = torch.bmm(b, b.transpose(1, 2))
    signal = torch.bmm(flat, b_gram).view_as(a).mul_(-parameters.mask_penalty).add_(drive)
    if cross:
        to_b = to_b - cross * back_project(a, x) / x.shape[1]
        signal = signal.sub_(project(b, x), alpha=cross)
    to_w = back_project(signal.mul_(slope), x) / x.shape[1]
    if "decoder" not in state:
        return {"weights": to_w + to_b}, reach
    return {"weights": to_w, "decoder": to_b}, reach


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """E L per seed [seeds], with its constant term."""
    del largest
    w, x = state["weights"], images.patches
    b = state.get("decoder", w)
    a, _ = smoothed_relu(project(w, x), parameters.power, parameters.linear_from)
    rho = _residual(parameters, a.sum(2), b, x)
    decoded = torch.matmul(a, b.unsqueeze(1))
    total = rho.square().sum((1, 2)) + parameters.mask_penalty * decoded.square().sum((1, 2, 3))
    cross = _cross(parameters)
    if cross:
        total = total + 2 * cross * (x * decoded).sum((1, 2, 3))
        total = total + parameters.visible * cross * x.square().sum((1, 2, 3))
    return total / (2 * x.shape[1])


def _cross(parameters: Parameters) -> float:
    """Weight of the self-patch cross term: 1 - theta for target "masked", 0 for "all"."""
    return 1 - parameters.visible if parameters.target == "masked" else 0.0


def _residual(
    parameters: Parameters, h: torch.Tensor, b: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """c S - B h - beta, [seeds, images, dimension]."""
    scale = 1 - parameters.visible if parameters.target == "masked" else 1.0
    rho = scale * x.sum(2) - torch.bmm(h, b)
    return rho - rho.mean(1, keepdim=True) if parameters.bias else rho


OBJECTIVE = Objective(
    name="mae",
    parts=PARTS["mae"],
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    slowdown=slowdown,
    loud=loud,
)
