"""What holds at an edge itself: a level that is met, a time that is just enough, the last step."""

from dataclasses import replace
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mrpverify.objectives.fine_tuning import gradient as fine_tuning
from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.parameters import Parameters
from mrpverify.simulate import (
    certificate,
    chebyshev,
    descend,
    encoder,
    execution,
    flow,
    held_out,
    processes,
    run,
    sample,
    trajectory,
)
from mrpverify.simulate.images import Images
from mrpverify.simulate.processes import Group
from mrpverify.simulate.sample import sample_weights
from tests.theory.generic import answer

NEVER = trajectory.NEVER


def _row(*values: float) -> torch.Tensor:
    return torch.tensor([[list(values)]], dtype=torch.float64)


@pytest.mark.parametrize("independent", [True, False])
def test_a_feature_without_correlation_or_drive_promises_no_time(independent: bool) -> None:
    for c, slope in ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (-1.0, 1.0)):
        found = certificate.hitting_times(_row(c), _row(slope), 2, independent)
        assert found.item() == inf
    assert certificate.hitting_times(_row(1.0), _row(0.25), 2, independent).item() == 2.0
    # Half of the largest is near enough, and two that promise the same time promise both.
    pair = certificate.hitting_times(_row(1.0, 0.5), _row(0.5, 0.25), 2, independent)
    assert pair.tolist() == [[1.0, 1.0]]


def test_a_drive_of_nothing_is_none() -> None:
    one = torch.ones(1, 1, dtype=torch.bool)
    assert certificate.undriven(_row(1.0), _row(0.0), one).tolist() == [True]
    assert certificate.undriven(_row(1.0), _row(1e-9), one).tolist() == [False]


@pytest.mark.parametrize(("scale", "enough"), [(2.0, 8.0), (16.0, 20.0)])
def test_a_seed_is_given_up_when_it_has_just_been_idle_long_enough(scale, enough) -> None:
    """Since 4: at 8 it has been so as long as before, at 20 for |C|/|dC/dt| = 16."""
    objective = SimpleNamespace(plateau_degree=lambda p: 4, independent_kernels=True,
                                covers="every feature", slowdown=lambda p: 1.0)  # fmt: skip
    every, c, slope = torch.ones(1, 1, dtype=torch.bool), _row(0.5), _row(0.5 / scale)
    for last, given_up in ((enough, True), (np.nextafter(enough, 0), False)):
        watched = certificate.Certificate(Parameters(classes=2), objective, c, slope, every)
        asked = [torch.tensor([t], dtype=torch.float64) for t in (4.0, last)]
        assert [bool(watched.holds(t, c, -slope, every)) for t in asked] == [False, given_up]
    # Of a drive all along the promise is waited for: ten times c/(2 dc/dt).
    watched = certificate.Certificate(Parameters(classes=2), objective, c, slope, every)
    latest = 10 * scale / 2
    for time, given_up in ((np.nextafter(latest, 0), False), (latest, True)):
        assert bool(watched.holds(torch.tensor([time]), c, slope, every)) is given_up


def test_a_seed_waits_for_the_one_feature_that_is_uncovered() -> None:
    objective = SimpleNamespace(plateau_degree=lambda p: 4, independent_kernels=True,
                                covers="every feature", slowdown=lambda p: 1.0)  # fmt: skip
    c, slope, p = _row(0.5, 0.5), _row(0.25, 0.25), Parameters(classes=2)
    shown, late = torch.tensor([[True, True]]), torch.tensor([1e3])
    for uncovered, given_up in (([[True, False]], True), ([[False, False]], False)):
        watched = certificate.Certificate(p, objective, c, slope, shown)
        assert bool(watched.holds(late, c, slope, torch.tensor(uncovered))) is given_up


