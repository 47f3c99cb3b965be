"""Assertion vocabulary and small regimes of the simulation tests.

Session-scoped, so that hypothesis tests may use them: they hold no state.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest
import torch

from mrpverify.parameters import Parameters
from mrpverify.simulate import passes
from mrpverify.simulate.sample import BACKGROUND, MULTI_VIEW, Images

SMALL = {
    "classes": 3,
    "kernels_per_class": 4,
    "dimension": 12,
    "images": 60,
    "off_class": 0.3,
    "patch_noise": 0.02,
    "precision": "float64",
}

# A large init makes the plateau short; near ties at the start do no harm to what is tested here.
OWN = {
    "teacher-student": {"step": 4.0, "amplification": 3.0, "init_scale": 0.12},
    "mae": {"step": 1.5, "init_scale": 0.06},
    "supervised": {"step": 0.5, "init_scale": 0.06},
    "masked-supervised": {"step": 0.5, "init_scale": 0.06},
    "distilled": {"step": 0.5, "init_scale": 0.06},
    # Kernels at random directions, about half of them beyond varrho on some feature.
    "fine-tuning": {"step": 0.5, "init_scale": 0.4, "horizon": 20.0},
    "contrastive": {"step": 0.5, "init_scale": 0.2, "horizon": 30.0},
    "clustering": {"step": 0.5, "init_scale": 0.2, "horizon": 30.0, "refresh": 7},
}


def _relative_distance(found, expected) -> float:
    """|found - expected| / |expected| in the Euclidean norm, after the non-vacuity guards."""
    found, expected = torch.as_tensor(found), torch.as_tensor(expected)
    assert found.shape == expected.shape, f"{tuple(found.shape)} != {tuple(expected.shape)}"
    assert torch.isfinite(found).all(), "the found side is not finite"
    assert torch.isfinite(expected).all(), "the expected side is not finite"
    size = expected.double().norm()
    assert size > 0, "the expected side is zero: nothing is compared"
    return float((found.double() - expected.double()).norm() / size)


@pytest.fixture(scope="session")
def passes_of_torch() -> Callable[[], AbstractContextManager[None]]:
    """Directions are computed by torch alone."""
    return partial(passes.without, numba=True, triton=True)


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """Equal up to a relative distance (rounding of float64 unless said otherwise)."""

    def check(found, expected, within: float = 1e-11) -> None:
        distance = _relative_distance(found, expected)
        assert distance <= within, f"relative distance {distance:.3g} > {within:.3g}"

    return check


@pytest.fixture(scope="session")
def assert_different() -> Callable[..., None]:
    """The negation of assert_same, by a margin that rounding cannot make."""

    def check(found, expected, by: float = 1e-3) -> None:
        distance = _relative_distance(found, expected)
        assert distance > by, f"relative distance {distance:.3g} <= {by:.3g}"

    return check


@pytest.fixture(scope="session")
def regime() -> Callable[..., Parameters]:
    """A regime of one second: (framework, changes) -> Parameters."""

    def make(framework: str = "teacher-student", **changes) -> Parameters:
        return Parameters(**{"framework": framework, **SMALL, **OWN[framework], **changes})

    return make


@pytest.fixture(scope="session")
def bare_images() -> Callable[[torch.Tensor], Images]:
    """Images around given patches [seeds, images, P, dimension]: nothing but patches is read."""

    def wrap(patches: torch.Tensor) -> Images:
        seeds, count, width, dimension = patches.shape
        return Images(
            patches=patches,
            labels=torch.zeros(seeds, count, dtype=torch.int64),
            shown_view=torch.full((seeds, count), MULTI_VIEW),
            owner=torch.full((seeds, count, width), BACKGROUND),
            strength=torch.zeros(seeds, count, width, dtype=patches.dtype),
            features=torch.eye(2, dimension, dtype=patches.dtype).expand(seeds, 2, dimension),
        )

    return wrap
