"""The gradient flow of a mask-expected loss, integrated to a tolerance (theory.md, section 2).

The theory's statements are about gradient flow. `chebyshev` integrates it; here its state is put
together from the trained tensors, crossings are found inside a step, and the horizon is kept.

**Horizon.** T = horizon_factor times the time of full coverage, at least LEAST_STEPS eta. Kernels
with clocks of their own do not outrun it, and they come in waves: while coverage is open, all go to
a front; once the last one has come, the next front lies at horizon_factor times that time, and T
cannot lie before it. A kernel at rest, whose steps are stiff and long, is cut short once a wave;
a front that followed the last kernel step by step cost it two thirds of all its gradients.

**Endings.** A run ends at T, when it diverges, when it is certain never to be covered
(`certificate`), or when its work is used up: then nothing is known about it.

**Crossings** are roots of the cubic through both ends of a step and their slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

import numpy as np
import torch

from ..parameters import Parameters
from .arithmetic import number_type
from .batches import always_alone
from .certificate import Certificate
from .chebyshev import Chebyshev, Piece
from .execution import alone
from .objective import Inner, Loud, State, one_feature_a_class
from .partitioned import Partitioned, Stiff
from .replay import Replayed, replayable
from .run import LEAST_STEPS, as_computed, classified, correlate, diverged, enough_crossed
from .sample import NO_PATCH, Images, feature_moments
from .trajectory import NEVER, Trajectory
from .walking import Walking

Values = TypeVar("Values", torch.Tensor, np.ndarray)

NOWHERE = 100
"""Steps to what is no number after which the flow ends there: steps below the rounding of the
state change nothing, are taken, and would be followed by longer ones for ever."""
SNAPSHOTS = 120
"""Times at which the correlations of a seed are kept: where its steps were, evenly by count."""
PARTS, CUTS = 64, 5
"""Of a step, to find a crossing in it to 1e-9 of its length: so many parts, each cut again."""


def integrate(
    parameters: Parameters,
    images: Images,
    weights: torch.Tensor,
    held_out: torch.Tensor,
    salt: str = "",
    seeds: list[int] | None = None,
    device: str = "cpu",
) -> Trajectory:
    """Follow the flow from given images [seeds, ...] and kernels [seeds, kernels, dimension].

    `held_out` [seeds, count, dimension] are background patches that T1.noise looks at.
    """
    dtype = number_type(parameters)
    numbers = list(range(len(weights))) if seeds is None else seeds
    run = _Flow(parameters, images.to(device, dtype), weights.to(device, dtype), salt, numbers)
    while run.active:
        run.advance()
    return run.trajectory(held_out.to(device, dtype))


@dataclass(frozen=True)
class Layout:
    """How the trained tensors of an objective lie side by side in a state with kernels second."""

    widths: dict[str, int]
    """Columns of every trained tensor; a head [seeds, classes, kernels] is turned round."""

    def pack(self, tensors: State) -> torch.Tensor:
        """[seeds, kernels, width]."""
        parts = [tensors[n].transpose(1, 2) if n == "head" else tensors[n] for n in self.widths]
        return torch.cat(parts, 2)

    def unpack(self, state: torch.Tensor) -> State:
        """The trained tensors in a state of all or some kernels."""
        parts = state.split_with_sizes(list(self.widths.values()), 2)
        named = zip(self.widths, parts, strict=True)
        return {name: part.transpose(1, 2) if name == "head" else part for name, part in named}


class Field:
    """-grad of the loss of some seeds as a function of their packed trained tensors."""

    def __init__(self, parameters: Parameters, images: Images, state: State) -> None:
        self.parameters, self.images = parameters, images
        self.objective = as_computed(parameters)
        known = self.objective.known
        self.fixed = state if known is None else {**state, **known(parameters, state, images)}
        if self.objective.trained is None:
            raise ValueError(f"{self.objective.name} draws masks in every step: it has no flow")
        self.layout = Layout(self.objective.trained(parameters, state))
        self.small = replayable(images.patches, state["weights"].shape[1]) and alone()
        course = self.objective.course
        self.course = None if course is None else course(parameters, state, images)

    def __call__(self, state: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
        """The direction of some kernels of each seed, packed like their state."""
        if self.course is not None:
            found = self.course(state, state, [], state.new_empty(0, state.shape[1], 5))
            if found is not None:
                return found[1]
        tensors = {**self.fixed, **self.layout.unpack(state)}
        if "released" in tensors:
            tensors["released"] = tensors["released"].gather(1, kernels)
        largest = correlate(tensors["weights"], self.images).amax(2)
        direction, _ = self.objective.direction(self.parameters, tensors, self.images, largest)
        return self.layout.pack(direction)

    def integrator(self) -> Chebyshev:
        """The flow of this field from its state."""
        state, tolerance = self.layout.pack(self.fixed), self.parameters.tolerance
        derivative = Replayed(self) if self.small else self
        loud, own_clocks = self.objective.loud, self.objective.independent_kernels
        if loud is None:
            return Chebyshev(derivative, state, tolerance, own_clocks, self.small, self.course)
        # A replayed gradient is one launch whatever it computes; fewer patches have no fixed shape.
        inner = None if self.small else self.objective.inner
        stiff = None if inner is None else partial(self._stiff, inner)
        kind = Walking if state.is_cpu and always_alone(self.parameters) else Partitioned
        return kind(derivative, state, tolerance, partial(self._loud, loud), stiff)

    def _stiff(self, inner: Inner, state: torch.Tensor, kernels: torch.Tensor) -> Stiff:
        """The flow of loud kernels as far as it is stiff, for states near this one."""
        del kernels

        def tensors(some: torch.Tensor) -> State:
            return {**self.fixed, **self.layout.unpack(some)}

        near = inner(self.parameters, tensors(state), self.images)

        def derivative(some: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
            return self.layout.pack(near.direction(tensors(some)))

        return Stiff(derivative, near.steps)

    def _loud(self, loud: Loud, state: torch.Tensor) -> torch.Tensor:
        """Kernels that take part in the stiffness [seeds, kernels]."""
        weights = self.layout.unpack(state)["weights"]
        return loud(self.parameters, correlate(weights, self.images).amax(2))


class _Flow:
    """One batch of seeds on its way; a finished seed's clocks stand still."""

    def __init__(
        self,
        parameters: Parameters,
        images: Images,
        weights: torch.Tensor,
        salt: str,
        seeds: list[int],
    ) -> None:
        self.parameters, self.images, self.salt, self.seeds = parameters, images, salt, seeds
        self.moments = feature_moments(parameters, images)
        self.objective = as_computed(parameters)
        self.fixed: State = self.objective.start(parameters, weights.clone(), salt, seeds)
        self.initial_weights = self.fixed["weights"].clone()
        field = Field(parameters, images, self.fixed)
        self.layout, self.solver = field.layout, field.integrator()
        self.correlations = correlate(self.initial_weights, images)
        self.initial = self.correlations
        self.crossing_time = torch.full_like(self.correlations, NEVER, dtype=torch.float64)
        self.crossing_correlations = torch.full_like(self.correlations, torch.nan)
        self.coverage_time = self.solver.time.new_full((len(weights),), NEVER)
        self.horizon = self.coverage_time.clone()
        own_clocks = self.solver.own_clocks
        self.front = torch.full_like(self.horizon, self._least if own_clocks else NEVER)
        """Where clocks of their own wait for the last one while coverage is open [seeds]."""
        self.done = torch.zeros_like(self.coverage_time, dtype=torch.bool)
        self.history = History()
        self.slopes = self._correlate(self.solver.flow)
        self.hopeless = torch.zeros_like(self.done)
        self.certificate = self._certificate()
        self._cross_at_start()
        self._look_at_crossings()
        for piece in self.solver.pieces():
            self._remember(piece)
        self._set_horizon()
        self.active, self._open = self._look_at_ends()

    def _look_at_ends(self) -> tuple[bool, bool]:
        """Whether any seed still has to run, and whether any has no horizon yet."""
        ends = torch.stack([~self.done.all(), torch.isinf(self.horizon).any()])
        active, open_ = ends.tolist()  # both at once: on a GPU a look waits for all launches
        return active, open_

    def advance(self) -> None:
        """One step of every clock that has not come to its end, and what is noted after it."""
        until = self._until()
        going = (self.solver.time < until) & ~self.done.unsqueeze(1)
        accepted = self.solver.advance(going, until)
        for piece in self.solver.pieces():
            self._note_crossings(piece, accepted)
            self._remember(piece)
        self._set_horizon()
        arrived = (self.solver.time >= self.horizon.unsqueeze(1)).all(1)
        spent = self.solver.evaluations >= self.parameters.work
        if self._open:
            self.hopeless |= self._never_covered() & ~self.done
        self.done |= arrived | spent | self.hopeless | diverged(self.correlations) | self._stuck()
        self.active, self._open = self._look_at_ends()

    def trajectory(self, held_out: torch.Tensor) -> Trajectory:
        """Everything noted, on the CPU as numpy arrays."""
        self.solver.measure_radius()
        state = {**self.fixed, **self.layout.unpack(self.solver.state)}
        weights = state["weights"].contiguous()
        reached = self.solver.time.amin(1)
        gone = diverged(self.correlations) | self._stuck()
        time = reached.cpu().numpy()
        halfway = np.where(np.isfinite(self.horizon.cpu().numpy()), time / 2, time)
        halfway = np.maximum(halfway, np.minimum(self.coverage_time.cpu().numpy(), time))
        times = self.history.times(time, SNAPSHOTS)
        arrays = {
            "initial_correlations": self.initial,
            "final_correlations": self.correlations,
            "crossing_time": self.crossing_time,
            "crossing_correlations": self.crossing_correlations,
            "coverage_time": self.coverage_time,
            "final_time": reached,
            "steps": self.solver.evaluations.round().to(torch.int64),
            "reached_horizon": (reached >= self.horizon) & ~gone,
            "diverged": gone,
            "cannot_cover": self.hopeless & ~gone,
            "largest_curvature": self.solver.largest_radius.amax(1),
            "own_activity": self.moments.own_activity,
            "squared_activity": self.moments.squared_activity,
            "patch_activity": self.moments.patch_activity,
            "final_weights": weights,
            "initial_weights": self.initial_weights,
            "final_decoder": state.get("decoder", weights),
            "features": self.images.features,
            "background_response": torch.bmm(held_out, weights.transpose(1, 2)).amax(1),
            "patch_count": (self.images.owner[:, 0] != NO_PATCH).sum(1),
            **classified(self.parameters, state, self.images, self.salt, self.seeds),
        }
        return Trajectory(
            snapshot_step=np.arange(times.shape[1]),
            time=times,
            loss=np.full(times.shape, np.nan),
            correlations=self.history.at(times),
            reference_correlations=self.history.at(halfway[:, None])[:, 0],
            **{name: value.cpu().numpy() for name, value in arrays.items()},
        )

    def _until(self) -> torch.Tensor:
        """Time that no clock may pass now, in the shape of the clocks."""
        open_ = torch.isinf(self.horizon)
        if self.solver.own_clocks:
            last = self.solver.time.amin(1)
            front = self.parameters.horizon_factor * last
            self.front = torch.where(last >= self.front, front, self.front)
        limit = torch.where(open_, self.front, self.horizon)
        return limit.unsqueeze(1).expand_as(self.solver.time)

    @property
    def _one_of_a_class(self) -> bool:
        """Whether one view of a class is enough."""
        return self.objective.covers == "one feature a class"

    @property
    def _least(self) -> float:
        """T is at least this."""
        return LEAST_STEPS * self.parameters.step

    def _set_horizon(self) -> None:
        """T, once nothing that is still to come can cover earlier."""
        p = self.parameters
        settled = self.solver.time.amin(1) >= self._covered_from
        self.coverage_time = torch.where(settled, self._covered_from, self.coverage_time)
        rule = (p.horizon_factor * self.coverage_time).clamp(min=self._least)
        self.horizon = torch.full_like(rule, p.horizon) if p.horizon > 0 else rule

    def _look_at_crossings(self) -> None:
        """What is uncovered [seeds, features] and from when on a seed is covered, NEVER if open."""
        crossed = self.crossing_time.amin(1)
        covered = enough_crossed(self.parameters, self.moments, torch.isfinite(crossed))
        self._covered_from = torch.where(covered, self._covering(crossed), NEVER)
        uncovered = self._shown & torch.isinf(crossed)
        if self._one_of_a_class:
            by_class = one_feature_a_class(uncovered, self.parameters.classes)
            uncovered = (uncovered.view_as(by_class) & by_class.all(2, keepdim=True)).flatten(1)
        self._uncovered = uncovered

    @cached_property
    def _shown(self) -> torch.Tensor:
        """Features that the images show [seeds, features]."""
        return self.moments.squared_activity > 0

    def _certificate(self) -> Certificate:
        """What the flow promises at the start."""
        p, objective = self.parameters, self.objective
        return Certificate(p, objective, self.correlations, self.slopes, self._shown)

    def _never_covered(self) -> torch.Tensor:
        """Seeds without a horizon that are certain not to get one [seeds]."""
        time = self.solver.time.amin(1)
        certain = self.certificate.holds(time, self.correlations, self.slopes, self._uncovered)
        return certain & torch.isinf(self.horizon) & (time >= self._least)

    def _covering(self, crossed: torch.Tensor) -> torch.Tensor:
        """Time from which on enough is crossed, from first crossings [seeds, features]; [seeds]."""
        if self._one_of_a_class:
            first = crossed.masked_fill(~self._shown, NEVER)
            return one_feature_a_class(first, self.parameters.classes).amin(2).amax(1)
        return crossed.masked_fill(~self._shown, 0.0).amax(1)

    def _cross_at_start(self) -> None:
        """What is beyond varrho before the first step has crossed at time 0."""
        above = self.correlations >= self.parameters.linear_from
        self.crossing_time = torch.where(above, 0.0, self.crossing_time)
        some = above.any(2, keepdim=True)
        self.crossing_correlations = torch.where(
            some, self.correlations, self.crossing_correlations
        )

    def _note_crossings(self, piece: Piece, accepted: torch.Tensor) -> None:
        """First crossings inside the accepted steps, and all correlations at a kernel's first."""
        self.correlations = self._correlate(piece.after)
        above = self.correlations >= self.parameters.linear_from
        new = above & torch.isinf(self.crossing_time) & accepted.unsqueeze(2)
        if not bool(new.any()):
            return
        step = self._step_of(piece)
        share = torch.full_like(self.crossing_time, torch.nan)
        share[new] = _first_share(step.of(new), self.parameters.linear_from).flatten()
        found = step.end.unsqueeze(2) - (1 - share) * step.length.unsqueeze(2)
        fresh = new.any(2) & torch.isinf(self.crossing_time).all(2)
        self.crossing_time = torch.where(new, found, self.crossing_time)
        first = torch.where(new, share, 2.0).amin(2, keepdim=True)
        there = step.at(first).to(self.correlations.dtype)
        self.crossing_correlations = torch.where(
            fresh.unsqueeze(2), there, self.crossing_correlations
        )
        self._look_at_crossings()

    def _step_of(self, piece: Piece) -> Step:
        """Correlations at both ends of an accepted step of every kernel, with slopes."""
        states = (piece.before, piece.flow_before, piece.after, piece.flow_after)
        ends = [self._correlate(state).double() for state in states]
        shape = self.correlations.shape[:2]
        return Step(piece.time.expand(shape), piece.length.expand(shape), *ends)

    def _remember(self, piece: Piece) -> None:
        """Keep time, correlations and their slopes of all kernels."""
        self.slopes = self._correlate(piece.flow_after)
        time = piece.time.expand(self.correlations.shape[:2])
        self.history.keep(time, self.correlations, self.slopes)

    def _correlate(self, state: torch.Tensor) -> torch.Tensor:
        """C of a state or of a flow [seeds, kernels, features]; those of a frozen encoder stay."""
        if "weights" not in self.layout.widths:
            return self.initial if state is self.solver.state else torch.zeros_like(self.initial)
        return correlate(self.layout.unpack(state)["weights"].contiguous(), self.images)

    def _stuck(self) -> torch.Tensor:
        """Seeds whose flow goes no further: just beyond it is no number [seeds].

        Not those whose steps are short beside the time: after a plateau of 1/sigma_0^n an escape
        takes a share sigma_0^n of it, which may be below the rounding of the time itself.
        """
        return (self.solver.nowhere >= NOWHERE).any(1)


