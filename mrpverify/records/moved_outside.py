"""The first step of an objective from outside, looked at before a run.

A direction that names no tensor, has another shape than its tensor (which would be spread over it)
or is NaN moves nothing as it should, and a claim would be REFUTED for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from .. import outside
from ..parameters import Parameters
from ..simulate.objective import State
from ..simulate.run import objective_of
from ..simulate.sample import sample_images, sample_weights

RETURNS = "({name of a tensor: its direction}, largest pre-activation [seeds]) is wanted"


def check_objective(parameters: Parameters, salt: str, seed: int) -> None:
    """Raise ValueError where the first step of an objective from outside is none.

    Of one that starts from drawn kernels and has no teachers.
    """
    name = parameters.framework
    if name in outside.own(outside.OBJECTIVES):
        return
    with torch.inference_mode():
        wrong = next(_complaints(parameters, salt, seed), None)
    if wrong is not None:
        raise ValueError(f"objective {name}: {wrong}")


def _complaints(parameters: Parameters, salt: str, seed: int) -> Iterator[str]:
    """What is wrong with start, direction and loss, the first thing first."""
    objective, images = objective_of(parameters), sample_images(parameters, salt, [seed])
    weights = sample_weights(parameters, salt, [seed])
    largest = (weights @ images.features[0].T.to(weights)).amax(2)  # of every kernel
    state = objective.start(parameters, weights.clone(), salt, [seed])
    if not isinstance(state, Mapping) or "weights" not in state:
        yield f"start returned {_kind(state)}, where a dictionary with 'weights' is wanted"
        return
    loss = objective.loss(parameters, dict(state), images, largest)
    if not isinstance(loss, torch.Tensor) or list(loss.shape) != [1]:
        yield f"loss returned {_kind(loss)}, where one number for every seed, [1], is wanted"
    yield from _of_direction(state, objective.direction(parameters, state, images, largest))


def _of_direction(state: State, found: Any) -> Iterator[str]:
    """What is wrong with what `direction` returned."""
    if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], Mapping):
        yield f"direction returned {_kind(found)}, where {RETURNS}"
        return
    moves, reach = found
    if not isinstance(reach, torch.Tensor) or list(reach.shape) != [1] or not moves:
        yield f"direction returned ({_kind(moves)}, {_kind(reach)}), where {RETURNS}"
    for name, move in moves.items():
        there = state.get(name)
        if there is None:
            yield f"direction names {name!r}; start has {', '.join(state)}"
        elif not isinstance(move, torch.Tensor) or move.shape != there.shape:
            yield f"direction of {name!r} is {_kind(move)}, and its tensor {list(there.shape)}"
        elif not bool(torch.isfinite(move).all()):
            yield f"direction of {name!r} is not all finite numbers at the start"


def _kind(value: Any) -> str:
    """What something is: a tensor by its shape, a dictionary by its names."""
    if isinstance(value, torch.Tensor):
        return str(list(value.shape))
    if isinstance(value, Mapping):
        return f"{{{', '.join(map(str, value))}}}"
    return f"a {type(value).__name__}"
