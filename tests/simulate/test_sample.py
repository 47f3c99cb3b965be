"""The sampler against the data law: exact properties on every image, moments by z-tests.

Streams are seeded, so a statistical test passes or fails for good; its docstring states how often
a correct sampler would have failed it under another salt.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.objectives.mae import gradient as mae
from mrpverify.objectives.teacher_student import gradient as teacher_student
from mrpverify.parameters import Parameters
from mrpverify.simulate.sample import (
    BACKGROUND,
    MULTI_VIEW,
    NO_PATCH,
    Images,
    _one_seed,
    _pad,
    sample_background,
    sample_features,
    sample_images,
    sample_weights,
)

SALT = "law"
# A two-sided normal test at 4 standard errors fails a correct sampler 6.3 times in 100000.
ERRORS = 4.0

LAW = Parameters(
    classes=4,
    off_class=0.8,
    dimension=10,
    images=4000,
    single_view=0.4,
    patches=8,
    weak_view=0.03,
    single_view_off_class=0.3,
)
SHARP = Parameters(**{**vars(LAW), "patch_noise": 0.0, "feature_noise": 0.0})


def assert_mean(values: torch.Tensor, expected: float, deviation: float) -> None:
    """The sample mean lies within ERRORS standard errors of the law's mean."""
    assert len(values) > 100, "too few draws to say anything"
    error = deviation / len(values) ** 0.5
    distance = abs(float(values.double().mean()) - expected) / error
    assert distance < ERRORS, f"{distance:.1f} standard errors from {expected}"


def assert_uniform(values: torch.Tensor, low: float, high: float) -> None:
    """All values in [low, high], mean and second moment those of the uniform law."""
    assert float(values.min()) >= low - 1e-12
    assert float(values.max()) <= high + 1e-12
    share = (values - low) / (high - low)
    assert_mean(share, 1 / 2, (1 / 12) ** 0.5)
    assert_mean(share.square(), 1 / 3, (4 / 45) ** 0.5)


def owned(images: Images) -> torch.Tensor:
    """Whether patch p belongs to feature f [seeds, images, patches, features]."""
    return images.owner.unsqueeze(-1) == torch.arange(images.features.shape[1])


def present(images: Images) -> torch.Tensor:
    """V(X) as a boolean [seeds, images, features]."""
    return owned(images).any(2)


def own(images: Images, views: int = 2) -> torch.Tensor:
    """Whether feature f is of the image's class [seeds, images, features]."""
    class_of = torch.arange(images.features.shape[1]) // views
    return class_of == images.labels.unsqueeze(-1)


def hidden(images: Images, views: int = 2) -> torch.Tensor:
    """Whether f is the own view that a single-view image hides [seeds, images, features]."""
    view_of = torch.arange(images.features.shape[1]) % views
    single = (images.shown_view != MULTI_VIEW).unsqueeze(-1)
    return own(images, views) & single & (view_of != images.shown_view.unsqueeze(-1))


@pytest.fixture(scope="module")
def law() -> Images:
    return sample_images(LAW, SALT, [0])


small_laws = st.builds(
    Parameters,
    classes=st.integers(2, 5),
    views=st.integers(1, 2),
    off_class=st.floats(0.0, 2.0),
    dimension=st.just(10),
    patches=st.integers(1, 12),
    images=st.integers(1, 30),
    patches_per_feature=st.integers(1, 3),
    single_view=st.floats(0, 1),
    split=st.sampled_from(["random", "equal"]),
    noise=st.sampled_from(["isotropic", "off_span"]),
    basis=st.sampled_from(["canonical", "random"]),
)
salts = st.text("abc", max_size=4)


# ------------------------------------------------------------------- exact, for every draw


@given(small_laws, salts)
def test_a_present_feature_owns_exactly_its_patches_and_own_ones_are_always_present(p, salt):
    images = sample_images(p, salt, [0, 1])
    counts = owned(images).sum(2)
    assert set(counts.unique().tolist()) <= {0, p.patches_per_feature}
    assert (counts[own(images, p.views)] == p.patches_per_feature).all()


