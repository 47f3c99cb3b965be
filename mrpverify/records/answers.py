"""What trained networks answer to held-out images, from their records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from ..parameters import Parameters
from ..simulate.held_out import ALL_VIEWS, SINGLE_VIEW, held_out
from ..simulate.run import objective_of
from ..simulate.threads import one_thread


def single_view_answers(
    parameters: Parameters, members: Sequence[xr.Dataset]
) -> tuple[np.ndarray, np.ndarray]:
    """Logits [members, seeds, images, classes] on a run's own test images, labels [seeds, images].

    `members` are runs of one regime on the same salt and seeds. Raises ValueError for an objective
    whose classifier is not its kernels alone.
    """
    return _answers(parameters, members, SINGLE_VIEW)


def multi_view_answers(
    parameters: Parameters, members: Sequence[xr.Dataset]
) -> tuple[np.ndarray, np.ndarray]:
    """`single_view_answers` on test images that show all views of their class."""
    return _answers(parameters, members, ALL_VIEWS)


@one_thread()
def _answers(
    parameters: Parameters, members: Sequence[xr.Dataset], share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels on test images of one kind."""
    logits = objective_of(parameters).logits
    if logits is None or any("final_head" in run for run in members):
        raise ValueError(f"framework {parameters.framework}: its classifier is not its kernels.")
    seeds = [int(seed) for seed in members[0]["seed"].values]
    images = held_out(parameters, str(members[0].attrs["salt"]), seeds, share)
    answers = []
    for run in members:
        weights = torch.tensor(run["final_weights"].values)  # a copy: runs are read-only
        patches = images.patches.to(weights.dtype)
        answers.append(logits(parameters, {"weights": weights}, patches))
    return torch.stack(answers).double().numpy(), images.labels.numpy()