def test_stages_are_as_few_as_are_stable_at_the_limit_itself() -> None:
    limits = [chebyshev.stage_limit(3), np.nextafter(chebyshev.stage_limit(3), 9.0)]
    found = chebyshev.stages_needed(torch.tensor(limits, dtype=torch.float64))
    assert found.tolist() == [3, 4]
    assert chebyshev.stages_needed(torch.zeros(1)).tolist() == [3]
    waiting = [[0, 3, 4, 5], [0, 0, 5, 9]]
    kept = chebyshev._of_this_round(torch.tensor(waiting))
    assert kept.tolist() == [[False, True, True, False], [False] * 4]
    kept = chebyshev._of_this_round(torch.tensor([[0, 5, 9, 0]]))
    assert kept.tolist() == [[False, True, True, False]]


@pytest.mark.parametrize("last", [1, 2, 30, 100])
def test_snapshots_reach_the_last_step_of_their_grid(last: int) -> None:
    """Steps ceil(ratio^n) are the same for every run, and the last one belongs to them."""
    long = trajectory.snapshot_steps(10 * last)
    for step in long[long <= last]:
        assert trajectory.snapshot_steps(int(step))[-1] == step
    assert trajectory.snapshot_steps(last).tolist() == [x for x in long if x <= last]


def test_a_level_and_half_of_the_horizon_that_are_met_are_noted() -> None:
    c = torch.full((1, 1, 2), 0.1)
    noted = trajectory.Recorder(c, 0.5, 10, lambda crossed: crossed.all(1))
    time = torch.tensor([2.0], dtype=torch.float64)
    at = torch.tensor([[[0.5, 0.49]]])
    noted.observe(at, time)
    assert noted.crossing_time.tolist() == [[[2.0, NEVER]]]
    assert noted.coverage_time.tolist() == [NEVER]
    assert torch.equal(noted.crossing_correlations, at)
    noted.observe_halfway(at, time, torch.tensor([4.0]))
    assert torch.equal(noted.reference, at)
    later = torch.tensor([[[0.6, 0.5]]])
    noted.observe(later, time + 1)
    noted.observe_halfway(later, time + 1, torch.tensor([4.0]))
    assert noted.coverage_time.tolist() == [3.0]
    assert torch.equal(noted.reference, later)
    noted.observe(2 * later, time + 2)
    noted.observe_halfway(2 * later, time + 2, torch.tensor([4.0]))
    assert torch.equal(noted.reference, later)


def test_a_correlation_at_the_bound_has_diverged_as_one_that_is_no_number() -> None:
    bound = run.DIVERGED_AT
    c = torch.tensor([0.5, np.nextafter(bound, 0), bound, -bound, torch.nan]).double()
    assert run.diverged(c.view(-1, 1, 1)).tolist() == [False, False, True, True, True]


def test_a_horizon_without_coverage_is_the_deadline_where_there_is_one() -> None:
    coverage = torch.tensor([3.0, inf, 1e-9], dtype=torch.float64)
    p = Parameters(horizon_factor=2.5, step=0.01, deadline=7.0)
    least = run.LEAST_STEPS * 0.01
    assert run.horizon_rule(p, coverage).tolist() == [7.5, 7.0, least]
    early = replace(p, deadline=0.5)
    assert run.horizon_rule(early, coverage).tolist() == [7.5, 0.5, least]
    free = replace(p, deadline=0.0)
    assert run.horizon_rule(free, coverage).tolist() == [7.5, NEVER, least]


def test_shares_of_processes_are_all_images_once() -> None:
    """As many processes as images are enough, more are refused."""
    for number, world in ((7, 3), (5, 5), (8, 4), (1, 1)):
        ends = [Group(rank, world).share(number) for rank in range(world)]
        assert [n for begin, end in ends for n in range(begin, end)] == list(range(number))
        sizes = [end - begin for begin, end in ends]
        assert max(sizes) - min(sizes) <= 1
    with pytest.raises(ValueError, match="6 processes for 5 images"):
        Group(0, 6).share(5)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "much"])
def test_a_budget_is_a_number_above_zero(text: str) -> None:
    with pytest.raises(execution.MemoryBudgetError, match=text):
        execution.budget_of(text)
    assert execution.budget_of("") == execution.budget_of(None) == inf
    assert execution.budget_of("0.5") == 2**29


