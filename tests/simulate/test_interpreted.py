"""The passes that numba compiles, run by Python itself: each against sReLU in plain numpy.

What numba compiles neither coverage nor a fork of a session sees (`docs/mutation.md`); these do.
Arrays are handed over full of what was there before, axes have unlike lengths, and one kernel
answers nothing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from mrpverify.parameters import Parameters
from mrpverify.simulate import compiled, passes
from mrpverify.simulate.chebyshev import weights_by_stages
from mrpverify.simulate.rows import every_patch, some_patches
from mrpverify.simulate.walking import CONTROL
from tests.reference.reference_rkc import stages_of, step_of
from tests.theory.generic import answer, slope

VARRHO = 0.7
SEEDS, IMAGES, PATCHES, KERNELS = 2, 3, 4, 5
POWERS = pytest.mark.parametrize("power", [2, 3, 5])


def interpreted(function: Any) -> Callable[..., None]:
    """What numba was given; the same where it is told to interpret."""
    return getattr(function, "py_func", function)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "_bent", "_matched", "_gain", "_taught", "_against", "_pulled_rows", "_towards",
        "_of_state", "_error", "_stages_needed", "_stage", "_next_step",
    ):  # fmt: skip
        monkeypatch.setattr(compiled, name, interpreted(getattr(compiled, name)))


def constants(power: int) -> np.ndarray:
    return np.array([VARRHO, 1 / VARRHO, 1 - 1 / power])


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers on both sides of 0 and of varrho; those of the last kernel are all negative."""
    values = np.random.default_rng(seed).normal(size=shape)
    values[..., -1] = -np.abs(values[..., -1])
    return values


def left_over(*shape: int) -> np.ndarray:
    return np.full(shape, 7.7)


@POWERS
def test_outputs_are_weighted_sums_over_patches(power: int) -> None:
    u, seen = drawn(SEEDS, IMAGES, PATCHES, KERNELS), drawn(SEEDS, IMAGES, PATCHES, seed=1)
    h, reach = left_over(SEEDS, IMAGES, KERNELS), left_over(SEEDS, KERNELS)
    interpreted(compiled.outputs(power))(constants(power), u, seen, h, reach)
    np.testing.assert_allclose(h, np.einsum("snp,snpr->snr", seen, answer(u, power)), atol=1e-12)
    np.testing.assert_array_equal(reach, u.max((1, 2)))


@POWERS
def test_a_pull_is_handed_on_by_the_slope_of_each_patch(power: int) -> None:
    u, seen = drawn(SEEDS, IMAGES, PATCHES, KERNELS), drawn(SEEDS, IMAGES, PATCHES, seed=1)
    pull, before = drawn(SEEDS, IMAGES, KERNELS, seed=2), u.copy()
    interpreted(compiled.pulled(power))(constants(power), u, seen, pull)
    expected = pull[:, :, None] * seen[..., None] * slope(before, power)
    np.testing.assert_allclose(u, expected, atol=1e-12)


@POWERS
def test_an_activation_is_a_value_and_its_slope(power: int) -> None:
    u = np.array([-1.0, 0.0, 0.3, VARRHO, 0.71, 4.0])
    a, steep = left_over(6), left_over(6)
    interpreted(compiled.activated(power))(constants(power), u, a, steep)
    np.testing.assert_allclose(a, answer(u, power), atol=1e-12)
    np.testing.assert_allclose(steep, slope(u, power), atol=1e-12)


@POWERS
@pytest.mark.parametrize("first", [[0, 2, 2, 5, 6, 9], [0, 0, 4, 4, 7, 11], [0, 1, 2, 3, 4, 5]])
def test_rows_belong_to_the_image_at_which_they_begin(power: int, first: list[int]) -> None:
    """An image may have none; the last one has what is left."""
    rows = 11
    u, raw = drawn(rows, KERNELS), drawn(rows, KERNELS, seed=1)
    drive, before = drawn(SEEDS * IMAGES, KERNELS, seed=2), u.copy()
    a, h = left_over(rows, KERNELS), left_over(SEEDS * IMAGES, KERNELS)
    reach, c, begins = left_over(SEEDS, KERNELS), constants(power), np.array(first)
    interpreted(compiled.encoded(power))(c, u, begins, a, h, reach)
    np.testing.assert_allclose(a, answer(before, power), atol=1e-12)
    np.testing.assert_allclose(u, slope(before, power), atol=1e-12)
    owned = np.split(np.arange(rows), first[1:])
    np.testing.assert_allclose(h, [a[own].sum(0) for own in owned], atol=1e-12)
    for s in range(SEEDS):
        own = np.concatenate(owned[s * IMAGES : (s + 1) * IMAGES])
        np.testing.assert_array_equal(reach[s], before[own].max(0, initial=-np.inf))
    signal = raw.copy()
    interpreted(compiled.driven(power))(c, signal, begins, drive, u)
    of = np.repeat(np.arange(len(first)), [len(own) for own in owned])
    np.testing.assert_allclose(signal, (raw + drive[of]) * slope(before, power), atol=1e-12)


