"""Contrastive and clustering pretraining: gradients against autograd, k-means against its goal."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy as torch_cross_entropy
from torch.nn.functional import normalize

from mrpverify.objectives.clustering import gradient as clustering
from mrpverify.objectives.contrastive import gradient as contrastive
from mrpverify.parameters import Parameters
from mrpverify.simulate.masks import draw_masks, mask_streams
from mrpverify.simulate.sample import sample_images, sample_weights

SALT, SEEDS = "compared", [0, 1]


def srelu(u, q, varrho):
    """The activation written a second time, so that autograd sees it."""
    return torch.where(
        u <= varrho, u.clamp(min=0) ** q / (q * varrho ** (q - 1)), u - (1 - 1 / q) * varrho
    )


def case(framework, **changes):
    p = Parameters(
        framework=framework, classes=3, kernels_per_class=3, dimension=9, images=14,
        off_class=0.3, init_scale=0.5, precision="float64", patch_noise=0.05, **changes,
    )  # fmt: skip
    return p, sample_images(p, SALT, SEEDS), sample_weights(p, SALT, SEEDS)


def masked_outputs(p, w, x, mask):
    return (srelu(x @ w.T, p.power, p.linear_from) * mask[..., None]).sum(1) / p.visible


def form(p, z):
    return z if p.similarity == "inner" else normalize(z, dim=1)


@settings(max_examples=15)
@given(
    similarity=st.sampled_from(["inner", "cosine"]),
    theta=st.floats(0.3, 1.0),
    temperature=st.floats(0.2, 2.0),
)
def test_contrastive_gradient_is_that_of_infonce_for_the_masks_drawn(
    similarity, theta, temperature, assert_same
):
    p, images, w = case(
        "contrastive", similarity=similarity, visible=theta, temperature=temperature
    )
    state = contrastive.initial_state(p, w, SALT, SEEDS)
    first, streams = draw_masks(p, state["streams"], images.patches)
    second, _ = draw_masks(p, streams, images.patches)
    before = contrastive.expected_loss(p, state, images, w)
    move, _ = contrastive.descent_direction(p, state, images, w)
    for s in range(len(SEEDS)):
        leaf = w[s].clone().requires_grad_()
        views = [form(p, masked_outputs(p, leaf, images.patches[s], m[s])) for m in (first, second)]
        logits = views[0] @ views[1].T / temperature
        same = torch.arange(len(logits))
        loss = (torch_cross_entropy(logits, same) + torch_cross_entropy(logits.T, same)) / 2
        assert_same(move["weights"][s], -torch.autograd.grad(loss, leaf)[0], within=1e-9)
        assert_same(before[s], loss.detach())


@settings(max_examples=10)
@given(similarity=st.sampled_from(["inner", "cosine"]), theta=st.floats(0.3, 1.0))
def test_clustering_gradient_is_that_of_finding_ones_own_cluster(similarity, theta, assert_same):
    p, images, w = case("clustering", similarity=similarity, visible=theta)
    state = clustering.initial_state(p, w, SALT, SEEDS)
    masks, _ = draw_masks(p, state["streams"], images.patches)
    move, _ = clustering.descent_direction(p, state, images, w)
    assert state["cluster"].shape == (len(SEEDS), p.images)
    for s in range(len(SEEDS)):
        leaf = w[s].clone().requires_grad_()
        z = form(p, masked_outputs(p, leaf, images.patches[s], masks[s]))
        logits = z @ form(p, state["centroids"][s]).T / p.temperature
        loss = torch_cross_entropy(logits, state["cluster"][s])
        assert_same(move["weights"][s], -torch.autograd.grad(loss, leaf)[0], within=1e-9)


def test_every_step_draws_new_masks_and_seeds_have_streams_of_their_own():
    p, images, _ = case("contrastive", visible=0.5)
    streams = mask_streams(SALT, SEEDS, "x")
    first, moved = draw_masks(p, streams, images.patches)
    second, _ = draw_masks(p, moved, images.patches)
    again, _ = draw_masks(p, streams, images.patches)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_masks_show_the_share_theta():
    """5.5 standard errors of the mean of 200 000 draws: false alarm below 1e-7."""
    p, _, _ = case("contrastive", visible=0.3)
    masks, _ = draw_masks(p, mask_streams(SALT, [0], "y"), torch.zeros(1, 20_000, 10, 1))
    assert float(masks.mean()) == pytest.approx(0.3, abs=5.5 * np.sqrt(0.21 / 200_000))


def test_k_means_finds_separated_groups_and_farthest_first_takes_one_of_each():
    axes = torch.eye(4, 6, dtype=torch.float64)
    draw = torch.Generator().manual_seed(0)
    group = torch.randint(4, (1, 80), generator=draw)
    noise = 0.05 * torch.randn(1, 80, 6, generator=draw, dtype=torch.float64)
    y = normalize(axes[group] + noise, dim=2)
    start = clustering.farthest_first(y, 4)
    mu, cluster = clustering.spherical_k_means(y, start)
    pairs = {(int(a), int(b)) for a, b in zip(group[0], cluster[0], strict=True)}
    assert len(pairs) == 4, "clusters are the groups up to their names"
    for name in range(4):
        member = y[0][cluster[0] == name]
        expected = normalize(member.mean(0), dim=0)
        assert torch.allclose(mu[0, name], expected, atol=1e-12)


def test_a_cluster_without_images_keeps_its_centroid():
    y = normalize(torch.tensor([[[1.0, 0.1], [1.0, -0.1]]]), dim=2)
    mu = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]])
    found, cluster = clustering.spherical_k_means(y, mu)
    assert cluster.tolist() == [[0, 0]]
    assert torch.equal(found[0, 1], mu[0, 1])


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_k_means_and_centroids_are_those_of_a_plain_loop(seed):
    """Six images in five clusters: many have one or none. An empty centroid is as long as a mean
    output of its own seed, and stays in its direction."""
    random = np.random.default_rng(seed)
    h, old = np.abs(random.normal(size=(2, 6, 3))), random.normal(size=(2, 5, 3))
    p = Parameters(framework="clustering", classes=5)
    state = {"weights": None, "centroids": torch.tensor(old), "age": torch.tensor(2)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "outputs", lambda *_: torch.tensor(h))
        clustering._sort_again(p, state, SimpleNamespace(patches=None))
    for s in range(2):
        y = h[s] / np.linalg.norm(h[s], axis=1, keepdims=True)
        mu = old[s] / np.linalg.norm(old[s], axis=1, keepdims=True)
        for _ in range(clustering.ROUNDS):
            own = (y @ mu.T).argmax(1)
            for name in set(own):
                mean = y[own == name].sum(0)
                mu[name] = mean / np.linalg.norm(mean)
        own = (y @ mu.T).argmax(1)
        assert state["cluster"][s].tolist() == own.tolist()
        length = np.linalg.norm(h[s], axis=1).mean()
        for name in range(5):
            held = h[s][own == name]
            expected = held.mean(0) if len(held) else length * mu[name]
            np.testing.assert_allclose(state["centroids"][s, name], expected, atol=1e-12)
    assert int(state["age"]) == 0


def test_images_are_sorted_again_after_so_many_steps():
    """Every third step has fresh clusters of the kernels of its time, the others those before."""
    p, images, w = case("clustering", refresh=3)
    state = clustering.initial_state(p, w, SALT, SEEDS)
    ages, fresh = [], []
    for step in range(7):
        state["weights"] = w + 0.01 * step
        before = state.get("centroids")
        clustering.descent_direction(p, state, images, w)
        ages.append(int(state["age"]))
        fresh.append(before is None or state["centroids"] is not before)
    assert ages == [1, 2, 3, 1, 2, 3, 1]
    assert fresh == [True, False, False, True, False, False, True]


def test_centroids_are_means_of_outputs_and_an_empty_one_is_as_long_as_a_mean_output():
    """A start that points away from all outputs, which are not negative, attracts no image."""
    p, images, w = case("clustering")
    state = clustering.initial_state(p, w, SALT, SEEDS)
    h = srelu(images.patches @ w.transpose(1, 2).unsqueeze(1), p.power, p.linear_from).sum(2)
    away = -torch.ones(len(SEEDS), 1, p.kernels, dtype=h.dtype)
    state["centroids"] = torch.cat([h[:, :2], away], 1)
    clustering._sort_again(p, state, images)
    for s in range(len(SEEDS)):
        found, cluster = state["centroids"][s], state["cluster"][s]
        assert set(cluster.tolist()) == {0, 1}
        for name in (0, 1):
            assert torch.allclose(found[name], h[s][cluster == name].mean(0), atol=1e-12)
        length = h[s].norm(dim=1).mean()
        assert torch.allclose(found[2], length * normalize(away[s, 0], dim=0), atol=1e-12)


@pytest.mark.parametrize("power", [2, 3])
@pytest.mark.parametrize("similarity", ["inner", "cosine"])
@pytest.mark.parametrize("objective", [contrastive, clustering])
def test_the_plateau_is_of_the_degree_that_is_said(objective, similarity, power):
    """Kernels of half the length, all below varrho: the gradient is 2^(degree - 1) times less.

    Clusters and masks are those of the longer ones; similarities are far below 1.
    """
    p, images, w = case(objective.__name__.split(".")[-2], similarity=similarity, power=power)
    moves = []
    for scale in (0.02, 0.01):
        state = objective.initial_state(p, scale * w, SALT, SEEDS)
        moves.append(objective.descent_direction(p, state, images, w)[0]["weights"])
    degree = objective.plateau_degree(p)
    assert float(moves[0].norm()) > 0
    assert float(moves[0].norm() / moves[1].norm()) == pytest.approx(2.0 ** (degree - 1), rel=1e-3)
