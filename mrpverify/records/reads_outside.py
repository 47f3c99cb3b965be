"""What code from outside reads of a regime, held against the parts that it names.

A run's address is made of the parts of its objective and its law. One that reads a parameter of
another part has runs that differ and share an address: a claim would get those of another regime.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch

from ..parameters import Parameters, from_outside, relevant, symbols
from ..simulate.run import correlate, objective_of
from ..simulate.sample import sample_images, sample_weights
from ..simulate.threads import one_thread


@one_thread()
def check_reads(parameters: Parameters, salt: str, seed: int) -> None:
    """Raise ValueError where an objective or a law from outside reads what none of its parts has.

    Seen in a first draw and a first step. Whoever copies a whole regime reads all of it, which
    tells nothing: then nothing is said.
    """
    foreign = from_outside(parameters)
    undeclared = undeclared_reads(parameters, salt, seed) if foreign else []
    if undeclared:
        symbol = {name: symbol for symbol, name in symbols(type(parameters)).items()}
        words = [f"{name} ({symbol[name]}, of {_part(parameters, name)})" for name in undeclared]
        raise ValueError(
            f"{' or '.join(foreign)}: reads {', '.join(words)}, in none of its parts: runs that "
            "differ in it would have one address. Add the part to parts=(...)"
        )


def undeclared_reads(parameters: Parameters, salt: str, seed: int) -> list[str]:
    """Parameters that a first draw and a first step read and that no part of the regime has."""
    read = _read(parameters, salt, seed)
    if read == {f.name for f in fields(parameters)}:
        return []
    return sorted(read - set(relevant(parameters)))


def _read(parameters: Parameters, salt: str, seed: int) -> set[str]:
    """Names of the parameters that are read in a first draw and a first step."""
    read: set[str] = set()
    p, objective = watched(parameters, read), objective_of(parameters)
    with torch.inference_mode():
        weights = sample_weights(p, salt, [seed])
        images = sample_images(p, salt, [seed]).to("cpu", weights.dtype)  # as a run has them
        largest = correlate(weights, images).amax(2)
        state = objective.start(p, weights, salt, [seed])
        objective.loss(p, dict(state), images, largest)
        objective.direction(p, state, images, largest)
        if objective.logits is not None:
            objective.logits(p, state, images.patches)
    return read


def watched(parameters: Parameters, read: set[str]) -> Parameters:
    """A regime that notes in `read` which of its parameters are asked for; else it is the same."""
    kind: Any = type(parameters)
    names = {f.name for f in fields(kind)}

    class Watched(kind):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            if name in names:
                read.add(name)
            return super().__getattribute__(name)

        def __hash__(self) -> int:
            return hash(parameters)

        def __eq__(self, other: object) -> bool:
            return other is self or parameters == other

    found = object.__new__(Watched)
    for name in names:
        object.__setattr__(found, name, getattr(parameters, name))
    return found


def _part(parameters: Parameters, name: str) -> str:
    """The part of a regime that a parameter stands in."""
    kinds = type(parameters).__mro__
    return [kind for kind in kinds if name in vars(kind).get("__annotations__", {})][-1].__name__