def test_blocks_fit_the_budget_and_an_image_alone_is_not_halved() -> None:
    patches = torch.zeros(2, 10, 3, 4, dtype=torch.float64)
    images = SimpleNamespace(patches=patches)
    one = execution.LIVE * 2 * 3 * 5 * 8
    for budget, block in (
        (inf, 10),
        (one, 1),
        (3 * one, 3),
        (3.9 * one, 3),
        (99 * one, 10),
        (1, 1),
    ):
        assert execution.Execution(budget).block(images, 5) == block
    assert execution.Execution(3 * execution.LIVE * 2 * 3 * 4 * 8).block(images, 2) == 3


def test_equal_logits_are_a_wrong_answer() -> None:
    p = Parameters(classes=3, test_images=6, images=6, precision="float64")
    state = {"weights": torch.zeros(1, p.kernels, p.dimension, dtype=torch.float64)}

    def same(parameters: Parameters, state: dict, patches: torch.Tensor) -> torch.Tensor:
        return torch.zeros(*patches.shape[:2], 3, dtype=patches.dtype)

    right, number = held_out.count_correct(p, state, same, "t", [0])
    assert (int(right.sum()), bool((number > 0).any())) == (0, True)


def test_images_of_one_patch_are_images() -> None:
    found = Images.of_patches(torch.ones(2, 3, 1, 4))
    assert found.labels.shape == found.shown_view.shape == (2, 3)
    assert found.owner.shape == (2, 3, 1)


def test_where_no_step_was_kept_all_times_have_the_one_value() -> None:
    value, nothing = np.array([[[1.0, 2.0]]]), np.zeros((1, 1, 2))
    found = flow._interpolate(np.array([0.0, 3.0]), np.zeros(1), value, nothing)
    np.testing.assert_array_equal(found, [[[1.0, 2.0]], [[1.0, 2.0]]])


def test_memory_that_runs_out_of_the_last_image_alone_is_told() -> None:
    images = Images.of_patches(torch.zeros(1, 4, 3, 4, dtype=torch.float64))
    seen: list[int] = []

    def compute(part: Images) -> None:
        seen.append(part.patches.shape[1])
        if len(seen) == 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        assert len(seen) < 5, "the image is tried again and again"

    one = execution.LIVE * 3 * 4 * 8
    with pytest.raises(torch.OutOfMemoryError):
        execution.Execution(one).over(images, 4, compute)
    assert seen == [1, 1, 1, 1]


@pytest.mark.parametrize(("classes", "own"), [(3, 8), (2, 5)])
def test_of_cloned_kernels_the_second_half_is_the_first(classes: int, own: int) -> None:
    p = Parameters(classes=classes, kernels_per_class=5, dimension=8, init="cloned")
    drawn = sample_weights(p, "edges", [0, 1])
    assert drawn.shape == (2, p.kernels, 8)
    torch.testing.assert_close(drawn[:, own:], drawn[:, : p.kernels - own])
    assert len(torch.unique(drawn[0], dim=0)) == own


def test_a_training_image_with_a_margin_of_nothing_is_not_right() -> None:
    p = Parameters(classes=2, images=4, patches=2)
    images = Images.of_patches(torch.ones(1, 4, 2, 8))
    logits = torch.tensor([[[1.0, 0.0], [0.0, 0.0], [2.0, 1.0], [0.0, 1.0]]])
    shares, least = held_out.training_margins(p, {}, lambda *_: logits, images)
    single = 1 if int(images.shown_view[0, 0]) >= 0 else 0
    assert (shares[0, single], least[0, single]) == (0.5, -1.0)
    assert torch.isnan(shares[0, 1 - single])


def test_enough_is_crossed_where_what_is_never_shown_is_not() -> None:
    p = Parameters(classes=2, framework="mae")
    moments = SimpleNamespace(squared_activity=torch.tensor([[1.0, 1.0, 1.0, 0.0], [0.0] * 4]))
    crossed = torch.tensor([[True, True, True, False], [True] * 4])
    # Of the second seed nothing is shown: nothing says when it would be covered.
    assert run.enough_crossed(p, moments, crossed).tolist() == [True, False]
    crossed[0, 1] = False
    assert run.enough_crossed(p, moments, crossed).tolist() == [False, False]


