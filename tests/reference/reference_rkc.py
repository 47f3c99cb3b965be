"""RKC2 with error control and one clock in plain numpy, from the papers and the documentation.

Sommeijer, Shampine and Verwer (1997): with T_s, w0 = 1 + eps/s^2, w1 = T_s'(w0)/T_s''(w0) and
b_j = T_j''(w0)/T_j'(w0)^2 the stages are

    y_1 = y + mu~_1 h F,   y_j = (1 - mu_j - nu_j) y + mu_j y_{j-1} + nu_j y_{j-2}
                                 + mu~_j h F(y_{j-1}) + gamma~_j h F.

Below h lambda = 2.5 the step is Bogacki and Shampine's of third order. A state is [kernels, width];
all kernels share the clock. Chebyshev polynomials are numpy's.
"""

from collections.abc import Callable
from math import floor, sqrt

import numpy as np
from numpy.polynomial.chebyshev import Chebyshev

Flow = Callable[[np.ndarray], np.ndarray]


def _at(degree: int, derivative: int, x: float) -> float:
    """T_degree or one of its derivatives."""
    polynomial = Chebyshev.basis(degree)
    return float((polynomial.deriv(derivative) if derivative else polynomial)(x))


def stages_of(radius: float) -> int:
    """Stages of a step of h lambda = radius."""
    return 3 if radius <= 2.5 else max(4, floor(1 + sqrt(1 + 1.54 * radius)))


def step_of(stages: int, flow: Flow, y: np.ndarray, f: np.ndarray, h: float) -> np.ndarray:
    """y_{n+1}."""
    if stages == 3:
        second = flow(y + h / 2 * f)
        third = flow(y + 3 / 4 * h * second)
        return y + h * (2 / 9 * f + 1 / 3 * second + 4 / 9 * third)
    w0 = 1 + 2 / 13 / stages**2
    w1 = _at(stages, 1, w0) / _at(stages, 2, w0)
    b = [_at(j, 2, w0) / _at(j, 1, w0) ** 2 if j > 1 else 0.0 for j in range(stages + 1)]
    b[0], b[1] = b[2], 1 / w0
    older, last = y, y + b[1] * w1 * h * f
    for j in range(2, stages + 1):
        mu, nu = 2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2]
        tilde = 2 * b[j] * w1 / b[j - 1]
        gamma = -(1 - b[j - 1] * _at(j - 1, 0, w0)) * tilde
        new = (1 - mu - nu) * y + mu * last + nu * older + tilde * h * flow(last) + gamma * h * f
        older, last = last, new
    return last


def on_their_way(clocks: list["Clock"], until: float) -> list[int]:
    """Numbers of the clocks that step: those that need three or four stages, else all others."""
    stages = [clock.next_stages(until) for clock in clocks]
    few = [number for number, count in enumerate(stages) if 0 < count <= 4]
    return few or [number for number, count in enumerate(stages) if count > 0]


class Clock:
    """A flow from time 0, step by step."""

    def __init__(self, flow: Flow, y: np.ndarray, tolerance: float) -> None:
        self.flow, self.y, self.tolerance = flow, y, tolerance
        self.f, self.time, self.evaluations = flow(y), 0.0, 1
        self.radius, self.largest, self.age = 0.0, 0.0, 20
        self.direction = self.f.copy()
        lengths = [np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(y, self.f, strict=True)]
        self.step = 0.01 * min(lengths)

    def next_stages(self, until: float) -> int:
        """Stages of the step that comes next, 0 at the end."""
        if self.time >= until:
            return 0
        if self.age >= 20:
            self._look()
        return stages_of(1.2 * self.radius * self._next(until))

    def _next(self, until: float) -> float:
        longest = 0.999 * (250**2 - 1) / 1.54 / (1.2 * self.radius)
        return min(self.step, longest, until - self.time)

    def advance(self, until: float) -> bool:
        """One step, not beyond `until`; whether it is accepted."""
        stages = self.next_stages(until)
        stiffness, h = 1.2 * self.radius, self._next(until)
        new = step_of(stages, self.flow, self.y, self.f, h)
        f = self.flow(new)
        self.evaluations += stages
        found = 0.8 * (self.y - new) + 0.4 * h * (self.f + f)
        length = np.maximum(np.linalg.norm(self.y, axis=1), np.linalg.norm(new, axis=1))
        with np.errstate(all="ignore"):
            each = np.linalg.norm(found, axis=1) / length / self.tolerance
        error = np.where(np.isfinite(each), each, 1e6).max()
        good = bool(error <= 1)
        change = 0.8 * max(error, 1e-9) ** (-1 / 3)
        change = min(max(change, 0.1), 5.0 if good else 0.9)
        asked = h * change
        if good and h < self.step:  # cut short by something else than its error
            asked = max(self.step, asked)
        edge = 0.999 * 2.5 / stiffness
        if h <= edge < asked:  # the first one of second order
            asked = max(edge, asked / 1.5)
        self.step = asked
        self.age = self.age + 1 if good else 20
        if good:
            self.y, self.f, self.time = new, f, self.time + h
        return good

    def _look(self) -> None:
        """Power iterations until the radius settles: 12 the first time, 4 later ones."""
        rounds = 12 if self.radius == 0 else 4
        reach = np.linalg.norm(self.y) * 3 * sqrt(np.finfo(float).eps)
        v, found = self.direction, self.radius
        for _ in range(rounds):
            turned = self.flow(self.y + v * (reach / np.linalg.norm(v))) - self.f
            self.evaluations += 1
            seen, v = np.linalg.norm(turned) / reach, turned
            settled = abs(seen - found) <= 0.05 * seen
            found = seen
            if settled:
                break
        self.radius, self.direction, self.age = found, v, 0
        self.largest = max(self.largest, found)
