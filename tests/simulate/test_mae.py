"""Masked autoencoder: closed forms against the loss enumerated over all 2^P masks."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrpverify.admissible import RegimeError
from mrpverify.objectives.mae import gradient as mae
from mrpverify.objectives.mae.gradient import descent_direction, expected_loss, initial_state
from mrpverify.parameters import Parameters
from mrpverify.parts.mask_law import MaskLaw

SEEDS, IMAGES, KERNELS, DIMENSION = 2, 5, 4, 6
LARGEST = torch.zeros(SEEDS, KERNELS)  # the masked autoencoder has no gain: it must not matter


def srelu(u, q, varrho):
    """The activation written a second time, so that autograd sees it."""
    return torch.where(
        u <= varrho, u.clamp(min=0) ** q / (q * varrho ** (q - 1)), u - (1 - 1 / q) * varrho
    )


def residuals(p: Parameters, w, b, x, divide_by_theta=True):
    """Chance of every mask [2^P] and S_target - (1/theta) sum_r b_r h_r(eps X) [2^P, n, d]."""
    chances, rows = [], []
    for mask in product((0.0, 1.0), repeat=x.shape[1]):
        chance = 1.0
        for eps in mask:
            chance *= p.visible if eps else 1 - p.visible
        seen = torch.tensor(mask, dtype=x.dtype)[:, None]
        target = (x if p.target == "all" else (1 - seen) * x).sum(1)
        h = srelu((seen * x) @ w.T, p.power, p.linear_from).sum(1)
        rows.append(target - h @ b / (p.visible if divide_by_theta else 1.0))
        chances.append(chance)
    return torch.tensor(chances, dtype=x.dtype), torch.stack(rows)


def enumerated_loss(p: Parameters, w, b, x, shift=0.0, **oracle):
    """1/(2N) sum_n E||residual - bias||^2 of one seed; `shift` moves the bias off its optimum."""
    chance, rest = residuals(p, w, b, x, **oracle)
    if p.bias:
        best = torch.einsum("e,end->d", chance, rest) / len(x)
        rest = rest - (best + shift)
    return torch.einsum("e,end->", chance, rest.square()) / (2 * len(x))


def enumerated_direction(p: Parameters, state, x, **oracle):
    """-grad of all seeds by autograd, through the optimal bias as well."""
    moves = {name: [] for name in state}
    for seed in range(len(x)):
        leaves = {name: value[seed].clone().requires_grad_() for name, value in state.items()}
        b = leaves.get("decoder", leaves["weights"])
        loss = enumerated_loss(p, leaves["weights"], b, x[seed], **oracle)
        for name, slope in zip(leaves, torch.autograd.grad(loss, leaves.values()), strict=True):
            moves[name].append(-slope)
    return {name: torch.stack(parts) for name, parts in moves.items()}


def draw_case(p: Parameters, patches: int, seed: int):
    """A state whose pre-activations visit all three pieces, and images that are not centred."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    x = (normal(SEEDS, IMAGES, patches, DIMENSION) + 0.3) / DIMENSION**0.5
    state = {"weights": normal(SEEDS, KERNELS, DIMENSION)}
    if p.decoder != "tied":
        state["decoder"] = normal(SEEDS, KERNELS, DIMENSION)
    return state, x


def visits_all_pieces(p: Parameters, state, x) -> bool:
    u = torch.einsum("snpd,srd->snpr", x, state["weights"])
    inside = (u > 0) & (u < p.linear_from)
    return bool((u < 0).any() and inside.any() and (u > p.linear_from).any())


regimes = st.builds(
    Parameters,
    framework=st.just("mae"),
    power=st.integers(2, 4),
    visible=st.one_of(st.floats(0.15, 0.95), st.just(1.0)),
    linear_from=st.floats(0.3, 1.2),
    target=st.sampled_from(["all", "masked"]),
    bias=st.booleans(),
    decoder=st.sampled_from(["tied-init", "independent", "tied"]),
)
cases = st.tuples(regimes, st.integers(2, 4), st.integers(0, 2**31))


