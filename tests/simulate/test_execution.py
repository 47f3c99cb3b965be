"""A gradient from parts of its images is the gradient: blocks, processes, compiled."""

import itertools
import logging
import os
import subprocess
import sys
from dataclasses import replace
from math import inf

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.records import netcdf
from mrpverify.simulate import execution
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.execution import Execution, MemoryBudgetError, alone, executed, executing
from mrpverify.simulate.flow import Field
from mrpverify.simulate.processes import ALONE, Group, started_by_torchrun
from mrpverify.simulate.run import as_computed, objective_of
from mrpverify.simulate.sample import sample_images, sample_weights

SMALL = Parameters(
    framework="teacher-student", classes=3, kernels_per_class=4, dimension=12, images=23,
    off_class=0.3, patch_noise=0.02, single_view=0.2, precision="float64", init_scale=0.3,
)  # fmt: skip
REGIMES = {
    "teacher-student": SMALL,
    "fixed masks": replace(SMALL, masks="fixed", patches=12),
    "mae": replace(SMALL, framework="mae"),
    "mae, masked": replace(SMALL, framework="mae", target="masked"),
    "mae, no bias": replace(SMALL, framework="mae", bias=False),
    "mae, fixed masks": replace(SMALL, framework="mae", masks="fixed", patches=12),
    "mae, masked, fixed": replace(
        SMALL, framework="mae", target="masked", masks="fixed", patches=12
    ),
    "mae, tied": replace(SMALL, framework="mae", decoder="tied"),
    "supervised": replace(SMALL, framework="supervised"),
    "fine-tuning": replace(SMALL, framework="fine-tuning"),
    "probe": replace(SMALL, framework="fine-tuning", encoder_step=0.0),
}


def in_blocks(p, number):
    """An execution whose blocks have `number` images of the regime's, two seeds at once."""
    images, _ = drawn(p)
    one = execution.LIVE * 2 * images.patches.shape[2] * max(p.kernels, p.dimension) * 8
    return Execution(budget=number * one)


def drawn(p):
    """Images and state of two seeds; a head that is not zero."""
    images = sample_images(p, "tests", [0, 1])
    weights = sample_weights(p, "tests", [0, 1])
    state = objective_of(p).start(p, weights, "tests", [0, 1])
    if "head" in state:
        state["head"] = 0.3 * torch.randn(state["head"].shape, dtype=torch.float64)
    return images, state


@pytest.mark.parametrize("name", REGIMES)
def test_direction_loss_and_logits_from_blocks_are_those_of_all_images(name, assert_same):
    p = REGIMES[name]
    torch.manual_seed(0)
    images, state = drawn(p)
    largest = torch.bmm(state["weights"], images.features.transpose(1, 2)).amax(2)
    whole, plain = objective_of(p), dict(state)
    direction, reach = whole.direction(p, plain, images, largest)
    with executing(in_blocks(p, 5)):
        parts = as_computed(p)
        found, found_reach = parts.direction(p, dict(state), images, largest)
        loss = parts.loss(p, dict(state), images, largest)
        if whole.logits is not None:
            logits = parts.logits(p, state, images.patches)
            assert_same(logits, whole.logits(p, state, images.patches))
    assert found.keys() == direction.keys()
    for tensor in direction:
        assert_same(found[tensor], direction[tensor])
    assert_same(found_reach, reach)
    assert_same(loss, whole.loss(p, dict(state), images, largest))


def test_a_bias_of_each_block_is_not_that_of_all_images(assert_different):
    """What the means are for: without them the masked autoencoder's gradient is another one."""
    p = REGIMES["mae"]
    images, state = drawn(p)
    largest = torch.zeros(2, p.kernels, dtype=torch.float64)
    careless = replace(objective_of(p), means=None)
    with executing(in_blocks(p, 5)):
        found, _ = executed(careless).direction(p, dict(state), images, largest)
    whole, _ = objective_of(p).direction(p, dict(state), images, largest)
    assert_different(found["decoder"], whole["decoder"])


