"""Runge-Kutta-Chebyshev of second order (RKC2) with error control, one clock for each unit.

Sommeijer, Shampine and Verwer (1997): an explicit method whose s stages are stable for h lambda up
to about 0.65 s^2 on the negative real axis, where the spectrum of a gradient flow lies. So the cost
of a stiff stretch grows with the root of its stiffness, and no Jacobian is formed. lambda comes
from a power iteration on the flow itself, warm-started; the error estimate is embedded:

    est = 0.8 (y_n - y_{n+1}) + 0.4 h (F_n + F_{n+1}),

taken relative to each kernel's own length. Where h lambda is at most 2.5 three stages of Bogacki
and Shampine (1989) take the step: of third order, so that a plateau, which is not stiff and forgets
nothing, is followed far more closely than that estimate of second order says.

A unit is a seed where its kernels interact, and a single kernel where they do not (teacher-student,
L10): it then has a step and a time of its own. Then stiff steps wait until no other is left, and
are taken together: a round costs as many launches as its stiffest step has stages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt

import torch

from .objective import Course

Derivative = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""dy/dt [seeds, n, width] of some kernels of every seed (their numbers [seeds, n] come second)."""

DAMPING = 2 / 13
THIRD_ORDER = 3
"""Stages of Bogacki and Shampine's method; RKC2 takes over with one more."""
THIRD_ORDER_LIMIT = 2.5
"""Largest h lambda that they are stable for (1 - z + z^2/2 - z^3/6 > -1)."""
SECOND_ORDER_SHORTER = 1.5
"""A step of RKC2 after one of third order is so much shorter than that one's error asks for: its
own error is five to eight times as large, and every second one was rejected."""
MOST_STAGES = 250
"""Rounding grows with the square of the stages; at 250 it is about 0.01 of a tolerance of 1e-2."""
INSIDE = 0.999
"""Share of the largest h lambda of some stages that a step is cut to: at that limit itself rounding
would decide whether it takes one stage more, and of which order it is."""
SAFETY, LEAST_CHANGE, LARGEST_CHANGE = 0.8, 0.1, 5.0
"""Of the step that the error asks for, and by how much a step may change at once."""
STEPS_PER_RADIUS = 20
"""Accepted steps after which the spectral radius is asked for again; after a rejection at once."""
RADIUS_MARGIN = 1.2
"""A power iteration approaches the radius from below, and it moves until it is asked for again."""
FIRST_ROUNDS, LATER_ROUNDS, SETTLED = 12, 4, 0.05
"""Power iterations at the start and from the last direction, and the change they stop at."""
PROBE = 3
"""Relative size of a perturbation, in roots of the rounding unit: kinks of the flow lie close."""
FIRST_SHARE = 0.01
"""Relative change that the first step aims at."""
NO_NUMBER = 1e6
"""What an error counts as, in tolerances, where a step ended at what is no number."""


def stage_limit(stages: int) -> float:
    """Largest h lambda that `stages` >= 3 stages are stable for."""
    return THIRD_ORDER_LIMIT if stages == THIRD_ORDER else (stages**2 - 1) / 1.54


def stages_needed(radius: torch.Tensor) -> torch.Tensor:
    """Least number of stages, at least 3, that is stable for h lambda = `radius`."""
    chebyshev = (1 + torch.sqrt(1 + 1.54 * radius)).floor().clamp(min=THIRD_ORDER + 1)
    return torch.where(radius <= THIRD_ORDER_LIMIT, THIRD_ORDER, chebyshev).to(torch.int64)


