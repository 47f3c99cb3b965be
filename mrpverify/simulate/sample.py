"""Images drawn from the data law exactly as section 1 of the theory states it [R]."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import torch

from ..parameters import Parameters
from .seeding import generator, normal, uniform

BACKGROUND = -1
"""Owner of a patch that shows no feature."""

NO_PATCH = -2
"""Owner of an all-zero patch that pads a seed to the widest seed of its batch (section 1 raises P
per data set). It is exactly neutral: activation 0, gradient 0, nothing to reconstruct."""

REMEMBERED, REMEMBERED_BYTES = 16, 12_000_000
"""Noise draws that a process remembers, and the bytes of one at most: 192 MB in all. A test on one
seed has four draws that differ, of 2.5 MB each in preset quick."""

MULTI_VIEW = -1
"""Value of ``Images.shown_view`` for a multi-view image."""


@dataclass(frozen=True)
class Images:
    """One data set per seed; seeds are the leading axis everywhere."""

    patches: torch.Tensor
    """x_p [seeds, images, patches, dimension], floating."""
    labels: torch.Tensor
    """y in [0, k) [seeds, images], int64."""
    shown_view: torch.Tensor
    """lhat in [0, views) of a single-view image, MULTI_VIEW otherwise [seeds, images], int64."""
    owner: torch.Tensor
    """Feature a patch belongs to, in [0, views k), BACKGROUND or NO_PATCH
    [seeds, images, patches], int64. Feature f is view f % views of class f // views."""
    strength: torch.Tensor
    """Coefficient z_p of the owner; 0 on background [seeds, images, patches], floating."""
    features: torch.Tensor
    """Orthonormal v_f [seeds, views k, dimension], floating."""

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Images:
        """The same images on a device, floating fields cast to `dtype`."""
        moved = {}
        for item in fields(self):
            value: torch.Tensor = getattr(self, item.name)
            moved[item.name] = value.to(device, dtype if value.is_floating_point() else value.dtype)
        return Images(**moved)

    def select(self, seeds: torch.Tensor) -> Images:
        """The data sets of some seeds (indices along the leading axis)."""
        return Images(**{f.name: getattr(self, f.name)[seeds] for f in fields(self)})

    def first_per_class(self, number: int, classes: int) -> Images:
        """The first `number` images of every class, in their order: the labels that were paid for.

        Raises ValueError where a seed has fewer images of a class.
        """
        same = self.labels.unsqueeze(2) == torch.arange(classes, device=self.labels.device)
        rank = same.cumsum(1).masked_fill(~same, 0).sum(2)
        fewest = int(same.sum(1).min())
        if fewest < number:
            raise ValueError(f"labels={number}: a class has only {fewest} images; raise N.")
        keep = [(row <= number).nonzero().squeeze(1) for row in rank]
        seed = torch.arange(len(keep)).unsqueeze(1)
        chosen = torch.stack(keep)
        return Images(
            **{
                f.name: getattr(self, f.name)
                if f.name == "features"
                else getattr(self, f.name)[seed, chosen]
                for f in fields(self)
            }
        )

    def with_shuffled_labels(self, salt: str, seeds: list[int]) -> Images:
        """The same images, the labels of each seed in random order: they say nothing."""
        number = self.labels.shape[1]
        order = [torch.randperm(number, generator=generator(salt, s, "labels")) for s in seeds]
        return replace(self, labels=self.labels.gather(1, torch.stack(order)))

    def coefficients(self) -> torch.Tensor:
        """Dense z [seeds, images, patches, views k]: the strength of each feature in each patch."""
        count = self.features.shape[1]
        shows = self.owner.unsqueeze(-1) == torch.arange(count, device=self.owner.device)
        return torch.where(shows, self.strength.unsqueeze(-1), 0.0)


def sample_features(parameters: Parameters, salt: str, seed: int) -> torch.Tensor:
    """Orthonormal features [views k, dimension], float64 (uniform on the Stiefel manifold)."""
    count, dimension = parameters.features, parameters.dimension
    if parameters.basis == "canonical":
        return torch.eye(count, dimension, dtype=torch.float64)
    gaussian = normal((dimension, count), generator(salt, seed, "basis"))
    orthonormal, triangle = torch.linalg.qr(gaussian)
    signed: torch.Tensor = orthonormal * torch.sign(torch.diagonal(triangle))
    return signed.T.contiguous()


def absent_features(parameters: Parameters, salt: str, seed: int) -> torch.Tensor:
    """Features left out at this coverage [views k], bool; the same ones first at any coverage.

    Left out are one view each of classes in random order, then a second view each, and so on: at
    coverage 1 - 1/views every class lacks one view, drawn at random.
    """
    k, views = parameters.classes, parameters.views
    stream = generator(salt, seed, "absent")
    order = torch.argsort(uniform(0, 1, (k, views), stream), dim=1)
    classes = torch.stack([torch.randperm(k, generator=stream) for _ in range(views)])
    turn = torch.arange(views).unsqueeze(1)
    sequence = (classes * views + order[classes, turn]).flatten()
    count = round((1 - parameters.coverage) * parameters.features)
    absent = torch.zeros(parameters.features, dtype=torch.bool)
    absent[sequence[:count]] = True
    return absent