@given(small_laws, salts)
def test_strength_is_positive_on_owned_patches_and_zero_on_background(p, salt):
    images = sample_images(p, salt, [0, 1])
    assert set(images.owner.unique().tolist()) <= {NO_PATCH, BACKGROUND, *range(p.features)}
    assert (images.strength[images.owner >= 0] > 0).all()
    assert (images.strength[images.owner < 0] == 0).all()


@given(small_laws, salts)
def test_every_image_has_room_for_its_features_and_p_is_raised_no_further_than_needed(p, salt):
    images = sample_images(p, salt, [0])
    needed = p.patches_per_feature * int(present(images).sum(-1).max())
    assert images.patches.shape[2] == max(p.patches, needed)


def test_p_is_raised_where_an_image_needs_more():
    p = Parameters(**{**vars(LAW), "patches": 3, "off_class": 3.0})
    assert sample_images(p, SALT, [0]).patches.shape[2] > 2 * p.patches


@given(small_laws, salts)
def test_patches_are_coefficients_times_features_plus_noise_alone(p, salt):
    p = Parameters(**{**vars(p), "patch_noise": 0.0, "feature_noise": 0.0})
    images = sample_images(p, salt, [0, 1])
    clean = torch.einsum("snpf,sfd->snpd", images.coefficients(), images.features)
    torch.testing.assert_close(images.patches, clean, rtol=0, atol=1e-14)
    assert images.patches.abs().max() > 0.1 * p.weak_view


@given(small_laws, salts)
def test_features_are_orthonormal(p, salt):
    features = sample_features(p, salt, 0)
    gram = features @ features.T
    torch.testing.assert_close(gram, torch.eye(p.features, dtype=gram.dtype), rtol=0, atol=1e-12)
    canonical = torch.equal(features, torch.eye(p.features, 10, dtype=torch.float64))
    assert canonical == (p.basis == "canonical")


@given(small_laws, salts)
def test_labels_and_shown_views_are_in_range(p, salt):
    images = sample_images(p, salt, [0])
    assert set(images.labels.unique().tolist()) <= set(range(p.classes))
    assert set(images.shown_view.unique().tolist()) <= {MULTI_VIEW, *range(p.views)}


def test_one_view_is_never_hidden():
    p = Parameters(**{**vars(SHARP), "views": 1, "single_view": 1.0})
    images = sample_images(p, SALT, [0])
    assert not hidden(images, 1).any()
    assert (images.coefficients().sum(2)[own(images, 1)] >= p.own_low - 1e-12).all()


def test_without_signal_no_patch_has_an_owner():
    images = sample_images(Parameters(**{**vars(LAW), "signal": False}), SALT, [0])
    assert (images.owner == BACKGROUND).all()
    assert (images.strength == 0).all()
    assert images.patches.shape[2] == LAW.patches
    assert images.patches.abs().max() > 0


# ---------------------------------------------------------------------- presence and classes


def test_labels_are_balanced(law):
    """False alarm 4 x 6.3e-5."""
    chance = 1 / LAW.classes
    for label in range(LAW.classes):
        assert_mean(law.labels[0] == label, chance, (chance * (1 - chance)) ** 0.5)


def test_an_off_class_feature_is_present_at_rate_s_over_k(law):
    """Per feature, 3000 images each. False alarm 8 x 6.3e-5."""
    chance = LAW.off_class / LAW.classes
    shown, foreign = present(law)[0], ~own(law)[0]
    for f in range(LAW.features):
        assert_mean(shown[:, f][foreign[:, f]], chance, (chance * (1 - chance)) ** 0.5)


def test_off_class_features_appear_independently_of_each_other(law):
    """Joint rate of the two views of one foreign class. False alarm 4 x 6.3e-5."""
    chance = (LAW.off_class / LAW.classes) ** 2
    shown, foreign = present(law)[0], ~own(law)[0]
    for c in range(LAW.classes):
        both = (shown[:, 2 * c] & shown[:, 2 * c + 1])[foreign[:, 2 * c]]
        assert_mean(both, chance, (chance * (1 - chance)) ** 0.5)


