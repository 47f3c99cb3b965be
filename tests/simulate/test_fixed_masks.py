"""Exactly theta P of P patches visible: gradients and losses against all masks, by autograd.

The loss is written a second time, mask by mask, and autograd takes its gradient; the same reference
with all 2^P masks is the Bernoulli law, which must come out as well.
"""

from dataclasses import replace
from itertools import combinations, product

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mrpverify.objectives.contrastive import gradient as contrastive
from mrpverify.objectives.mae import gradient as mae
from mrpverify.objectives.masked_supervised import gradient as masked_supervised
from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.parameters import Parameters, RegimeError
from mrpverify.parts.mask_law import MaskLaw, least_patches
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.images import NO_PATCH
from mrpverify.simulate.masks import draw_masks, law_of_masks, mask_streams
from mrpverify.simulate.sample import sample_images

SEEDS, IMAGES, KERNELS, DIMENSION = 2, 3, 3, 4
LARGEST = torch.zeros(SEEDS, KERNELS, dtype=torch.float64)


def every_mask(p, patches):
    """(probability, mask [patches]) of every mask of the law, straight from its definition."""
    if p.masks == "fixed":
        chosen = list(combinations(range(patches), round(p.visible * patches)))
        rows = torch.zeros(len(chosen), patches, dtype=torch.float64)
        for row, visible in zip(rows, chosen, strict=True):
            row[list(visible)] = 1.0
        return torch.full((len(rows),), 1 / len(rows), dtype=torch.float64), rows
    rows = torch.tensor(list(product((0.0, 1.0), repeat=patches)), dtype=torch.float64)
    return (rows * p.visible + (1 - rows) * (1 - p.visible)).prod(1), rows


def srelu(u, q, varrho):
    """The activation written a second time, so that autograd sees it."""
    below = u.clamp(min=0) ** q / (q * varrho ** (q - 1))
    return torch.where(u <= varrho, below, u - (1 - 1 / q) * varrho)


def masked_outputs(p, w, x, masks):
    """h(eps X)/theta of one seed [masks, images, kernels]."""
    seen = masks[:, None, :, None] * x
    return srelu(seen @ w.T, p.power, p.linear_from).sum(2) / p.visible


def teacher_student_loss(p, w, x):
    """1/(2N) sum E |hhat - h(eps X)/theta|^2 of one seed; no gradient through the teacher."""
    chance, masks = every_mask(p, x.shape[1])
    taught = srelu(p.tau * (x @ w.detach().T), p.power, p.linear_from).sum(1)
    gap = taught - masked_outputs(p, w, x, masks)
    return torch.einsum("e,enr->", chance, gap.square()) / (2 * len(x))


def mae_loss(p, w, b, x):
    """1/(2N) sum E |S_target - bias - B h(eps X)/theta|^2 of one seed, at the best bias."""
    chance, masks = every_mask(p, x.shape[1])
    target = torch.ones_like(masks) if p.target == "all" else 1 - masks
    rest = (target[:, None, :, None] * x).sum(2) - masked_outputs(p, w, x, masks) @ b
    if p.bias:
        rest = rest - torch.einsum("e,end->d", chance, rest) / len(x)
    return torch.einsum("e,end->", chance, rest.square()) / (2 * len(x))


def drawn(p, patches, seed):
    """A state, and images that are not centred."""
    stream = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=stream, dtype=torch.float64)

    x = (normal(SEEDS, IMAGES, patches, DIMENSION) + 0.3) / DIMENSION**0.5
    state = {"weights": 1.5 * normal(SEEDS, KERNELS, DIMENSION)}
    if p.framework == "mae" and p.decoder != "tied":
        state["decoder"] = normal(SEEDS, KERNELS, DIMENSION)
    if p.framework == "teacher-student":
        state["released"] = torch.zeros(SEEDS, KERNELS, dtype=torch.bool)
    return state, x


def visits_all_pieces(p, state, x):
    u = torch.einsum("snpd,srd->snpr", x, state["weights"])
    inside = (u > 0) & (u < p.linear_from)
    return bool((u < 0).any() and inside.any() and (u > p.linear_from).any())


