"""Clustering pretraining, for comparison: a masked image has to find its image's k-means cluster.

Every `refresh` steps spherical k-means with k clusters sorts the outputs of the full images. With
mu_j the mean output of cluster j (a target: held fixed, no gradient) and z of the masked image

    L = -1/N sum_n log softmax_j(similarity(z_n, mu_j)/temperature)_{cluster of n}.

The true number of classes is given to it. The first centroids are images, each the farthest from
those chosen before, starting with image 0.

State: ``weights`` [seeds, kernels, dimension]; ``streams``, the masks' random streams, on the CPU;
``centroids`` [seeds, k, kernels]; ``cluster`` [seeds, images]; ``age``, steps since k-means ran.
"""

from __future__ import annotations

import torch

from ...parameters import Parameters
from ...simulate.classifier import cross_entropy, pull
from ...simulate.masks import draw_masks, mask_streams
from ...simulate.objective import Objective, State
from ...simulate.sample import Images
from ...simulate.similarity import (
    activations,
    compared_form,
    masked_outputs,
    pull_back,
    through_form,
    unit,
)
from ...simulate.similarity import plateau_degree as plateau_degree
from ..fine_tuning.gradient import outputs
from .options import PARTS

ROUNDS = 10
"""Rounds of k-means; warm starts keep them few."""


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: kernels and streams of masks; clusters come with the first step."""
    del parameters
    return {
        "weights": weights,
        "streams": mask_streams(salt, seeds, "clustering masks"),
        "age": torch.zeros(1, dtype=torch.int64),
    }


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad for freshly drawn masks and the present clusters; the largest pre-activation."""
    del largest
    w, x = state["weights"], images.patches
    if "cluster" not in state or int(state["age"]) >= parameters.refresh:
        _sort_again(parameters, state, images)
    state["age"] += 1
    masks, state["streams"] = draw_masks(parameters, state["streams"], x, images.owner)
    a, slope, reach = activations(parameters, w, x)
    z = masked_outputs(parameters, a, masks)
    mu = compared_form(parameters, state["centroids"])
    g = pull(_logits(parameters, z, mu), state["cluster"])
    to_y = torch.bmm(g, mu) / (x.shape[1] * parameters.temperature)
    pull_of_view = through_form(parameters, to_y, z)
    return {"weights": pull_back(parameters, slope, x, ((masks, pull_of_view),))}, reach


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """The loss for the masks of the coming step; NaN before there are clusters [seeds]."""
    del largest
    if "cluster" not in state:
        return state["weights"].new_full((len(state["weights"]),), torch.nan)
    masks, _ = draw_masks(parameters, state["streams"], images.patches, images.owner)
    a, _, _ = activations(parameters, state["weights"], images.patches)
    z = masked_outputs(parameters, a, masks)
    mu = compared_form(parameters, state["centroids"])
    return cross_entropy(_logits(parameters, z, mu), state["cluster"])


def spherical_k_means(y: torch.Tensor, mu: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit centroids [seeds, k, kernels] and clusters [seeds, images] from unit rows y and a start.

    A cluster that loses all its images keeps its centroid.
    """
    for _ in range(ROUNDS):
        cluster = torch.bmm(y, mu.transpose(1, 2)).argmax(2)
        member = torch.nn.functional.one_hot(cluster, mu.shape[1]).to(y)
        mean = unit(torch.bmm(member.transpose(1, 2), y))
        mu = torch.where(member.sum(1).unsqueeze(2) > 0, mean, mu)
    return mu, torch.bmm(y, mu.transpose(1, 2)).argmax(2)


def farthest_first(y: torch.Tensor, count: int) -> torch.Tensor:
    """Rows [seeds, count, kernels]: row 0, then always the one least similar to those chosen."""
    rows = torch.arange(len(y), device=y.device)
    chosen = [y[:, 0]]
    nearest = torch.full_like(y[..., 0], -torch.inf)
    for _ in range(count - 1):
        similarity = torch.bmm(y, chosen[-1].unsqueeze(2)).squeeze(2)
        nearest = torch.maximum(nearest, similarity)
        chosen.append(y[rows, nearest.argmin(1)])
    return torch.stack(chosen, 1)


def _sort_again(parameters: Parameters, state: State, images: Images) -> None:
    """k-means on the outputs of the full images, from the last centroids where there are any."""
    h = outputs(parameters, state["weights"], images.patches)
    y, old = unit(h), state.get("centroids")
    start = farthest_first(y, parameters.classes) if old is None else unit(old)
    direction, state["cluster"] = spherical_k_means(y, start)
    member = torch.nn.functional.one_hot(state["cluster"], parameters.classes).to(h)
    number = member.sum(1).unsqueeze(2)
    mean = torch.bmm(member.transpose(1, 2), h) / number.clamp(min=1.0)
    length = h.norm(dim=2).mean(1)[:, None, None]
    state["centroids"] = torch.where(number > 0, mean, direction * length)
    state["age"].zero_()


def _logits(parameters: Parameters, z: torch.Tensor, mu: torch.Tensor) -> torch.Tensor:
    """Similarity with every centroid over the temperature [seeds, images, k]."""
    return torch.bmm(compared_form(parameters, z), mu.transpose(1, 2)) / parameters.temperature


OBJECTIVE = Objective(
    name="clustering",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
)