def test_single_view_images_have_their_share_and_show_either_view_alike(law):
    """False alarm 2 x 6.3e-5."""
    mu = LAW.single_view
    single = law.shown_view[0] != MULTI_VIEW
    assert_mean(single, mu, (mu * (1 - mu)) ** 0.5)
    assert_mean(law.shown_view[0][single] == 1, 1 / 2, 1 / 2)


def test_owned_patches_lie_anywhere_in_the_image(law):
    """Share of owned patches per position, against the share over all. False alarm 8 x 6.3e-5."""
    taken = (law.owner[0] >= 0).double()
    chance = float(taken.mean())
    assert 0 < chance < 1
    for position in range(taken.shape[1]):
        assert_mean(taken[:, position], chance, (chance * (1 - chance)) ** 0.5)


# ------------------------------------------------------------------------------- strengths


def totals(images: Images, which: torch.Tensor) -> torch.Tensor:
    """sum_p z_p of the chosen features, where present."""
    return images.coefficients().sum(2)[which & present(images)]


def test_own_features_of_multi_view_images(law):
    """False alarm 2 x 6.3e-5."""
    multi = (law.shown_view == MULTI_VIEW).unsqueeze(-1)
    assert_uniform(totals(law, own(law) & multi), LAW.own_low, LAW.own_high)


def test_foreign_features_of_multi_view_images(law):
    """False alarm 2 x 6.3e-5."""
    multi = (law.shown_view == MULTI_VIEW).unsqueeze(-1)
    assert_uniform(totals(law, ~own(law) & multi), LAW.off_low, LAW.off_high)


def test_the_shown_view_of_single_view_images(law):
    """False alarm 2 x 6.3e-5."""
    single = (law.shown_view != MULTI_VIEW).unsqueeze(-1)
    assert_uniform(totals(law, own(law) & single & ~hidden(law)), LAW.own_low, LAW.own_high)


def test_the_hidden_view_of_single_view_images(law):
    """False alarm 2 x 6.3e-5."""
    assert_uniform(totals(law, hidden(law)), LAW.weak_view, 2 * LAW.weak_view)


def test_foreign_features_of_single_view_images(law):
    """False alarm 2 x 6.3e-5."""
    single = (law.shown_view != MULTI_VIEW).unsqueeze(-1)
    gamma = LAW.single_view_off_class
    assert_uniform(totals(law, ~own(law) & single), gamma / 2, gamma)


def shares(p: Parameters) -> torch.Tensor:
    """Proportions of sum z that the patches of a feature hold [features present, C_p]."""
    images = sample_images(p, SALT, [0])
    z = images.coefficients()[0].transpose(1, 2)
    rows = z[present(images)[0]].sort(-1, descending=True).values[:, : p.patches_per_feature]
    return rows / rows.sum(-1, keepdim=True)


def test_an_equal_split_is_exactly_equal():
    found = shares(Parameters(**{**vars(SHARP), "split": "equal", "patches_per_feature": 3}))
    torch.testing.assert_close(found, torch.full_like(found, 1 / 3), rtol=1e-12, atol=0)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_random_split_stays_in_its_range_and_fills_it(size):
    """Largest share 1.25/(1.25 + 0.75 (C_p - 1)), smallest the other way round."""
    found = shares(Parameters(**{**vars(SHARP), "patches_per_feature": size}))
    most = 1.25 / (1.25 + 0.75 * (size - 1))
    least = 0.75 / (0.75 + 1.25 * (size - 1))
    assert float(found.max()) <= most + 1e-12
    assert float(found.min()) >= least - 1e-12
    assert float(found.max()) >= most - 0.1 * (most - least)
    assert float(found.min()) <= least + 0.1 * (most - least)