@POWERS
def test_a_student_is_pulled_by_what_the_teacher_answers_more(power: int) -> None:
    """(sum sReLU(tau u) - (1 - shared) sum sReLU(u) - own a) a', each with gains of its own."""
    u = drawn(SEEDS, IMAGES, PATCHES, KERNELS)
    tau = np.random.default_rng(3).uniform(0.6, 2.5, (SEEDS, KERNELS))
    own, shared = np.array([1.9, 0.4]), np.array([0.03, 0.2])
    before, reach = u.copy(), left_over(SEEDS, KERNELS)
    interpreted(compiled.matched(power))(
        constants(power), u, VARRHO / tau, tau**power, own, shared, reach
    )
    a = answer(before, power)
    taught = answer(tau[:, None, None] * before, power).sum(2, keepdims=True)
    residual = taught - (1 - shared[:, None, None, None]) * a.sum(2, keepdims=True)
    expected = (residual - own[:, None, None, None] * a) * slope(before, power)
    np.testing.assert_allclose(u, expected, atol=1e-12)
    np.testing.assert_array_equal(reach, before.max((1, 2)))


def asked_for(ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> tuple[str, list]:
    """Which pass is asked for, and with what after the constants."""
    seen: list[tuple[str, list]] = []

    def pass_of(name: str, u: torch.Tensor, power: int) -> Callable[..., None]:
        return lambda c, *given: seen.append((name, [*given]))

    with monkeypatch.context() as patch:
        patch.setattr(passes, "compiled", pass_of)
        ask()
    [found] = seen
    return found


def test_a_pass_is_tried_on_arguments_of_the_kind_that_it_gets(monkeypatch) -> None:
    """One activation with as many axes: numba compiles for those alone."""
    u, pull = torch.ones(2, 3, 4, 5), torch.ones(2, 3, 5)
    rows = every_patch(torch.ones(2, 3, 4, 6))
    flat, drive = torch.ones(2, 12, 5), torch.ones(2, 3, 5)
    match = passes.Match.of(torch.ones(2, 5), Parameters().mask_law, 3)
    asks: list[Callable[[], object]] = [
        lambda: passes.outputs(u, 3, VARRHO),
        lambda: passes.pulled(u, pull, 3, VARRHO),
        lambda: passes.activated(u, 3, VARRHO),
        lambda: passes.encoded(flat, rows, 3, VARRHO),
        lambda: passes.driven(flat, drive, flat, rows, 3),
        lambda: passes.matched(u, match, 3),
    ]
    found = dict(asked_for(ask, monkeypatch) for ask in asks)
    assert len(found) == len(asks)
    for name, given in found.items():
        tried = passes._ones(name, torch.float32)
        assert [(x.ndim, x.dtype) for x in tried] == [(x.ndim, x.dtype) for x in given], name
        assert all(x.size == 1 for x in tried)


@pytest.mark.parametrize("some", [True, False])
def test_what_a_pass_gets_and_gives_is_what_torch_would_have_done(some: bool, monkeypatch) -> None:
    """The whole way of each: arguments in their places, answers in theirs."""
    q, u, pull = 3, torch.tensor(drawn(2, 3, 4, 5)), torch.tensor(drawn(2, 3, 5, seed=1))
    seen = torch.tensor(drawn(2, 3, 4, seed=2)) if some else None
    x = torch.tensor(drawn(2, 3, 4, 6, seed=3))
    rows = some_patches(x, x[..., 0] > 0) if some else every_patch(x)
    flat = rows.patches @ torch.tensor(drawn(2, 6, 5, seed=4))
    raw = torch.tensor(drawn(*flat.shape, seed=5))

    def ask() -> list[torch.Tensor]:
        encoded = passes.encoded(flat.clone(), rows, q, VARRHO)
        return [
            *passes.outputs(u, q, VARRHO, seen),
            passes.pulled(u.clone(), pull, q, VARRHO, seen),
            *passes.activated(u, q, VARRHO), *encoded,
            passes.driven(raw.clone(), pull, encoded[1], rows, q),
        ]  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(passes, "compiled", lambda *_: None)
        expected = ask()
    by_name = {name: interpreted(getattr(compiled, name)(q)) for name in
               ("outputs", "pulled", "activated", "encoded", "driven")}  # fmt: skip
    monkeypatch.setattr(passes, "compiled", lambda name, u, power: by_name[name])
    for found, wanted in zip(ask(), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-12, rtol=1e-9)


def test_triton_is_asked_for_plain_numbers_alone(monkeypatch) -> None:
    """One of them is enough; none, half precision, what lies apart and what is learned are not."""
    x = torch.ones(3, 4)
    assert not passes._fusible(x), "on a CPU only tests ask for it"
    monkeypatch.setattr(passes, "INTERPRETED", True)
    monkeypatch.setattr(passes, "_FAILED", [])
    monkeypatch.setattr(passes, "FUSED", True)
    asked = {"plain": x, "one": x[:1, :1], "double": x.double(), "none": x[:0], "half": x.half(),
             "apart": x.T, "learned": x.clone().requires_grad_()}  # fmt: skip
    assert [name for name, u in asked.items() if passes._fusible(u)] == ["plain", "one", "double"]
    monkeypatch.setattr(passes, "_FAILED", [RuntimeError("no compiler")])
    assert not passes._fusible(x)
    monkeypatch.setattr(passes, "_FAILED", [])
    monkeypatch.setattr(passes, "FUSED", False)
    assert not passes._fusible(x)


FIRST, ROWS, WIDTH = [0, 0, 3, 4], 9, 6
LAWS = {
    "plain": (1.0, 1.0, 0.4, 1.0, 0.0, 1.0, 0.25),
    "masked target": (0.3, 0.3, 0.4, 1.0, 0.3, 1.0, 0.25),
    "fixed size": (0.35, 0.3, 0.45, 0.9, 0.35, 1.0, 0.25),
    "no bias": (1.0, 1.0, 0.4, 1.0, 0.0, 0.0, 0.25),
}
"""scale, meant, own, kept, cross, biased, 1/N."""


def towards(law: Any, x: Any, total: Any, w: Any, b: Any, power: int) -> tuple[Any, Any]:
    """-grad in w and b, image by image and row by row (section 2)."""
    scale, meant, own, kept, cross, biased, each = law
    images = [x[i:j] for i, j in zip(FIRST, [*FIRST[1:], ROWS], strict=True)]
    a = [answer(rows @ w.T, power) for rows in images]
    seen = np.array([values.sum(0) @ b for values in a])
    beta = biased * (meant * total - seen).mean(0)
    to_w, to_b = np.zeros_like(w), np.zeros_like(b)
    for rows, values, s, bh in zip(images, a, total, seen, strict=True):
        rho = scale * s - kept * bh - beta
        for row, one in zip(rows, values, strict=True):
            aim = rho - own * (one @ b) - cross * row
            to_b += each * np.outer(one, aim)
            to_w += each * np.outer((b @ aim) * slope(w @ row, power), row)
    return to_w, to_b


def course(
    flow: Any, y: Any, f: Any, asked: Any, room: int
) -> tuple[list[Any], list[Any], list[float], list[int], float, float]:
    """Steps of RKC2 and of Bogacki and Shampine, by the second implementation of them."""
    step, stiffness, tolerance, left = asked[:4]
    found: tuple[list[Any], list[Any], list[float], list[int]] = ([], [], [], [])
    for _ in range(room):
        push = min(step, 0.999 * (250**2 - 1) / 1.54 / stiffness, left)
        stages = stages_of(stiffness * push)
        z = step_of(stages, flow, y, f, push)
        g = flow(z)
        gap = np.linalg.norm(0.8 * (y - z) + 0.4 * push * (f + g), axis=1)
        size = np.maximum(np.linalg.norm(y, axis=1), np.linalg.norm(z, axis=1))
        error = (gap / np.maximum(size, 1e-30)).max() / tolerance
        change = np.clip(0.8 * max(error, 1e-9) ** (-1 / 3), 0.1, 5.0 if error <= 1 else 0.9)
        wanted = push * change
        if error <= 1 and push < step:
            wanted = max(step, wanted)
        edge = 0.999 * 2.5 / stiffness
        step = max(edge, wanted / 1.5) if push <= edge < wanted else wanted
        if error > 1:
            break
        for kept, new in zip(found, (z, g, push, stages), strict=True):
            kept.append(new)
        y, f, left = z, g, left - push
        if left <= 0:
            break
    return *found, step, error


@POWERS
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("first", "stiffness", "tolerance", "left"),
    [
        (0.02, 60.0, 1e-3, 9.0),
        (0.3, 40.0, 0.1, 0.35),
        (0.01, 200.0, 0.5, 9.0),
        (0.05, 9.0, 1e-5, 9.0),
    ],
    ids=["few stages", "to the end", "across orders", "rejected"],
)
def test_steps_are_those_of_plain_loops(power, tied, law, first, stiffness, tolerance, left):
    """An image without rows, a flow with a part of others, and every way in which steps end."""
    x, total, numbers = drawn(ROWS, WIDTH), drawn(len(FIRST), WIDTH, seed=1), np.array(LAWS[law])
    y = 0.5 * drawn(KERNELS, WIDTH if tied else 2 * WIDTH, seed=2)
    y[0] = 0.0
    f = 0.3 * drawn(*y.shape, seed=3)
    asked, room = np.array([first, stiffness, tolerance, left, *CONTROL]), 3
    ends, flows = left_over(room, *y.shape), left_over(room, *y.shape)
    lengths, taken, told = np.zeros(room), np.zeros(room, dtype=int), np.zeros(2)
    given = (numbers, x, total, np.array(FIRST), weights_by_stages().numpy(), asked, y, f)
    run = interpreted(compiled.steps(power))
    run(constants(power), *given, ends, flows, lengths, taken, told)

    def flow(state: Any) -> Any:
        to_w, to_b = towards(numbers, x, total, state[:, :WIDTH], state[:, -WIDTH:], power)
        return to_w + to_b if tied else np.concatenate([to_w, to_b], 1)

    rest = f - flow(y)
    expected = course(lambda state: flow(state) + rest, y, f, asked, room)
    n = len(expected[0])
    assert np.count_nonzero(taken) == n
    for found, wanted in zip((ends, flows, lengths, taken), expected, strict=False):
        if n:
            np.testing.assert_allclose(found[:n], wanted, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(told, expected[4:], rtol=1e-6)


def pull_of_teacher(x: Any, w: Any, tau: Any, own: float, shared: float, power: int) -> Any:
    """-grad of kernels with gains tau on images x [images, patches, width] (section 2)."""
    found = np.zeros_like(w)
    for image in x:
        u = image @ w.T
        a, taught = answer(u, power), answer(tau * u, power).sum(0)
        aim = taught - (1 - shared) * a.sum(0) - own * a
        found += (aim * slope(u, power)).T @ image
    return found / len(x)


def gains_of(largest: Any, first: float, steep: float) -> Any:
    if steep == np.inf:
        return np.where(largest < VARRHO, first, 1.0)
    return first ** np.clip(1 + steep * (1 - largest / VARRHO), 0, 1)


@POWERS
@pytest.mark.parametrize("steep", [0.0, 4.0, np.inf])
@pytest.mark.parametrize("room", [2**18, 7])
def test_a_course_is_that_of_plain_loops(power, steep, room, monkeypatch) -> None:
    """Kernels on both sides of varrho, that drop out of the stages, and images in groups of one."""
    monkeypatch.setattr(compiled, "ACTIVATIONS_IN_CACHE", room)
    x, features = drawn(IMAGES, PATCHES, WIDTH), np.linalg.qr(drawn(WIDTH, 3, seed=1))[0].T
    y, f = 0.5 * drawn(KERNELS, WIDTH, seed=2), drawn(KERNELS, WIDTH, seed=3)
    y[1] += 2 * VARRHO * features[0]
    table, counts = 0.3 * drawn(4, KERNELS, 5, seed=4), np.array([KERNELS, 4, 4, 1])
    own, shared, first = 0.4, 0.1, 1.9
    law = np.array([own, shared, first, steep, VARRHO, 1 / IMAGES])
    z, flow = left_over(*y.shape), left_over(*y.shape)
    c = np.array([1.0, 1.0, 1 - 1 / power])
    interpreted(compiled.taught(power))(c, law, x, features, counts, table, y, f, z, flow)

    def expected_flow(w: Any) -> Any:
        tau = gains_of((w @ features.T).max(1), first, steep)
        return pull_of_teacher(x, w, tau, own, shared, power)

    older, last, g = y.copy(), y.copy(), f
    for stage, (count, weights) in enumerate(zip(counts, table, strict=True)):
        g = f if stage == 0 else expected_flow(last)
        terms = np.stack([y, last, older, g, f], 1)
        new = np.einsum("kt,ktd->kd", weights, terms)
        older[:count], last[:count] = last[:count], new[:count]
    np.testing.assert_allclose(z, last, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(flow, expected_flow(last), rtol=1e-10, atol=1e-12)
