"""Passes that Triton compiles: those of torch to rounding, and torch's where Triton cannot.

On a GPU where there is one. Else a process of its own interprets them (`interpreted`): how kernels
are run is settled when they are read.
"""

import logging
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.simulate import encoder, passes, trial
from mrpverify.simulate.rows import every_patch, some_patches
from mrpverify.simulate.run import objective_of
from mrpverify.simulate.sample import sample_images, sample_weights
from tests.simulate.test_passes import REGIMES, ROUNDING, SMALL, assert_close, normal

fused = pytest.importorskip("mrpverify.simulate.fused", exc_type=ImportError)

CUDA = torch.cuda.is_available()
INTERPRETED = not CUDA and os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cuda" if CUDA else "cpu"
runs = pytest.mark.skipif(not (CUDA or INTERPRETED), reason="interpreted in a process of its own")
on_a_gpu = pytest.mark.skipif(not CUDA, reason="no CUDA device here")
# What a compiler or an interpreter warns of is not ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    *([pytest.mark.gpu] if CUDA else []),
]
# Tiles that are full and that are not. Few, for an example compiles, or is interpreted.
EXAMPLES = settings(max_examples=12, deadline=None)
DRAWS = st.tuples(
    st.tuples(
        st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 2, 3, 5, 14, 20, 33]),
        st.sampled_from([1, 2, 7, 12, 40, 65, 160]),
    ),
    st.sampled_from([2, 3, 5]),
    st.floats(0.1, 3.0),
    st.sampled_from(list(ROUNDING)),
    st.integers(0, 2**31),
)  # fmt: skip

if INTERPRETED:
    from triton.runtime import interpreter

    _usual = interpreter._patch_lang_tensor

    def _with_bounds_of_loops(tensor, scope):
        """Numpy 2.4 makes no int of an array of one number, as this interpreter asks of it."""
        _usual(tensor, scope)
        scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))

    interpreter._patch_lang_tensor = _with_bounds_of_loops


@pytest.fixture(scope="module", autouse=True)
def triton_is_asked():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "INTERPRETED", INTERPRETED)
        patch.setattr(passes, "FUSED", True)
        yield


def by_triton(name, *arguments):
    """What a pass of Triton answers, on the CPU."""
    passes._FAILED.clear()
    found = passes.fused(name, *arguments)
    assert found is not None, passes._FAILED
    return [one.cpu() for one in (found if isinstance(found, tuple) else (found,))]


def drawn(shape, dtype, seed):
    return normal(shape, dtype, seed).to(DEVICE)


def assert_all_close(found, expected, dtype):
    for mine, theirs in zip(found, expected, strict=True):
        assert_close(mine, theirs.cpu(), dtype)


@runs
@EXAMPLES
@given(draw=DRAWS, weighted=st.booleans())
def test_outputs_and_pulls_are_those_of_torch(draw, weighted, passes_of_torch):
    shape, q, varrho, dtype, seed = draw
    u = 2 * varrho * drawn(shape, dtype, seed)
    pull = drawn((*shape[:2], shape[3]), dtype, seed + 1)
    seen = drawn(shape[:3], dtype, seed + 2) if weighted else None
    found = by_triton("outputs", u, q, varrho, seen)
    signal = by_triton("pulled", u.clone(), pull, q, varrho, seen)
    values = by_triton("activated", u, q, varrho)
    with passes_of_torch():
        assert passes.fused("outputs", u, q, varrho, seen) is None
        h, reach = passes.outputs(u, q, varrho, seen)
        assert_close(found[0], h.cpu(), dtype)
        assert torch.equal(found[1], reach.cpu())
        assert_all_close(signal, [passes.pulled(u.clone(), pull, q, varrho, seen)], dtype)
        assert_all_close(values, passes.activated(u, q, varrho), dtype)


@runs
@EXAMPLES
@given(draw=DRAWS)
def test_sums_over_rows_are_those_of_torch(draw, passes_of_torch):
    """Over all patches of an image, and over some of them, of which an image may have none."""
    (seeds, images, count, kernels), q, varrho, dtype, seed = draw
    x = drawn((seeds, images, count, 3), dtype, seed)
    kept = drawn((seeds, images, count), dtype, seed + 1) > 0
    for rows in (every_patch(x), some_patches(x, kept)):
        w = drawn((seeds, kernels, 3), dtype, seed + 2)
        u = torch.bmm(rows.patches, w.transpose(1, 2))
        drive = drawn((seeds, images, kernels), dtype, seed + 3)
        raw = drawn(u.shape, dtype, seed + 4)
        found = by_triton("encoded", u.clone(), rows, q, varrho)
        with passes_of_torch():
            expected = passes.encoded(u.clone(), rows, q, varrho)
        assert_all_close(found, expected, dtype)
        signal = by_triton("driven", raw.clone(), drive, expected[1], rows)
        with passes_of_torch():
            theirs = passes.driven(raw.clone(), drive, expected[1], rows, q)
        assert_all_close(signal, [theirs], dtype)


