"""The passes of `passes` as loops that numba compiles, over numbers in the memory of a CPU.

With c = u cut to [0, bend] both pieces of sReLU, which bends at varrho, are one product,
(c/varrho)^{q-1} (u - (1 - 1/q) c), whose first factor is its slope. Arrays are contiguous and of
one type of number. So are constants, an array c = (varrho, 1/varrho, 1 - 1/q): numba would widen
all that meets a number of another type.

A pass is made for one power q, of which the compiler then knows the multiplications. It is compiled
at its first call, in about a second, and kept on disk: beside this file, or in the user's cache
where that cannot be written to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from .chebyshev import NO_NUMBER
from .encoder import ACTIVATIONS_IN_CACHE

Function = TypeVar("Function", bound=Callable[..., Any])
Pass = Callable[..., None]
"""Writes into arrays that it is given, the constants first."""
Array = Any
"""Of numpy, of the type of number that is compiled for."""
POSSIBLE = not vars(numba.config)["DISABLE_JIT"]
"""Not where numba is told to interpret (NUMBA_DISABLE_JIT=1), a thousand times as slowly."""


def _compile(function: Function) -> Function:
    """The function, compiled for the types of its arguments when it is called with them."""
    try:
        return cast(Function, numba.njit(function, cache=True, nogil=True, error_model="numpy"))
    except RuntimeError:  # nowhere to keep it
        return cast(Function, numba.njit(function, nogil=True, error_model="numpy"))


@_compile
def _bent(u: Any, bend: Any, inverse: Any, share: Any, more: int) -> tuple[Any, Any]:
    """A straightened power of u and its slope: sReLU(u) where it bends at varrho."""
    cut = min(max(u, share - share), bend)  # a zero of their type
    first = cut * inverse
    slope = first
    for _ in range(more):
        slope *= first
    return slope * (u - share * cut), slope


def outputs(power: int) -> Pass:
    """Outputs h_r of every image, patches weighted by `seen`, and the largest u_r of every seed."""
    more = power - 2

    def run(c: Array, u: Array, seen: Array, h: Array, reach: Array) -> None:
        varrho, inverse, share = c[0], c[1], c[2]
        seeds, images, patches, kernels = u.shape
        for s in range(seeds):
            reach[s] = -np.inf
            for n in range(images):
                sums = h[s, n]
                sums[:] = 0
                for p in range(patches):
                    weight = seen[s, n, p]
                    for r in range(kernels):
                        x = u[s, n, p, r]
                        sums[r] += weight * _bent(x, varrho, inverse, share, more)[0]
                        reach[s, r] = max(reach[s, r], x)

    return _compile(run)


def pulled(power: int) -> Pass:
    """What pulls at every image times the slope, weighted by `seen`, in place of u."""
    more = power - 2

    def run(c: Array, u: Array, seen: Array, pull: Array) -> None:
        varrho, inverse, share = c[0], c[1], c[2]
        seeds, images, patches, kernels = u.shape
        for s in range(seeds):
            for n in range(images):
                for p in range(patches):
                    weight = seen[s, n, p]
                    for r in range(kernels):
                        slope = _bent(u[s, n, p, r], varrho, inverse, share, more)[1]
                        u[s, n, p, r] = pull[s, n, r] * (weight * slope)

    return _compile(run)


@_compile
def _pull(logits: Any, label: int) -> None:
    """1[y = i] - p_i of one image in place of its logits."""
    logits -= logits.max()
    norm = logits[0] - logits[0]
    for i in range(len(logits)):
        logits[i] = np.exp(logits[i])
        norm += logits[i]
    for i in range(len(logits)):
        logits[i] = -logits[i] / norm
    logits[label] += 1


def labelled(power: int) -> Pass:
    """What labels pull at the kernels of each class times the slope, in place of u; largest u_r.

    Both of `outputs` and `pulled`, with the softmax of the sums over the kernels of a class between
    them; what pulls at every class goes into `pull`.
    """
    more = power - 2

    def run(c: Array, u: Array, seen: Array, labels: Array, pull: Array, reach: Array) -> None:
        varrho, inverse, share = c[0], c[1], c[2]
        seeds, images, patches, kernels = u.shape
        block = kernels // pull.shape[2]
        h = np.empty(kernels, u.dtype)
        for s in range(seeds):
            reach[s] = -np.inf
            for n in range(images):
                h[:] = 0
                for p in range(patches):
                    weight = seen[s, n, p]
                    for r in range(kernels):
                        x = u[s, n, p, r]
                        value, slope = _bent(x, varrho, inverse, share, more)
                        h[r] += weight * value
                        u[s, n, p, r] = weight * slope
                        reach[s, r] = max(reach[s, r], x)
                g = pull[s, n]
                g[:] = 0
                for r in range(block):
                    for i in range(len(g)):
                        g[i] += h[i * block + r]
                _pull(g, labels[s * images + n])
                for r in range(kernels):
                    h[r] = g[r // block]
                for p in range(patches):
                    for r in range(kernels):
                        u[s, n, p, r] *= h[r]

    return _compile(run)


def activated(power: int) -> Pass:
    """Values of sReLU and its slope, of numbers in a row."""
    more = power - 2

    def run(c: Array, u: Array, a: Array, slope: Array) -> None:
        varrho, inverse, share = c[0], c[1], c[2]
        for i in range(u.size):
            a[i], slope[i] = _bent(u[i], varrho, inverse, share, more)

    return _compile(run)


def encoded(power: int) -> Pass:
    """Values of rows, their slope in place of u, h of images that begin at `first`, largest u."""
    more = power - 2

    def run(c: Array, u: Array, first: Array, a: Array, h: Array, reach: Array) -> None:
        varrho, inverse, share = c[0], c[1], c[2]
        (rows, kernels), seeds = u.shape, len(reach)
        images = len(first) // seeds
        for s in range(seeds):
            reach[s] = -np.inf
            for i in range(s * images, (s + 1) * images):
                end = first[i + 1] if i + 1 < len(first) else rows
                h[i] = 0
                for row in range(first[i], end):
                    for r in range(kernels):
                        x = u[row, r]
                        value, slope = _bent(x, varrho, inverse, share, more)
                        a[row, r], u[row, r] = value, slope
                        h[i, r] += value
                        reach[s, r] = max(reach[s, r], x)

    return _compile(run)


def driven(power: int) -> Pass:
    """(signal + drive of the image) times the slope of rows, in place of the signal."""
    del power

    def run(c: Array, signal: Array, first: Array, drive: Array, slope: Array) -> None:
        rows, kernels = signal.shape
        for i in range(len(first)):
            end = first[i + 1] if i + 1 < len(first) else rows
            for row in range(first[i], end):
                for r in range(kernels):
                    signal[row, r] = (signal[row, r] + drive[i, r]) * slope[row, r]

    return _compile(run)


@_compile
def _matched(
    c: Array, u: Array, bend: Array, gain: Array, own: Any, shared: Any, h: Array, gap: Array,
    reach: Array, more: int,
) -> None:  # fmt: skip
    """(hhat - h + shared h - own a) a' in place of u of one image [patches, kernels]."""
    varrho, inverse, share = c[0], c[1], c[2]
    patches, kernels = u.shape
    h[:] = 0
    gap[:] = 0
    for p in range(patches):
        for r in range(kernels):
            x = u[p, r]
            h[r] += _bent(x, varrho, inverse, share, more)[0]
            gap[r] += _bent(x, bend[r], inverse, share, more)[0]
            reach[r] = max(reach[r], x)
    for r in range(kernels):
        gap[r] = gain[r] * gap[r] - h[r] + shared * h[r]
    for p in range(patches):
        for r in range(kernels):
            a, slope = _bent(u[p, r], varrho, inverse, share, more)
            u[p, r] = (gap[r] - own * a) * slope


