"""What a flow notes after a step, asked of a stub of it: plain loops, kernel by kernel.

A whole run takes seconds and asks few of these questions at their edges.
"""

from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from mrpverify.parameters import Parameters
from mrpverify.simulate import certificate, flow
from mrpverify.simulate.run import LEAST_STEPS

SHAPE = (2, 3, 4)
"""Seeds, kernels, features."""
LEVEL = 0.5


def _tensor(values: object) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values, dtype=np.float64))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_crossings_are_noted_where_a_kernel_first_has_one(seed: int) -> None:
    """The pair's time, and all correlations of the kernel at its first crossing of any feature."""
    random = np.random.default_rng(seed)
    end, length = random.uniform(3, 5, SHAPE[:2]), random.uniform(0.5, 2, SHAPE[:2])
    before, after = random.uniform(0.1, 0.4, SHAPE), random.uniform(0.3, 0.9, SHAPE)
    slopes = random.uniform(0.0, 0.2, (2, *SHAPE))
    step = flow.Step(*map(_tensor, (end, length, before, slopes[0], after, slopes[1])))
    known = np.where(random.random(SHAPE) < 0.2, 1.0, inf)
    accepted = random.random(SHAPE[:2]) < 0.8
    noted = np.where(np.isfinite(known).any(2, keepdims=True), 7.7, nan) * np.ones(SHAPE)
    stub = SimpleNamespace(
        parameters=Parameters(linear_from=LEVEL), solver=SimpleNamespace(state=None),
        crossing_time=_tensor(known), crossing_correlations=_tensor(noted),
        _correlate=lambda state: _tensor(after), _step_of=lambda piece: step,
        _look_at_crossings=lambda: looked.append(int(stub.crossing_time.isfinite().sum())),
    )  # fmt: skip
    looked: list[int] = []
    piece = SimpleNamespace(after=None)
    flow._Flow._note_crossings(stub, piece, torch.as_tensor(accepted))  # type: ignore[arg-type]
    number = int(stub.crossing_time.isfinite().sum())
    assert looked == ([number] if number > np.isfinite(known).sum() else [])
    for s, r in np.ndindex(*SHAPE[:2]):
        begin = end[s, r] - length[s, r]
        cubics = [CubicHermiteSpline([begin, end[s, r]], [before[s, r, v], after[s, r, v]],
                                     slopes[:, s, r, v]) for v in range(4)]  # fmt: skip
        times = [inf] * 4
        for v in range(4):
            if accepted[s, r] and after[s, r, v] >= LEVEL and known[s, r, v] == inf:
                times[v] = cubics[v].solve(LEVEL, extrapolate=False)[0]
        expected = np.minimum(known[s, r], times)
        np.testing.assert_allclose(stub.crossing_time[s, r], expected, rtol=1e-6)
        at = stub.crossing_correlations[s, r].numpy()
        if np.isfinite(known[s, r]).any():
            np.testing.assert_array_equal(at, [7.7] * 4)
        elif min(times) < inf:
            np.testing.assert_allclose(at, [c(min(times)) for c in cubics], rtol=1e-5)
        else:
            assert np.isnan(at).all()


@pytest.mark.parametrize("below", [0.0, 1e-9])
def test_what_comes_to_the_level_at_the_end_of_a_step_has_crossed_there(below: float) -> None:
    before, after, slope = _tensor([[[0.2, 0.1]]]), _tensor([[[LEVEL - below, 0.3]]]), 0.15
    slopes = torch.full_like(before, slope)
    step = flow.Step(_tensor([[3.0]]), _tensor([[2.0]]), before, slopes, after, slopes)
    stub = SimpleNamespace(
        parameters=Parameters(linear_from=LEVEL), solver=SimpleNamespace(state=None),
        crossing_time=torch.full_like(before, inf),
        crossing_correlations=torch.full_like(before, nan),
        _correlate=lambda state: after, _step_of=lambda piece: step,
        _look_at_crossings=lambda: None,
    )  # fmt: skip
    piece = SimpleNamespace(after=None)
    flow._Flow._note_crossings(stub, piece, torch.tensor([[True]]))  # type: ignore[arg-type]
    times, at = stub.crossing_time.flatten(), stub.crossing_correlations.flatten()
    assert times.tolist() == [inf, inf] if below else [pytest.approx(3.0), inf]
    assert torch.isnan(at).all() if below else torch.allclose(at, after.flatten())