def sample_weights(parameters: Parameters, salt: str, seeds: list[int]) -> torch.Tensor:
    """Initial kernels [seeds, kernels, dimension], float64; by default w_r ~ N(0, sigma_0^2 I).

    The unit-scale draw does not depend on sigma_0, so runs that differ only in it are comparable.
    """
    if parameters.init == "features":
        unit = [_along_features(parameters, salt, seed) for seed in seeds]
    else:
        shape = (parameters.kernels, parameters.dimension)
        unit = [normal(shape, generator(salt, seed, "init")) for seed in seeds]
    if parameters.init == "cloned":
        own = (parameters.kernels + 1) // 2
        unit = [torch.cat([draw[:own], draw[: parameters.kernels - own]]) for draw in unit]
    return parameters.init_scale * torch.stack(unit)


def _along_features(parameters: Parameters, salt: str, seed: int) -> torch.Tensor:
    """v_{i,1} + x_0 (j+1)/m v_{i,2}, kernel j of class i [kernels, dimension] (one view: v_i)."""
    m, views = parameters.kernels_per_class, parameters.views
    features = sample_features(parameters, salt, seed)
    first = features[::views].repeat_interleave(m, 0)
    if views == 1:
        return first
    ratio = parameters.second_view * torch.arange(1, m + 1, dtype=torch.float64) / m
    second = features[1::views].repeat_interleave(m, 0)
    return first + ratio.repeat(parameters.classes).unsqueeze(1) * second


def sample_images(
    parameters: Parameters, salt: str, seeds: list[int], purpose: str = "data"
) -> Images:
    """Draw one data set per seed (float64, CPU); a seed's draw does not depend on its batch."""
    sets = [_one_seed(parameters, salt, seed, purpose) for seed in seeds]
    widest = max(one.patches.shape[1] for one in sets)
    padded = [_pad(one, widest) for one in sets]
    return Images(
        **{f.name: torch.stack([getattr(p, f.name) for p in padded]) for f in fields(Images)}
    )


def sample_background(
    parameters: Parameters, salt: str, seeds: list[int], count: int
) -> torch.Tensor:
    """Held-out background patches [seeds, count, dimension], float64: noise of both kinds alone."""
    drawn = []
    for seed in seeds:
        stream = generator(salt, seed, "background")
        drawn.append(_noise(parameters, sample_features(parameters, salt, seed), count, stream))
    return torch.stack(drawn)


@dataclass(frozen=True)
class Moments:
    """Moments of the drawn images, all [seeds, views k] (section 4, L2 [D])."""

    own_activity: torch.Tensor
    """E[1_y A] over images of the feature's own class, per image of the data set, A = sum z^q."""
    squared_activity: torch.Tensor
    """E[1_v A^2], own and off-class."""
    patch_activity: torch.Tensor
    """E[1_v B], own and off-class, B = sum z^{2q}."""


def feature_moments(parameters: Parameters, images: Images) -> Moments:
    """Moments of A and B over the drawn images; background has strength 0 and adds nothing."""
    q, count = parameters.power, images.features.shape[1]
    seeds, number, _ = images.owner.shape
    index = images.owner.clamp(min=0)
    sums = images.strength.new_zeros(2, seeds, number, count)
    for total, power in zip(sums, (q, 2 * q), strict=True):
        total.scatter_add_(2, index, images.strength.clamp(min=0) ** power)
    a, b = sums
    feature = torch.arange(count, device=images.labels.device)
    own = images.labels.unsqueeze(2) == feature // parameters.views
    return Moments((a * own).mean(1), a.square().mean(1), b.mean(1))


def _one_seed(parameters: Parameters, salt: str, seed: int, purpose: str) -> Images:
    """One data set without the leading axis."""
    stream = generator(salt, seed, purpose)
    features = sample_features(parameters, salt, seed)
    n, v = parameters.images, parameters.views
    labels = torch.randint(parameters.classes, (n,), generator=stream)
    single = uniform(0, 1, (n,), stream) < parameters.single_view
    view = torch.randint(v, (n,), generator=stream)
    shown_view = torch.where(single, view, MULTI_VIEW)
    presence = _presence(parameters, labels, stream)
    hidden = shown_view if parameters.hide else torch.full_like(shown_view, MULTI_VIEW)
    totals = _totals(parameters, labels, hidden, stream) * presence
    owner, strength = _place(parameters, presence, totals, stream)
    if parameters.coverage < 1:
        gone = absent_features(parameters, salt, seed)[owner.clamp(min=0)] & (owner != BACKGROUND)
        owner, strength = owner.masked_fill(gone, BACKGROUND), strength.masked_fill(gone, 0.0)
    width = owner.shape[1]
    noise = _noise(parameters, features, n * width, stream).view(n, width, -1)
    basis = torch.cat([features, torch.zeros(1, features.shape[1], dtype=torch.float64)])
    patches = strength.unsqueeze(-1) * basis[owner] + noise
    return Images(patches, labels, shown_view, owner, strength, features)