@pytest.mark.parametrize(
    ("left_out", "said"),
    [({"WORLD_SIZE": "two"}, "WORLD_SIZE='two'"), ({"WORLD_SIZE": ""}, "WORLD_SIZE=''"),
     ({"RANK": None}, "RANK=None"), ({"RANK": "-1"}, "RANK='-1'"),
     ({"LOCAL_RANK": None}, "LOCAL_RANK=None")],
)  # fmt: skip
def test_a_launcher_says_all_three_numbers(monkeypatch, left_out: dict, said: str) -> None:
    """Or none: a process is not begun with half of them."""
    begun: list[str] = []
    monkeypatch.setattr(processes.dist, "init_process_group", begun.append)
    monkeypatch.setattr(processes.dist, "destroy_process_group", lambda: begun.append("ended"))
    monkeypatch.setattr(processes.dist, "get_rank", lambda: 2)
    monkeypatch.setattr(processes.dist, "get_world_size", lambda: 3)
    told = {"WORLD_SIZE": "3", "RANK": "2", "LOCAL_RANK": "0"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with processes.started_by_torchrun("cpu") as group:
        assert group == Group(2, 3)
        assert begun == ["gloo"]
    assert begun == ["gloo", "ended"]
    for name, value in left_out.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=said), processes.started_by_torchrun("cpu"):
        pass
    assert begun == ["gloo", "ended"]


def test_a_process_alone_adds_up_what_it_has_and_two_ask_each_other(monkeypatch) -> None:
    asked: list[tuple[torch.Tensor, object]] = []
    monkeypatch.setattr(processes.dist, "all_reduce", lambda *given: asked.append(given))
    part = torch.arange(6.0).view(2, 3).T
    assert Group().sum(part) is part
    assert Group().largest(part) is part
    assert asked == []
    both = [Group(1, 2).sum(part), Group(1, 2).largest(part)]
    assert all(torch.equal(found, part) and found is not part for found in both)
    assert [how for _, how in asked] == [processes.dist.ReduceOp.SUM, processes.dist.ReduceOp.MAX]


def test_a_draw_of_noise_as_large_as_may_be_remembered_is(monkeypatch) -> None:
    """Of 7 rows: 8 bytes each for 3 features and 5 coordinates."""
    for most, kept in ((7 * 8 * (3 + 5), 1), (7 * 8 * (3 + 5) - 1, 0)):
        monkeypatch.setattr(sample, "REMEMBERED_BYTES", most)
        sample._remembered.cache_clear()
        share, unit = sample._unit_noise(7, (3, 5), torch.Generator().manual_seed(0))
        assert (share.numel() + unit.numel()) * share.element_size() == 7 * 8 * (3 + 5)
        assert sample._remembered.cache_info().currsize == kept


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0, 1.3, 2.0, 4.0])
def test_a_teacher_is_computed_from_where_it_is_not_a_multiple_of_its_student(tau: float) -> None:
    """sReLU(tau u) = tau^q sReLU(u) up to some u, and no further."""
    p, gain = Parameters(power=3), torch.tensor([[tau]], dtype=torch.float64)
    (limit,) = teacher_student._alike_up_to(p, {}, gain).flatten().tolist()

    def alike(u: float) -> bool:
        taught, multiple = (float(answer(np.array(x), 3, 1.0)) for x in (tau * u, u))
        return abs(taught - tau**3 * multiple) < 1e-12

    assert all(alike(share * min(limit, 9.0)) for share in (0.3, 0.9, 1.0))
    assert limit == inf or tau == 0 or not alike(1.1 * limit)
    for other in ({"teacher": None}, {}):
        q = replace(p, stop_gradient="teacher" in other)
        assert teacher_student._alike_up_to(q, other, gain).tolist() == [[-inf]]


@pytest.mark.parametrize(
    ("step", "done", "active"),
    [(6, [False, True], True), (7, [False, True], False), (6, [True, True], False),
     (7, [True, True], False), (0, [False, False], True)],
)  # fmt: skip
def test_a_descent_goes_on_below_its_last_step_while_a_seed_has_to_run(step, done, active) -> None:
    stub = SimpleNamespace(step=step, parameters=Parameters(max_steps=7), done=torch.tensor(done))
    assert descend._Run.active.fget(stub) is active  # type: ignore[attr-defined]