def matched(power: int) -> Pass:
    """(hhat - h + shared h - own a) a' in place of u; hhat is gain times what bends at bend."""
    more = power - 2

    def run(
        c: Array, u: Array, bend: Array, gain: Array, own: Array, shared: Array, reach: Array
    ) -> None:
        seeds, images, _, kernels = u.shape
        h, gap = np.empty(kernels, u.dtype), np.empty(kernels, u.dtype)
        for s in range(seeds):
            reach[s] = -np.inf
            for n in range(images):
                _matched(c, u[s, n], bend[s], gain[s], own[s], shared[s], h, gap, reach[s], more)

    return _compile(run)


@_compile
def _gain(law: Array, largest: Any) -> Any:
    """tau of a kernel by its largest correlation: from tau_1, geometrically, to 1 (`hold`)."""
    first, steep, varrho = law[2], law[3], law[4]
    if steep == np.inf:
        return law[2] if largest < varrho else largest / largest
    left = first / first + steep * (first / first - largest / varrho)
    return first ** min(max(left, left - left), first / first)


@_compile
def _taught(
    c: Array, law: Array, x: Array, features: Array, w: Array, room: Array, g: Array, more: int
) -> None:
    """-grad of kernels in place of g; groups of images have their activations in `room`."""
    own, shared, varrho, each = law[0], law[1], law[4], law[5]
    (images, patches, d), kernels = x.shape, len(w)
    scaled, seen = w / varrho, np.dot(features, w.T)
    bend, gain = np.empty(kernels, w.dtype), np.empty(kernels, w.dtype)
    for r in range(kernels):
        tau = _gain(law, seen[:, r].max())
        bend[r], gain[r] = c[0] / tau, tau
        for _ in range(more + 1):
            gain[r] *= tau
    h, gap, reach = np.empty_like(bend), np.empty_like(bend), np.empty_like(bend)
    group = max(1, ACTIVATIONS_IN_CACHE // (patches * kernels))
    g[:] = 0
    for begin in range(0, images, group):
        rows = x[begin : begin + group].reshape(-1, d)
        u = room[: len(rows) * kernels].reshape(len(rows), kernels)
        np.dot(rows, scaled.T, u)
        for i in range(len(rows) // patches):
            image = u[i * patches : (i + 1) * patches]
            _matched(c, image, bend, gain, own, shared, h, gap, reach, more)
        g += np.dot(u.T, rows)
    g *= varrho * each


def taught(power: int) -> Pass:
    """Stages of kernels of one seed with clocks of their own (`chebyshev`), and their flow there.

    Of every stage `table` [stages, kernels, 5] weighs y_n, the last two stages, the last one's flow
    and F_n, these two times h; the first `counts` kernels have it. `law` is own, shared, tau_1,
    1/delta_h (0: tau_1 stays), varrho and 1/N.
    """
    more = power - 2

    def run(
        c: Array, law: Array, x: Array, features: Array, counts: Array, table: Array,
        y: Array, f: Array, z: Array, flow: Array,
    ) -> None:  # fmt: skip
        room = np.empty(max(ACTIVATIONS_IN_CACHE, x.shape[1] * len(y)), x.dtype)
        older, g = y.copy(), f.copy()
        z[:] = y
        for stage in range(len(counts)):
            count = counts[stage]
            if stage > 0:
                _taught(c, law, x, features, z[:count], room, g[:count], more)
            for r in range(count):
                t = table[stage, r]
                for i in range(y.shape[1]):
                    new = t[0] * y[r, i] + t[1] * z[r, i] + t[2] * older[r, i]
                    older[r, i], z[r, i] = z[r, i], new + t[3] * g[r, i] + t[4] * f[r, i]
        _taught(c, law, x, features, z, room, flow, more)

    return _compile(run)


@_compile
def _against(law: Array, total: Array, rho: Array) -> None:
    """In place of B h of every image what is left of its target: c S - kept B h - beta."""
    scale, meant, kept, biased, each = law[0], law[1], law[3], law[5], law[6]
    for k in range(rho.shape[1]):
        beta = each - each
        if biased > 0:
            for i in range(len(rho)):
                beta += meant * total[i, k] - rho[i, k]
        for i in range(len(rho)):
            rho[i, k] = scale * total[i, k] - kept * rho[i, k] - beta * each


@_compile
def _pulled_rows(law: Array, drive: Array, first: Array, slope: Array, signal: Array) -> None:
    """In place of signal: (drive of the image - own signal) times the slope."""
    own = law[2]
    for i in range(len(first)):
        end = first[i + 1] if i + 1 < len(first) else len(signal)
        for row in range(first[i], end):
            for r in range(signal.shape[1]):
                signal[row, r] = (drive[i, r] - own * signal[row, r]) * slope[row, r]


@_compile
def _towards(
    law: Array, x: Array, total: Array, first: Array, a: Array, slope: Array, h: Array, b: Array
) -> tuple[Array, Array]:
    """-grad in w and b of the masked autoencoder from values, slopes and outputs of its rows."""
    own, cross, each = law[2], law[4], law[6]
    rho = np.dot(h, b)
    _against(law, total, rho)
    to_b = np.dot(h.T, rho) - own * np.dot(np.dot(a.T, a), b)
    signal = np.dot(a, np.dot(b, b.T))
    if cross > 0:
        to_b -= cross * np.dot(a.T, x)
        signal += cross / own * np.dot(x, b.T)
    _pulled_rows(law, np.dot(rho, b.T), first, slope, signal)
    return np.dot(signal.T, x) * each, to_b * each


@_compile
def _of_state(
    c: Array, law: Array, x: Array, total: Array, first: Array, state: Array,
    slope: Array, a: Array, h: Array, g: Array, more: int,
) -> None:  # fmt: skip
    """-grad of kernels and decoder that lie side by side in a state, in place of g."""
    varrho, inverse, share = c[0], c[1], c[2]
    (kernels, width), d = state.shape, x.shape[1]
    w, b = state[:, :d].copy(), state[:, width - d :].copy()
    np.dot(x, w.T, slope)
    h[:] = 0
    for i in range(len(first)):
        end = first[i + 1] if i + 1 < len(first) else len(x)
        for row in range(first[i], end):
            for r in range(kernels):
                value, own = _bent(slope[row, r], varrho, inverse, share, more)
                a[row, r], slope[row, r] = value, own
                h[i, r] += value
    to_w, to_b = _towards(law, x, total, first, a, slope, h, b)
    if width == d:
        g[:] = to_w + to_b
    else:
        g[:, :d], g[:, d:] = to_w, to_b


@_compile
def _error(h: float, y: Array, f: Array, z: Array, g: Array) -> float:
    """Largest error of a kernel over a step from y to z, relative to its length (`chebyshev`)."""
    largest = 0.0
    for r in range(len(y)):
        of_y, of_z, of_error = 0.0, 0.0, 0.0
        for i in range(y.shape[1]):
            gap = 0.8 * (y[r, i] - z[r, i]) + 0.4 * h * (f[r, i] + g[r, i])
            of_y += float(y[r, i]) ** 2
            of_z += float(z[r, i]) ** 2
            of_error += gap**2
        error = np.sqrt(of_error / max(of_y, of_z, 1e-60))
        if not error < NO_NUMBER:
            return NO_NUMBER
        largest = max(largest, error)
    return largest


@_compile
def _stages_needed(radius: float, few: float) -> int:
    """`chebyshev.stages_needed`."""
    return 3 if radius <= few else max(4, int(np.floor(1 + np.sqrt(1 + 1.54 * radius))))


@_compile
def _stage(
    t: Array, push: float, y: Array, last: Array, older: Array, g: Array, f: Array, new: Array
) -> None:
    """The next stage in place of `new`, from weights of y_n, two stages, a flow and F_n."""
    for r in range(len(y)):
        for i in range(y.shape[1]):
            moved = push * (t[3] * g[r, i] + t[4] * f[r, i])
            new[r, i] = t[0] * y[r, i] + t[1] * last[r, i] + t[2] * older[r, i] + moved


@_compile
def _next_step(push: float, step: float, error: float, stiffness: float, asked: Array) -> Any:
    """The step that is asked for after one of length `push` (`chebyshev`)."""
    few, inside, safety, least, most, shorter = asked[4:10]
    change = safety * max(error, 1e-9) ** (-1 / 3)
    wanted = push * min(max(change, least), most if error <= 1 else 0.9)
    if error <= 1 and push < step:
        wanted = max(step, wanted)
    edge = inside * few / stiffness
    if push <= edge and wanted > edge:
        wanted = max(edge, wanted / shorter)
    return wanted


def steps(power: int) -> Pass:
    """Steps of one seed's masked autoencoder from y whose flow is f (`walking`), to a tolerance.

    Kernels and decoder lie side by side in a state; rows of `tables` weigh, for every number of
    stages, y_n, the last two stages, the last one's flow and F_n, these two times h. `law` is
    scale, meant, own, kept, cross, biased and 1/N. `asked` is the first step, lambda with its
    margin, the tolerance, the time left, and what steps are chosen by: `walking.CONTROL`. Accepted
    steps, their ends, flows and stages are noted until there is no room or one is rejected; `told`
    is the step that is asked for then, and the last error in tolerances.
    """
    more = power - 2

    def run(
        c: Array, law: Array, x: Array, total: Array, first: Array, tables: Array, asked: Array,
        y: Array, f: Array, ends: Array, flows: Array, lengths: Array, taken: Array, told: Array,
    ) -> None:  # fmt: skip
        step, stiffness, tolerance, left = asked[0], asked[1], asked[2], asked[3]
        slope = np.empty((len(x), len(y)), x.dtype)
        a, h = np.empty_like(slope), np.empty((len(first), len(y)), x.dtype)
        start, flow, older, last = y.copy(), f.copy(), y.copy(), y.copy()
        g, new = np.empty_like(y), np.empty_like(y)
        _of_state(c, law, x, total, first, y, slope, a, h, g, more)
        rest = f - g
        longest = asked[5] * ((len(tables) - 1) ** 2 - 1) / 1.54 / stiffness
        for number in range(len(lengths)):
            push = min(step, longest, left)
            count = _stages_needed(stiffness * push, asked[4])
            older[:], last[:], g[:] = start, start, flow
            for stage in range(count):
                if stage > 0:
                    _of_state(c, law, x, total, first, last, slope, a, h, g, more)
                    g += rest
                _stage(tables[count, stage], push, start, last, older, g, flow, new)
                older, last, new = last, new, older
            _of_state(c, law, x, total, first, last, slope, a, h, g, more)
            g += rest
            error = _error(push, start, flow, last, g) / tolerance
            step = _next_step(push, step, error, stiffness, asked)
            told[0], told[1] = step, error
            if error > 1:
                return
            ends[number], flows[number], lengths[number], taken[number] = last, g, push, count
            start[:], flow[:] = last, g
            left -= push
            if left <= 0:
                return

    return _compile(run)