def test_a_random_split_has_the_variance_of_its_law():
    """C_p = 2: a/(a+b) with a, b ~ U[0.75, 1.25], its variance by quadrature.

    False alarm 6.3e-5.
    """
    grid = 0.75 + 0.5 * (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    squares = (grid[:, None] / (grid[:, None] + grid) - 0.5).square()
    largest = shares(SHARP)[:, 0]
    assert_mean((largest - 0.5).square(), float(squares.mean()), float(squares.std()))


# ----------------------------------------------------------------------------------- noise


def noise_of(p: Parameters) -> tuple[torch.Tensor, Images]:
    """What is left of the patches without their signal [images x P, dimension], and the images."""
    images = sample_images(p, SALT, [0])
    clean = torch.einsum("snpf,sfd->snpd", images.coefficients(), images.features)
    return (images.patches - clean)[0].flatten(0, 1), images


def test_isotropic_noise_has_variance_sigma_squared_in_every_direction():
    """Mean and variance of 10 coordinates, 32000 patches or more. False alarm 20 x 6.3e-5."""
    sigma = 0.05
    p = Parameters(**{**vars(LAW), "patch_noise": sigma, "feature_noise": 0.0})
    noise, _ = noise_of(p)
    for coordinate in (noise / sigma).T:
        assert_mean(coordinate, 0.0, 1.0)
        assert_mean(coordinate.square(), 1.0, 2**0.5)


def test_isotropic_noise_is_uncorrelated_between_coordinates_and_patches():
    """False alarm 10 x 6.3e-5."""
    p = Parameters(**{**vars(LAW), "patch_noise": 1.0, "feature_noise": 0.0})
    noise, _ = noise_of(p)
    for i in range(9):
        assert_mean(noise[:, i] * noise[:, i + 1], 0.0, 1.0)
    assert_mean(noise[1:, 0] * noise[:-1, 0], 0.0, 1.0)


def test_noise_off_the_span_has_no_part_on_features_and_keeps_the_rest():
    """d - 2k = 2 directions are left, each of variance sigma^2. False alarm 6.3e-5."""
    p = Parameters(**{**vars(LAW), "noise": "off_span", "patch_noise": 0.05, "feature_noise": 0.0})
    noise, images = noise_of(p)
    assert (noise @ images.features[0].T).abs().max() < 1e-13
    free = p.dimension - p.features
    assert_mean(noise.square().sum(1) / 0.05**2, free, (2 * free) ** 0.5)


def test_feature_noise_is_uniform_on_zero_to_gamma_on_every_feature():
    """8 features, mean and second moment each. False alarm 16 x 6.3e-5."""
    p = Parameters(**{**vars(LAW), "patch_noise": 0.0, "feature_noise": 0.02})
    noise, images = noise_of(p)
    part = noise @ images.features[0].T
    torch.testing.assert_close(part @ images.features[0], noise, rtol=0, atol=1e-13)
    for amount in part.T:
        assert_uniform(amount, 0.0, p.feature_noise)


def test_held_out_background_has_noise_of_both_kinds():
    """False alarm 3 x 6.3e-5."""
    p = Parameters(**{**vars(LAW), "noise": "off_span", "feature_noise": 0.02})
    held_out = sample_background(p, SALT, [0, 1], 5000)
    assert held_out.shape == (2, 5000, p.dimension)
    features = sample_features(p, SALT, 1)
    part = held_out[1] @ features.T
    assert_uniform(part.flatten(), 0.0, p.feature_noise)
    rest = (held_out[1] - part @ features).square().sum(1) / p.patch_noise**2
    free = p.dimension - p.features
    assert_mean(rest, free, (2 * free) ** 0.5)


def test_a_random_basis_favours_no_coordinate():
    """First coordinate of the first feature: mean 0, mean square 1/d; 400 draws.

    E x^4 = 3/(d(d+2)) on the sphere. False alarm 2 x 6.3e-5.
    """
    p = Parameters(classes=2, dimension=6)
    first = torch.stack([sample_features(p, SALT, seed)[0, 0] for seed in range(400)])
    assert_mean(first, 0.0, 6**-0.5)
    assert_mean(first.square(), 1 / 6, (3 / 48 - 1 / 36) ** 0.5)


# --------------------------------------------------------------------------------- streams

FEW = Parameters(classes=3, off_class=0.9, dimension=8, images=12, patches=4, single_view=0.5)


def assert_same_set(found: Images, expected: Images) -> None:
    for name in vars(expected):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


def test_a_seed_draws_the_same_in_any_batch():
    """Up to the padding of the narrower seeds; the batch must contain seeds of different P."""
    batch = sample_images(FEW, SALT, [1, 3, 5, 7])
    widths = []
    for place, seed in enumerate([1, 3, 5, 7]):
        alone = sample_images(FEW, SALT, [seed])
        width = alone.patches.shape[2]
        widths.append(width)
        for name in ("patches", "owner", "strength"):
            whole = getattr(batch, name)[place]
            assert torch.equal(whole[:, :width], getattr(alone, name)[0]), name
        assert (batch.owner[place, :, width:] == NO_PATCH).all()
        assert (batch.patches[place, :, width:] == 0).all()
        assert (batch.strength[place, :, width:] == 0).all()
        for name in ("labels", "shown_view", "features"):
            assert torch.equal(getattr(batch, name)[place], getattr(alone, name)[0]), name
    assert len(set(widths)) > 1, "no seed was padded"


def test_a_draw_can_be_repeated():
    assert_same_set(sample_images(FEW, SALT, [2]), sample_images(FEW, SALT, [2]))


@pytest.mark.parametrize(
    "other",
    [
        {"seeds": [3]},
        {"salt": "another"},
        {"purpose": "test"},
    ],
)
def test_seed_salt_and_purpose_each_give_another_draw(other):
    arguments = {"salt": SALT, "seeds": [2], "purpose": "data"}
    one = sample_images(FEW, **arguments)
    two = sample_images(FEW, **{**arguments, **other})
    assert not torch.equal(one.labels, two.labels)
    assert one.patches.shape != two.patches.shape or not torch.equal(one.patches, two.patches)


def test_another_purpose_is_another_sample_of_the_same_features():
    train, test = (sample_images(FEW, SALT, [2], purpose) for purpose in ("data", "test"))
    assert torch.equal(train.features, test.features)


def test_the_initial_kernels_depend_on_seed_and_salt_alone():
    drawn = sample_weights(FEW, SALT, [2, 4])
    assert torch.equal(drawn[1:], sample_weights(FEW, SALT, [4]))
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[:1], sample_weights(FEW, "another", [2]))
    changed = Parameters(**{**vars(FEW), "images": 77, "off_class": 0.0, "visible": 0.9})
    assert torch.equal(drawn, sample_weights(changed, SALT, [2, 4]))