def test_a_course_stays_at_its_ends_before_and_after_what_was_kept() -> None:
    """A kernel whose clock stands behind that of its seed is where it was last."""
    time, value = np.array([1.0, 2.0, 4.0]), np.array([[[1.0]], [[3.0]], [[9.0]]])
    found = flow._interpolate(np.array([0.0, 1.0, 4.0, 5.5, 99.0]), time, value, 0 * value + 7)
    np.testing.assert_array_equal(found[:, 0, 0], [1.0, 1.0, 9.0, 9.0, 9.0])


def test_a_seed_that_is_at_its_horizon_or_has_diverged_has_ended_its_descent() -> None:
    c = torch.tensor([0.1, 0.1, 0.1, torch.nan]).view(4, 1, 1)
    times = torch.tensor([1.9, 2.0, 2.1, 0.0])
    stub = SimpleNamespace(time=times, horizon=torch.full((4,), 2.0), correlations=c)
    assert descend._Run._ended(stub).tolist() == [False, True, True, True]  # type: ignore[arg-type]


def test_a_step_of_descent_is_cut_at_the_horizon_and_nothing_after_it() -> None:
    """On the plateau of degree 4 at half of varrho: four times eta, where so much time is left."""
    stub = SimpleNamespace(
        parameters=Parameters(step=0.5, linear_from=0.8), horizon=torch.tensor([9.0, 9.0, 9.0]),
        time=torch.tensor([3.0, 8.5, 3.0]), done=torch.tensor([False, False, True]),
        objective=SimpleNamespace(plateau_degree=lambda p: 4),
    )  # fmt: skip
    largest, reach = torch.tensor([0.4] * 3), torch.tensor([0.1] * 3)
    found = descend._Run._step(stub, largest, reach)  # type: ignore[arg-type]
    assert found.tolist() == pytest.approx([2.0, 0.5, 0.0])


def test_rows_are_summed_in_as_few_equal_pieces_as_keep_a_gpu_busy() -> None:
    """Or in as many as there may be of LEAST_ROWS rows and more."""
    least, wanted = encoder.LEAST_ROWS, encoder.TILES
    for rows in (1, least - 1, least, 2 * least, 12 * least, 12 * least + 5):
        for tiles in (1, wanted // 6, wanted // 4, wanted // 4 + 1, wanted - 1, wanted):
            number = encoder._pieces(rows, tiles)
            fitting = [c for c in range(1, rows + 1) if rows % c == 0 and rows // c >= least] or [1]
            enough = [c for c in fitting if c * tiles >= wanted]
            assert number == min(enough, default=max(fitting))


def test_images_are_computed_in_groups_that_fit_a_cache_and_never_fewer_than_one() -> None:
    shape = 2, 7, 3
    for fitting in (0.5, 1, 2, 3.9, 6, 7, 8):
        kernels = 5
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "ACTIVATIONS_IN_CACHE", int(fitting * 2 * 3 * kernels))
            groups = encoder.cache_sized(torch.zeros(*shape, 4), kernels)
        size = min(max(1, int(fitting)), 7)
        assert [len(x[0]) for x in groups] == [size] * (7 // size) + [7 % size] * (7 % size > 0)


@pytest.mark.parametrize(("step", "kept"), [(0.0, True), (1e-6, False), (1.0, False)])
def test_outputs_of_an_encoder_are_kept_where_it_is_frozen(step: float, kept: bool) -> None:
    """However slowly it is trained, what it puts out is not what it was."""
    p = Parameters(framework="fine-tuning", classes=2, encoder_step=step, precision="float64")
    images = Images.of_patches(torch.ones(1, 3, 2, 4, dtype=torch.float64))
    state = {"weights": torch.ones(1, 5, 4, dtype=torch.float64)}
    before = fine_tuning._known_outputs(p, state, images)
    state["weights"] = 2 * state["weights"]
    assert torch.equal(fine_tuning._known_outputs(p, state, images), before) is kept