@dataclass(frozen=True)
class Step:
    """A step of every kernel: correlations at both ends and their slopes.

    These are [seeds, kernels, features], times are [seeds, kernels]. Between the ends lies the
    cubic through all four.
    """

    end: torch.Tensor
    length: torch.Tensor
    before: torch.Tensor
    slope_before: torch.Tensor
    after: torch.Tensor
    slope_after: torch.Tensor

    def at(self, share: torch.Tensor) -> torch.Tensor:
        """Correlations at a share of the step in [0, 1], shape [seeds, kernels, features or 1]."""
        length = self.length.unsqueeze(2)
        return hermite(share, length, self.before, self.slope_before, self.after, self.slope_after)

    def of(self, pairs: torch.Tensor) -> Step:
        """The step of some pairs of kernel and feature, each a kernel of one feature now.

        `pairs` [seeds, kernels, features], bool; the result has shapes [1, pairs, 1].
        """
        times = (time.unsqueeze(2).expand_as(pairs) for time in (self.end, self.length))
        values = (self.before, self.slope_before, self.after, self.slope_after)
        return Step(
            *(time[pairs].unsqueeze(0) for time in times),
            *(value[pairs].view(1, -1, 1) for value in values),
        )


def hermite(
    x: Values, length: Values, a: Values, slope_a: Values, b: Values, slope_b: Values
) -> Values:
    """Cubic with values a, b and slopes at both ends of an interval of `length`, at the share x."""
    rest: Values = 1 - x
    ends = (1 + 2 * x) * rest**2 * a + x**2 * (3 - 2 * x) * b
    found: Values = ends + x * rest * length * (rest * slope_a - x * slope_b)
    return found


