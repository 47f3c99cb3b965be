"""Passes that numba compiles: those of torch to rounding, and torch's where numba cannot."""

import logging
import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.simulate import compiled, passes
from mrpverify.simulate.classifier import blocks, cross_entropy
from mrpverify.simulate.encoder import smoothed_relu
from mrpverify.simulate.rows import every_patch, some_patches
from mrpverify.simulate.run import objective_of
from mrpverify.simulate.sample import sample_images, sample_weights

ROUNDING = {torch.float32: 1e-6, torch.float64: 1e-14}
DRAWS = st.tuples(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 7)),
    st.sampled_from([2, 3, 5]),
    st.floats(0.1, 3.0),
    st.sampled_from(list(ROUNDING)),
    st.integers(0, 2**31),
)
SMALL = Parameters(
    classes=3, kernels_per_class=4, dimension=12, images=23, off_class=0.3, patch_noise=0.02,
    single_view=0.2, precision="float64", init_scale=0.3, patches=12,
)  # fmt: skip
REGIMES = {
    "teacher-student": SMALL,
    "teacher-student, constant": replace(SMALL, gain="constant", tau=0.8),
    "teacher-student, ema": replace(SMALL, gain="ema"),
    "teacher-student, through the teacher": replace(SMALL, stop_gradient=False),
    "teacher-student, fixed": replace(SMALL, masks="fixed"),
    "mae": replace(SMALL, framework="mae"),
    "mae, masked, fixed": replace(SMALL, framework="mae", target="masked", masks="fixed"),
    "mae, tied": replace(SMALL, framework="mae", decoder="tied", target="masked"),
    "supervised": replace(SMALL, framework="supervised"),
    "masked-supervised": replace(SMALL, framework="masked-supervised"),
    "fine-tuning": replace(SMALL, framework="fine-tuning"),
    "contrastive": replace(SMALL, framework="contrastive"),
    "clustering": replace(SMALL, framework="clustering"),
}


def normal(shape, dtype, seed):
    stream = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=stream, dtype=torch.float64).to(dtype)


def assert_close(found, expected, dtype):
    """Within the rounding of some sums, of the largest number there is."""
    assert found.dtype == expected.dtype == dtype
    assert found.shape == expected.shape
    if expected.numel():
        size = float(expected.double().abs().max())
        assert float((found - expected).double().abs().max()) <= ROUNDING[dtype] * max(size, 1e-30)


@settings(max_examples=60)
@given(draw=DRAWS, weighted=st.booleans())
def test_outputs_and_pulls_are_those_of_torch(draw, weighted, passes_of_torch):
    shape, q, varrho, dtype, seed = draw
    u = 2 * varrho * normal(shape, dtype, seed)
    pull = normal((*shape[:2], shape[3]), dtype, seed + 1)
    seen = normal(shape[:3], dtype, seed + 2) if weighted else None
    h, reach = passes.outputs(u, q, varrho, seen)
    signal = passes.pulled(u.clone(), pull, q, varrho, seen)
    with passes_of_torch():
        assert passes.compiled("outputs", u, q) is None
        expected, largest = passes.outputs(u, q, varrho, seen)
        assert_close(h, expected, dtype)
        assert torch.equal(reach, largest)
        assert_close(signal, passes.pulled(u.clone(), pull, q, varrho, seen), dtype)


@settings(max_examples=60)
@given(
    draw=DRAWS, classes=st.integers(1, 4), size=st.sampled_from([1.0, 300.0]), some=st.booleans()
)
def test_what_labels_pull_at_is_that_of_torch_and_the_gradient_of_the_loss(
    draw, classes, size, some, passes_of_torch
):
    """Of logits so large, too, that exp(F) is no number."""
    (seeds, images, count, m), q, varrho, dtype, seed = draw
    u = 2 * varrho * size * normal((seeds, images, count, classes * m), dtype, seed)
    stream = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (seeds, images), generator=stream)
    seen = normal(u.shape[:3], dtype, seed + 2) if some else None
    found = passes.labelled(u.clone(), labels, classes, q, varrho, seen)
    with passes_of_torch():
        expected = passes.labelled(u.clone(), labels, classes, q, varrho, seen)
    # A logit of rounding eps |F| makes a probability of that relative error.
    reach = float(u.abs().max()) * count * m * (1.0 if seen is None else float(seen.abs().max()))
    error = float((found[0] - expected[0]).double().abs().max())
    assert error <= ROUNDING[dtype] * (1 + reach) * max(1.0, float(expected[0].abs().max()))
    assert torch.equal(found[1], expected[1])
    if dtype == torch.float64 and size == 1.0:
        leaf = u.clone().requires_grad_()
        a, _ = smoothed_relu(leaf, q, varrho)
        h = (a if seen is None else a * seen.unsqueeze(3)).sum(2)
        (-cross_entropy(blocks(h, classes), labels).sum() * images).backward()
        assert float((found[0] - leaf.grad).abs().max()) < 1e-10 * (1 + reach)