@given(st.integers(1, 9), st.integers(1, 60))
def test_shares_cover_every_image_once(world, number):
    if number < world:
        with pytest.raises(ValueError, match=f"{world} processes for {number} images"):
            Group(0, world).share(number)
        return
    ends = [Group(rank, world).share(number) for rank in range(world)]
    seen = [i for begin, end in ends for i in range(begin, end)]
    assert seen == list(range(number))
    sizes = [end - begin for begin, end in ends]
    assert max(sizes) - min(sizes) <= 1


def test_sums_over_processes_are_the_whole(monkeypatch, assert_same):
    """Three processes one after the other, their sums taken by hand."""
    p = REGIMES["mae"]
    images, state = drawn(p)
    largest = torch.zeros(2, p.kernels, dtype=torch.float64)
    whole, reach = objective_of(p).direction(p, dict(state), images, largest)
    bias = objective_of(p).means(p, state, images)
    monkeypatch.setattr(Group, "_reduced", lambda self, part, how: part)

    def of_all(parameters, state, some):
        """The share of this process is taken of it again."""
        return {name: mean * p.images / some.patches.shape[1] for name, mean in bias.items()}

    known = replace(objective_of(p), means=of_all)
    parts = []
    for rank in range(3):
        with executing(Execution(group=Group(rank, 3))):
            parts.append(executed(known).direction(p, dict(state), images, largest))
    for name in whole:
        assert_same(sum(part[name] for part, _ in parts), whole[name])
    assert_same(torch.stack([r for _, r in parts]).amax(0), reach)


class Small:
    """A direction on a machine that holds three images at once."""

    def __init__(self, direction, error):
        self.direction, self.error, self.seen = direction, error, []

    def __call__(self, parameters, state, images, largest):
        number = images.patches.shape[1]
        self.seen.append(number)
        if number > 3:
            raise self.error
        return self.direction(parameters, state, images, largest)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
]


@pytest.mark.parametrize("error", ERRORS)
def test_out_of_memory_halves_the_blocks_and_says_so(error, assert_same, caplog):
    p = REGIMES["supervised"]
    images, state = drawn(p)
    largest = torch.zeros(2, p.kernels, dtype=torch.float64)
    whole, _ = objective_of(p).direction(p, dict(state), images, largest)
    small = Small(objective_of(p).direction, error)
    with executing(in_blocks(p, 10)), caplog.at_level(logging.WARNING):
        parts = executed(replace(objective_of(p), direction=small))
        found, _ = parts.direction(p, dict(state), images, largest)
        assert small.seen == [10, 5, 2] + [2] * 10 + [1]
        assert "out of memory with 10 images at once" in caplog.text
        small.seen.clear()
        parts.direction(p, dict(state), images, largest)
        assert max(small.seen) == 2, "what was learned is kept"
    assert_same(found["weights"], whole["weights"])


def test_what_one_image_alone_raises_is_raised():
    p = REGIMES["supervised"]
    images, state = drawn(p)
    largest = torch.zeros(2, p.kernels, dtype=torch.float64)

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def wrong(*_):
        raise RuntimeError("sizes do not match")

    with executing(in_blocks(p, 4)):
        for direction, words in ((full, "out of memory"), (wrong, "do not match")):
            parts = executed(replace(objective_of(p), direction=direction))
            with pytest.raises(RuntimeError, match=words):
                parts.direction(p, dict(state), images, largest)


@pytest.mark.parametrize("name", ["contrastive", "clustering", "masked-supervised"])
def test_what_is_no_mean_over_images_is_refused(name):
    with executing(Execution(budget=1e9)), pytest.raises(ValueError, match="no mean over images"):
        as_computed(replace(SMALL, framework=name))
    plain = replace(SMALL, framework=name)
    assert as_computed(plain) is objective_of(plain)


@pytest.mark.parametrize("text", ["-1", "0", "much", "nan", "inf"])
def test_a_budget_that_is_none_is_named(text, monkeypatch):
    monkeypatch.setenv(execution.MEMORY, text)
    with pytest.raises(MemoryBudgetError, match=f"MRPVERIFY_MEMORY={text}"):
        execution.current()


