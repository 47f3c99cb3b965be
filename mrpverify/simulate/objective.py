"""What an objective is: the functions that a run asks it for, and what kind of run it is.

One that comes from outside is written in the same way (docs/from_outside.md). All tensors
have the seeds first; a state is a dictionary of tensors with the kernels ``weights`` [seeds,
kernels, dimension].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal

import torch

from ..derivations import OPEN, Theory
from .images import Images

State = dict[str, torch.Tensor]
Start = Callable[[Any, torch.Tensor, str, list[int]], State]
"""(parameters, kernels, salt, seeds) -> the state at time 0."""
Direction = Callable[[Any, State, Images, torch.Tensor], tuple[State, torch.Tensor]]
"""(parameters, state, images, largest correlation of every kernel [seeds, kernels]) -> minus the
gradient of every trained tensor, and the largest pre-activation of each seed [seeds]."""
Loss = Callable[[Any, State, Images, torch.Tensor], torch.Tensor]
"""(the same) -> the loss [seeds]."""
Logits = Callable[[Any, State, torch.Tensor], torch.Tensor]
"""(parameters, state, patches) -> F [seeds, images, classes]."""
Loud = Callable[[Any, torch.Tensor], torch.Tensor]
"""(parameters, largest correlation of every kernel [seeds, kernels]) -> which kernels can make the
loss stiff [seeds, kernels], bool."""


@dataclass(frozen=True)
class Walk:
    """Steps of one seed's kernels one after the other, each within the tolerance."""

    ends: torch.Tensor
    """States after each, trained tensors side by side [steps, kernels, width]."""
    flows: torch.Tensor
    """Their flows there, of the same shape."""
    lengths: torch.Tensor
    """Of the steps [steps], float64."""
    stages: torch.Tensor
    """Of each of them [steps], int64."""
    step: float
    """That is asked for next."""
    error: float
    """Of the last step that was tried, in tolerances: above 1 it was not taken."""


Steps = Callable[[torch.Tensor, torch.Tensor, Sequence[float], int], Walk | None]
"""(y and its flow [1, kernels, width], how steps are controlled (`partitioned`), how many at most)
-> steps of the stiff flow; None where they are taken one by one."""


@dataclass(frozen=True)
class Nearby:
    """Minus the gradient as far as it is stiff, near a state of loud kernels."""

    direction: Callable[[State], State]
    steps: Steps | None = None
    """Several steps of one seed at once, where somebody has a faster way."""


Course = Callable[
    [torch.Tensor, torch.Tensor, list[int], torch.Tensor], tuple[torch.Tensor, torch.Tensor] | None
]
"""(y, its flow, kernels that have each stage, weights of the stages [stages, kernels, 5]) -> what a
step of one seed's kernels leads to and their flow there, of trained tensors side by side; None
where stages are taken one by one (`chebyshev`)."""
Inner = Callable[[Any, State, Images], Nearby]
"""(parameters, state of loud kernels, images) -> what inner stages see near this state."""


def nothing_follows(parameters: Any, state: State, largest: torch.Tensor) -> None:
    """Nothing beside the trained tensors changes."""


def alone(parameters: Any) -> float:
    """No view waits for another one."""
    del parameters
    return 1.0


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss with its exact or sampled gradient, its parts of a regime, and what is known of it."""

    name: str
    """What ``--framework`` and a regime's `framework` say."""
    parts: tuple[type, ...]
    """Parts of a regime that can change its runs (`mrpverify.parts`), its own options too."""
    start: Start
    direction: Direction
    loss: Loss
    plateau_degree: Callable[[Any], int]
    """Degree of homogeneity in the trained tensors of what drives the loss below varrho."""
    trained: Callable[[Any, State], dict[str, int]] | None = None
    """Trained tensors and their width per kernel; None: no flow, masks are drawn in every step."""
    over_images: bool = False
    """Whether loss and direction are means over images, so that they may be put together from parts
    of them (`execution`)."""
    means: Callable[[Any, State, Images], State] | None = None
    """What direction and loss need of all images: means over images, taken from the state where
    they are there."""
    known: Callable[[Any, State, Images], State] | None = None
    """What direction and loss take from the state where it is there, of all images, and no step of
    a flow changes."""
    after_step: Callable[[Any, State, torch.Tensor], None] = nothing_follows
    """Changes what follows the trained tensors."""
    in_steps: Callable[[Any], bool] | None = None
    """Whether that changes the runs of a regime, None: of every one. It then has no flow."""
    slowdown: Callable[[Any], float] = alone
    """How much longer than alone a view may need, for the certificate that it is never covered."""
    logits: Logits | None = None
    """The classifier, of an objective with labels."""
    fixed_masks: bool = False
    """Of an objective from outside that reads the part `Masks`: whether it knows masks of fixed
    size (``masks=fixed``); a regime that asks for them is refused otherwise."""
    labelled: bool = False
    """Whether it learns from paid-for labels, and may have them shuffled."""
    loud: Loud | None = None
    """Kernels that the inner stages of a stiff step see; None: all. The others must be able to be
    left out, and a kernel of zeros to rest."""
    inner: Inner | None = None
    """What these stages compute instead of `direction`, where less of it makes the stiffness."""
    course: Callable[[Any, State, Images], Course | None] | None = None
    """A step of one seed's kernels with clocks of their own at once, where somebody has a faster
    way: of a regime, what follows the kernels, and images."""
    independent_kernels: bool = False
    """Whether no kernel feels another one: each then has a clock of its own."""
    covers: Literal["every feature", "one feature a class"] = "every feature"
    """What must be crossed for T to be set."""
    like: str = "teacher-student"
    """Whose regime of a preset it takes where the preset has none of its own."""
    theory: Theory = OPEN
    """What is derived about it; of one that is a folder its ``theory.py`` says it instead, which a
    run does not import (`derivations.theory_of`)."""

    def needs_steps(self, parameters: Any) -> bool:
        """Whether something in a run of the regime changes from step to step."""
        if self.after_step is nothing_follows:
            return False
        return self.in_steps is None or self.in_steps(parameters)

    def __post_init__(self) -> None:
        """Raise TypeError for a part that is no data class, and for a theory that is none."""
        check_parts(f"objective {self.name!r}", self.parts)
        if not isinstance(self.theory, Theory):
            raise TypeError(f"objective {self.name!r}: theory={self.theory!r} is no Theory")


def check_parts(owner: str, parts: tuple[type, ...]) -> None:
    """Raise TypeError where a part of a regime is no data class: its options have no names."""
    for part in parts:
        if not (isinstance(part, type) and is_dataclass(part)):
            raise TypeError(f"{owner}: its part {part!r} is no data class; write @dataclass above")


def one_feature_a_class(by_feature: torch.Tensor, classes: int) -> torch.Tensor:
    """[seeds, features] as [seeds, classes, views]."""
    return by_feature.view(len(by_feature), classes, -1)