def by_autograd(p, state, x):
    """Losses [seeds] and minus their gradients, of all masks."""
    losses, moves = [], {name: [] for name in state if name != "released"}
    for seed in range(len(x)):
        leaves = {name: state[name][seed].clone().requires_grad_() for name in moves}
        w = leaves["weights"]
        if p.framework == "mae":
            loss = mae_loss(p, w, leaves.get("decoder", w), x[seed])
        else:
            loss = teacher_student_loss(p, w, x[seed])
        for name, slope in zip(leaves, torch.autograd.grad(loss, leaves.values()), strict=True):
            moves[name].append(-slope)
        losses.append(loss.detach())
    return torch.stack(losses), {name: torch.stack(parts) for name, parts in moves.items()}


@st.composite
def regimes(draw, framework):
    """Any P up to 6 and n of them, and every option of the loss."""
    patches = draw(st.integers(1, 6))
    shown = draw(st.integers(1, patches))
    own = {"gain": "constant", "tau": draw(st.sampled_from([0.8, 1.2, 1.9]))}
    if framework == "mae":
        own = {
            "target": draw(st.sampled_from(["all", "masked"])),
            "bias": draw(st.booleans()),
            "decoder": draw(st.sampled_from(["independent", "tied"])),
        }
    return Parameters(
        framework=framework,
        masks=draw(st.sampled_from(["fixed", "fixed", "bernoulli"])),
        patches=patches,
        patches_per_feature=1,
        views=1,
        off_class=0.0,
        visible=shown / patches,
        power=draw(st.integers(2, 4)),
        linear_from=draw(st.floats(0.3, 1.0)),
        **own,
    )


@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
@settings(max_examples=120)
@given(data=st.data())
def test_closed_forms_are_those_of_all_masks(framework, data, assert_same, bare_images):
    p = data.draw(regimes(framework))
    state, x = drawn(p, p.patches, data.draw(st.integers(0, 2**31)))
    assume(visits_all_pieces(p, state, x))
    objective = mae if framework == "mae" else teacher_student
    loss, expected = by_autograd(p, state, x)
    found, _ = objective.descent_direction(p, state, bare_images(x), LARGEST)
    assert set(found) == set(expected)
    for name, move in expected.items():
        assert_same(found[name], move)
    assert_same(objective.expected_loss(p, state, bare_images(x), LARGEST), loss)


@pytest.mark.parametrize("target", [None, "all", "masked"])
def test_the_two_laws_of_masks_differ(target, assert_different, bare_images):
    framework = "mae" if target else "teacher-student"
    own = {"target": target} if target else {"gain": "constant"}
    p = Parameters(framework=framework, patches=4, masks="fixed", linear_from=0.4, **own)
    state, x = drawn(p, 4, 1)
    objective = mae if target else teacher_student
    found = [
        objective.descent_direction(q, state, bare_images(x), LARGEST)[0]["weights"]
        for q in (p, replace(p, masks="bernoulli"))
    ]
    assert_different(*found)


@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_padding_is_no_patch(framework, assert_same, bare_images):
    """A seed padded to the widest of its batch has the gradient that it has alone."""
    own = {"target": "masked"} if framework == "mae" else {"gain": "constant"}
    p = Parameters(framework=framework, masks="fixed", patches=4, linear_from=0.5, **own)
    objective = mae if framework == "mae" else teacher_student
    state, x = drawn(p, 4, 3)
    padded = bare_images(torch.cat([x, torch.zeros_like(x[:, :, :2])], 2))
    padded.owner[:, :, 4:] = NO_PATCH
    found, _ = objective.descent_direction(p, state, padded, LARGEST)
    for name, move in objective.descent_direction(p, state, bare_images(x), LARGEST)[0].items():
        assert_same(found[name], move)
    loss = objective.expected_loss(p, state, bare_images(x), LARGEST)
    assert_same(objective.expected_loss(p, state, padded, LARGEST), loss)