def test_what_is_at_the_level_before_the_first_step_has_crossed() -> None:
    c = _tensor([[[LEVEL, 0.1], [np.nextafter(LEVEL, 0), 0.2]], [[0.3, 0.9], [0.6, 0.7]]])
    stub = SimpleNamespace(
        parameters=Parameters(linear_from=LEVEL), correlations=c,
        crossing_time=torch.full_like(c, inf), crossing_correlations=torch.full_like(c, nan),
    )  # fmt: skip
    flow._Flow._cross_at_start(stub)  # type: ignore[arg-type]
    assert stub.crossing_time.tolist() == [[[0.0, inf], [inf, inf]], [[inf, 0.0], [0.0, 0.0]]]
    seen = ~torch.isnan(stub.crossing_correlations)
    assert seen.all(2).tolist() == [[True, False], [True, True]]
    assert torch.equal(stub.crossing_correlations[seen], c[seen])
    assert not seen[0, 1].any()


def _covered_at(times: list[float], clocks: list[list[float]], **changes: float) -> SimpleNamespace:
    """Seeds of two kernels and two features, which the first kernel alone crosses."""
    p = Parameters(classes=2, views=1, linear_from=LEVEL, horizon_factor=3.0, step=0.01, **changes)
    crossing = torch.full((len(times), 2, 2), inf, dtype=torch.float64)
    crossing[:, 0] = _tensor(times).unsqueeze(1)
    crossing[:, 0, 1] /= 2
    stub = SimpleNamespace(
        parameters=p, crossing_time=crossing, _least=LEAST_STEPS * 0.01, _one_of_a_class=False,
        moments=SimpleNamespace(squared_activity=torch.ones(len(times), 2)),
        _shown=torch.ones(len(times), 2, dtype=torch.bool),
        solver=SimpleNamespace(time=_tensor(clocks)),
        coverage_time=torch.full((len(times),), inf, dtype=torch.float64),
    )  # fmt: skip
    stub._covering = lambda crossed: flow._Flow._covering(stub, crossed)  # type: ignore[arg-type]
    flow._Flow._look_at_crossings(stub)  # type: ignore[arg-type]
    flow._Flow._set_horizon(stub)  # type: ignore[arg-type]
    return stub


def test_a_seed_is_covered_once_no_clock_can_cover_it_earlier() -> None:
    """Its slowest clock has reached the time of the last feature, or it is not known yet."""
    times, clocks = [6.0, 6.0, 6.0, inf], [[6.0, 9.0], [9.0, 6.0], [9.0, 5.9], [9.0, 9.0]]
    stub = _covered_at(times, clocks)
    assert stub.coverage_time.tolist() == [6.0, 6.0, inf, inf]
    assert stub.horizon.tolist() == [18.0, 18.0, inf, inf]
    early = _covered_at([1e-9], [[6.0, 9.0]])
    assert (early.coverage_time.item(), early.horizon.item()) == (1e-9, early._least)
    for horizon in (0.5, 2.0):
        fixed = _covered_at(times, clocks, horizon=horizon)
        assert fixed.coverage_time.tolist() == [6.0, 6.0, inf, inf]
        assert fixed.horizon.tolist() == [horizon] * 4