@settings(max_examples=80)
@given(case=cases)
def test_direction_is_minus_the_gradient_of_the_enumerated_loss(case, assert_same, bare_images):
    p, patches, seed = case
    state, x = draw_case(p, patches, seed)
    assume(visits_all_pieces(p, state, x))
    found, reach = descent_direction(p, state, bare_images(x), LARGEST)
    expected = enumerated_direction(p, state, x)
    assert set(found) == set(expected) == set(state)
    for name, move in expected.items():
        assert_same(found[name], move)
    assert_same(reach, torch.einsum("snpd,srd->snpr", x, state["weights"]).amax((1, 2, 3)))


@settings(max_examples=60)
@given(case=cases)
def test_expected_loss_is_the_enumerated_one_with_its_constant(case, assert_same, bare_images):
    p, patches, seed = case
    state, x = draw_case(p, patches, seed)
    assume(visits_all_pieces(p, state, x))
    decoder = state.get("decoder", state["weights"])
    expected = [enumerated_loss(p, state["weights"][i], decoder[i], x[i]) for i in range(SEEDS)]
    assert_same(expected_loss(p, state, bare_images(x), LARGEST), torch.stack(expected))


def fixed_case(**changes):
    p = Parameters(framework="mae", linear_from=0.6, visible=0.4, **changes)
    state, x = draw_case(p, 3, 7)
    assert visits_all_pieces(p, state, x)
    return p, state, x


@pytest.mark.parametrize("target", ["all", "masked"])
def test_the_bias_of_the_closed_form_is_the_best_one(target, bare_images):
    p, state, x = fixed_case(target=target, bias=True)
    best = expected_loss(p, state, bare_images(x), LARGEST)
    shift = torch.linspace(-0.2, 0.3, DIMENSION, dtype=torch.float64)
    for seed in range(SEEDS):
        moved = enumerated_loss(p, state["weights"][seed], state["decoder"][seed], x[seed], shift)
        # The loss is quadratic in the bias with curvature 1.
        expected = float(best[seed] + shift.square().sum() / 2)
        assert float(moved) == pytest.approx(expected, rel=1e-12)


def test_the_bias_changes_the_direction(assert_different, bare_images):
    with_bias, state, x = fixed_case(bias=True)
    without = Parameters(**{**vars(with_bias), "bias": False})
    found = descent_direction(with_bias, state, bare_images(x), LARGEST)[0]
    other = descent_direction(without, state, bare_images(x), LARGEST)[0]
    for name in state:
        assert_different(found[name], other[name])


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize(
    "wrong", [lambda right: -right, lambda right: 0.0, lambda right: 1.01 * right]
)
def test_a_wrong_mask_penalty_would_be_noticed(
    wrong, target, monkeypatch, assert_different, bare_images
):
    p, state, x = fixed_case(target=target)
    expected = enumerated_direction(p, state, x)
    loss = expected_loss(p, state, bare_images(x), LARGEST)
    penalty = wrong(p.mask_penalty)
    monkeypatch.setattr(MaskLaw, "penalty", property(lambda _: penalty))
    found = descent_direction(p, state, bare_images(x), LARGEST)[0]
    for name in state:
        assert_different(found[name], expected[name])
    assert_different(expected_loss(p, state, bare_images(x), LARGEST), loss)


def test_a_missing_cross_term_would_be_noticed(monkeypatch, assert_different, bare_images):
    p, state, x = fixed_case(target="masked")
    expected = enumerated_direction(p, state, x)
    loss = expected_loss(p, state, bare_images(x), LARGEST)
    monkeypatch.setattr(mae, "_cross", lambda *_: 0.0)
    found = descent_direction(p, state, bare_images(x), LARGEST)[0]
    for name in state:
        assert_different(found[name], expected[name])
    assert_different(expected_loss(p, state, bare_images(x), LARGEST), loss)


@pytest.mark.parametrize("target", ["all", "masked"])
def test_a_missing_division_by_theta_would_be_noticed(target, assert_different, bare_images):
    p, state, x = fixed_case(target=target)
    found = descent_direction(p, state, bare_images(x), LARGEST)[0]
    expected = enumerated_direction(p, state, x, divide_by_theta=False)
    for name in state:
        assert_different(found[name], expected[name])


