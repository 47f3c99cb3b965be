"""The first step of an objective from outside, looked at before a run, and where the run ended.

A direction that names no tensor, has another shape than its tensor (which would be spread over it)
or is NaN moves nothing as it should, and a claim would be REFUTED for it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import extract_tb
from typing import Any, get_args, get_type_hints

import numpy as np
import torch

from .. import outside
from ..parameters import Parameters
from ..simulate.execution import out_of_memory
from ..simulate.objective import Objective, State
from ..simulate.run import DIVERGED_AT, correlate, objective_of
from ..simulate.sample import sample_images, sample_weights
from ..simulate.threads import one_thread
from ..simulate.trajectory import Trajectory

COVERS = get_args(get_type_hints(Objective)["covers"])
"""What an objective can promise to learn."""
OURS = [Path(__file__).parents[1], *(Path(str(module.__file__)).parent for module in (np, torch))]
"""Folders of this package and of what both sides call: no error is told to be theirs."""
PYTHON, INSTALLED = Path(contextlib.__file__).parent, {"site-packages", "dist-packages"}
RETURNS = "({name of a tensor: its direction}, largest pre-activation [seeds]) is wanted"


@one_thread()
def check_objective(parameters: Parameters, salt: str, seed: int) -> None:
    """Raise ValueError where the first step of an objective from outside is none.

    Of one that starts from drawn kernels and has no teachers.
    """
    name = parameters.framework
    if name in outside.own(outside.OBJECTIVES):
        return
    try:
        with torch.inference_mode():
            wrong = next(_complaints(parameters, salt, seed), None)
    except Exception as error:
        wrong = f"its first step fails{_place(error)} with {type(error).__name__}: {error}"
        raise ValueError(f"objective {name}: {wrong}") from error
    if wrong is not None:
        raise ValueError(f"objective {name}: {wrong}")


def check_end(parameters: Parameters, trajectory: Trajectory) -> None:
    """Raise ValueError where seeds of an objective from outside ended at what is no number.

    A run that leaves all bounds ends before: kernels that are no numbers at once are a fault of the
    direction, or a step far too large, and no false outcome. The flow takes no step to where the
    direction is no number: it takes ever smaller ones, and more work would not help.
    """
    name, run = parameters.framework, trajectory
    if name in outside.own(outside.OBJECTIVES):
        return
    gone = np.isnan(run.final_weights).any((1, 2))
    if gone.any():
        raise ValueError(
            f"objective {name}: kernels of {gone.sum()} of {len(gone)} seeds are no numbers in the "
            "end: mend the direction; where a step too large made them, take method=flow or a "
            "lower eta"
        )
    largest = np.abs(run.final_correlations).max((1, 2))
    stuck = run.diverged & (largest < DIVERGED_AT)
    if stuck.any():
        seed = stuck.argmax()
        raise ValueError(
            f"objective {name}: at time {run.final_time[seed]:.3g}, with a largest correlation of "
            f"{largest[seed]:.3g}, no step is small enough: just beyond, the direction is no "
            "number, or moves a tensor beyond all bounds; mend it there"
        )


@contextlib.contextmanager
def told_where(parameters: Parameters) -> Iterator[None]:
    """Raise ValueError, with file and line, for what an objective or a law from outside raises.

    What runs out of memory, and what this package raises by itself, stays as it is.
    """
    p = parameters
    asked = (outside.OBJECTIVES, p.framework), (outside.LAWS, p.law)
    try:
        yield
    except (Exception, SystemExit) as error:
        foreign = any(name not in outside.own(group) for group, name in asked)
        place = _place(error)
        if not (foreign and place) or out_of_memory(error):
            raise
        raise ValueError(f"{type(error).__name__}: {error}, raised{place}") from error


def _place(error: BaseException) -> str:
    """Where in the code from outside it was raised, or was on its way: " at FILE:LINE"."""
    theirs = [f for f in extract_tb(error.__traceback__) if _from_outside(Path(f.filename))]
    return f" at {theirs[-1].filename}:{theirs[-1].lineno}" if theirs else ""


def _from_outside(file: Path) -> bool:
    """Whether a file is none of this package, of Python, or of what both sides call."""
    pythons_own = file.is_relative_to(PYTHON) and not INSTALLED & set(file.parts)
    return not pythons_own and not any(file.is_relative_to(folder) for folder in OURS)


def _complaints(parameters: Parameters, salt: str, seed: int) -> Iterator[str]:
    """What is wrong with what an objective says and gives at the start, the first thing first."""
    objective, weights = objective_of(parameters), sample_weights(parameters, salt, [seed])
    images = sample_images(parameters, salt, [seed]).to("cpu", weights.dtype)  # as a run has them
    largest = correlate(weights, images).amax(2)  # of every kernel
    state = objective.start(parameters, weights.clone(), salt, [seed])
    yield from _of_words(objective, parameters)
    if not isinstance(state, Mapping) or "weights" not in state:
        yield f"start returned {_kind(state)}, where a dictionary with 'weights' is wanted"
        return
    yield from _of_start(state, weights)
    given = {"images.patches": images.patches, "largest": largest, **_tensors(state)}
    before = {name: tensor.clone() for name, tensor in given.items()}
    loss = objective.loss(parameters, dict(state), images, largest)
    if not isinstance(loss, torch.Tensor) or list(loss.shape) != [1]:
        yield f"loss returned {_kind(loss)}, where one number for every seed, [1], is wanted"
    yield from _no_numbers("loss", loss)
    found = objective.direction(parameters, state, images, largest)
    yield from _of_direction(state, found)
    if objective.logits is not None:
        yield from _of_logits(
            objective.logits(parameters, state, images.patches), images.patches, parameters.classes
        )
    for name, tensor in given.items():
        if not torch.equal(tensor, before[name]):
            yield f"loss, direction or logits changed {name} in place; give new tensors instead"
    fresh = objective.start(parameters, weights.clone(), salt, [seed])
    again = objective.direction(parameters, fresh, images, largest)
    yield from _asked_again(found[0], again[0])


def _of_words(objective: Objective, parameters: Parameters) -> Iterator[str]:
    """What is wrong with what an objective says without any images."""
    if objective.covers not in COVERS:
        yield f"covers is {objective.covers!r}, where {' or '.join(map(repr, COVERS))} is wanted"
    degree = objective.plateau_degree(parameters)
    if not isinstance(degree, int | float) or not 1 <= degree < math.inf:
        yield f"plateau_degree returned {degree!r}, where a number of at least 1 is wanted"


def _of_start(state: State, weights: torch.Tensor) -> Iterator[str]:
    """What is wrong with the tensors that a run would start from."""
    there = state["weights"]
    if not isinstance(there, torch.Tensor) or there.shape != weights.shape:
        yield f"start's 'weights' are {_kind(there)}, where {list(weights.shape)} is wanted"
    for name, tensor in _tensors(state).items():
        yield from _no_numbers(f"{name!r} of start", tensor)


def _of_direction(state: State, found: Any) -> Iterator[str]:
    """What is wrong with what `direction` returned."""
    if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], Mapping):
        yield f"direction returned {_kind(found)}, where {RETURNS}"
        return
    moves, reach = found
    if not isinstance(reach, torch.Tensor) or list(reach.shape) != [1] or not moves:
        yield f"direction returned ({_kind(moves)}, {_kind(reach)}), where {RETURNS}"
    yield from _no_numbers("the largest pre-activation of direction", reach)
    for name, move in moves.items():
        there = state.get(name)
        if there is None:
            yield f"direction names {name!r}; start has {', '.join(state)}"
        elif not isinstance(move, torch.Tensor) or move.shape != there.shape:
            yield f"direction of {name!r} is {_kind(move)}, and its tensor {list(there.shape)}"
        else:
            yield from _no_numbers(f"direction of {name!r}", move)


def _asked_again(moves: State, again: State) -> Iterator[str]:
    """What differs between the directions of two starts from one salt and seed."""
    for name, move in moves.items():
        if not torch.equal(move, again[name]):
            yield (
                f"direction of {name!r} is another one when it is asked again from the same salt "
                "and seed; draw from a generator that start makes of these two"
            )


def _of_logits(found: Any, patches: torch.Tensor, classes: int) -> Iterator[str]:
    """What is wrong with logits of the regime's own images."""
    wanted = [*patches.shape[:2], classes]
    if not isinstance(found, torch.Tensor) or list(found.shape) != wanted:
        yield f"logits returned {_kind(found)}, where [seeds, images, classes], {wanted}, is wanted"
    yield from _no_numbers("logits", found)


def _no_numbers(what: str, value: Any) -> Iterator[str]:
    """What is wrong with a tensor whose elements have to be finite floating-point numbers."""
    if not isinstance(value, torch.Tensor):
        return
    if not value.dtype.is_floating_point:
        yield f"{what} is of {value.dtype}, where floating-point numbers are wanted"
    elif not bool(torch.isfinite(value).all()):
        yield f"{what} is not all finite numbers at the start"


def _tensors(state: State) -> dict[str, torch.Tensor]:
    """The floating-point tensors of a state; what draws masks, say, changes as it is used."""
    there = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    return {name: value for name, value in there.items() if value.is_floating_point()}


def _kind(value: Any) -> str:
    """What something is: a tensor by its shape, a dictionary by its names."""
    if isinstance(value, torch.Tensor):
        return str(list(value.shape))
    if isinstance(value, Mapping):
        return f"{{{', '.join(map(str, value))}}}"
    return f"a {type(value).__name__}"