@pytest.mark.parametrize("own_clocks", [True, False])
def test_clocks_of_their_own_wait_for_the_last_one_while_coverage_is_open(own_clocks: bool) -> None:
    """At a front, which moves on by Delta's factor once the last of them has reached it."""
    front = torch.tensor([2.0, 2.0, 2.0] if own_clocks else [inf] * 3)
    clocks = torch.tensor([[2.0, 2.0], [1.9, 2.0], [1.0, 2.0]])
    stub = SimpleNamespace(
        parameters=Parameters(horizon_factor=3.0), front=front,
        horizon=torch.tensor([inf, inf, 8.0]),
        solver=SimpleNamespace(own_clocks=own_clocks, time=clocks),
    )  # fmt: skip
    found = flow._Flow._until(stub)  # type: ignore[arg-type]
    open_ = [[6.0] * 2, [2.0] * 2] if own_clocks else [[inf] * 2, [inf] * 2]
    assert found.tolist() == [*open_, [8.0] * 2]


def _advanced(**changes: object) -> SimpleNamespace:
    """One seed of one kernel after a step to time 3 of 5, where nothing ends it."""
    asked: list[list[object]] = []
    noted: list[str] = []
    solver = SimpleNamespace(
        time=_tensor([[3.0]]), evaluations=_tensor([10.0]),
        advance=lambda going, until: asked.append([going.tolist(), until.tolist()]),
        pieces=lambda: ["one", "other"],
    )  # fmt: skip
    state = {
        "parameters": Parameters(work=11), "solver": solver, "horizon": _tensor([5.0]),
        "done": torch.tensor([False]), "hopeless": torch.tensor([False]),
        "correlations": _tensor([[[0.1]]]), "_never_covered": lambda: torch.tensor([False]),
        "_stuck": lambda: torch.tensor([False]), "_until": lambda: _tensor([[5.0]]),
        "_note_crossings": lambda piece, accepted: noted.append(piece),
        "_remember": lambda piece: noted.append(piece),
        "_set_horizon": lambda: None, "_open": True, "_look_at_ends": lambda: (None, None),
    }  # fmt: skip
    stub = SimpleNamespace(**(state | changes), asked=asked)
    flow._Flow.advance(stub)  # type: ignore[arg-type]
    assert noted == ["one", "one", "other", "other"]
    return stub


@pytest.mark.parametrize(
    ("changes", "ends", "hopeless"),
    [({}, False, False), ({"horizon": _tensor([3.0])}, True, False),
     ({"horizon": _tensor([3.001])}, False, False),
     ({"parameters": Parameters(work=10)}, True, False),
     ({"_never_covered": lambda: torch.tensor([True])}, True, True),
     ({"_stuck": lambda: torch.tensor([True])}, True, False),
     ({"correlations": _tensor([[[nan]]])}, True, False)],
)  # fmt: skip
def test_a_seed_ends_by_any_one_of_five_things(changes: dict, ends: bool, hopeless: bool) -> None:
    stub = _advanced(**changes)
    assert (bool(stub.done), bool(stub.hopeless)) == (ends, hopeless)
    assert stub.asked == [[[[True]], [[5.0]]]]


def test_a_clock_at_its_end_stands_still_and_so_do_those_of_a_seed_that_has_ended() -> None:
    for changes in ({"_until": lambda: _tensor([[3.0]])}, {"done": torch.tensor([True])}):
        assert _advanced(**changes).asked[0][0] == [[False]]
    late = _advanced(done=torch.tensor([True]), _never_covered=lambda: torch.tensor([True]))
    assert not bool(late.hopeless), "what is known of a seed that has ended stays as it was"
    settled = _advanced(_open=False, _never_covered=lambda: torch.tensor([True]))
    assert not bool(settled.hopeless), "where every seed has a horizon none is asked about"


@pytest.mark.parametrize(
    ("done", "horizon", "ends"),
    [([True, True], [1.0, inf], (False, True)), ([True, False], [1.0, 2.0], (True, False)),
     ([False, False], [inf, inf], (True, True)), ([True, True], [1.0, 2.0], (False, False))],
)  # fmt: skip
def test_a_batch_runs_on_while_any_seed_does(
    done: list[bool], horizon: list[float], ends: tuple[bool, bool]
) -> None:
    stub = SimpleNamespace(done=torch.tensor(done), horizon=_tensor(horizon))
    assert flow._Flow._look_at_ends(stub) == ends  # type: ignore[arg-type]