@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_seeds_with_different_numbers_of_patches_have_their_own_law(
    framework, assert_same, bare_images
):
    own = {"target": "masked"} if framework == "mae" else {"gain": "constant"}
    p = Parameters(framework=framework, masks="fixed", patches=4, linear_from=0.5, **own)
    objective = mae if framework == "mae" else teacher_student
    state, x = drawn(p, 6, 3)
    batch = bare_images(x)
    x[0, :, 4:] = 0.0
    batch.owner[0, :, 4:] = NO_PATCH
    found, _ = objective.descent_direction(p, state, batch, LARGEST)
    for seed, width in enumerate((4, 6)):
        one = {name: value[seed : seed + 1] for name, value in state.items()}
        images = bare_images(x[seed : seed + 1, :, :width])
        alone, _ = objective.descent_direction(p, one, images, LARGEST[:1])
        for name, move in alone.items():
            assert_same(found[name][seed : seed + 1], move)


@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_drawn_masks_agree_with_the_closed_form(framework, bare_images):
    """Loss of 4000 masks of `draw_masks`, in standard errors: 4.9 is passed once in a million."""
    own = {"target": "masked", "bias": False} if framework == "mae" else {"gain": "constant"}
    p = Parameters(framework=framework, masks="fixed", patches=5, visible=0.4, views=1,
                   off_class=0.0, patches_per_feature=1, linear_from=0.5, **own)  # fmt: skip
    state, x = drawn(p, 5, 7)
    owner = torch.zeros(1, 4000, 5, dtype=torch.int64)
    many = torch.zeros(1, 4000, 5, 1, dtype=torch.float64)
    masks = draw_masks(p, mask_streams("drawn", [0], "test"), many, owner)[0][0]
    w, image = state["weights"][0], x[0, :1]
    h = masked_outputs(p, w, image, masks)[:, 0]
    if framework == "mae":
        aim = ((1 - masks[:, :, None]) * image[0]).sum(1)
        losses = (aim - h @ state["decoder"][0]).square().sum(1) / 2
    else:
        taught = srelu(p.tau * (image[0] @ w.T), p.power, p.linear_from).sum(0)
        losses = (taught - h).square().sum(1) / 2
    objective = mae if framework == "mae" else teacher_student
    one = {name: value[:1] for name, value in state.items()}
    expected = objective.expected_loss(p, one, bare_images(x[:1, :1]), LARGEST[:1])[0]
    error = losses.std() / len(losses) ** 0.5
    assert error > 0
    assert abs(losses.mean() - expected) < 4.9 * error


@pytest.mark.parametrize("target", [None, "all", "masked"])
def test_the_gradient_of_drawn_masks_agrees_with_the_closed_form(target, bare_images):
    """40 batches of 100 masks, autograd on each: 5.8 standard errors, t with 39 degrees of freedom.

    That is passed once in a million by each of at most 24 numbers.
    """
    framework = "mae" if target else "teacher-student"
    own = {"target": target, "bias": False} if target else {"gain": "constant"}
    p = Parameters(framework=framework, masks="fixed", patches=5, visible=0.6, views=1,
                   off_class=0.0, patches_per_feature=1, linear_from=0.5, **own)  # fmt: skip
    state, x = drawn(p, 5, 11)
    owner = torch.zeros(1, 4000, 5, dtype=torch.int64)
    many = torch.zeros(1, 4000, 5, 1, dtype=torch.float64)
    masks = draw_masks(p, mask_streams("gradient", [0], "test"), many, owner)[0][0]
    image, objective = x[0, :1], mae if target else teacher_student
    names = [name for name in state if name != "released"]
    found = {name: [] for name in names}
    for batch in masks.split(100):
        leaves = {name: state[name][0].clone().requires_grad_() for name in names}
        h = masked_outputs(p, leaves["weights"], image, batch)[:, 0]
        if target:
            shown = torch.ones_like(batch) if target == "all" else 1 - batch
            rest = shown @ image[0] - h @ leaves["decoder"]
        else:
            rest = srelu(p.tau * (image[0] @ state["weights"][0].T), p.power, p.linear_from).sum(0)
            rest = rest - h
        loss = rest.square().sum(1).mean() / 2
        for name, slope in zip(names, torch.autograd.grad(loss, leaves.values()), strict=True):
            found[name].append(-slope)
    one = {name: value[:1] for name, value in state.items()}
    expected, _ = objective.descent_direction(p, one, bare_images(x[:1, :1]), LARGEST[:1])
    for name in names:
        moves = torch.stack(found[name])
        error = moves.std(0) / len(moves) ** 0.5
        assert error.max() > 0
        assert bool(((moves.mean(0) - expected[name][0]).abs() <= 5.8 * error + 1e-12).all())