def test_the_initial_kernels_depend_on_sigma_0_by_scale_alone():
    base = sample_weights(FEW, SALT, [2])
    tenth = sample_weights(
        Parameters(**{**vars(FEW), "init_scale": 0.1 * FEW.init_scale}), SALT, [2]
    )
    torch.testing.assert_close(tenth, 0.1 * base, rtol=1e-14, atol=0)


def test_the_initial_kernels_are_normal_with_deviation_sigma_0():
    """72000 draws, moments 1, 2 and 4. False alarm 3 x 6.3e-5."""
    p = Parameters(classes=4, kernels_per_class=300, dimension=60)
    unit = (sample_weights(p, SALT, [0]) / p.init_scale).flatten()
    assert_mean(unit, 0.0, 1.0)
    assert_mean(unit.square(), 1.0, 2**0.5)
    assert_mean(unit**4, 3.0, 96**0.5)


# --------------------------------------------------------------------------------- padding


def padded(images: Images, extra: int) -> Images:
    """The same images with `extra` empty patches."""
    seeds, count, _, dimension = images.patches.shape
    empty = images.patches.new_zeros(seeds, count, extra, dimension)
    return Images(
        patches=torch.cat([images.patches, empty], 2),
        labels=images.labels,
        shown_view=images.shown_view,
        owner=torch.cat([images.owner, torch.full((seeds, count, extra), NO_PATCH)], 2),
        strength=torch.cat([images.strength, empty[..., 0]], 2),
        features=images.features,
    )