@settings(max_examples=60)
@given(draw=DRAWS)
def test_sums_over_rows_are_those_of_torch(draw, passes_of_torch):
    """Over all patches of an image, and over some of them, of which an image may have none."""
    (seeds, images, count, kernels), q, varrho, dtype, seed = draw
    x = normal((seeds, images, count, 3), dtype, seed)
    kept = normal((seeds, images, count), dtype, seed + 1) > 0
    for rows in (every_patch(x), some_patches(x, kept)):
        w = normal((seeds, kernels, 3), dtype, seed + 2)
        u = torch.bmm(rows.patches, w.transpose(1, 2))
        drive = normal((seeds, images, kernels), dtype, seed + 3)
        raw = normal(u.shape, dtype, seed + 4)
        found = passes.encoded(u.clone(), rows, q, varrho)
        signal = passes.driven(raw.clone(), drive, found[1], rows, q)
        with passes_of_torch():
            expected = passes.encoded(u, rows, q, varrho)
            for mine, theirs in zip(found, expected, strict=True):
                assert_close(mine, theirs, dtype)
            assert_close(signal, passes.driven(raw.clone(), drive, expected[1], rows, q), dtype)


@given(draw=DRAWS)
def test_the_activation_is_that_of_the_encoder(draw):
    shape, q, varrho, dtype, seed = draw
    u = 2 * varrho * normal(shape, dtype, seed)
    before = u.clone()
    found = passes.activated(u, q, varrho)
    assert torch.equal(u, before)
    for mine, theirs in zip(found, smoothed_relu(u, q, varrho), strict=True):
        assert_close(mine, theirs, dtype)


@pytest.mark.parametrize("name", REGIMES)
def test_directions_are_those_of_torch(name, assert_same, passes_of_torch):
    """Of every objective and option, with kernels on both sides of varrho."""
    p = REGIMES[name]
    images = sample_images(p, "passes", [0, 1])
    drawn = objective_of(p).start(p, sample_weights(p, "passes", [0, 1]), "passes", [0, 1])
    if "head" in drawn:
        drawn["head"] = normal(drawn["head"].shape, torch.float64, 5)
    largest = torch.bmm(drawn["weights"], images.features.transpose(1, 2)).amax(2)
    assert bool((largest > p.linear_from).any())
    assert bool((largest < p.linear_from).any())
    found, reach = objective_of(p).direction(p, dict(drawn), images, largest)
    with passes_of_torch():
        expected, expected_reach = objective_of(p).direction(p, dict(drawn), images, largest)
    assert found.keys() == expected.keys()
    for tensor in expected:
        assert_same(found[tensor], expected[tensor], within=1e-12)
    assert_same(reach, expected_reach, within=1e-14)


@pytest.mark.parametrize("dtype", ROUNDING)
def test_a_teacher_of_any_gain_is_matched(dtype, bare_images, passes_of_torch):
    """Gains 0 and 1 too: what bends at 1/tau = inf does not bend."""
    p = replace(SMALL, gain="hold", amplification=30.0, hold_width=0.3)
    x = normal((2, 9, 5, p.dimension), dtype, 1)
    state = {"weights": normal((2, p.kernels, p.dimension), dtype, 2)}
    state["released"] = torch.zeros(2, p.kernels, dtype=torch.bool)
    largest = (2 * p.linear_from * torch.linspace(0, 1, 2 * p.kernels)).view(2, -1).to(dtype)
    for regime in (p, replace(p, gain="constant", tau=0.0), replace(p, gain="constant", tau=1.0)):
        direction = objective_of(regime).direction
        found, _ = direction(regime, dict(state), bare_images(x), largest)
        with passes_of_torch():
            expected, _ = direction(regime, dict(state), bare_images(x), largest)
        assert_close(found["weights"], expected["weights"], dtype)