@runs
@EXAMPLES
@given(draw=DRAWS, gain=st.sampled_from([0.0, 0.4, 1.0, 3.0]), fixed=st.booleans())
def test_kernels_match_as_those_that_numba_compiles(draw, gain, fixed):
    """Gain 0 too: what bends at 1/tau = inf does not bend."""
    shape, q, _, dtype, seed = draw
    u = 2 * normal(shape, dtype, seed)
    tau = gain * normal((shape[0], shape[3]), dtype, seed + 1).abs()
    masks = REGIMES["teacher-student, fixed"] if fixed else SMALL
    match = passes.Match.of(tau, masks.mask_law, q)
    given_there = passes.Match.of(tau.to(DEVICE), masks.mask_law, q)
    found = by_triton("matched", u.clone().to(DEVICE), given_there, q)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "FUSED", False)
        expected = passes.matched(u.clone(), match, q)
    assert expected is not None
    assert_all_close(found, expected, dtype)


@runs
@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (1, 2, 20, 200)])
def test_what_is_no_number_stays_none(shape):
    """nan in one pre-activation is nan in all it feeds, the largest one included."""
    u = drawn(shape, torch.float32, 1)
    u[0, 1, 2, 3] = math.nan
    u[0, 0, 1, 2] = math.inf
    h, reach = by_triton("outputs", u, 3, 0.7, None)
    assert torch.isnan(h).nonzero().tolist() == [[0, 1, 3]]
    assert torch.isinf(h).nonzero().tolist() == [[0, 0, 2]]
    assert torch.isnan(reach).nonzero().tolist() == [[0, 3]]
    assert torch.isinf(reach).nonzero().tolist() == [[0, 2]]
    (signal,) = by_triton("pulled", u.clone(), h.to(DEVICE), 3, 0.7, None)
    assert not torch.isfinite(signal[0, 1, :, 3]).any()
    a, slope, sums, reach = by_triton("encoded", u.flatten(1, 2).clone(), every_patch(u), 3, 0.7)
    for one in (a, slope):
        assert torch.isnan(one).nonzero().tolist() == [[0, shape[2] + 2, 3]]
    assert torch.isnan(sums).nonzero().tolist() == [[0, 1, 3]]
    assert torch.isnan(reach).nonzero().tolist() == [[0, 3]]
    gains = passes.Match.of(torch.full((1, shape[3]), 1.2, device=DEVICE), SMALL.mask_law, 3)
    signal, reach = by_triton("matched", u.clone(), gains, 3)
    assert torch.isnan(signal[0, 1, :, 3]).all()
    assert torch.isnan(reach[0, 3])


@runs
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("name", REGIMES)
def test_directions_are_those_of_the_cpu(name, dtype, assert_same, passes_of_torch, monkeypatch):
    """Of every objective and option, with kernels on both sides of varrho."""
    if INTERPRETED and dtype == torch.float32:
        pytest.skip("takes long where it is interpreted, and says no more than float64")
    p, asked = REGIMES[name], []
    usual = passes.fused
    passes._FAILED.clear()
    monkeypatch.setattr(passes, "fused", lambda *one: asked.append(usual(*one)) or asked[-1])
    found, reach = direction(p, DEVICE, dtype)
    assert not passes._FAILED
    assert any(one is not None for one in asked) or "teacher-student, " in name
    with passes_of_torch():
        expected, expected_reach = direction(p, "cpu", dtype)
    assert found.keys() == expected.keys()
    within = {torch.float32: 2e-5, torch.float64: 1e-12}[dtype]
    for tensor in expected:
        assert_same(found[tensor].cpu(), expected[tensor], within=within)
    assert_same(reach.cpu(), expected_reach, within=within)


def direction(p, device, dtype):
    """The direction of two seeds of a regime, and its largest pre-activations."""
    images = sample_images(p, "passes", [0, 1]).to(device, dtype)
    weights = sample_weights(p, "passes", [0, 1]).to(device, dtype)
    state = objective_of(p).start(p, weights, "passes", [0, 1])
    if "head" in state:
        state["head"] = drawn(state["head"].shape, torch.float64, 5).to(device, dtype)
    largest = torch.bmm(weights, images.features.transpose(1, 2)).amax(2)
    assert bool((largest > p.linear_from).any())
    assert bool((largest < p.linear_from).any())
    return objective_of(p).direction(p, state, images, largest)


@on_a_gpu
@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised"])
def test_a_direction_is_replayed_as_a_graph(framework, assert_same):
    """No pass asks the host for anything."""
    p = REGIMES[framework]
    images = sample_images(p, "passes", [0, 1]).to(DEVICE, torch.float32)
    weights = sample_weights(p, "passes", [0, 1]).to(DEVICE, torch.float32)
    state = objective_of(p).start(p, weights, "passes", [0, 1])
    largest = torch.bmm(weights, images.features.transpose(1, 2)).amax(2)
    compute = objective_of(p).direction
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        expected, _ = compute(p, dict(state), images, largest)
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found, _ = compute(p, dict(state), images, largest)
    graph.replay()
    torch.cuda.synchronize()
    assert not passes._FAILED
    for name in expected:
        assert_same(found[name].cpu(), expected[name].cpu(), within=1e-5)


