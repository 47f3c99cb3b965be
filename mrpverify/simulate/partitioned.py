"""RKC2 whose inner stages see only the loud kernels of a seed, the others being calm.

They may see less of these, too (`Inner`): only the patches that pull one of them.

Far below varrho a kernel neither makes stiffness nor feels it: its activations are of order
(C/varrho)^q, so its share of the curvature is of order (C/varrho)^{2q-2}. With A(y) the flow that
the loud kernels would have without the others (on those patches), 0 on these, and B = F - A, a step
of size h is

    z       = y_n + h B(y_n) + (what RKC2 adds for dy/dt = A(y) + B(y_n)),
    y_{n+1} = z on loud kernels,  y_n + h/2 (F(y_n) + F(z)) on calm ones:

a splitting into a stiff part, by RKC2, and one that is not, by Heun's method (Hundsdorfer and
Verwer, 2003, chapter IV). It is of second order but for h^2/2 dB/dt on loud kernels, what a change
of the calm ones does to them: of order (C/varrho)^q, and 0.4 h (B(z) - B(y_n)) of it stands in the
error estimate, so the step answers to it. Adding h/2 (B(z) - B(y_n)) there as well would mend the
order, but h times a rounding error excites the stiff modes: in float32 that kept h at 50 where 400
will do. A step costs one evaluation with all kernels, and one with the loud ones for each stage.
Steps that are not stiff (h lambda <= 1) are taken as ever, and are of third order. The error of a
calm kernel is that of the trapezoidal rule, h^3/12 d^2F/dt^2, by differences over this step and the
last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .chebyshev import RADIUS_MARGIN, Chebyshev, Derivative
from .objective import Steps


@dataclass(frozen=True)
class Stiff:
    """The stiff flow A of some kernels, for states near one."""

    derivative: Derivative
    steps: Steps | None = None
    """Several steps of one seed at once, where there is a faster way (`walking`)."""


Inner = Callable[[torch.Tensor, torch.Tensor], Stiff]
"""Of a state of some kernels and their numbers: their stiff flow near it."""
Loud = Callable[[torch.Tensor], torch.Tensor]
"""Which kernels of a state [seeds, kernels, width] take part in its stiffness [seeds, kernels]."""

STIFF = 1.0
"""h lambda from which on a step is split. Below, all kernels take all stages; between this and 2.5,
where a captured kernel has just been reached, the loud ones take the stages of third order."""
GROUP = 4
"""Loud kernels are filled up with zeros to a multiple of this: of torch's library products of ten
columns took twice as long as of sixteen, of numpy's fourteen take 1.15 times as long (2800 x 48
patches, one core with 512-bit registers). Six seeds of preset quick took 2.55 s each with sixteen,
2.29 with eight and 2.19 with four."""


@dataclass(frozen=True)
class Chosen:
    """The loud kernels of seeds among all."""

    loud: torch.Tensor
    """[seeds, kernels, 1], bool."""
    index: torch.Tensor
    """Their numbers, and those of others that fill the group up [seeds, n, width]."""
    there: torch.Tensor
    """Which of these are loud [seeds, n, 1], bool."""

    @classmethod
    def among(cls, loud: torch.Tensor, numbers: torch.Tensor, state: torch.Tensor) -> Chosen:
        """Those `loud` [seeds, kernels] of a state, all of which are among some numbers."""
        index = numbers.unsqueeze(2).expand(-1, -1, state.shape[2])
        return cls(loud.unsqueeze(2), index, loud.gather(1, numbers).unsqueeze(2))

    def of(self, state: torch.Tensor) -> torch.Tensor:
        """Their part of a state, zeros in place of the others."""
        return torch.where(self.there, state.gather(1, self.index), 0.0)

    def into(self, state: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
        """A state with their part replaced."""
        kept = torch.where(self.there, part, state.gather(1, self.index))
        return state.scatter(1, self.index, kept)


class Partitioned(Chebyshev):
    """The flow of seeds whose kernels share a clock.

    `derivative` of some of the kernels must be their flow without the others; a kernel of zeros
    must rest there and do nothing to the others.
    """

    def __init__(
        self,
        derivative: Derivative,
        state: torch.Tensor,
        tolerance: float,
        loud: Loud,
        inner: Inner | None = None,
    ) -> None:
        super().__init__(derivative, state, tolerance, own_clocks=False)
        self._loud, self._inner = loud, inner or (lambda state, kernels: Stiff(derivative))
        self._calm = torch.zeros(state.shape[:2], dtype=torch.bool, device=state.device)

    def _step(
        self, h: torch.Tensor, stages: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        stiff = (stages > 0) & (RADIUS_MARGIN * self.radius * h > STIFF)
        if not bool(stiff.any()):
            self._calm = torch.zeros_like(self._calm)
            return super()._step(h, stages)
        # Without stiffness all kernels of a seed are loud: it has the order it has alone.
        loud = torch.where(stiff, self._loud(self.state), stages > 0)
        self._calm = ~loud
        numbers = self._grouped(loud)
        chosen = Chosen.among(loud, numbers, self.state)
        y, f = chosen.of(self.state), chosen.of(self.flow)
        z = self._beside_the_calm(y, f, h, stages, numbers)
        push = h.unsqueeze(2).to(y.dtype)
        return self._every, *self._end(z, chosen, push, self._paid(stages, loud, stiff))

    def _end(
        self, part: torch.Tensor, chosen: Chosen, length: torch.Tensor, paid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """State and flow of all kernels where the loud ones have come to `part`."""
        there = chosen.into(self.state + length * self.flow, part)
        flow = self._evaluate(there, self._every, paid)
        of_calm = self.state + length / 2 * (self.flow + flow)
        return torch.where(chosen.loud, there, of_calm), flow

    def _beside_the_calm(
        self,
        y: torch.Tensor,
        f: torch.Tensor,
        h: torch.Tensor,
        stages: torch.Tensor,
        chosen: torch.Tensor,
    ) -> torch.Tensor:
        """z of the chosen kernels; what calm ones do to them stays as it is at the beginning."""
        stiff = self._inner(y, chosen)
        rest = f - stiff.derivative(y, chosen)

        def derivative(x: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
            return stiff.derivative(x, kernels) + rest

        return self._stages(y, f, h, stages, chosen, derivative)

    def _estimate(
        self,
        h: torch.Tensor,
        y: torch.Tensor,
        f: torch.Tensor,
        new: torch.Tensor,
        flow: torch.Tensor,
    ) -> torch.Tensor:
        usual = super()._estimate(h, y, f, new, flow)
        return torch.where(self._calm.unsqueeze(2), self._trapezoidal(h, f, flow), usual)

    def _trapezoidal(self, h: torch.Tensor, f: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
        """Error of that rule over a step of h after the last accepted one."""
        past = self.previous[0].unsqueeze(2).to(f.dtype).clamp(min=1e-30)
        now = h.clamp(min=1e-30)
        bend = ((flow - f) / now - (f - self.previous[2]) / past) / (now + past) * 2
        error: torch.Tensor = now**3 / 12 * bend
        return error

    @staticmethod
    def _grouped(loud: torch.Tensor) -> torch.Tensor:
        """Kernels with all loud ones of every seed first, full groups of them [seeds, n]."""
        groups = max(1, -(-int(loud.sum(1).max()) // GROUP))
        order = torch.argsort(loud.int(), dim=1, descending=True, stable=True)
        return order[:, : groups * GROUP]

    @staticmethod
    def _paid(stages: torch.Tensor, loud: torch.Tensor, stiff: torch.Tensor) -> torch.Tensor:
        """Evaluations that a step of each seed costs where it is alone [seeds, 1]."""
        share = loud.double().mean(1, keepdim=True)
        return torch.where(stiff, 1 + stages * share, stages.double())
