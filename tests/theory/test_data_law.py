"""Moments of the finite law: independent quadrature, identities, Monte Carlo, the torch sampler.

Monte Carlo tests use fixed seeds and |z| <= 5: a false alarm would have had probability 6e-7 each.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import dblquad

from mrpverify.parameters import Parameters, changed
from mrpverify.simulate.sample import sample_images
from mrpverify.theory import data_law
from mrpverify.theory.co_occurrence import covariances, expected_patch_count, joint_moments

LAW = Parameters(classes=4, off_class=0.9, single_view=0.3, weak_view=0.05, patches_per_feature=2)
Z_LIMIT = 5.0


def _z_score(sample: np.ndarray, exact: float) -> float:
    return float(abs(sample.mean() - exact) / (sample.std() / np.sqrt(len(sample))))


@pytest.mark.parametrize("powers", [(1,), (3,), (8,), (3, 3), (1, 4)])
def test_share_moments_of_two_patches_equal_a_double_integral(powers: tuple[int, ...]) -> None:
    left, right = powers[0], powers[1] if len(powers) > 1 else 0
    exact, _ = dblquad(
        lambda s, t: s**left * t**right / (s + t) ** (left + right) / 0.25, 0.75, 1.25, 0.75, 1.25
    )
    assert data_law.share_moment(2, "random", powers) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_sum_to_one(count: int) -> None:
    assert data_law.share_moment(count, "random", (1,)) == pytest.approx(1 / count, rel=1e-12)
    pair = data_law.share_moment(count, "random", (1, 1)) if count > 1 else 0.0
    square = data_law.share_moment(count, "random", (2,))
    assert count * square + count * (count - 1) * pair == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("powers", [(6,), (16,), (8, 8)])
def test_quadrature_has_converged(powers: tuple[int, ...]) -> None:
    coarse, fine = (data_law.share_moment(3, "random", powers, n) for n in (40, 80))
    assert coarse == pytest.approx(fine, rel=1e-11)


def test_ranges_of_the_roles() -> None:
    """Section 1, the finite law: U[1, 1.3], U[rho, 2 rho], U[0.2, 0.4], U[Gamma/2, Gamma]."""
    ranges = [(r.low, r.high) for r in data_law.roles(LAW)]
    assert ranges == [(1.0, 1.3), (0.05, 0.1), (0.2, 0.4), (0.15, 0.3)]


def test_equal_split_and_too_many_powers() -> None:
    assert data_law.share_moment(3, "equal", (2, 4)) == pytest.approx(3.0**-6)
    with pytest.raises(ValueError, match="3 distinct patches asked of 2"):
        data_law.share_moment(2, "random", (1, 1, 1))


def test_total_moment_is_the_uniform_one() -> None:
    assert data_law.total_moment(1.0, 1.3, 3) == pytest.approx((1.3**4 - 1) / (4 * 0.3))
    assert data_law.total_moment(0.4, 0.4, 3) == pytest.approx(0.064)


@pytest.mark.parametrize("views", [1, 2, 3])
def test_roles_are_the_ways_to_be_present(views: int) -> None:
    p = replace(LAW, views=views)
    present = 1 / 4 + 3 / 4 * 0.9 / 4
    assert sum(r.probability for r in data_law.roles(p)) == pytest.approx(present)
    assert data_law.role(p, "weak").probability == pytest.approx(0.3 / 4 * (views - 1) / views)
    assert data_law.expected_owned_patches(p) == pytest.approx(2 * 4 * views * present)
    assert sum(r.probability for r in data_law.roles(replace(p, signal=False))) == 0


@pytest.mark.parametrize("split", ["random", "equal"])
@pytest.mark.parametrize("patches_per_feature", [1, 2, 3])
def test_moments_of_every_role_agree_with_sampling(split: str, patches_per_feature: int) -> None:
    p = replace(LAW, split=split, patches_per_feature=patches_per_feature)
    random = np.random.default_rng(3)
    for role in data_law.roles(p):
        total = random.uniform(role.low, role.high, 40_000)
        share = random.uniform(0.75, 1.25, (40_000, patches_per_feature))
        share = share / share.sum(1, keepdims=True) if split == "random" else np.ones_like(share)
        z = total[:, None] * (share if split == "random" else share / patches_per_feature)
        for power in (1, 3, 6):
            exact = data_law.power_sum(p, role, power)
            assert _z_score((z**power).sum(1), exact) <= Z_LIMIT
        square = data_law.power_sum_product(p, role, 3, 3)
        assert _z_score((z**3).sum(1) ** 2, square) <= Z_LIMIT
        mixed = data_law.power_sum_product(p, role, 3, 1)
        assert _z_score((z**3).sum(1) * z.sum(1), mixed) <= Z_LIMIT


@pytest.mark.parametrize(("left", "right"), [(3, 1), (3, 3), (1, 2)])
def test_joint_moments_agree_with_sampling(draw, left: int, right: int) -> None:
    z = draw(LAW, 6000, 11)
    first, second = (z**left).sum(-1), (z**right).sum(-1)
    exact, centred = joint_moments(LAW, left, right), covariances(LAW, left, right)
    pairs = [(0, 0), (0, 1), (1, 0), (0, 2), (5, 0), (3, 3)]
    for u, v in pairs:
        assert _z_score(first[:, u] * second[:, v], exact[u, v]) <= Z_LIMIT
        deviation = (first[:, u] - first[:, u].mean()) * (second[:, v] - second[:, v].mean())
        assert _z_score(deviation, centred[u, v]) <= Z_LIMIT
    mean = data_law.mean_power_sum(LAW, left) * data_law.mean_power_sum(LAW, right)
    np.testing.assert_allclose(exact - centred, mean, rtol=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hide": False},
        {"law": "imperfect", "faintness": 0.7},
        {"law": "imperfect", "faintness": 0.4, "views": 3, "hide": False},
        {"views": 1},
    ],
)
@pytest.mark.parametrize(("left", "right"), [(3, 1), (3, 3)])
def test_joint_moments_are_those_of_drawn_images(changes, left: int, right: int) -> None:
    """Of every view by itself, where they differ. False alarms as in every test here."""
    p = changed(
        LAW,
        **{"images": 4000, "feature_noise": 0.0, "patch_noise": 0.0, "dimension": 12, **changes},
    )
    drawn = sample_images(p, "moments", [0])
    owner, z = drawn.owner[0].numpy(), drawn.strength[0].numpy()
    own = owner[..., None] == np.arange(p.features)
    first, second = ((z[..., None] ** n * own).sum(1) for n in (left, right))
    exact = joint_moments(p, left, right)
    last = p.views - 1
    for u, v in {(0, 0), (last, last), (0, last), (last, 0), (0, p.views), (last, p.views)}:
        assert _z_score(first[:, u] * second[:, v], exact[u, v]) <= Z_LIMIT
    alone = data_law.power_sum_of_views(p, left)
    for u in (0, last, p.views):
        assert _z_score(first[:, u], alone[u]) <= Z_LIMIT
        total = sum(role.probability for role in data_law.of_view(p, u % p.views))
        assert total == pytest.approx(data_law.expected_features(p) / p.features)


def test_a_class_has_no_other_views() -> None:
    for view in (-1, 2):
        with pytest.raises(ValueError, match="views 0 to 1"):
            data_law.of_view(LAW, view)


def test_other_classes_avoid_each_other() -> None:
    centred = covariances(replace(LAW, single_view=0.0), 3, 1)
    assert centred[0, 0] > centred[0, 1] > 0 > centred[0, 2]


def test_the_torch_sampler_follows_the_same_law() -> None:
    pytest.importorskip("torch")
    from mrpverify.simulate.sample import sample_images

    p = replace(LAW, images=8000, dimension=8, patch_noise=0.0, feature_noise=0.0)
    images = sample_images(p, "theory moments", [0])
    z = images.coefficients()[0].numpy()
    for power in (1, 3, 6):
        for f in (0, 5):
            exact = data_law.mean_power_sum(p, power)
            assert _z_score((z[:, :, f] ** power).sum(1), exact) <= Z_LIMIT
    shown = (z > 0).sum((1, 2))
    assert _z_score(shown, data_law.expected_owned_patches(p)) <= Z_LIMIT


def test_patch_count_is_raised_with_the_largest_image() -> None:
    assert expected_patch_count(replace(LAW, patches=16)) == pytest.approx(16)
    assert expected_patch_count(replace(LAW, patches=1, images=1)) == pytest.approx(
        2 * (2 + 6 * 0.9 / 4)
    )
    assert expected_patch_count(replace(LAW, patches=1, images=10**6)) == pytest.approx(
        16, rel=1e-3
    )