@on_a_gpu
def test_more_activations_than_fit_an_index_of_32_bits():
    """The last image of 2^31 + numbers, in place: 9 GB."""
    u = torch.zeros(1, 2**31 // (20 * 256) + 2, 20, 256, device=DEVICE)
    u[0, -1] = 2.0
    gains = passes.Match.of(torch.full((1, 256), 0.5, device=DEVICE), SMALL.mask_law, 3)
    h, _ = passes.fused("outputs", u, 3, 1.0, None)
    assert float(h[0, -1].min()) == pytest.approx(20 * (2 - 2 / 3))
    signal, reach = passes.fused("matched", u, gains, 3)
    assert float(reach.min()) == 2.0
    assert float(signal[0, :-1].abs().max()) == 0.0
    assert bool((signal[0, -1] != 0).all())


def test_torch_takes_what_triton_does_not(monkeypatch):
    monkeypatch.setattr(passes, "INTERPRETED", True)
    u = drawn((1, 2, 3, 4), torch.float32, 1)
    assert passes.possible("matched", u, 3)
    assert not passes._fusible(u.to(torch.bfloat16))
    assert not passes._fusible(u.transpose(1, 2))
    assert not passes._fusible(u[:, :0])
    assert not passes._fusible(u.clone().requires_grad_())
    many = u.new_ones(1, 1, fused.MOST_PATCHES + 1, 2)
    pull = u.new_ones(1, 1, 2)
    match = passes.Match.of(u.new_ones(1, 2), SMALL.mask_law, 3)
    assert passes.fused("outputs", many, 3, 0.7, None) is None
    assert passes.fused("pulled", many, pull, 3, 0.7, None) is None
    assert passes.fused("matched", many, match, 3) is None
    monkeypatch.setattr(passes, "FUSED", False)
    assert not passes._fusible(u)
    assert passes.possible("matched", u.cpu(), 3)


@pytest.fixture
def forgetting(monkeypatch):
    monkeypatch.setattr(passes, "INTERPRETED", True)
    monkeypatch.setattr(passes, "_FAILED", [])
    trial.tried.cache_clear()
    yield
    trial.tried.cache_clear()


def test_a_compiler_that_fails_is_said_and_done_without(forgetting, monkeypatch, caplog):
    tried = []

    def fails(*arguments):
        tried.append(arguments)
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(fused, "activated", fails)
    u = drawn((2, 3), torch.float32, 1)
    with caplog.at_level(logging.WARNING):
        values = [passes.activated(u, 3, 0.7)[0].cpu() for _ in range(2)]
    for value in values:
        assert_close(value, encoder.smoothed_relu(u.cpu(), 3, 0.7)[0], torch.float32)
    assert len(tried) == 1
    assert [record.message for record in caplog.records] == [
        "Triton is not used here, so that gradients take longer: no compiler here"
    ]


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-4])
def test_a_pass_that_computes_something_else_is_not_believed(
    factor, forgetting, monkeypatch, caplog
):
    def other(u, power, linear_from):
        value, slope = encoder.smoothed_relu(u, power, linear_from)
        return value * factor, slope

    monkeypatch.setattr(fused, "activated", other)
    u = drawn((2, 3), torch.float32, 1)
    with caplog.at_level(logging.WARNING):
        value, _ = passes.activated(u, 3, 0.7)
    assert_close(value.cpu(), encoder.smoothed_relu(u.cpu(), 3, 0.7)[0], torch.float32)
    assert bool(passes._FAILED) == (factor != 1)
    assert ["off what a CPU says" in record.message for record in caplog.records] == [True] * len(
        passes._FAILED
    )


def test_a_device_that_is_full_is_no_fault_of_triton(forgetting, monkeypatch):
    def full(*arguments):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(fused, "activated", full)
    with pytest.raises(torch.OutOfMemoryError):
        passes.activated(drawn((2, 3), torch.float32, 1), 3, 0.7)
    assert not passes._FAILED


def test_where_triton_interprets_torch_takes_over(forgetting, monkeypatch):
    monkeypatch.setattr(passes, "INTERPRETED", False)
    monkeypatch.setattr(passes, "_fusible", lambda u: True)
    monkeypatch.setattr(fused, "POSSIBLE", False)
    assert passes.fused("activated", drawn((2, 3), torch.float32, 1), 3, 0.7) is None


def test_a_tile_is_no_smaller_than_its_threads():
    """Else several threads read what one of them overwrites."""
    for patches in range(1, fused.MOST_PATCHES + 1):
        shape = fused._shape(patches)
        assert shape["ROWS"] >= patches
        assert fused.TILE <= shape["ROWS"] * shape["COLUMNS"] <= 2 * fused.TILE


@pytest.mark.slow
@pytest.mark.skipif(CUDA or INTERPRETED, reason="run as they are")
@pytest.mark.parametrize("part", ["directions", "not directions"])
def test_interpreted(part):
    """The passes without a GPU: the tests above that a CPU skips."""
    own = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider",
         "-o", "addopts=--import-mode=importlib", "-k", part, __file__],
        capture_output=True, text=True, check=False, env=own, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
