"""Fine-tuning and linear probe (section 2 [R]): a trained head on a pretrained encoder.

F_i = sum_r u_{i,r} h_r with u = 0 at the start and w from pretraining. With p = softmax(F)

    -grad_{u_{i,r}} = 1/N sum_n (1[y = i] - p_i) h_r
    -grad_{w_r}     = 1/N sum_n sum_i (1[y = i] - p_i) u_{i,r} sum_p a'_{r,p} x_p.

The head moves with eta_2 (the run's step), the encoder with eta_1: its direction carries the ratio
eta_1/eta_2. At eta_1 = 0 the encoder is frozen (linear probe) and its outputs are computed once.

State: ``weights`` [seeds, kernels, dimension], ``head`` [seeds, classes, kernels] and, in a probe,
``outputs`` h of the training images [seeds, images, kernels].
"""

from __future__ import annotations

import torch

from ...parameters import Parameters
from ...simulate.classifier import cross_entropy, pull
from ...simulate.encoder import back_project, cache_sized, project
from ...simulate.objective import Objective, State
from ...simulate.passes import outputs as summed
from ...simulate.passes import pulled
from ...simulate.sample import Images
from .options import PARTS


def trained(parameters: Parameters, state: State) -> dict[str, int]:
    """Trained tensors and their width per kernel; a probe trains the head alone."""
    head = {"head": state["head"].shape[1]}
    if parameters.encoder_step == 0:
        return head
    return {"weights": state["weights"].shape[2], **head}


def plateau_degree(parameters: Parameters) -> int:
    """2: the features are there, so the step is constant."""
    del parameters
    return 2


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: a head of zeros on the pretrained kernels (their mean where `fused`)."""
    del salt, seeds
    head = weights.new_zeros(len(weights), parameters.classes, weights.shape[1])
    if parameters.fused:
        weights = weights.mean(1, keepdim=True).expand_as(weights).clone()
    return {"weights": weights, "head": head}


def outputs(parameters: Parameters, weights: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """h [seeds, images, kernels]."""
    parts = []
    for group in cache_sized(patches, weights.shape[1]):
        h, _ = summed(project(weights, group), parameters.power, parameters.linear_from)
        parts.append(h)
    return torch.cat(parts, 1)


def logits(parameters: Parameters, state: State, patches: torch.Tensor) -> torch.Tensor:
    """F [seeds, images, classes] of patches [seeds, images, patches, dimension]."""
    h = outputs(parameters, state["weights"], patches)
    return torch.bmm(h, state["head"].transpose(1, 2))


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad of the cross-entropy in u, eta_1/eta_2 times that in w; largest pre-activation."""
    if parameters.encoder_step == 0:
        return _probe_direction(parameters, state, images), largest.amax(1)
    w, u = state["weights"], state["head"]
    to_w, to_u = torch.zeros_like(w), torch.zeros_like(u)
    reach = w.new_full((len(w),), -torch.inf)
    begin = 0
    for patches in cache_sized(images.patches, w.shape[1]):
        labels = images.labels[:, begin : begin + patches.shape[1]]
        begin += patches.shape[1]
        projected = project(w, patches)
        h, largest = summed(projected, parameters.power, parameters.linear_from)
        reach = torch.maximum(reach, largest.amax(1))
        g = pull(torch.bmm(h, u.transpose(1, 2)), labels)
        to_u += torch.bmm(g.transpose(1, 2), h)
        signal = pulled(projected, torch.bmm(g, u), parameters.power, parameters.linear_from)
        to_w += back_project(signal, patches)
    ratio = parameters.encoder_step / parameters.head_step
    number = images.patches.shape[1]
    return {"weights": to_w * (ratio / number), "head": to_u / number}, reach


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy on the training images per seed [seeds]; no mask is drawn in this stage."""
    del largest
    h = _known_outputs(parameters, state, images)
    return cross_entropy(torch.bmm(h, state["head"].transpose(1, 2)), images.labels)


def _probe_direction(parameters: Parameters, state: State, images: Images) -> State:
    """-grad in u alone, on outputs that no step changes."""
    h = _known_outputs(parameters, state, images)
    g = pull(torch.bmm(h, state["head"].transpose(1, 2)), images.labels)
    return {"head": torch.bmm(g.transpose(1, 2), h) / h.shape[1]}


def known(parameters: Parameters, state: State, images: Images) -> State:
    """h of the training images of a frozen encoder."""
    frozen = parameters.encoder_step == 0
    return {"outputs": outputs(parameters, state["weights"], images.patches)} if frozen else {}


def _known_outputs(parameters: Parameters, state: State, images: Images) -> torch.Tensor:
    """h of the training images; a frozen encoder's are kept in the state."""
    if parameters.encoder_step > 0:
        return outputs(parameters, state["weights"], images.patches)
    if "outputs" not in state:
        state["outputs"] = outputs(parameters, state["weights"], images.patches)
    return state["outputs"]


OBJECTIVE = Objective(
    name="fine-tuning",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    over_images=True,
    known=known,
    logits=logits,
    labelled=True,
)