def test_what_is_no_number_stays_none(passes_of_torch):
    """A run that diverges must be seen to: nan in one pre-activation is nan in all it feeds."""
    u = normal((1, 2, 3, 4), torch.float32, 1)
    u[0, 1, 2, 3] = math.nan
    u[0, 0, 1, 2] = math.inf
    h, _ = passes.outputs(u, 3, 0.7)
    assert torch.isnan(h).nonzero().tolist() == [[0, 1, 3]]
    assert torch.isinf(h).nonzero().tolist() == [[0, 0, 2]]
    with passes_of_torch():
        assert torch.equal(torch.isfinite(h), torch.isfinite(passes.outputs(u, 3, 0.7)[0]))
    signal = passes.pulled(u.clone(), h, 3, 0.7)
    assert not torch.isfinite(signal[0, 1, :, 3]).any()
    a, _, sums, _ = passes.encoded(u.clone().view(1, 6, 4), every_patch(u), 3, 0.7)
    assert torch.isnan(a[0, 5, 3])
    assert torch.isnan(sums[0, 1, 3])
    gains = passes.Match.of(torch.full((1, 4), 1.2), SMALL.mask_law, 3)
    matched = passes.matched(u.clone(), gains, 3)
    assert matched is not None
    assert torch.isnan(matched[0][0, 1, :, 3]).all()


def test_torch_takes_what_numba_cannot():
    u = normal((1, 2, 3, 4), torch.float32, 1)
    assert passes.compiled("outputs", u, 3) is not None
    assert passes.compiled("outputs", u.to(torch.bfloat16), 3) is None
    assert passes.compiled("outputs", u.transpose(1, 2), 3) is None
    leaf = u.clone().requires_grad_()
    assert passes.compiled("outputs", leaf, 3) is None
    h, _ = passes.outputs(leaf, 3, 0.7)
    (slope,) = torch.autograd.grad(h.sum(), leaf)
    assert_close(slope, smoothed_relu(u, 3, 0.7)[1], torch.float32)


@pytest.fixture
def forgetting():
    """What has been compiled is asked for anew, in the test and after it."""
    passes._compiled.cache_clear()
    yield
    passes._compiled.cache_clear()


def test_a_compiler_that_fails_is_said_and_done_without(forgetting, monkeypatch, caplog):
    def fails(power):
        raise SystemError("no LLVM here")

    monkeypatch.setattr(compiled, "outputs", fails)
    u = normal((1, 2, 3, 4), torch.float32, 1)
    with caplog.at_level(logging.WARNING):
        h, _ = passes.outputs(u, 3, 0.7)
        passes.outputs(u, 3, 0.7)
    assert_close(h, smoothed_relu(u, 3, 0.7)[0].sum(2), torch.float32)
    assert [record.message for record in caplog.records] == [
        "numba cannot compile here, so that gradients take longer: no LLVM here"
    ]


def test_a_full_disk_costs_a_compilation_and_no_run(forgetting, monkeypatch, caplog):
    """Numba raises once it has compiled a pass or a part of it, when it comes to keep that."""
    real, tried = compiled.outputs, []

    def full(power):
        def run(*arguments):
            tried.append(arguments)
            if len(tried) <= passes.COMPILATIONS:
                raise OSError(28, "No space left on device")
            real(power)(*arguments)

        return run

    monkeypatch.setattr(compiled, "outputs", full)
    u = normal((1, 2, 3, 4), torch.float32, 1)
    h, _ = passes.outputs(u, 3, 0.7)
    assert_close(h, smoothed_relu(u, 3, 0.7)[0].sum(2), torch.float32)
    assert len(tried) == passes.COMPILATIONS + 2
    assert not caplog.records


def test_where_numba_interprets_torch_takes_over(forgetting, monkeypatch):
    monkeypatch.setattr(compiled, "POSSIBLE", False)
    assert passes.compiled("outputs", normal((1, 2, 3, 4), torch.float32, 1), 3) is None


def test_without_a_place_to_keep_them_passes_are_compiled_all_the_same(monkeypatch):
    """A package and a user whose folders cannot be written to: numba refuses to keep anything."""
    asked = []

    def njit(function, **options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'run': no locator available")
        return function

    monkeypatch.setattr(compiled.numba, "njit", njit)
    assert compiled._compile(math.sqrt) is math.sqrt
    assert len(asked) == 2


NUMBERS = """
import hashlib, torch
from mrpverify.simulate import passes
torch.manual_seed(0)
u, pull = torch.randn(2, 5, 7, 33), torch.randn(2, 5, 33)
assert passes.compiled("outputs", u, 3) is not None
h, _ = passes.outputs(u, 3, 0.7)
made = h, passes.pulled(u, pull, 3, 0.7)
print(hashlib.sha256(b"".join(x.numpy().tobytes() for x in made)).hexdigest())
"""


def test_every_processor_makes_the_same_numbers(tmp_path):
    """To the last bit: no sum runs across lanes, and no product is fused with a sum."""
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    answers = [
        subprocess.run(
            [sys.executable, "-c", NUMBERS], capture_output=True, text=True, check=True,
            env={**os.environ, **own, "NUMBA_CACHE_DIR": str(tmp_path / str(number))},
        ).stdout
        for number, own in enumerate(({}, plain))
    ]  # fmt: skip
    assert len(answers[0]) == 65
    assert answers[0] == answers[1]