def test_without_masks_and_target_masked_nothing_is_to_be_learned(bare_images):
    p, state, x = fixed_case(target="masked", bias=False)
    p = Parameters(**{**vars(p), "visible": 1.0})
    decoded = torch.einsum(
        "snr,srd->snd",
        srelu(torch.einsum("snpd,srd->snpr", x, state["weights"]), 3, 0.6).sum(2),
        state["decoder"],
    )
    loss = expected_loss(p, state, bare_images(x), LARGEST)
    torch.testing.assert_close(loss, decoded.square().sum((1, 2)) / (2 * IMAGES))
    assert (loss > 0).all()


@pytest.mark.parametrize("target", ["all", "masked"])
def test_below_varrho_the_drive_has_the_stated_degree(target, assert_same, bare_images):
    """At small scale c the direction is that of the drive alone, of degree D - 1."""
    p, state, x = fixed_case(target=target, bias=True, power=3)
    degree = mae.plateau_degree(p)
    small = {name: 1e-4 * value for name, value in state.items()}
    smaller = {name: 0.5 * value for name, value in small.items()}
    at_small = descent_direction(p, small, bare_images(x), LARGEST)[0]
    at_smaller = descent_direction(p, smaller, bare_images(x), LARGEST)[0]
    for name in state:
        assert_same(at_smaller[name], 0.5 ** (degree - 1) * at_small[name], within=1e-6)


def test_decoders_start_as_their_option_says():
    w = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def start(decoder, seeds=(3, 4)):
        p = Parameters(framework="mae", decoder=decoder, decoder_scale=0.01)
        return initial_state(p, w[: len(seeds)].clone(), "salt", list(seeds))

    copied = start("tied-init")
    assert torch.equal(copied["decoder"], w)
    copied["decoder"] += 1.0
    assert torch.equal(copied["weights"], w)
    assert "decoder" not in start("tied")
    apart = start("independent")["decoder"]
    assert torch.equal(apart[1:], start("independent", (4,))["decoder"])
    assert not torch.equal(apart[0], apart[1])


def test_the_independent_decoder_has_its_scale():
    """60000 normal draws: the sample deviation is within 4 standard errors (false alarm 6e-5)."""
    p = Parameters(framework="mae", decoder="independent", decoder_scale=0.01)
    w = torch.zeros(1, 1000, 60, dtype=torch.float64)
    drawn = initial_state(p, w, "salt", [0])["decoder"]
    assert float(drawn.std()) == pytest.approx(0.01, rel=4 / (2 * 60000) ** 0.5)


def test_the_direction_leaves_the_state_alone(bare_images):
    p, state, x = fixed_case(target="masked")
    before = {name: value.clone() for name, value in state.items()}
    descent_direction(p, state, bare_images(x), LARGEST)
    expected_loss(p, state, bare_images(x), LARGEST)
    assert all(torch.equal(state[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"visible": 0.5}, 1 / 3),
        ({"visible": 0.25}, 0.6),
        ({"visible": 0.5, "patches_per_feature": 3}, 0.25),
        ({"visible": 0.5, "masks": "fixed", "patches": 8}, 0.4),
        ({"visible": 0.25, "masks": "fixed", "patches": 8, "classes": 2, "off_class": 0.0}, 0.75),
    ],
)
def test_a_second_view_waits_by_what_is_left_of_its_drive(changes, left):
    """L14's shares, found by going through every mask (tests/theory/test_fixed_masks.py)."""
    p = Parameters(**{"framework": "mae", "patches_per_feature": 2, **changes})
    assert mae.slowdown(p) == pytest.approx(1 / left)
    assert mae.slowdown(replace(p, views=1)) == 1, "there is no second view"


def test_a_second_view_waits_for_ever_where_nothing_is_hidden():
    assert mae.slowdown(Parameters(framework="mae", visible=1.0)) == float("inf")


@pytest.mark.parametrize("scale", [0.0, -0.02])
def test_a_decoder_drawn_apart_has_a_size(scale):
    with pytest.raises(RegimeError, match="sigma_b"):
        Parameters(framework="mae", decoder="independent", decoder_scale=scale)
    assert Parameters(framework="mae", decoder="independent", decoder_scale=1e-3)
