"""The smoothed ReLU and the two projections of the encoder."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.simulate import encoder
from mrpverify.simulate.encoder import (
    _pieces,
    back_project,
    cache_sized,
    over_rows,
    project,
    smoothed_relu,
)

powers = st.integers(2, 6)
levels = st.floats(0.1, 3.0)


def at(u: float, power: int, linear_from: float) -> tuple[float, float]:
    value, slope = smoothed_relu(torch.tensor([u], dtype=torch.float64), power, linear_from)
    return float(value), float(slope)


@given(powers, levels, st.floats(1e-3, 1.0), st.floats(1.0, 1e6))
def test_each_piece_has_its_formula(q, varrho, share, beyond):
    u = share * varrho
    assert at(u, q, varrho)[0] == pytest.approx(u**q / (q * varrho ** (q - 1)), rel=1e-12)
    u = beyond * varrho
    assert at(u, q, varrho)[0] == pytest.approx(u - (1 - 1 / q) * varrho, rel=1e-12)
    assert at(u, q, varrho)[1] == 1.0
    assert at(-u, q, varrho) == (0.0, 0.0)


@given(powers, levels)
def test_value_and_slope_are_continuous_at_the_two_joints(q, varrho):
    gap = 1e-8
    for joint in (0.0, varrho):
        left, right = at(joint - gap, q, varrho), at(joint + gap, q, varrho)
        assert left[0] == pytest.approx(right[0], abs=3 * gap)
        assert left[1] == pytest.approx(right[1], abs=3 * q * gap / varrho)
    assert at(varrho, q, varrho) == (pytest.approx(varrho / q, rel=1e-12), 1.0)


@given(powers, levels, st.floats(1e-3, 1.0), st.floats(0.01, 1.0))
def test_below_varrho_it_is_homogeneous_of_degree_q(q, varrho, share, shrink):
    value, slope = at(share * varrho, q, varrho)
    small_value, small_slope = at(shrink * share * varrho, q, varrho)
    assert small_value == pytest.approx(shrink**q * value, rel=1e-10)
    assert small_slope == pytest.approx(shrink ** (q - 1) * slope, rel=1e-10)


@given(powers, levels)
def test_homogeneity_ends_above_varrho(q, varrho):
    assert at(4 * varrho, q, varrho)[0] < 0.9 * 2**q * at(2 * varrho, q, varrho)[0]


@given(q=powers, varrho=levels, seed=st.integers(0, 2**31))
def test_slope_is_the_derivative(q, varrho, seed, assert_same):
    draw = torch.Generator().manual_seed(seed)
    u = 2 * varrho * torch.randn(200, generator=draw, dtype=torch.float64)
    u.requires_grad_()
    below = u.clamp(min=0) ** q / (q * varrho ** (q - 1))
    value = torch.where(u <= varrho, below, u - (1 - 1 / q) * varrho)
    (expected,) = torch.autograd.grad(value.sum(), u)
    found_value, found_slope = smoothed_relu(u.detach(), q, varrho)
    assert_same(found_value, value.detach())
    assert_same(found_slope, expected)


def test_the_argument_is_left_alone():
    u = torch.linspace(-2, 2, 41, dtype=torch.float64)
    before = u.clone()
    value, slope = smoothed_relu(u, 3, 0.5)
    assert torch.equal(u, before)
    assert value.data_ptr() != slope.data_ptr()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_kept_and_extremes_stay_finite(dtype):
    u = torch.tensor([-1e30, -1e-30, 0.0, 1e-30, 1e30], dtype=dtype)
    value, slope = smoothed_relu(u, 4, 0.5)
    assert value.dtype == slope.dtype == dtype
    assert torch.isfinite(value).all()
    assert slope[:3].tolist() == [0.0, 0.0, 0.0]
    assert 0 <= float(slope[3]) < 1e-80
    assert slope[4] == 1.0


def test_projection_and_back_projection_are_adjoint(assert_same):
    draw = torch.Generator().manual_seed(1)
    w = torch.randn(2, 5, 7, generator=draw, dtype=torch.float64)
    x = torch.randn(2, 3, 4, 7, generator=draw, dtype=torch.float64)
    signal = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64)
    assert_same(project(w, x), torch.einsum("snpd,srd->snpr", x, w))
    assert_same(back_project(signal, x), torch.einsum("snpr,snpd->srd", signal, x))


@given(st.integers(1, 40), st.integers(1, 500))
def test_cache_sized_groups_are_all_the_images_in_order(images, kernels):
    x = torch.arange(images * 900, dtype=torch.float32).reshape(1, images, 900, 1)
    assert torch.equal(torch.cat(cache_sized(x, kernels), 1), x)


def test_large_batches_are_split():
    assert len(cache_sized(torch.zeros(1, 40, 900, 1), 100)) > 1


@pytest.mark.parametrize("pieces", [None, 1, 4, 20])
def test_a_sum_over_rows_in_pieces_is_the_sum(pieces, assert_same):
    stream = torch.Generator().manual_seed(1)
    left, right = (torch.randn(3, 40, n, generator=stream, dtype=torch.float64) for n in (7, 5))
    expected = torch.bmm(left.transpose(1, 2), right)
    assert_same(over_rows(left, right, pieces), expected, within=1e-14)


def test_pieces_keep_a_gpu_busy_and_are_of_equal_length():
    assert _pieces(80_000, 4 * 4 * 2) == 20
    assert _pieces(80_000, 4 * 2 * 2) == 40
    assert _pieces(80_000, 16 * 4 * 2) == 5
    assert _pieces(80_000, 1) == 128 == 80_000 // 625
    assert _pieces(80_000, 10_000) == 1
    assert _pieces(100, 1) == _pieces(79_999, 4) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kernels", [1, 3, 16, 31])
def test_products_with_few_columns_are_those_of_torch(kernels, dtype, monkeypatch):
    """Of weights side by side, and of a part of a wider state."""
    x = torch.randn(2, 40, 7, 11, dtype=dtype)
    state = torch.randn(2, kernels, 22, dtype=dtype)
    for weights in (torch.randn(2, kernels, 11, dtype=dtype), state[..., 11:]):
        found = project(weights, x)
        with monkeypatch.context() as patched:
            patched.setattr(encoder, "_plain", lambda values: False)
            torch.testing.assert_close(found, project(weights, x))


def test_what_autograd_must_see_and_what_numpy_does_not_know_stays_torchs():
    x, weights = torch.randn(1, 3, 2, 5), torch.randn(1, 4, 5, requires_grad=True)
    project(weights, x).sum().backward()
    expected = x.sum((1, 2)).unsqueeze(1).expand_as(weights)
    torch.testing.assert_close(weights.grad, expected)
    half = project(torch.ones(1, 4, 5, dtype=torch.bfloat16), x.to(torch.bfloat16))
    assert half.dtype == torch.bfloat16