def _first_share(step: Step, level: float) -> torch.Tensor:
    """Share of the step at which each pair first crosses the level [as a value].

    The first of PARTS pieces that ends above it is cut into PARTS again.
    """
    length = step.length.unsqueeze(2)
    rise, before, after = (
        step.after - step.before,
        length * step.slope_before,
        length * step.slope_after,
    )
    square, cube = 3 * rise - 2 * before - after, before + after - 2 * rise
    missing = level - step.before
    ends = torch.arange(1, PARTS + 1, dtype=rise.dtype, device=rise.device)
    low, width = torch.zeros_like(rise), 1.0
    for _ in range(CUTS):
        width /= PARTS
        at = low + width * ends
        gained = at * torch.addcmul(before, at, torch.addcmul(square, at, cube))
        above = gained >= missing
        above[..., -1] = True
        low = low + width * above.int().argmax(2, keepdim=True)
    return low + width


class History:
    """Correlations of all kernels after every step, each kernel at its own time.

    They stay on the run's device until somebody reads them: a step waits for no transfer.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def keep(self, time: torch.Tensor, correlations: torch.Tensor, slope: torch.Tensor) -> None:
        """Times [seeds, kernels]; correlations and slopes [seeds, kernels, features]."""
        self._steps.append((time.clone(), correlations.clone(), slope.clone()))

    @cached_property
    def _kept(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times [steps, seeds, kernels]; correlations and slopes with features behind."""
        t, c, d = (torch.stack(part).cpu().numpy() for part in zip(*self._steps, strict=True))
        return t, c, d

    def times(self, last: np.ndarray, number: int) -> np.ndarray:
        """At most `number` times of each seed up to `last` [seeds], NaN behind its own last."""
        pooled = self._kept[0]
        rows = [_spread(pooled[:, seed], end, number) for seed, end in enumerate(last)]
        filled = np.full((len(rows), max(map(len, rows))), np.nan)
        for row, found in zip(filled, rows, strict=True):
            row[: len(found)] = found
        return filled

    def at(self, times: np.ndarray) -> np.ndarray:
        """Correlations at times [seeds, n], NaN where the time is [seeds, n, kernels, features]."""
        time, value, slope = self._kept
        _, seeds, kernels, features = value.shape
        found = np.full((seeds, times.shape[1], kernels, features), np.nan, value.dtype)
        for seed in range(seeds):
            there = np.isfinite(times[seed])
            for some in _of_one_clock(time[:, seed]):
                t, c, d = time[:, seed, some.start], value[:, seed, some], slope[:, seed, some]
                found[seed, there, some] = _interpolate(times[seed, there], t, c, d)
        return found