@cache
def coefficients(stages: int) -> tuple[tuple[float, float, float, float], ...]:
    """(mu, nu, mu~, gamma~) of stage 1 to `stages` >= 3; of the first one only mu~ is used.

    y_j = (1 - mu - nu) y_n + mu y_{j-1} + nu y_{j-2} + h (mu~ F(y_{j-1}) + gamma~ F_n).
    """
    if stages == THIRD_ORDER:  # F(y_1) of the last stage is (y_2 - y_n)/(3/4 h)
        return ((0.0, 0.0, 1 / 2, 0.0), (0.0, 0.0, 3 / 4, 0.0), (4 / 9, 0.0, 4 / 9, 2 / 9))
    w0 = 1 + DAMPING / stages**2
    t, dt, ddt = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for j in range(2, stages + 1):
        t.append(2 * w0 * t[j - 1] - t[j - 2])
        dt.append(2 * t[j - 1] + 2 * w0 * dt[j - 1] - dt[j - 2])
        ddt.append(4 * dt[j - 1] + 2 * w0 * ddt[j - 1] - ddt[j - 2])
    w1 = dt[stages] / ddt[stages]
    b = [0.0, 1 / w0] + [ddt[j] / dt[j] ** 2 for j in range(2, stages + 1)]
    b[0] = b[2]
    a = [1 - b[j] * t[j] for j in range(stages + 1)]
    rows = [(0.0, 0.0, b[1] * w1, 0.0)]
    for j in range(2, stages + 1):
        slope = 2 * b[j] * w1 / b[j - 1]
        rows.append((2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], slope, -a[j - 1] * slope))
    return tuple(rows)


@cache
def _weights(stages: int) -> torch.Tensor:
    """Weights [stages, 5] of y_n, of the last two stages, of the last one's flow and of F_n."""
    rows = torch.tensor(coefficients(stages), dtype=torch.float64)
    return torch.cat([(1 - rows[:, 0] - rows[:, 1]).unsqueeze(1), rows], 1)


@cache
def weights_by_stages() -> torch.Tensor:
    """The same of every number of stages up to MOST_STAGES [stages + 1, stages, 5], float64."""
    tables = torch.zeros(MOST_STAGES + 1, MOST_STAGES, 5, dtype=torch.float64)
    for stages in range(THIRD_ORDER, MOST_STAGES + 1):
        tables[stages, :stages] = _weights(stages)
    return tables


@dataclass(frozen=True)
class Piece:
    """A step that was accepted: time at its end and length [clocks], state and flow at both."""

    time: torch.Tensor
    length: torch.Tensor
    before: torch.Tensor
    flow_before: torch.Tensor
    after: torch.Tensor
    flow_after: torch.Tensor


def _of_this_round(stages: torch.Tensor) -> torch.Tensor:
    """Clocks that move in this round: stiff ones wait until no other one is on its way."""
    few = (stages > 0) & (stages <= THIRD_ORDER + 1)
    return few if bool(few.any()) else stages > 0