@settings(max_examples=20)
@given(
    target=st.sampled_from(["all", "masked"]),
    bias=st.booleans(),
    extra=st.integers(1, 3),
    framework=st.sampled_from([teacher_student, mae]),
)
def test_padding_changes_neither_gradient_nor_loss(target, bias, extra, framework, assert_same):
    p = Parameters(**{**vars(FEW), "target": target, "bias": bias, "kernels_per_class": 2})
    images = sample_images(p, SALT, [0, 1])
    # Scale 1 instead of sigma_0, so that all pieces of the activation are in play.
    w = sample_weights(p, SALT, [0, 1]) / p.init_scale
    state = framework.initial_state(p, w, SALT, [0, 1])
    largest = torch.zeros_like(w[..., 0])
    plain, reach = framework.descent_direction(p, state, images, largest)
    wide, wide_reach = framework.descent_direction(p, state, padded(images, extra), largest)
    for name, move in plain.items():
        assert_same(wide[name], move)
    assert_same(wide_reach, reach)
    loss = framework.expected_loss(p, state, images, largest)
    assert_same(framework.expected_loss(p, state, padded(images, extra), largest), loss)


# --------------------------------------------------------------------------------- Images


def test_coefficients_hold_the_strength_of_the_owner():
    images = sample_images(FEW, SALT, [0, 1])
    dense = images.coefficients()
    assert dense.shape == (*images.owner.shape, FEW.features)
    assert torch.equal(dense.sum(-1), images.strength)
    assert torch.equal(dense > 0, owned(images))


def test_selecting_and_casting_keep_the_meaning():
    images = sample_images(FEW, SALT, [0, 1])
    assert_same_set(images.select(torch.tensor([0, 1])), images)
    assert torch.equal(images.select(torch.tensor([1])).patches, images.patches[1:])
    cast = images.to("cpu", torch.float32)
    assert cast.patches.dtype == cast.strength.dtype == cast.features.dtype == torch.float32
    assert torch.equal(cast.owner, images.owner)
    assert cast.labels.dtype == torch.int64


@pytest.mark.parametrize("more", [0, 1, 3])
def test_narrower_images_get_neutral_patches_at_their_end(more: int) -> None:
    one = _one_seed(LAW, SALT, 0, "train")
    width = one.owner.shape[1]
    padded = _pad(one, width + more)
    for name, neutral in (("patches", 0.0), ("owner", NO_PATCH), ("strength", 0.0)):
        whole, own = getattr(padded, name), getattr(one, name)
        assert whole.shape[1] == width + more
        assert torch.equal(whole[:, :width], own)
        assert (whole[:, width:] == neutral).all()
    for name in ("labels", "shown_view", "features"):
        assert torch.equal(getattr(padded, name), getattr(one, name))


@pytest.mark.parametrize("views", [1, 2, 3])
def test_kernels_along_features_are_those_of_the_formula(views: int) -> None:
    """v_{i,1} + x_0 (j+1)/m v_{i,2} times sigma_0; of one view v_i."""
    p = Parameters(
        classes=3, views=views, dimension=12, kernels_per_class=4, init="features",
        second_view=0.7, init_scale=0.2,
    )  # fmt: skip
    found = sample_weights(p, SALT, [5, 6])
    for row, seed in enumerate((5, 6)):
        v = sample_features(p, SALT, seed)
        for i in range(3):
            for j in range(4):
                expected = v[i * views].clone()
                if views > 1:
                    expected += 0.7 * (j + 1) / 4 * v[i * views + 1]
                torch.testing.assert_close(found[row, 4 * i + j], 0.2 * expected)
