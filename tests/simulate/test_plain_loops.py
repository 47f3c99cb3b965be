"""Crossings, courses, certificates and counts of answers against plain loops, seed by seed."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from mrpverify.parameters import Parameters
from mrpverify.simulate import certificate, flow, held_out
from mrpverify.simulate.classifier import margins
from mrpverify.simulate.images import Images
from mrpverify.simulate.sample import feature_moments, sample_images

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, deadline=None)
SHAPE = (2, 3, 4)
"""Seeds, kernels, features."""


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(array)


def _step(random: np.random.Generator) -> flow.Step:
    length = random.uniform(0.5, 2, SHAPE[:2])
    end = length + random.uniform(0, 2, SHAPE[:2])
    before, after = random.uniform(0.0, 0.4, SHAPE), random.uniform(0.6, 1.0, SHAPE)
    slopes = random.uniform(0.0, 0.3, (2, *SHAPE))
    return flow.Step(*map(_tensor, (end, length, before, slopes[0], after, slopes[1])))


def _cubic(step: flow.Step, at: tuple[int, int, int]) -> CubicHermiteSpline:
    end, length = (float(x[at[:2]]) for x in (step.end, step.length))
    values, slopes = (
        [float(x[at]) for x in ends]
        for ends in ((step.before, step.after), (step.slope_before, step.slope_after))
    )
    return CubicHermiteSpline([end - length, end], values, slopes)


@FEW
@given(SEEDS)
def test_crossings_are_roots_of_the_cubic(seed: int) -> None:
    random = np.random.default_rng(seed)
    step = _step(random)
    pairs = _tensor(random.random(SHAPE) < 0.6)
    share = flow._first_share(step.of(pairs), 0.5).flatten()
    half = step.at(torch.full((*SHAPE[:2], 1), 0.5, dtype=torch.float64))
    for number, at in enumerate(zip(*np.nonzero(pairs.numpy()), strict=True)):
        cubic, end, length = _cubic(step, at), float(step.end[at[:2]]), float(step.length[at[:2]])
        found = end - (1 - float(share[number])) * length
        assert cubic(found) == pytest.approx(0.5, abs=1e-7)
        assert abs(cubic.solve(0.5, extrapolate=False).min() - found) < 1e-6, "the first root"
    for at in np.ndindex(SHAPE):
        middle = float(step.end[at[:2]]) - float(step.length[at[:2]]) / 2
        assert float(half[at]) == pytest.approx(float(_cubic(step, at)(middle)))


@FEW
@given(SEEDS)
def test_a_course_is_the_cubics_of_its_steps(seed: int) -> None:
    """Kernels with times of their own, one of which stands still for a step."""
    random = np.random.default_rng(seed)
    history, steps = flow.History(), 6
    time = np.cumsum(random.uniform(0.2, 1.5, (steps, 2, 3)), 0)
    time[0] = 0.0
    time[3, 0, 1] = time[2, 0, 1]
    value, slope = random.normal(size=(2, steps, *SHAPE))
    value[3, 0, 1], slope[3, 0, 1] = value[2, 0, 1], slope[2, 0, 1]
    for at in range(steps):
        history.keep(*map(_tensor, (time[at], value[at], slope[at])))
    last = time[-1].min(1)
    asked = history.times(last, 5)
    for s in range(2):
        own = asked[s][np.isfinite(asked[s])]
        inside = np.unique(time[:, s][time[:, s] <= last[s]])
        assert own[0] == 0.0
        assert own[-1] == last[s]
        assert set(own) <= set(inside) | {last[s]}
        assert len(own) <= 6
        chosen = np.quantile(inside, np.linspace(0, 1, 5), method="nearest")
        np.testing.assert_array_equal(own, np.unique([0.0, *chosen, last[s]]))
    found = history.at(asked)
    for s, n, r in np.ndindex(2, asked.shape[1], 3):
        if np.isnan(asked[s, n]):
            assert np.isnan(found[s, n, r]).all()
            continue
        t, first = np.unique(time[:, s, r], return_index=True)
        spline = CubicHermiteSpline(t, value[first, s, r], slope[first, s, r])
        np.testing.assert_allclose(found[s, n, r], spline(asked[s, n]), atol=1e-9)


def test_a_course_of_one_step_is_its_cubic() -> None:
    history, time = flow.History(), np.array([0.0, 1.5])
    value, slope = np.random.default_rng(0).normal(size=(2, 2, 1, 2, 3))
    for at in range(2):
        history.keep(torch.full((1, 2), time[at]), _tensor(value[at]), _tensor(slope[at]))
    asked = np.array([[0.0, 0.4, 1.1, 1.5]])
    for r in range(2):
        spline = CubicHermiteSpline(time, value[:, 0, r], slope[:, 0, r])
        np.testing.assert_allclose(history.at(asked)[0, :, r], spline(asked[0]))


@FEW
@given(SEEDS, st.booleans(), st.sampled_from([1, 3]))
def test_promised_times(seed: int, independent: bool, exponent: int) -> None:
    random = np.random.default_rng(seed)
    c, slope = random.normal(size=(2, *SHAPE)).round(1)
    found = certificate.hitting_times(_tensor(c), _tensor(slope), exponent, independent)
    rest = certificate.rest_times(_tensor(c), _tensor(slope))
    uncovered = random.random((2, 4)) < 0.5
    idle = certificate.undriven(_tensor(c), _tensor(slope), _tensor(uncovered))
    for s in range(2):
        driven = []
        for v in range(4):
            nearest = int(c[s, :, v].argmax())
            drift = abs(slope[s, nearest, v])
            expected = abs(c[s, nearest, v]) / drift if drift else 0.0
            assert float(rest[s, v]) == pytest.approx(expected)
            driven.append(uncovered[s, v] and slope[s, nearest, v] > 0)
            times = []
            for r in range(3):

                def ready(f: int, r: int = r, s: int = s) -> float:
                    near = c[s, r].max() if independent else c[s, :, f].max()
                    if c[s, r, f] > 0 and slope[s, r, f] > 0 and c[s, r, f] >= 0.5 * near:
                        return c[s, r, f] / (exponent * slope[s, r, f])
                    return np.inf

                own = ready(v)
                if not independent or own == min(ready(f) for f in range(4)):
                    times.append(own)
            assert float(found[s, v]) == pytest.approx(min(times, default=np.inf))
        assert bool(idle[s]) == (not any(driven))


def _objective(covers: str, independent: bool) -> SimpleNamespace:
    """What a certificate asks of an objective: dc/dt ~ c^3, three times slower where it waits."""
    return SimpleNamespace(
        plateau_degree=lambda p: 4, independent_kernels=independent, covers=covers,
        slowdown=lambda p: 3.0,
    )  # fmt: skip


@FEW
@given(SEEDS, st.booleans(), st.sampled_from(["every feature", "one feature a class"]))
def test_how_long_a_seed_is_waited_for(seed: int, independent: bool, covers: str) -> None:
    random = np.random.default_rng(seed)
    c, slope = np.abs(random.normal(size=(2, *SHAPE))) + 0.1
    shown = random.random((2, 4)) < 0.7
    p = Parameters(classes=2)
    found = certificate.Certificate(
        p, _objective(covers, independent), _tensor(c), _tensor(slope), _tensor(shown)
    )
    times = certificate.hitting_times(_tensor(c), _tensor(slope), 2, independent).numpy()
    for s in range(2):
        if covers == "one feature a class":
            own = [min([times[s, v] for v in pair if shown[s, v]], default=np.inf)
                   for pair in ((0, 1), (2, 3))]  # fmt: skip
        else:
            own = [times[s, v] for v in range(4) if shown[s, v]
                   and (np.isfinite(times[s, v]) or not independent)]  # fmt: skip
        assert float(found.latest[s]) == pytest.approx(10 * 3 * max(own, default=0.0))


def test_a_seed_is_given_up_after_it_has_been_idle_as_long_as_before() -> None:
    """Idle since 4: neither before 8, nor before |C|/|dC/dt| = 5 has passed; driven it begins anew.

    Of its promise, far away, nothing is used up; a seed all of whose features are covered goes on.
    """
    p, every = Parameters(classes=2), torch.ones(1, 1, dtype=torch.bool)
    start, drift = torch.tensor([[[0.05]]]), torch.tensor([[[0.01]]])
    watched = certificate.Certificate(p, _objective("every feature", True), start, drift, every)
    assert float(watched.latest) == pytest.approx(10 * 3 * 0.05 / 0.02)
    idle, course = -drift, [(1.0, drift), (4.0, -drift), (7.9, -drift), (8.9, -drift)]

    def ask(time: float, slope: torch.Tensor, uncovered: torch.Tensor = every) -> bool:
        at = torch.tensor([time], dtype=torch.float64)
        return bool(watched.holds(at, start, slope, uncovered))

    assert [ask(*point) for point in course] == [False] * 4
    assert not ask(9.1, idle, ~every)
    assert not ask(9.2, drift)
    assert not ask(9.3, idle)
    assert not ask(18.5, idle)
    assert ask(18.7, idle)
    assert not ask(18.8, drift)
    assert not ask(74.9, drift)
    assert ask(75.1, drift)


# --- answers


def _logits(p: Parameters, state: dict, patches: torch.Tensor) -> torch.Tensor:
    """Any function of the images: sums of the first coordinates over the patches."""
    return patches.sum(2)[..., : p.classes]


def test_right_answers_by_law_class_and_what_is_shown() -> None:
    p = Parameters(
        classes=3, views=3, off_class=0.9, test_images=40, dimension=12, kernels_per_class=2,
        coverage=0.8, images=10, patch_noise=0.2, precision="float64",
    )  # fmt: skip
    state = {"weights": torch.zeros(2, p.kernels, p.dimension, dtype=torch.float64)}
    right, number = held_out.count_correct(p, state, _logits, "t", [3, 4])
    laws = list(held_out.test_laws(p).values())
    assert right.shape == number.shape == (2, len(laws), 3, 4)
    for law, changes in enumerate(laws):
        for share in (0.0, 1.0):
            images = held_out.held_out(replace(p, **changes), "t", [3, 4], share)
            assert images.labels.shape == (2, 40)
            found = _logits(p, state, images.patches).numpy()
            for s in range(2):
                cells = np.zeros((2, 3, 4), int)
                for n in range(40):
                    y, view = int(images.labels[s, n]), int(images.shown_view[s, n])
                    assert (view >= 0) == (share == 1.0)
                    others = [found[s, n, j] for j in range(3) if j != y]
                    cells[0, y, view + 1] += found[s, n, y] > max(others)
                    cells[1, y, view + 1] += 1
                kinds = slice(1, None) if share else slice(0, 1)
                for kept, expected in ((right, cells[0]), (number, cells[1])):
                    np.testing.assert_array_equal(kept[s, law, :, kinds], expected[:, kinds])


def test_the_laws_of_the_tests_are_what_they_are_called() -> None:
    p = Parameters(classes=4, off_class=1.0, single_view_off_class=0.3, patch_noise=0.05)
    laws = held_out.test_laws(p)
    assert laws["in distribution"] == {}
    assert laws["larger Gamma"] == pytest.approx({"single_view_off_class": 0.39})
    assert laws["larger s"] == pytest.approx({"off_class": 3.0})
    assert held_out.test_laws(replace(p, off_class=2.0))["larger s"] == {"off_class": 4.0}
    assert laws["stronger noise"] == pytest.approx({"patch_noise": 0.1})
    removed = {"weak_view": 0.0, "single_view_off_class": p.off_high}
    assert laws["one own view removed"] == removed


@FEW
@given(SEEDS)
def test_margins_of_training_images(seed: int) -> None:
    random = np.random.default_rng(seed)
    logits, labels = random.normal(size=(2, 6, 3)), random.integers(0, 3, (2, 6))
    shown = random.integers(-1, 2, (2, 6))
    images = SimpleNamespace(patches=None, labels=_tensor(labels), shown_view=_tensor(shown))
    share, least = held_out.training_margins(
        Parameters(),
        {},
        lambda *_: _tensor(logits),
        images,  # type: ignore[arg-type]
    )
    every = margins(_tensor(logits), _tensor(labels)).numpy()
    for s in range(2):
        for kind, single in enumerate((False, True)):
            own = []
            for n in range(6):
                y = labels[s, n]
                margin = logits[s, n, y] - max(logits[s, n, j] for j in range(3) if j != y)
                assert every[s, n] == pytest.approx(margin)
                if (shown[s, n] >= 0) == single:
                    own.append(margin)
            expected = np.mean([m > 0 for m in own]) if own else np.nan
            assert float(share[s, kind]) == pytest.approx(expected, nan_ok=True)
            assert float(least[s, kind]) == pytest.approx(min(own, default=np.nan), nan_ok=True)


# --- when a batch is covered, and what is uncovered for ever


def _stub(p: Parameters, covers: str, shown: np.ndarray, **more: object) -> SimpleNamespace:
    """What these questions read of a flow."""
    return SimpleNamespace(
        parameters=p, moments=SimpleNamespace(squared_activity=_tensor(shown.astype(float))),
        _shown=_tensor(shown), _one_of_a_class=covers == "one feature a class",
        _covering=lambda crossed: crossed.amax(1), **more,
    )  # fmt: skip


@FEW
@given(SEEDS, st.sampled_from(["every feature", "one feature a class"]))
def test_coverage_is_the_last_of_what_is_needed(seed: int, covers: str) -> None:
    """In any unit of time: the last may be far below 1."""
    random = np.random.default_rng(seed)
    unit = random.choice([1e-3, 9.0])
    crossed, shown = random.uniform(0, unit, (2, 6)), random.random((2, 6)) < 0.7
    crossed[random.random((2, 6)) < 0.1] = np.inf
    stub = _stub(Parameters(classes=3), covers, shown)
    found = flow._Flow._covering(stub, _tensor(crossed))  # type: ignore[arg-type]
    for s in range(2):
        each = [crossed[s, v] if shown[s, v] else None for v in range(6)]
        if covers == "one feature a class":
            needed = [min([t for t in each[2 * i : 2 * i + 2] if t is not None], default=np.inf)
                      for i in range(3)]  # fmt: skip
        else:
            needed = [t for t in each if t is not None]
        assert float(found[s]) == max(needed, default=0.0)


@FEW
@given(SEEDS, st.sampled_from(["every feature", "one feature a class"]))
def test_what_is_uncovered_is_shown_and_needed_and_not_crossed(seed: int, covers: str) -> None:
    random = np.random.default_rng(seed)
    shown, crossed = random.random((2, 6)) < 0.7, random.random((2, 3, 6)) < 0.2
    seen: list[torch.Tensor] = []

    def holds(time: torch.Tensor, c: object, slopes: object, uncovered: torch.Tensor):
        seen.append(uncovered)
        return torch.tensor([True, True])

    stub = _stub(
        Parameters(classes=3), covers, shown,
        crossing_time=_tensor(np.where(crossed, 1.0, np.inf)),
        solver=SimpleNamespace(time=torch.tensor([[7.0, 4.0], [3.9, 9.0]])),
        certificate=SimpleNamespace(holds=holds), correlations=None, slopes=None,
        horizon=torch.tensor([torch.inf, torch.inf]), _least=4.0,
    )  # fmt: skip
    flow._Flow._look_at_crossings(stub)  # type: ignore[arg-type]
    found = flow._Flow._never_covered(stub)  # type: ignore[arg-type]
    assert found.tolist() == [True, False], "the second seed has a clock before the least T"
    stub.horizon = torch.tensor([9.0, torch.inf])
    assert flow._Flow._never_covered(stub).tolist() == [False, False]  # type: ignore[arg-type]
    for s, v in np.ndindex(2, 6):
        open_ = shown[s, v] and not crossed[s, :, v].any()
        if covers == "one feature a class":
            pair = [2 * (v // 2), 2 * (v // 2) + 1]
            open_ = open_ and all(shown[s, x] and not crossed[s, :, x].any() for x in pair)
        assert bool(seen[0][s, v]) == open_


@FEW
@given(SEEDS, st.sampled_from(["every feature", "one feature a class"]))
def test_what_no_image_shows_is_not_waited_for(seed: int, covers: str) -> None:
    random = np.random.default_rng(seed)
    c, slope = np.abs(random.normal(size=(2, *SHAPE))) + 0.1
    shown = random.random((2, 4)) < 0.6
    p, objective = Parameters(classes=2), _objective(covers, True)
    stub = _stub(p, covers, shown, objective=objective, correlations=_tensor(c),
                 slopes=_tensor(slope))  # fmt: skip
    found = flow._Flow._certificate(stub)  # type: ignore[arg-type]
    one = certificate.Certificate(p, objective, _tensor(c), _tensor(slope), _tensor(shown))
    assert torch.equal(found.latest, one.latest)
    every = certificate.Certificate(
        p, objective, _tensor(c), _tensor(slope), _tensor(np.ones_like(shown))
    )
    assert covers == "one feature a class" or bool((found.latest <= every.latest).all())


def test_images_of_patches_alone_know_nothing_else() -> None:
    patches = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    images = Images.of_patches(patches)
    assert images.patches is patches
    assert images.labels.shape == images.shown_view.shape == (2, 3)
    assert images.owner.shape == images.strength.shape == (2, 3, 4)
    assert images.strength.dtype == torch.float64
    assert images.features.shape == (2, 0, 5)
    part = images.part(1, 3)
    assert torch.equal(part.patches, patches[:, 1:3])
    assert part.owner.shape == (2, 2, 4)


def test_moments_of_drawn_images_are_sums_over_their_patches() -> None:
    """A = sum z^q and B = sum z^{2q} of a feature, with and without the images of other classes."""
    p = Parameters(classes=3, views=2, images=9, off_class=1.0, power=3, precision="float64")
    images = sample_images(p, "moments", [0, 1])
    found = feature_moments(p, images)
    for s, v in np.ndindex(2, 6):
        own, square, patch = [], [], []
        for n in range(9):
            there = images.owner[s, n] == v
            z = images.strength[s, n][there].numpy()
            own.append((z**3).sum() * (int(images.labels[s, n]) == v // 2))
            square.append((z**3).sum() ** 2)
            patch.append((z**6).sum())
        given = found.own_activity, found.squared_activity, found.patch_activity
        for one, values in zip(given, (own, square, patch), strict=True):
            assert float(one[s, v]) == pytest.approx(np.mean(values))