@given(st.integers(1, 12), st.integers(0, 3), st.data())
def test_masks_of_fixed_size_show_exactly_n_patches_and_no_padding(patches, padding, data):
    shown = data.draw(st.integers(1, patches))
    p = Parameters(framework="contrastive", masks="fixed", patches=patches, visible=shown / patches,
                   views=1, off_class=0.0, patches_per_feature=1)  # fmt: skip
    owner = torch.zeros(2, 30, patches + padding, dtype=torch.int64)
    owner[:, :, patches:] = NO_PATCH
    streams = mask_streams("n", [0, 1], "test")
    masks, moved = draw_masks(p, streams, torch.zeros(*owner.shape, 1), owner)
    assert bool((masks.sum(2) == shown).all())
    assert not bool(masks[:, :, patches:].any())
    assert not torch.equal(moved, streams)


def test_every_set_of_n_patches_is_as_likely():
    """Chi-square of the C(4, 2) = 6 masks over 6000 draws; 36 is passed once in a million."""
    p = Parameters(framework="contrastive", masks="fixed", patches=4)
    owner = torch.zeros(1, 6000, 4, dtype=torch.int64)
    masks = draw_masks(p, mask_streams("u", [0], "test"), torch.zeros(1, 6000, 4, 1), owner)[0][0]
    _, counts = masks.unique(dim=0, return_counts=True)
    assert len(counts) == 6
    assert float(((counts - 1000) ** 2 / 1000).sum()) < 36


def test_without_owners_fixed_masks_are_not_guessed():
    p = Parameters(framework="contrastive", masks="fixed", patches=4)
    with pytest.raises(ValueError, match="owner"):
        draw_masks(p, mask_streams("u", [0], "test"), torch.zeros(1, 2, 4, 1))


@pytest.mark.parametrize("objective", [masked_supervised, contrastive])
def test_sampled_objectives_use_masks_of_fixed_size(objective, assert_different):
    name = objective.OBJECTIVE.name
    p = Parameters(framework=name, classes=3, kernels_per_class=2, dimension=8, images=20,
                   patches=8, precision="float64")  # fmt: skip
    found = []
    for q in (p, replace(p, masks="fixed")):
        images = sample_images(q, "sampled", [0])
        weights = torch.randn(1, q.kernels, q.dimension, dtype=torch.float64,
                              generator=torch.Generator().manual_seed(0))  # fmt: skip
        state = objective.initial_state(q, weights, "sampled", [0])
        found.append(objective.descent_direction(q, state, images, LARGEST[:1])[0]["weights"])
    assert_different(*found)


def test_the_number_of_patches_is_the_images_own(regime):
    p = regime("teacher-student", masks="fixed", patches=4, off_class=1.0)
    images = sample_images(p, "own", [0, 1, 2])
    width = images.patches.shape[2]
    own = law_of_masks(p, images).patches.flatten().tolist()
    assert max(own) == width > 4
    assert own == [(row[0] != NO_PATCH).sum() for row in images.owner]


def test_a_run_under_fixed_masks_is_another_run(regime, assert_different):
    p = regime("teacher-student", max_steps=20, gain="constant", amplification=1.0)
    runs = [pretrain(q, "run", [0]).final_correlations for q in (p, replace(p, masks="fixed"))]
    assert_different(*(torch.as_tensor(run) for run in runs))


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"visible": 0.3}, "P=10"),
        ({"visible": 0.25, "patches": 8, "patches_per_feature": 2}, "P=32"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(changes, needed):
    p = Parameters(**changes)
    with pytest.raises(RegimeError, match=needed):
        replace(p, masks="fixed")
    assert replace(p, framework="supervised", masks="fixed").masks == "fixed"  # reads no masks


def test_raised_images_keep_a_whole_number_where_theta_c_p_is_one():
    p = Parameters(masks="fixed", visible=0.5, patches=8, patches_per_feature=2)
    assert p.mask_law == MaskLaw(0.5, 8)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 40))
def test_least_patches_is_the_least(shown, patches, least):
    theta = min(shown, patches) / patches
    found = least_patches(theta, least)
    whole = [n for n in range(least, found + 1) if abs(theta * n - round(theta * n)) < 1e-9]
    assert whole == [found]