def test_the_environment_is_heard_and_a_context_stands_above_it(monkeypatch):
    assert execution.current().plain
    monkeypatch.setenv(execution.MEMORY, "0.5")
    assert execution.current().budget == 2**29
    assert execution.current() is execution.current()
    with executing(Execution()):
        assert execution.current().budget == inf
    assert execution.current().budget == 2**29


@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised"])
def test_a_run_in_blocks_is_the_run(framework, assert_same):
    p = replace(SMALL, framework=framework, init_scale=0.1, images=40, method="flow",
                gain="hold", hold_width=0.1, amplification=4.0, horizon=60.0,
                linear_from=0.5)  # fmt: skip
    whole = pretrain(p, "tests", [3])
    with executing(in_blocks(p, 5)):
        parts = pretrain(p, "tests", [3])
    assert_same(parts.final_weights, whole.final_weights, within=1e-6)
    if framework == "supervised":
        assert (parts.test_correct == whole.test_correct).all()
        assert_same(parts.train_margin, whole.train_margin, within=1e-6)


def arguments(out, framework="mae"):
    """The command after its launcher, for a small run."""
    small = ["k=3", "m=3", "d=12", "N=31", "s=0.3"]
    sets = [word for pair in small for word in ("--set", pair)]
    tiny = ["--set", "deadline=60", "--set", "sigma_0=0.1", "--set", "precision=float64"]
    return ["-m", "mrpverify.together", "--framework", framework, "--salt", "tests", *sets, *tiny,
            "--out", str(out)]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_two_gloo_processes_train_the_run_of_one(framework, tmp_path, assert_same):
    """As documented, by torchrun, in float64; with several processes inner stages see all
    patches, and so they do in a run as small as this one."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = {}
    for count in (1, 2):
        out = tmp_path / f"{count}.nc"
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count)]
        subprocess.run(
            [*launcher, *arguments(out, framework)], check=True, env=environment, timeout=300,
            capture_output=True,
        )  # fmt: skip
        found[count] = netcdf.read(out)
    assert found[2].attrs["processes"] == 2
    for name in ("final_weights", "final_decoder", "final_time"):
        assert_same(found[2][name].values, found[1][name].values, within=1e-8)
    assert found[2].steps.values == found[1].steps.values


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with started_by_torchrun("cpu") as group:
        assert group == Group(0, 1)
    with pytest.raises(ValueError, match="device must be one of"), started_by_torchrun("tpu"):
        pass


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")  # torch's own
@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised"])
def test_compiled_and_eager_gradients_agree(framework, assert_same):
    """Inductor on the CPU; in float32 both round, differently where passes are fused."""
    p = replace(REGIMES[framework], precision="float32")
    images, state = drawn(p)
    images = images.to("cpu", torch.float32)
    state = {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
    largest = torch.bmm(state["weights"], images.features.transpose(1, 2)).amax(2)
    with torch.inference_mode():
        eager, reach = objective_of(p).direction(p, dict(state), images, largest)
        with executing(Execution(compiled=True)):
            found, found_reach = as_computed(p).direction(p, dict(state), images, largest)
            field = Field(p, images, dict(state))
            moved = field(field.layout.pack(state), torch.arange(p.kernels).expand(2, -1))
    assert torch.isfinite(moved).all()
    for name in eager:
        assert_same(found[name], eager[name], within=1e-5)
    assert_same(found_reach, reach, within=1e-6)


def test_a_process_is_alone_without_a_budget_and_a_group():
    """Whether compiled or not; the plain execution is not compiled either."""
    for budget, group, compiled in itertools.product((inf, 1e9), (ALONE, Group(0, 2)), (0, 1)):
        by_itself = budget == inf and group is ALONE
        execution = Execution(budget, group, bool(compiled))
        with executing(execution):
            assert alone() is by_itself
        assert execution.plain is (by_itself and not compiled)
