"""Teacher-student: closed forms against the loss enumerated over all 2^P masks."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.objectives.teacher_student.gradient import descent_direction, expected_loss, gains
from mrpverify.parameters import Parameters
from mrpverify.parts.mask_law import MaskLaw
from mrpverify.simulate.encoder import ACTIVATIONS_IN_CACHE

SEEDS, IMAGES, KERNELS, DIMENSION = 2, 5, 4, 6


def srelu(u, q, varrho):
    """The activation written a second time, so that autograd sees it."""
    return torch.where(
        u <= varrho, u.clamp(min=0) ** q / (q * varrho ** (q - 1)), u - (1 - 1 / q) * varrho
    )


def enumerated_loss(p: Parameters, w, teacher, tau, x, divide_by_theta=True):
    """1/(2N) sum_n sum_r E(hhat - h(eps X)/theta)^2 of one seed, mask by mask."""
    theta, q, varrho = p.visible, p.power, p.linear_from
    hhat = srelu((x @ teacher.T) * tau, q, varrho).sum(1)
    total = 0.0
    for mask in product((0.0, 1.0), repeat=x.shape[1]):
        chance = 1.0
        for eps in mask:
            chance *= theta if eps else 1 - theta
        masked = torch.tensor(mask, dtype=x.dtype)[:, None] * x
        h = srelu(masked @ w.T, q, varrho).sum(1)
        total = total + chance * (hhat - (h / theta if divide_by_theta else h)).square().sum()
    return total / (2 * len(x))


def enumerated_direction(p: Parameters, state, tau, x, **oracle):
    """-grad of the enumerated loss of all seeds, by autograd."""
    moves = []
    for seed in range(len(x)):
        w = state["weights"][seed].clone().requires_grad_()
        teacher = state["teacher"][seed] if "teacher" in state else w
        if p.stop_gradient:
            teacher = teacher.detach()
        loss = enumerated_loss(p, w, teacher, tau[seed], x[seed], **oracle)
        moves.append(-torch.autograd.grad(loss, w)[0])
    return torch.stack(moves)


def expected_gain(p: Parameters, released, largest):
    """tau of every kernel [seeds, kernels], from the definition of the schedules."""
    amplified = (1 + (1 - p.visible) / p.visible / p.patches_per_feature + p.amplification) ** (
        1 / p.power
    )
    rows = []
    for row_released, row_largest in zip(released.tolist(), largest.tolist(), strict=True):
        row = []
        for was, now in zip(row_released, row_largest, strict=True):
            off = {"hold": now >= p.linear_from, "release": was}.get(p.gain, False)
            start = amplified if p.gain in ("hold", "release") else p.tau
            row.append(1.0 if off else start)
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def draw_case(p: Parameters, patches: int, seed: int):
    """A state whose pre-activations visit all three pieces, images, and largest correlations."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    x = normal(SEEDS, IMAGES, patches, DIMENSION) / DIMENSION**0.5
    state = {
        "weights": normal(SEEDS, KERNELS, DIMENSION),
        "released": torch.rand(SEEDS, KERNELS, generator=draw) < 0.5,
    }
    if p.gain == "ema":
        state["teacher"] = normal(SEEDS, KERNELS, DIMENSION)
    largest = 2 * p.linear_from * torch.rand(SEEDS, KERNELS, generator=draw, dtype=torch.float64)
    return state, x, largest


def visits_all_pieces(p: Parameters, state, x) -> bool:
    u = torch.einsum("snpd,srd->snpr", x, state["weights"])
    inside = (u > 0) & (u < p.linear_from)
    return bool((u < 0).any() and inside.any() and (u > p.linear_from).any())


regimes = st.builds(
    Parameters,
    power=st.integers(2, 4),
    visible=st.one_of(st.floats(0.15, 0.95), st.just(1.0)),
    linear_from=st.floats(0.3, 1.2),
    patches_per_feature=st.integers(1, 3),
    gain=st.sampled_from(["constant", "hold", "release"]),
    tau=st.floats(1.05, 2.0),
    amplification=st.floats(0.1, 4.0),
    stop_gradient=st.booleans(),
)
# A moving-average teacher is no function of the current weights: it has nothing to let through.
averaging = st.builds(
    Parameters,
    gain=st.just("ema"),
    power=st.integers(2, 4),
    visible=st.floats(0.15, 1.0),
    linear_from=st.floats(0.3, 1.2),
    tau=st.floats(1.05, 2.0),
)
cases = st.tuples(st.one_of(regimes, averaging), st.integers(2, 4), st.integers(0, 2**31))