class Chebyshev:
    """The flow of a state [seeds, kernels, width] from time 0, step by step.

    `time`, `step` and all else of a clock are [seeds, kernels] where kernels have clocks of their
    own, and [seeds, 1] where they share one. Times are float64.
    """

    def __init__(
        self,
        derivative: Derivative,
        state: torch.Tensor,
        tolerance: float,
        own_clocks: bool,
        together: bool = False,
        course: Course | None = None,
    ) -> None:
        """`together`: every evaluation is one of all kernels, whoever needs it.

        So its shape is always the same, and where launches cost more than arithmetic it costs no
        more; the numbers are those of kernels that are evaluated apart, to rounding. `course` takes
        the stages of one seed's step at once.
        """
        self._course = course
        self._derivative, self.tolerance, self.own_clocks = derivative, tolerance, own_clocks
        self._chooses = own_clocks and not together
        self.state = state
        clocks = state.shape[:2] if own_clocks else (len(state), 1)
        self.time = torch.zeros(clocks, dtype=torch.float64, device=state.device)
        self.evaluations = self.time.new_zeros(len(state))
        """Gradient evaluations of each seed; that of some of the kernels counts in proportion."""
        self._every = torch.arange(state.shape[1], device=state.device).expand(state.shape[:2])
        self.flow = self._evaluate(state, self._every, self.time == 0)
        self._direction = self.flow.clone()
        self._age = torch.full(clocks, STEPS_PER_RADIUS, device=state.device)
        self.radius = torch.zeros_like(self.time)
        """Largest |eigenvalue| of the flow's Jacobian as last seen, without margin."""
        self.largest_radius = torch.zeros_like(self.time)
        self.nowhere = torch.zeros_like(self._age)
        """Steps of each clock that ended at what is no number, and were not taken."""
        self.step = FIRST_SHARE * self._shortest(state, self.flow)
        self.previous: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = (
            torch.zeros_like(self.time), self.state, self.flow,
        )  # fmt: skip
        """Length of each clock's last accepted step; state and flow at its beginning. After a long
        plateau a step may be below the rounding of the time, and its ends do not tell its length.
        """

    def advance(self, active: torch.Tensor, until: torch.Tensor) -> torch.Tensor:
        """One step of the active clocks, not beyond `until`; which of them were accepted.

        All three have the shape of a clock. A step that is not accepted is tried smaller next time.
        """
        self._refresh_radius(active & (self._age >= STEPS_PER_RADIUS))
        longest = self._longest(MOST_STAGES)
        h = torch.minimum(torch.minimum(self.step, longest), until - self.time)
        stages = torch.where(active, stages_needed(RADIUS_MARGIN * self.radius * h), 0)
        if self._chooses:
            active = active & _of_this_round(stages)
            stages = torch.where(active, stages, 0)
        h = torch.where(active, h, 0.0)
        chosen, new, flow = self._step(h, stages)
        return self._judge(active, h, new, flow, chosen)

    def pieces(self) -> list[Piece]:
        """What the last round consists of, one step after the other."""
        return [Piece(self.time, *self.previous, self.state, self.flow)]

    def measure_radius(self) -> None:
        """Look at the spectral radius where the clocks stand now."""
        self._refresh_radius(torch.ones_like(self.time, dtype=torch.bool))

    def _step(
        self, h: torch.Tensor, stages: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The kernels that move, their y_{n+1} and their flow there."""
        chosen = self._first(stages)
        y, f = self._take(self.state, chosen), self._take(self.flow, chosen)
        own, push = self._at(stages, chosen), self._at(h, chosen)
        found = self._at_once(y, f, push, own)
        if found is not None:
            self._pay(stages)
            return chosen, *found
        new = self._stages(y, f, push, own, chosen, self._derivative)
        return chosen, new, self._evaluate(new, chosen, stages)

    def _at_once(
        self, y: torch.Tensor, f: torch.Tensor, h: torch.Tensor, stages: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        """y_{n+1} and the flow there of one seed's kernels, where all stages are taken at once."""
        if self._course is None:
            return None
        counts = set(stages.flatten().tolist())
        table = self._table(stages, h, counts)[0].transpose(0, 1)
        return self._course(y, f, self._still_going(stages, max(counts), y.shape[1]), table)

    def _stages(
        self,
        y: torch.Tensor,
        f: torch.Tensor,
        h: torch.Tensor,
        stages: torch.Tensor,
        chosen: torch.Tensor,
        derivative: Derivative,
    ) -> torch.Tensor:
        """y_{n+1} of the chosen kernels, which come in the order of their stages, most first.

        What a clock does not need is not evaluated, but where another seed needs as many kernels.
        """
        # Read once: on a GPU every look at a number waits for all that was launched.
        counts = set(stages.flatten().tolist())
        table = [row.unbind(2) for row in self._table(stages, h, counts).unsqueeze(-1).unbind(2)]
        going = self._still_going(stages, max(counts), y.shape[1])
        older, last = y, torch.addcmul(y, table[0][3], f)
        ended = []
        for count, row in zip(going[1:], table[1:], strict=True):
            if count < last.shape[1]:
                ended.append(last[:, count:])
                y, f, older, last = (x[:, :count] for x in (y, f, older, last))
            start, of_last, of_older, of_flow, of_first = (c[:, :count] for c in row)
            g = derivative(last, chosen[:, :count])
            new = (start * y).addcmul_(of_last, last).addcmul_(of_older, older)
            older, last = last, new.addcmul_(of_flow, g).addcmul_(of_first, f)
        return torch.cat([last, *reversed(ended)], 1)

    def _judge(
        self,
        active: torch.Tensor,
        h: torch.Tensor,
        new: torch.Tensor,
        flow: torch.Tensor,
        chosen: torch.Tensor,
    ) -> torch.Tensor:
        """Accept or reject the step of every active clock, and choose the next one."""
        y, f = self._take(self.state, chosen), self._take(self.flow, chosen)
        estimate = self._estimate(self._at(h, chosen).unsqueeze(2).to(y.dtype), y, f, new, flow)
        length = torch.maximum(y.norm(dim=2), new.norm(dim=2)).clamp(min=1e-30)
        relative = (estimate.norm(dim=2) / length / self.tolerance).double()
        relative = torch.where(torch.isfinite(relative), relative, NO_NUMBER)
        error = self._back(relative, chosen)
        self.nowhere = self.nowhere + (active & (error >= NO_NUMBER))
        good = active & (error <= 1)
        self._keep(good, h, new, flow, chosen)
        change = SAFETY * error.clamp(min=1e-9) ** (-1 / 3)
        top = torch.where(error <= 1, LARGEST_CHANGE, 0.9)
        change = torch.minimum(change.clamp(min=LEAST_CHANGE), top)
        # A step cut short at its end says nothing about a shorter one.
        shortened = good & (h < self.step)
        asked = torch.where(shortened, torch.maximum(self.step, h * change), h * change)
        self.step = torch.where(active, self._across_orders(h, asked), self.step)
        self._age = torch.where(good, self._age + 1, self._age)
        self._age = torch.where(active & ~good, STEPS_PER_RADIUS, self._age)
        return good

    def _across_orders(self, h: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """The step asked for after one of h, shorter where it is the first of second order."""
        edge = self._longest(THIRD_ORDER)
        leaves = (h <= edge) & (asked > edge)
        return torch.where(leaves, torch.maximum(edge, asked / SECOND_ORDER_SHORTER), asked)

    def _longest(self, stages: int) -> torch.Tensor:
        """The step of every clock that so many stages are cut to."""
        stiffness = RADIUS_MARGIN * self.radius.clamp(min=1e-30)
        return INSIDE * stage_limit(stages) / stiffness

    def _estimate(
        self,
        h: torch.Tensor,
        y: torch.Tensor,
        f: torch.Tensor,
        new: torch.Tensor,
        flow: torch.Tensor,
    ) -> torch.Tensor:
        """Error of a step of h [seeds, chosen or 1, 1] from y to new, with the flow at both."""
        return 0.8 * (y - new) + 0.4 * h * (f + flow)

    def _keep(
        self,
        good: torch.Tensor,
        h: torch.Tensor,
        new: torch.Tensor,
        flow: torch.Tensor,
        chosen: torch.Tensor,
    ) -> None:
        """Make the accepted steps the state."""
        y, f, wide = self.state, self.flow, good.unsqueeze(2)
        self.previous = (
            torch.where(good, h, self.previous[0]),
            torch.where(wide, y, self.previous[1]),
            torch.where(wide, f, self.previous[2]),
        )
        self.state = torch.where(wide, self._put(y, chosen, new), y)
        self.flow = torch.where(wide, self._put(f, chosen, flow), f)
        self.time = torch.where(good, self.time + h, self.time)

    def _refresh_radius(self, due: torch.Tensor) -> None:
        """Power iterations on the flow for the clocks that are due, each until it settles."""
        if not bool(due.any()):
            return
        chosen = self._first(due)
        y, f = self._take(self.state, chosen), self._take(self.flow, chosen)
        v, found = self._take(self._direction, chosen), self._at(self.radius, chosen)
        going, fresh = self._at(due, chosen), self._at(self.radius == 0, chosen)
        reach = self._length(y, chosen) * PROBE * sqrt(torch.finfo(y.dtype).eps)
        for round_ in range(FIRST_ROUNDS):
            moved = y + v * (reach / self._length(v, chosen).clamp(min=1e-30))
            turned = self._evaluate(moved, chosen, going) - f
            seen = (self._length(turned, chosen) / reach.clamp(min=1e-30)).squeeze(2).double()
            seen = seen.nan_to_num(0.0, posinf=0.0)
            v = torch.where(going.unsqueeze(2), turned, v)
            settled = (seen - found).abs() <= SETTLED * seen
            found = torch.where(going, seen, found)
            going = going & ~settled & (fresh | (round_ + 1 < LATER_ROUNDS))
            if not bool(going.any()):
                break
        self.radius = torch.where(due, self._back(found, chosen), self.radius)
        self.largest_radius = torch.maximum(self.largest_radius, self.radius)
        self._direction = self._put(self._direction, chosen, v)
        self._age = torch.where(due, 0, self._age)

    def _evaluate(self, y: torch.Tensor, chosen: torch.Tensor, paid: torch.Tensor) -> torch.Tensor:
        """The flow of some kernels; each clock pays for so many evaluations [clocks or chosen]."""
        self._pay(paid)
        return self._derivative(y, chosen)

    def _pay(self, paid: torch.Tensor) -> None:
        """Count the evaluations of each clock, in proportion to all kernels."""
        self.evaluations = self.evaluations + paid.sum(1) / self.time.shape[1]

    def _first(self, wanted: torch.Tensor) -> torch.Tensor:
        """Kernels of clocks with a number beside 0, the largest first, [seeds, n].

        Where a seed has fewer than another one, those that come after them.
        """
        if not self._chooses:
            return self._every
        most = int((wanted != 0).sum(1).max())
        return torch.argsort(wanted.int(), dim=1, descending=True, stable=True)[:, :most]

    def _still_going(self, stages: torch.Tensor, most: int, kernels: int) -> list[int]:
        """How many of the kernels have a stage 1, 2, ..., most: as many as the seed with most."""
        if not self._chooses:
            return [kernels] * most
        number = torch.arange(most, device=stages.device)
        counts: list[int] = (stages.unsqueeze(2) > number).sum(1).amax(0).tolist()
        return counts

    def _at(self, clock: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """A clock's values for the chosen kernels, [seeds, 1] where they share one."""
        return clock.gather(1, chosen) if self.own_clocks else clock

    def _take(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Of a state the part of the chosen kernels."""
        if not self.own_clocks:
            return x
        return x.gather(1, chosen.unsqueeze(2).expand(-1, -1, x.shape[2]))

    def _put(self, x: torch.Tensor, chosen: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
        """A state with the part of the chosen kernels replaced."""
        if not self.own_clocks:
            return part
        return x.scatter(1, chosen.unsqueeze(2).expand_as(part), part)

    def _back(self, values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Values of kernels [seeds, chosen] on their clocks, the largest where they share one."""
        if not self.own_clocks:
            return values.amax(1, keepdim=True)
        return torch.zeros_like(self.time).scatter(1, chosen, values)

    def _length(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Euclidean length of each unit, [seeds, chosen or 1, 1]."""
        length: torch.Tensor = x.norm(dim=(2,) if self.own_clocks else (1, 2), keepdim=True)
        return length

    def _shortest(self, y: torch.Tensor, f: torch.Tensor) -> torch.Tensor:
        """|y|/|dy/dt|, the least of all kernels that share a clock; inf where all start from 0."""
        length = y.norm(dim=2)
        share: torch.Tensor = (length / f.norm(dim=2).clamp(min=1e-30)).double()
        share = torch.where(length == 0, torch.inf, share)
        return share if self.own_clocks else share.amin(1, keepdim=True)

    def _table(self, stages: torch.Tensor, h: torch.Tensor, counts: set[int]) -> torch.Tensor:
        """Weights of every stage [seeds, chosen or 1, stages, 5], those of flows times h.

        `counts` are the numbers among `stages`. After a clock's last stage they keep its value.
        """
        most = max(counts)
        rows = torch.zeros(most + 1, most, 5, dtype=torch.float64)
        rows[:, :, 1] = 1.0
        for count in counts - {0}:
            rows[count, :count] = _weights(count)
        own = rows.to(h.device)[stages]
        own[..., 3:] *= h[..., None, None]
        return own.to(self.state.dtype)
