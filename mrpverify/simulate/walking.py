"""Several steps of one seed's loud kernels between two looks at the calm ones (`partitioned`).

A step of the loud kernels is cheap, and a look at all kernels on all patches is not: it took half
of the time of a masked autoencoder. So the loud ones take up to MOST steps at once, each within the
tolerance on its own; what calm ones do to them, B, stays as it was at the beginning, and the calm
ones take one step of Heun's method over all of them, of length H. Two errors come of it, of second
and of third order in H:

    H/2 (B_end - B_0) on loud kernels,   H^3/12 d^2F/dt^2 on calm ones.

They are looked at when it is over: above the tolerance nothing of it is believed, and it is tried
again with half as many steps; how many come next follows from them, so that they stay near AIM.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .chebyshev import (
    INSIDE,
    LARGEST_CHANGE,
    LEAST_CHANGE,
    NO_NUMBER,
    RADIUS_MARGIN,
    SAFETY,
    SECOND_ORDER_SHORTER,
    STEPS_PER_RADIUS,
    THIRD_ORDER,
    THIRD_ORDER_LIMIT,
    Derivative,
    Piece,
    stage_limit,
    stages_needed,
    weights_by_stages,
)
from .objective import Walk
from .partitioned import STIFF, Chosen, Partitioned

CONTROL = (
    THIRD_ORDER_LIMIT, INSIDE, SAFETY, LEAST_CHANGE, LARGEST_CHANGE, SECOND_ORDER_SHORTER,
)  # fmt: skip
"""What a step is chosen by, as `compiled.steps` asks for it."""
MOST = 6
"""Steps at once at most."""
AIM = 0.02
"""Error of calm kernels and of B that is aimed at, in tolerances. In preset quick the error of the
crossings is then 1.2 times that of steps one by one; 0.05 makes it 1.5 and 0.25 2.5 times, for a
twentieth and a tenth of the time."""
ROUNDING = 1e-14
"""Share of the time left below which the end is reached."""


def in_turn(
    derivative: Derivative,
    y: torch.Tensor,
    f: torch.Tensor,
    control: Sequence[float],
    most: int,
) -> Walk:
    """Steps of y with flow f [1, kernels, width] where nobody takes them at once; see `Steps`.

    `compiled.steps` computes the same.
    """
    step, stiffness, tolerance, left = control[:4]
    every = torch.arange(y.shape[1], device=y.device).unsqueeze(0)
    rest = f - derivative(y, every)
    ends: list[torch.Tensor] = []
    flows: list[torch.Tensor] = []
    lengths: list[float] = []
    taken: list[int] = []
    error = 0.0
    longest = INSIDE * stage_limit(len(weights_by_stages()) - 1) / stiffness
    while len(ends) < most and left > 0:
        push = min(step, longest, left)
        count = int(stages_needed(torch.tensor(stiffness * push, dtype=torch.float64)))
        older, last, g = y, y, f
        for stage, t in enumerate(weights_by_stages()[count, :count].tolist()):
            if stage > 0:
                g = derivative(last, every) + rest
            moved = push * (t[3] * g + t[4] * f)
            older, last = last, t[0] * y + t[1] * last + t[2] * older + moved
        g = derivative(last, every) + rest
        error = _relative(0.8 * (y - last) + 0.4 * push * (f + g), y, last) / tolerance
        step = _next_step(push, step, error, stiffness)
        if error > 1:
            break
        y, f, left = last, g, left - push
        ends.append(y[0])
        flows.append(f[0])
        lengths.append(push)
        taken.append(count)
    if not ends:
        return Walk(y[:0], f[:0], y.new_zeros(0).double(), y.new_zeros(0).long(), step, error)
    numbers = torch.tensor(lengths, dtype=torch.float64), torch.tensor(taken)
    return Walk(torch.stack(ends), torch.stack(flows), *numbers, step, error)


def _next_step(push: float, step: float, error: float, stiffness: float) -> float:
    """The step that is asked for after one of length `push`, as in `Chebyshev`."""
    change: float = SAFETY * max(error, 1e-9) ** (-1 / 3)
    wanted = push * min(max(change, LEAST_CHANGE), LARGEST_CHANGE if error <= 1 else 0.9)
    if error <= 1 and push < step:
        wanted = max(step, wanted)
    edge = INSIDE * stage_limit(THIRD_ORDER) / stiffness
    across = push <= edge < wanted
    return max(edge, wanted / SECOND_ORDER_SHORTER) if across else wanted


def _relative(error: torch.Tensor, before: torch.Tensor, after: torch.Tensor) -> float:
    """The largest error of a kernel, relative to its length at either end."""
    size = torch.maximum(before.norm(dim=2), after.norm(dim=2)).clamp(min=1e-30)
    found = float((error.norm(dim=2) / size).max())
    return found if found < NO_NUMBER else NO_NUMBER


class Walking(Partitioned):
    """The flow of seeds whose kernels share a clock; one seed alone takes several steps at once.

    Without stiffness, and of seeds of a batch, it is `Partitioned`.
    """

    _most = 1
    """Steps that are taken at once next."""
    _pieces: list[Piece] | None = None
    """Of the last round, where steps were taken at once."""

    def advance(self, active: torch.Tensor, until: torch.Tensor) -> torch.Tensor:
        """Steps of one seed, or one of every seed; which were accepted."""
        self._pieces = None
        if len(self.state) == 1 and bool(active.all()):
            accepted = self._walk(until)
            if accepted is not None:
                return torch.full_like(active, accepted)
        return super().advance(active, until)

    def pieces(self) -> list[Piece]:
        """What the last round consists of, one step after the other."""
        return super().pieces() if self._pieces is None else self._pieces

    def _walk(self, until: torch.Tensor) -> bool | None:
        """Whether several steps at once were accepted; None where there is no stiffness."""
        self._refresh_radius(self._age >= STEPS_PER_RADIUS)
        left, stiffness = float(until - self.time), RADIUS_MARGIN * float(self.radius)
        if stiffness * min(float(self.step), left) <= STIFF:
            return None
        loud = self._loud(self.state)
        numbers = self._grouped(loud)
        chosen = Chosen.among(loud, numbers, self.state)
        y, f = chosen.of(self.state), chosen.of(self.flow)
        stiff = self._inner(y, numbers)
        control = (float(self.step), stiffness, self.tolerance, left, *CONTROL)
        walk = None if stiff.steps is None else stiff.steps(y, f, control, self._most)
        if walk is None:
            walk = in_turn(stiff.derivative, y, f, control, self._most)
        self._calm, self._pieces = ~loud, []
        return self._weigh(walk, chosen, until)

    def _weigh(self, walk: Walk, chosen: Chosen, until: torch.Tensor) -> bool:
        """Take the steps where all of them are good, and choose how many come next."""
        number, share = len(walk.lengths), chosen.loud.double().mean(1)
        self.step = torch.full_like(self.step, walk.step)
        self._pay(walk.stages.sum() * share)
        if number == 0:
            self._look_again(walk.error)
            return False
        length = walk.lengths.sum()
        push, one = length.to(self.state.dtype), torch.ones_like(self.time)
        new, flow = self._end(walk.ends[-1:], chosen, push, one)
        error = self._error_beside(walk, chosen, push, new, flow)
        if error > 1:
            self._most = max(1, number // 2)
            shorter = SAFETY * error ** (-1 / 3) if number == 1 else 1.0
            first = walk.lengths[0] * max(LEAST_CHANGE, shorter)
            self.step = first.expand_as(self.step).clone()
            self._look_again(error if number == 1 else 0.0)
            return False
        self._pieces = self._one_by_one(walk, chosen, new, flow, until)
        self.previous = (length.view(1, 1), self.state, self.flow)
        self.state, self.flow, self.time = new, flow, self._pieces[-1].time
        age = self._age + number
        self._age = age if walk.error <= 1 else torch.full_like(age, STEPS_PER_RADIUS)
        wanted = int(number * (AIM / max(error, 1e-9)) ** 0.5)
        self._most = max(1, min(wanted, number + 1, MOST))
        return True

    def _look_again(self, error: float) -> None:
        """After steps that were not taken."""
        self._age = torch.full_like(self._age, STEPS_PER_RADIUS)
        self.nowhere = self.nowhere + int(error >= NO_NUMBER)

    def _error_beside(
        self,
        walk: Walk,
        chosen: Chosen,
        length: torch.Tensor,
        new: torch.Tensor,
        flow: torch.Tensor,
    ) -> float:
        """Largest error of a kernel that steps at once add, in tolerances."""
        of_loud = length / 2 * (flow - chosen.into(flow, walk.flows[-1:]))
        of_calm = self._trapezoidal(length, self.flow, flow)
        estimate = torch.where(chosen.loud, of_loud, of_calm)
        return _relative(estimate, self.state, new) / self.tolerance

    def _one_by_one(
        self, walk: Walk, chosen: Chosen, new: torch.Tensor, flow: torch.Tensor, until: torch.Tensor
    ) -> list[Piece]:
        """The steps one by one; flows of calm kernels change evenly between both ends."""
        gone = walk.lengths.cumsum(0)
        times = list(self.time + gone.unsqueeze(1).unsqueeze(2))
        if float(gone[-1]) >= float(until - self.time) * (1 - ROUNDING):
            times[-1] = until.clone()
        turn = (flow - self.flow) / gone[-1].to(flow.dtype)
        states, flows = [self.state], [self.flow]
        for t, end, its_flow in zip(gone[:-1].to(flow.dtype), walk.ends, walk.flows, strict=False):
            calm = self.state + t * self.flow + t**2 / 2 * turn
            states.append(chosen.into(calm, end.unsqueeze(0)))
            flows.append(chosen.into(self.flow + t * turn, its_flow.unsqueeze(0)))
        states.append(new)
        flows.append(flow)
        lengths = walk.lengths.view(-1, 1, 1)
        ends = zip(times, lengths, states, flows, states[1:], flows[1:], strict=False)
        return [Piece(*end) for end in ends]