@settings(max_examples=60)
@given(case=cases)
def test_direction_is_minus_the_gradient_of_the_enumerated_loss(case, assert_same, bare_images):
    p, patches, seed = case
    state, x, largest = draw_case(p, patches, seed)
    assume(visits_all_pieces(p, state, x))
    tau = expected_gain(p, state["released"], largest)
    found, reach = descent_direction(p, state, bare_images(x), largest)
    assert set(found) == {"weights"}
    assert_same(found["weights"], enumerated_direction(p, state, tau, x))
    highest = torch.einsum("snpd,srd->snpr", x, state["weights"]).amax((1, 2, 3))
    assert_same(reach, highest)


@settings(max_examples=40)
@given(case=cases)
def test_expected_loss_is_the_enumerated_one(case, assert_same, bare_images):
    p, patches, seed = case
    state, x, largest = draw_case(p, patches, seed)
    assume(visits_all_pieces(p, state, x))
    tau = expected_gain(p, state["released"], largest)
    teacher = state.get("teacher", state["weights"])
    expected = [
        enumerated_loss(p, state["weights"][i], teacher[i], tau[i], x[i]) for i in range(SEEDS)
    ]
    assert_same(expected_loss(p, state, bare_images(x), largest), torch.stack(expected))


@pytest.mark.parametrize("gain", ["constant", "hold", "release", "ema"])
def test_gain_follows_its_schedule(gain):
    p = Parameters(gain=gain, tau=1.3, visible=0.4, amplification=0.7)
    state, _, largest = draw_case(p, 2, 5)
    largest[0, 0] = p.linear_from  # at varrho itself a kernel counts as crossed
    expected = expected_gain(p, state["released"], largest)
    torch.testing.assert_close(gains(p, state, largest), expected, rtol=1e-14, atol=0)
    assert len(set(expected.flatten().tolist())) == (2 if gain in ("hold", "release") else 1)


def fixed_case(**changes):
    settings_ = {"gain": "constant", "visible": 0.5, "linear_from": 0.6, "tau": 1.4, **changes}
    p = Parameters(**settings_)
    state, x, largest = draw_case(p, 3, 11)
    assert visits_all_pieces(p, state, x)
    return p, state, x, largest, expected_gain(p, state["released"], largest)


@pytest.mark.parametrize(
    "wrong", [lambda right: -right, lambda right: 0.0, lambda right: 1.01 * right]
)
def test_a_wrong_mask_penalty_would_be_noticed(
    wrong, monkeypatch, assert_same, assert_different, bare_images
):
    p, state, x, largest, tau = fixed_case()
    expected = enumerated_direction(p, state, tau, x)
    loss = expected_loss(p, state, bare_images(x), largest)
    assert_same(descent_direction(p, state, bare_images(x), largest)[0]["weights"], expected)
    penalty = wrong(p.mask_penalty)
    monkeypatch.setattr(MaskLaw, "penalty", property(lambda _: penalty))
    found = descent_direction(p, state, bare_images(x), largest)[0]["weights"]
    assert_different(found, expected)
    assert_different(expected_loss(p, state, bare_images(x), largest), loss)


def test_a_missing_division_by_theta_would_be_noticed(assert_different, bare_images):
    p, state, x, largest, tau = fixed_case()
    found = descent_direction(p, state, bare_images(x), largest)[0]["weights"]
    assert_different(found, enumerated_direction(p, state, tau, x, divide_by_theta=False))


def test_a_gradient_through_the_teacher_would_be_noticed(assert_different, bare_images):
    p, state, x, largest, _ = fixed_case()
    through = Parameters(**{**vars(p), "stop_gradient": False})
    stopped = descent_direction(p, state, bare_images(x), largest)[0]["weights"]
    assert_different(
        descent_direction(through, state, bare_images(x), largest)[0]["weights"], stopped
    )