def _of_one_clock(time: np.ndarray) -> list[slice]:
    """Kernels that have the same times [steps, kernels]: all of them, or each alone."""
    kernels = time.shape[1]
    if (time == time[:, :1]).all():
        return [slice(0, kernels)]
    return [slice(kernel, kernel + 1) for kernel in range(kernels)]


def _spread(pooled: np.ndarray, end: float, number: int) -> np.ndarray:
    """0, the end and quantiles of all step times in between, increasing."""
    inside = np.unique(pooled[pooled <= end])
    quantiles = np.quantile(inside, np.linspace(0, 1, number), method="nearest")
    return np.unique(np.concatenate([[0.0], quantiles, [end]]))


def _interpolate(
    at: np.ndarray, time: np.ndarray, value: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Values [n, kernels, features] at times [n] between the ends of the steps that hold them."""
    # Of steps below the rounding of the time the last one counts.
    new = np.concatenate([np.diff(time) > 0, [True]])
    time, value, slope = time[new], value[new], slope[new]
    if len(time) < 2:
        return np.repeat(value[:1], len(at), 0)
    left = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
    length = (time[left + 1] - time[left])[:, None, None]
    share = np.clip((at - time[left])[:, None, None] / length, 0, 1)
    return hermite(share, length, value[left], slope[left], value[left + 1], slope[left + 1])
