"""Images drawn from the data law exactly as section 1 of the theory states it [R]."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import torch

from ..parameters import Parameters
from .data_law import law_of
from .images import BACKGROUND as BACKGROUND
from .images import MULTI_VIEW as MULTI_VIEW
from .images import NO_PATCH as NO_PATCH
from .images import Images as Images
from .seeding import generator, normal, uniform
from .threads import one_thread

REMEMBERED, REMEMBERED_BYTES = 16, 12_000_000
"""Noise draws that a process remembers, and the bytes of one at most: 192 MB in all. A test on one
seed has four draws that differ, of 2.5 MB each in preset quick."""


@one_thread()
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


@one_thread()
def sample_weights(parameters: Parameters, salt: str, seeds: list[int]) -> torch.Tensor:
    """Initial kernels [seeds, kernels, dimension], float64; by default w_r ~ N(0, sigma_0^2 I).

    The unit-scale draw does not depend on sigma_0, so runs that differ only in it are comparable.
    """
    if parameters.init == "features":
        unit = [_along_features(parameters, salt, seed) for seed in seeds]
    else:
        shape = (parameters.kernels, parameters.dimension)
        member = f"init {parameters.member}" if parameters.member else "init"
        unit = [normal(shape, generator(salt, seed, member)) for seed in seeds]
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


@one_thread()
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


@one_thread()
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
    law = law_of(parameters)
    if law.draw is not None:
        return law.draw(parameters, salt, seed, purpose)
    stream = generator(salt, seed, purpose)
    features = sample_features(parameters, salt, seed)
    n, v = parameters.images, parameters.views
    labels = torch.randint(parameters.classes, (n,), generator=stream)
    single = uniform(0, 1, (n,), stream) < parameters.single_view
    view = torch.randint(v, (n,), generator=stream)
    shown_view = torch.where(single, view, MULTI_VIEW)
    axes = (n, parameters.features)
    presence = _of_law(law.name, "present", law.present(parameters, labels, stream), axes)
    hidden = shown_view if parameters.hide else torch.full_like(shown_view, MULTI_VIEW)
    strong = law.strengths(parameters, labels, hidden, stream)
    totals = _of_law(law.name, "strengths", strong, axes) * presence
    owner, strength = _place(parameters, presence, totals, stream)
    if parameters.coverage < 1:
        gone = absent_features(parameters, salt, seed)[owner.clamp(min=0)] & (owner != BACKGROUND)
        owner, strength = owner.masked_fill(gone, BACKGROUND), strength.masked_fill(gone, 0.0)
    width = owner.shape[1]
    noise = _noise(parameters, features, n * width, stream).view(n, width, -1)
    basis = torch.cat([features, torch.zeros(1, features.shape[1], dtype=torch.float64)])
    patches = strength.unsqueeze(-1) * basis[owner] + noise
    return Images(patches, labels, shown_view, owner, strength, features)


def _of_law(law: str, name: str, drawn: object, axes: tuple[int, int]) -> torch.Tensor:
    """The same; raises ValueError where a law's function draws nothing of this kind."""
    kind = "True or False (torch.bool)" if name == "present" else "finite floating numbers"
    wanted = f"law {law}: {name} is to give a tensor [images, features] = {list(axes)} of {kind}"
    if not isinstance(drawn, torch.Tensor):
        raise ValueError(f"{wanted}, and gave a {type(drawn).__name__}.")
    if drawn.shape != axes:
        raise ValueError(f"{wanted}, and gave one of shape {list(drawn.shape)}.")
    if not (drawn.dtype == torch.bool if name == "present" else drawn.is_floating_point()):
        raise ValueError(f"{wanted}, and gave {drawn.dtype}.")
    if not bool(torch.isfinite(drawn).all()):
        raise ValueError(f"{wanted}, and not all that it gave are finite.")
    return drawn


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