def test_images_in_several_cache_groups_give_the_mean_over_all(assert_same, bare_images):
    p = Parameters(gain="constant", tau=1.4)
    draw = torch.Generator().manual_seed(3)
    w = torch.randn(1, 64, 5, generator=draw, dtype=torch.float64)
    x = torch.randn(1, 2000, 5, 5, generator=draw, dtype=torch.float64)
    assert x[..., 0].numel() * 64 > 2 * ACTIVATIONS_IN_CACHE
    state = {"weights": w, "released": torch.zeros(1, 64, dtype=torch.bool)}
    largest = torch.zeros(1, 64, dtype=torch.float64)
    together, reach = descent_direction(p, state, bare_images(x), largest)
    one_by_one = [
        descent_direction(p, state, bare_images(x[:, i : i + 1]), largest)[0]["weights"]
        for i in range(2000)
    ]
    assert_same(together["weights"], torch.stack(one_by_one).mean(0))
    assert_same(reach, torch.einsum("snpd,srd->snpr", x, w).amax((1, 2, 3)))


def test_the_direction_leaves_the_state_alone(bare_images):
    _, state, x, largest, _ = fixed_case(gain="hold")
    before = {name: value.clone() for name, value in state.items()}
    descent_direction(Parameters(), state, bare_images(x), largest)
    expected_loss(Parameters(), state, bare_images(x), largest)
    assert all(torch.equal(state[name], before[name]) for name in before)


def test_release_is_for_ever_and_the_average_moves_by_its_share():
    p = Parameters(gain="ema", ema_decay=0.9)
    w = torch.ones(1, 2, 3, dtype=torch.float64)
    state = teacher_student.initial_state(p, w, "", [0])
    assert torch.equal(state["teacher"], w)
    state["weights"] = 3 * w
    teacher_student.after_step(p, state, torch.tensor([[p.linear_from, 0.0]]))
    teacher_student.after_step(p, state, torch.tensor([[0.0, 0.0]]))
    assert state["released"].tolist() == [[True, False]]
    torch.testing.assert_close(state["teacher"], (0.81 + 0.19 * 3) * w)


@pytest.mark.parametrize("power", [3, 4])
def test_below_varrho_the_loss_has_the_stated_degree(power, assert_same, bare_images):
    p = Parameters(gain="constant", power=power, linear_from=100.0)
    state, x, largest = draw_case(p, 3, 2)
    double = {**state, "weights": 2 * state["weights"]}
    degree = teacher_student.plateau_degree(p)
    small = expected_loss(p, state, bare_images(x), largest)
    assert_same(expected_loss(p, double, bare_images(x), largest), 2**degree * small)


@pytest.mark.parametrize("gain", ["hold", "ema"])
@pytest.mark.parametrize("size", [0.05, 0.3, 2.0])
def test_in_single_precision_the_direction_is_the_formula_of_double(
    gain, size, assert_same, bare_images
):
    """At a tenth of the bend, with kernels crossing between both bends, and far beyond."""
    p = Parameters(gain=gain, amplification=64.0, linear_from=0.7)
    draw = torch.Generator().manual_seed(7)
    w = size * torch.randn(2, 40, 24, generator=draw) / 24**0.5
    x = torch.randn(2, 60, 8, 24, generator=draw)
    state = {"weights": w, "released": torch.zeros(2, 40, dtype=torch.bool)}
    if gain == "ema":
        state["teacher"] = w.flip(1)
    largest = 2 * p.linear_from * torch.rand(2, 40, generator=draw)
    double = {name: value.double() for name, value in state.items()}
    tau = gains(p, double, largest.double())[:, None, None]
    u = torch.einsum("snpd,srd->snpr", x.double(), double["weights"]).requires_grad_()
    seen = torch.einsum("snpd,srd->snpr", x.double(), double.get("teacher", double["weights"]))
    a = srelu(u, p.power, p.linear_from)
    (slope,) = torch.autograd.grad(a.sum(), u)
    gap = (srelu(tau * seen, p.power, p.linear_from) - a).sum(2, keepdim=True)
    signal = ((gap - p.mask_penalty * a) * slope).detach()
    expected = torch.einsum("snpr,snpd->srd", signal, x.double()) / 60
    found, _ = descent_direction(p, state, bare_images(x), largest)
    assert_same(found["weights"], expected, within=1e-6)


@settings(max_examples=40)
@given(case=cases, tau=st.floats(0.0, 1.0))
def test_a_teacher_weaker_than_its_student_has_its_own_formula(case, tau, assert_same, bare_images):
    p = replace(case[0], gain="constant", tau=tau)
    state, x, largest = draw_case(p, *case[1:])
    assume(visits_all_pieces(p, state, x))
    found, _ = descent_direction(p, state, bare_images(x), largest)
    weaker = torch.full_like(largest, tau)
    assert_same(found["weights"], enumerated_direction(p, state, weaker, x))