def _presence(
    parameters: Parameters, labels: torch.Tensor, stream: torch.Generator
) -> torch.Tensor:
    """V(X) as a boolean [images, features] (section 1, step 1); empty where there is no signal."""
    count, views = parameters.features, parameters.views
    class_of = torch.arange(count) // views
    own = class_of == labels.unsqueeze(1)
    chance = uniform(0, 1, (len(labels), count), stream) < parameters.off_class / parameters.classes
    return (own | chance) & parameters.signal


def _totals(
    parameters: Parameters,
    labels: torch.Tensor,
    shown_view: torch.Tensor,
    stream: torch.Generator,
) -> torch.Tensor:
    """sum_p z_p of every feature, were it present [images, features] (section 1, steps 4 and 5)."""
    shape = (len(labels), parameters.features)
    p = parameters
    index = torch.arange(parameters.features)
    own = (index // p.views) == labels.unsqueeze(1)
    single = (shown_view != MULTI_VIEW).unsqueeze(1)
    weak = own & single & ((index % p.views) != shown_view.unsqueeze(1))
    strong_sum = uniform(p.own_low, p.own_high, shape, stream)
    off_sum = uniform(p.off_low, p.off_high, shape, stream)
    single_off_sum = uniform(p.single_view_off_class / 2, p.single_view_off_class, shape, stream)
    weak_sum = uniform(p.weak_view, 2 * p.weak_view, shape, stream)
    total = torch.where(single, single_off_sum, off_sum)
    total = torch.where(own, strong_sum, total)
    return torch.where(weak, weak_sum, total)


def _place(
    parameters: Parameters,
    presence: torch.Tensor,
    totals: torch.Tensor,
    stream: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Owner and strength of every patch [images, P]: C_p disjoint patches for each present feature.

    P is raised to C_p times the largest number of features drawn; images are never rejected.
    """
    n, count = presence.shape
    size = parameters.patches_per_feature
    shown = presence.sum(1)
    width = max(parameters.patches, size * int(shown.max()))
    share = torch.full((n, count, size), 1.0, dtype=torch.float64)
    if parameters.split == "random":
        share = uniform(0.75, 1.25, (n, count, size), stream)
    share = share / share.sum(-1, keepdim=True)
    in_order = torch.argsort((~presence).to(torch.int8), dim=1, stable=True)
    slot = torch.arange(width)
    rank = (slot // size).clamp(max=count - 1)
    owner = in_order[:, rank]
    filled = (slot // size) < shown.unsqueeze(1)
    image = torch.arange(n).unsqueeze(1)
    strength = (totals.unsqueeze(-1) * share)[image, owner, slot % size]
    owner = torch.where(filled, owner, BACKGROUND)
    strength = torch.where(filled, strength, 0.0)
    order = torch.argsort(uniform(0, 1, (n, width), stream), dim=1)
    return owner.gather(1, order), strength.gather(1, order)


def _noise(
    parameters: Parameters, features: torch.Tensor, count: int, stream: torch.Generator
) -> torch.Tensor:
    """Feature noise a ~ U[0, gamma] on every feature plus patch noise xi [count, dimension]."""
    share, unit = _unit_noise(count, (len(features), features.shape[1]), stream)
    leak = (parameters.feature_noise * share) @ features
    xi = parameters.patch_noise * unit
    if parameters.noise == "off_span":
        xi = xi - (xi @ features.T) @ features
    return leak + xi


def _unit_noise(
    count: int, shape: tuple[int, int], stream: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """a/gamma [count, features] and xi/sigma_p [count, dimension]; `shape` is that of the features.

    Most test laws differ in strengths alone, and all that is tested on a seed draws them again: the
    last ones are remembered by the state of their stream.
    """
    if 8 * count * sum(shape) > REMEMBERED_BYTES:
        return _draw_unit_noise(count, shape, stream)[:2]
    share, unit, after = _remembered(count, shape, stream.get_state().numpy().tobytes())
    stream.set_state(after.clone())
    return share, unit


def _draw_unit_noise(
    count: int, shape: tuple[int, int], stream: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The draw itself, and the state of the stream after it."""
    share = uniform(0, 1, (count, shape[0]), stream)
    return share, normal((count, shape[1]), stream), stream.get_state()


@lru_cache(maxsize=REMEMBERED)
def _remembered(
    count: int, shape: tuple[int, int], state: bytes
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`_draw_unit_noise` from the state of a stream."""
    stream = torch.Generator()
    stream.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
    return _draw_unit_noise(count, shape, stream)


def _pad(images: Images, width: int) -> Images:
    """Append neutral all-zero patches up to `width`."""
    missing = width - images.patches.shape[1]
    if missing == 0:
        return images
    rows = len(images.labels)
    dimension = images.patches.shape[2]
    return Images(
        torch.cat([images.patches, images.patches.new_zeros(rows, missing, dimension)], 1),
        images.labels,
        images.shown_view,
        torch.cat([images.owner, torch.full((rows, missing), NO_PATCH)], 1),
        torch.cat([images.strength, images.strength.new_zeros(rows, missing)], 1),
        images.features,
    )
