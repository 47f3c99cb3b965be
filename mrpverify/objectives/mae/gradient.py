"""Masked autoencoder on pixels (section 2): exact gradients over the mask [R for the idea, D].

With S = sum_p x_p, a decoder B = (b_r) and a bias beta, the mask-expected loss of both targets is

    E L = 1/(2N) sum_n { ||c S - B h - beta||^2
                         + sum_p [ lambda ||B a_p||^2 + 2 g x_p . B a_p ] } + const

target "all": c = 1, g = 0; target "masked": c = g = 1 - theta (the cross term keeps pairs of
different patches only). const = theta (1 - theta)/(2N) sum ||x_p||^2 for "masked", 0 for "all".
Under masks of fixed size (`parts.mask_law`) lambda is `own`, and c = g = `across` for "masked";
- shared ||B h||^2 is added, and the bias goes on meeting (1 - theta) S ("masked"), S ("all").

State: ``weights`` and ``decoder``, both [seeds, kernels, dimension]; the tied decoder has none.
The bias stays at its optimum, the mean of c S - B h, so it has no state of its own; a gradient of
some of the images finds that of all in ``bias`` [seeds, 1, dimension].
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from ...parameters import Parameters
from ...parts.mask_law import MaskLaw
from ...simulate.chebyshev import weights_by_stages
from ...simulate.encoder import over_rows, project, smoothed_relu
from ...simulate.masks import law_of_masks
from ...simulate.objective import Nearby, Objective, State, Walk
from ...simulate.passes import driven, encoded, steps
from ...simulate.rows import Rows, every_patch, some_patches
from ...simulate.sample import Images
from ...simulate.seeding import generator, normal
from .options import PARTS

BIAS = "bias"
"""Of a state, the optimal bias of more images than a gradient sees."""

LOUD = 0.1
"""Share of varrho from which on a kernel is loud: below, its curvature is 10^-4 of a captured one's
at q = 3, and h lambda is far below 1 in every step that its growth allows."""
QUIET = 1e-4
"""Pull of a patch on a kernel, slope times squared length, below which inner stages leave it out.
Preset quick keeps a third of its patches, with the errors of all of them; 1e-3 costs five times the
error of the worst crossing."""
WORTH_CHOOSING = 2**14
"""Activations of a seed from which on it pays to leave patches out: with fewer, calls cost more
than what they compute (16 images of 14 patches took a fifth longer)."""


def trained(parameters: Parameters, state: State) -> dict[str, int]:
    """Trained tensors and their width per kernel."""
    del parameters
    return {name: tensor.shape[2] for name, tensor in state.items()}


def plateau_degree(parameters: Parameters) -> int:
    """Degree of homogeneity of the driving term S . B h in (w, b) below varrho."""
    return parameters.power + 1


def slowdown(parameters: Parameters) -> float:
    """How much longer a view may need once a kernel holds its sibling: K/(K - 1) (L14 [D]).

    K - 1 is own/C_p, of either law of masks.
    """
    p = parameters
    left = (p.sibling_floor - 1) / p.gain_floor
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
    masks = law_of_masks(parameters, images)
    direction, reach = _direction(
        parameters, state, every_patch(images.patches, images.totals), masks
    )
    return direction, reach.amax(1)


def inner_direction(parameters: Parameters, state: State, images: Images) -> Nearby:
    """-grad near this state as far as it is stiff: on the patches that some kernel answers."""
    w, x = state["weights"], images.patches
    large = x[0, ..., 0].numel() * w.shape[1] >= WORTH_CHOOSING
    if large:
        rows = some_patches(x, _answered(parameters, w, images), images.totals)
    else:
        rows = every_patch(x, images.totals)
    masks = law_of_masks(parameters, images)
    one_by_one = len(x) > 1 or BIAS in state or not x.is_cpu
    return Nearby(
        lambda near: _direction(parameters, near, rows, masks)[0],
        None if one_by_one else partial(_steps, parameters, rows, masks),
    )


def _steps(
    parameters: Parameters,
    rows: Rows,
    masks: MaskLaw,
    y: torch.Tensor,
    f: torch.Tensor,
    control: Sequence[float],
    most: int,
) -> Walk | None:
    """Steps of one seed in one loop, or None."""
    p = parameters
    law = (
        _scale(p, masks), _meant(p, masks), masks.own, 1 - masks.shared, _cross(p, masks), p.bias,
        1 / rows.images,
    )  # fmt: skip
    numbers = torch.tensor([float(x) for x in law], dtype=y.dtype)
    given = (numbers, rows, weights_by_stages(), control, y, f, most)
    return steps(*given, p.power, p.linear_from)


def _answered(parameters: Parameters, w: torch.Tensor, images: Images) -> torch.Tensor:
    """Patches [seeds, images, patches] that pull some kernel by more than QUIET."""
    x = images.patches.flatten(1, 2)
    largest = torch.bmm(w, x.transpose(1, 2)).amax(1).view_as(images.squares)  # twice as fast
    _, slope = smoothed_relu(largest, parameters.power, parameters.linear_from)
    return slope * images.squares > QUIET


def _direction(
    parameters: Parameters, state: State, rows: Rows, masks: MaskLaw
) -> tuple[State, torch.Tensor]:
    """-grad, of some patches of all images; their largest pre-activation [seeds, kernels]."""
    w, x, own = state["weights"], rows.patches, _flat(masks.own)
    b = state.get("decoder", w)
    q, varrho = parameters.power, parameters.linear_from
    # No name for u: in place of it there may be the slope, and else nobody needs it any more.
    a, slope, h, reach = encoded(torch.bmm(x, w.transpose(1, 2)), rows, q, varrho)
    rho = _residual(parameters, h, b, rows.totals, masks, state.get(BIAS))
    to_b = torch.baddbmm(over_rows(h, rho), over_rows(a, a) * own, b, alpha=-1)
    signal = torch.bmm(a, torch.bmm(b, b.transpose(1, 2)) * -own)
    if parameters.target == "masked" and parameters.visible < 1:
        cross = _flat(_cross(parameters, masks))
        to_b = to_b - over_rows(a, x) * cross
        signal = signal.baddbmm_(x, b.transpose(1, 2) * cross, alpha=-1)
    drive = torch.bmm(rho, b.transpose(1, 2))
    signal = driven(signal, drive, slope, rows, q)
    to_w = over_rows(signal, x)
    if "decoder" not in state:
        return {"weights": (to_w + to_b) / rows.images}, reach
    return {"weights": to_w / rows.images, "decoder": to_b / rows.images}, reach


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """E L per seed [seeds], with its constant term."""
    del largest
    w, x = state["weights"], images.patches
    b = state.get("decoder", w)
    a, _ = smoothed_relu(project(w, x), parameters.power, parameters.linear_from)
    masks = law_of_masks(parameters, images)
    decoded = torch.matmul(a, b.unsqueeze(1))
    if masks.patches is not None:
        bias = state.get(BIAS)
        return _loss_of_fixed_size(parameters, masks, decoded, x, bias) / (2 * x.shape[1])
    rho = _residual(parameters, a.sum(2), b, images.totals, masks, state.get(BIAS))
    total: torch.Tensor = rho.square().sum((1, 2)) + masks.own * decoded.square().sum((1, 2, 3))
    cross = _cross(parameters, masks)
    if cross:
        total = total + 2 * cross * (x * decoded).sum((1, 2, 3))
        total = total + parameters.visible * cross * x.square().sum((1, 2, 3))
    return total / (2 * x.shape[1])


def _loss_of_fixed_size(
    parameters: Parameters,
    masks: MaskLaw,
    decoded: torch.Tensor,
    x: torch.Tensor,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """2N E L from B a_p [seeds, images, patches, dimension], with its constant term [seeds]."""
    total, seen = x.sum(2, keepdim=True), decoded.sum(2, keepdim=True)
    alone = x.square().sum(2, keepdim=True)
    aim = total.square()
    scale, meant, cross = _scale(parameters, masks), 1.0, _cross(parameters, masks)
    if parameters.target == "masked":
        meant = 1 - parameters.visible
        aim = meant * alone + masks.both_hidden * (aim - alone)
    penalty = masks.own * decoded.square().sum(2, keepdim=True) - masks.shared * seen.square()
    own = 2 * cross * (x * decoded).sum(2, keepdim=True)
    whole: torch.Tensor = (aim - 2 * scale * total * seen + seen.square() + penalty + own).sum(
        (1, 2, 3)
    )
    if not parameters.bias:
        return whole
    met = (meant * total - seen).mean(1)
    if bias is None:
        return whole - x.shape[1] * met.square().sum((1, 2))
    # For a part of the images the bias of all is no optimum.
    return whole + x.shape[1] * (bias.square() - 2 * bias * met).sum((1, 2))


def _cross(parameters: Parameters, masks: MaskLaw) -> Any:
    """g, weight of the self-patch cross term: 1 - theta for target "masked", 0 for "all"."""
    return masks.across if parameters.target == "masked" else 0.0


def _scale(parameters: Parameters, masks: MaskLaw) -> Any:
    """c, of S."""
    return masks.across if parameters.target == "masked" else 1.0


def _meant(parameters: Parameters, masks: MaskLaw) -> Any:
    """Share of S that the bias meets: c, but under masks of fixed size what is expected of S."""
    if masks.patches is None:
        return _scale(parameters, masks)
    return 1 - parameters.visible if parameters.target == "masked" else 1.0


def _flat(weight: Any) -> Any:
    """A weight [seeds, 1, 1, 1] of patches as one of rows or kernels; a number as it is."""
    return weight[..., 0] if isinstance(weight, torch.Tensor) else weight


def _residual(
    parameters: Parameters,
    h: torch.Tensor,
    b: torch.Tensor,
    total: torch.Tensor,
    masks: MaskLaw,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """c S - (1 - shared) B h - beta, [seeds, images, dimension]; beta the optimum unless given."""
    seen = torch.bmm(h, b)
    rho = (total if parameters.target == "all" else _flat(masks.across) * total) - seen
    kept = rho if masks.patches is None else rho + _flat(masks.shared) * seen
    if not parameters.bias:
        return kept
    if bias is None and masks.patches is None:
        return kept - rho.mean(1, keepdim=True)
    return kept - (_optimal_bias(parameters, masks, total, seen) if bias is None else bias)


def _optimal_bias(
    parameters: Parameters, masks: MaskLaw, total: torch.Tensor, seen: torch.Tensor
) -> torch.Tensor:
    """Mean over images of what the bias has to meet, [seeds, 1, dimension]."""
    meant = _flat(_meant(parameters, masks))
    best: torch.Tensor = (meant * total - seen).mean(1, keepdim=True)
    return best


def means(parameters: Parameters, state: State, images: Images) -> State:
    """The optimal bias of these images, for gradients of parts of them; nothing without a bias."""
    if not parameters.bias:
        return {}
    w, x = state["weights"], images.patches
    a, _ = smoothed_relu(project(w, x), parameters.power, parameters.linear_from)
    seen = torch.bmm(a.sum(2), state.get("decoder", w))
    return {BIAS: _optimal_bias(parameters, law_of_masks(parameters, images), images.totals, seen)}


OBJECTIVE = Objective(
    name="mae",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    over_images=True,
    means=means,
    slowdown=slowdown,
    loud=loud,
    inner=inner_direction,
)
