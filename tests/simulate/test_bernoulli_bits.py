"""Under Bernoulli masks directions are those of the formulas without `shared`.

Written here as they stood before masks had a law of their own: teacher-student to the last bit
where torch makes all passes, the masked autoencoder, which sums in another order since, to
rounding.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.objectives.mae import gradient as mae
from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.parameters import Parameters
from mrpverify.simulate.encoder import back_project, project, smoothed_relu


def drawn(p, seed, dtype):
    stream = torch.Generator().manual_seed(seed)
    shape = (2, p.kernels, p.dimension)
    x = torch.randn(2, 7, 5, p.dimension, generator=stream, dtype=torch.float64)
    state = {name: torch.randn(shape, generator=stream, dtype=torch.float64).to(dtype)
             for name in ("weights", "decoder")}  # fmt: skip
    return x.to(dtype), state


def former_mae(p, state, x):
    """-grad in w and b."""
    lam = (1.0 - p.visible) / p.visible
    cross = 1 - p.visible if p.target == "masked" else 0.0
    scale = 1 - p.visible if p.target == "masked" else 1.0
    w, b = state["weights"], state["decoder"]
    a, slope = smoothed_relu(project(w, x), p.power, p.linear_from)
    h = a.sum(2)
    rho = scale * x.sum(2) - torch.bmm(h, b)
    rho = rho - rho.mean(1, keepdim=True) if p.bias else rho
    flat = a.flatten(1, 2)
    gram = torch.bmm(flat.transpose(1, 2), flat) / x.shape[1]
    to_b = torch.bmm(h.transpose(1, 2), rho) / x.shape[1]
    to_b = torch.baddbmm(to_b, gram, b, alpha=-lam)
    drive = torch.bmm(rho, b.transpose(1, 2)).unsqueeze(2)
    b_gram = torch.bmm(b, b.transpose(1, 2))
    signal = torch.bmm(flat, b_gram).view_as(a).mul_(-lam).add_(drive)
    if cross:
        to_b = to_b - cross * back_project(a, x) / x.shape[1]
        signal = signal.sub_(project(b, x), alpha=cross)
    return {"weights": back_project(signal.mul_(slope), x) / x.shape[1], "decoder": to_b}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(max_examples=30)
@given(theta=st.floats(0.1, 1.0), target=st.sampled_from(["all", "masked"]), bias=st.booleans())
def test_masked_autoencoder(dtype, theta, target, bias, bare_images):
    p = Parameters(framework="mae", classes=2, kernels_per_class=3, dimension=6, visible=theta,
                   target=target, bias=bias)  # fmt: skip
    x, state = drawn(p, 1, dtype)
    found, _ = mae.descent_direction(p, state, bare_images(x), torch.zeros(2, p.kernels))
    for name, move in former_mae(p, state, x).items():
        rounding = 100 * torch.finfo(dtype).eps
        assert float((found[name] - move).norm()) <= rounding * float(move.norm())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(max_examples=30)
@given(theta=st.floats(0.1, 1.0))
def test_teacher_student(dtype, theta, bare_images, passes_of_torch):
    """Below varrho/tau, where the teacher puts out tau^q times what its kernel does."""
    p = Parameters(classes=2, kernels_per_class=3, dimension=6, visible=theta, gain="constant",
                   linear_from=8.0)  # fmt: skip
    x, state = drawn(p, 2, dtype)
    largest = torch.zeros(2, p.kernels, dtype=dtype)
    state["weights"] *= 0.2
    with passes_of_torch():
        found, _ = teacher_student.descent_direction(p, state, bare_images(x), largest)
    lam, amplified = (1.0 - p.visible) / p.visible, torch.full_like(largest, p.tau)[:, None] ** 3
    u = project(state["weights"] / p.linear_from, x)
    a, slope = teacher_student._bent(u, u.clamp(0.0, 1.0), p.power)
    h = a.sum(2)
    gap = (h * amplified).sub_(h).unsqueeze(2)
    signal = torch.sub(gap, a, alpha=lam, out=a).mul_(slope)
    move = back_project(signal, x).mul_(p.linear_from / x.shape[1])
    assert torch.equal(found["weights"], move)


@given(st.floats(0.01, 1.0), st.integers(1, 9))
def test_numbers_of_the_regime(theta, count):
    p = Parameters(visible=theta, patches_per_feature=count)
    lam = (1.0 - theta) / theta
    assert p.mask_penalty == lam
    assert p.gain_floor == p.sibling_floor == 1.0 + lam / count