def test_a_seed_goes_no_further_where_one_kernel_does_not() -> None:
    for steps, stuck in (([0, 0], False), ([flow.NOWHERE, 0], True), ([0, 2 * flow.NOWHERE], True)):
        stub = SimpleNamespace(solver=SimpleNamespace(nowhere=torch.tensor([steps])))
        assert bool(flow._Flow._stuck(stub)) is stuck  # type: ignore[arg-type]


def test_a_certificate_is_told_which_features_are_in_the_images(monkeypatch) -> None:
    """However faint; one of activity 0 is in none."""
    told: list[torch.Tensor] = []
    monkeypatch.setattr(flow, "Certificate", lambda *given: told.append(given[-1]))
    activity = torch.tensor([[0.0, 1e-30, 0.5, 2.0]])
    stub = SimpleNamespace(
        parameters=None, objective=None, correlations=None, slopes=None,
        moments=SimpleNamespace(squared_activity=activity),
    )  # fmt: skip
    stub._shown = flow._Flow._shown.func(stub)  # type: ignore[attr-defined]
    flow._Flow._certificate(stub)  # type: ignore[arg-type]
    assert told[0].tolist() == [[False, True, True, True]]


def test_a_covered_seed_that_shows_some_features_only_is_not_given_up() -> None:
    """One that shows nothing at all is, once its promise is over: nothing covers it."""
    objective = SimpleNamespace(plateau_degree=lambda p: 4, independent_kernels=True,
                                covers="every feature", slowdown=lambda p: 1.0)  # fmt: skip
    c, slope, late = _tensor([[[0.5, 0.5]]]), _tensor([[[0.25, 0.25]]]), _tensor([1e3])
    covered = torch.tensor([[False, False]])
    for shown, given_up in (([True, False], False), ([False, False], True), ([True] * 2, False)):
        told = torch.tensor([shown])
        watched = certificate.Certificate(Parameters(classes=2, views=1), objective, c, slope, told)
        assert bool(watched.holds(late, c, slope, covered)) is given_up


def test_what_no_image_shows_is_neither_waited_for_nor_has_it_a_scale() -> None:
    """|C|/|dC/dt| of what is shown, in any unit of time: a seed is idle for as long."""
    objective = SimpleNamespace(plateau_degree=lambda p: 4, independent_kernels=False,
                                covers="every feature", slowdown=lambda p: 1.0)  # fmt: skip
    told = torch.tensor([[True, False, True, False]])
    for unit in (1e-3, 1.0, 1e3):
        c = _tensor([[[0.2, 0.4, 0.3, 0.1]]])
        slope = c / (unit * _tensor([[[2.0, 50.0, 3.0, 90.0]]]))
        watched = certificate.Certificate(Parameters(classes=2), objective, c, slope, told)
        assert watched._scale.tolist() == pytest.approx([3.0 * unit])
        assert watched.latest.tolist() == pytest.approx([10 * 3.0 * unit / 2])


@pytest.mark.parametrize(("degree", "exponent"), [(2, 1), (3, 1), (4, 2), (6, 4)])
def test_a_promise_is_that_of_a_flow_of_two_degrees_less_and_never_of_less_than_one(
    degree: int, exponent: int
) -> None:
    """c/(n dc/dt), n + 2 the degree of the loss."""
    objective = SimpleNamespace(plateau_degree=lambda p: degree, independent_kernels=True,
                                covers="every feature", slowdown=lambda p: 1.0)  # fmt: skip
    c, slope = _tensor([[[0.6]]]), _tensor([[[0.2]]])
    every = torch.ones(1, 1, dtype=torch.bool)
    watched = certificate.Certificate(Parameters(classes=2), objective, c, slope, every)
    assert float(watched.latest) == pytest.approx(10 * 3.0 / exponent)
