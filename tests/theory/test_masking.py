"""Closed-form mask expectations: symbolic identities and brute enumeration with numbers."""

from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.theory import masking

THETA, HHAT, BETA = sp.symbols("theta hhat beta")


def _symbols(letter: str, patches: int) -> list[sp.Symbol]:
    return list(sp.symbols(f"{letter}:{patches}"))


@pytest.mark.parametrize("patches", [1, 2, 3])
def test_teacher_student_identity(patches: int) -> None:
    a = _symbols("a", patches)
    exact = masking.teacher_student_enumerated(HHAT, a, THETA)
    assert sp.simplify(exact - masking.teacher_student_expression(HHAT, a, THETA)) == 0


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("patches", [1, 2, 3])
def test_mae_identity(patches: int, target: masking.Target) -> None:
    x, y = _symbols("x", patches), _symbols("y", patches)
    exact = masking.mae_enumerated(x, y, BETA, THETA, target)
    assert sp.simplify(exact - masking.mae_expression(x, y, BETA, THETA, target)) == 0


def test_constant_of_the_masked_target() -> None:
    x = _symbols("x", 3)
    zero = [sp.Integer(0)] * 3
    for target, constant in (
        ("all", 0),
        ("masked", THETA * (1 - THETA) * sum(v**2 for v in x) / 2),
    ):
        scale = 1 if target == "all" else 1 - THETA
        rest = (
            masking.mae_enumerated(x, zero, BETA, THETA, target) - (scale * sum(x) - BETA) ** 2 / 2
        )
        assert sp.simplify(rest - constant) == 0


def test_the_two_targets_differ() -> None:
    x, y = _symbols("x", 2), _symbols("y", 2)
    both = [masking.mae_expression(x, y, BETA, THETA, target) for target in ("all", "masked")]
    assert sp.simplify(both[0] - both[1]) != 0


def _masks(patches: int, theta: float) -> list[tuple[float, np.ndarray]]:
    masks = [np.array(mask, dtype=float) for mask in product((0, 1), repeat=patches)]
    return [(float(np.prod(np.where(m, theta, 1 - theta))), m) for m in masks]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0), st.integers(1, 4))
def test_numpy_teacher_student_equals_brute_force(seed: int, theta: float, patches: int) -> None:
    random = np.random.default_rng(seed)
    a, hhat = random.uniform(0, 2, (3, patches, 2)), random.uniform(0, 2, (3, 2))
    brute = sum(
        weight * np.square(hhat - (mask[:, None] * a).sum(1) / theta).sum(-1) / 2
        for weight, mask in _masks(patches, theta)
    )
    closed = masking.teacher_student_loss(hhat, a, theta)
    assert closed.shape == (3,)
    np.testing.assert_allclose(closed, brute, rtol=1e-9, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0), st.sampled_from(["all", "masked"]))
def test_numpy_mae_equals_brute_force(seed: int, theta: float, target: masking.Target) -> None:
    random = np.random.default_rng(seed)
    x, a = random.normal(size=(2, 3, 4)), random.uniform(0, 2, (2, 3, 5))
    decoder, bias = random.normal(size=(5, 4)), random.normal(size=4)

    def sampled(mask: np.ndarray) -> np.ndarray:
        aim = (x if target == "all" else (1 - mask)[:, None] * x).sum(1)
        seen = (mask[:, None] * a).sum(1) @ decoder / theta
        return np.square(aim - seen - bias).sum(-1) / 2

    brute = sum(weight * sampled(mask) for weight, mask in _masks(3, theta))
    closed = masking.mae_loss(x, a, decoder, bias, theta, target)
    np.testing.assert_allclose(closed, brute, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
@pytest.mark.parametrize("target", ["all", "masked"])
def test_images_have_any_number_of_leading_axes(lead: tuple, target: masking.Target) -> None:
    """Each as if it were alone, all masks of its four patches enumerated."""
    random = np.random.default_rng(0)
    x, a = random.normal(size=(*lead, 4, 7)), random.uniform(0, 2, (*lead, 4, 5))
    decoder, bias, hhat = (random.normal(size=s) for s in ((5, 7), 7, (*lead, 5)))
    mae = masking.mae_loss(x, a, decoder, bias, 0.3, target)
    plain = masking.teacher_student_loss(hhat, a, 0.3)
    assert np.shape(mae) == np.shape(plain) == lead
    for at in np.ndindex(lead):
        of_mae = of_plain = 0.0
        for weight, mask in _masks(4, 0.3):
            seen = mask @ a[at] / 0.3
            aim = (np.ones(4) if target == "all" else 1 - mask) @ x[at]
            of_mae += weight * np.square(aim - seen @ decoder - bias).sum() / 2
            of_plain += weight * np.square(hhat[at] - seen).sum() / 2
        assert mae[at] == pytest.approx(of_mae)
        assert plain[at] == pytest.approx(of_plain)


def test_of_a_fixed_number_of_patches_none_or_all_may_be_hidden():
    """Where all are, what is hidden is the whole image, and there is nothing beside it."""
    for count in (1, 2, 3):
        x = sp.symbols(f"x1:{count + 1}")
        assert sp.expand(masking.fixed_size_target(x, 0) - sum(x) ** 2) == 0
        assert sp.expand(masking.fixed_size_target(x, count)) == 0
        assert sp.expand(masking.fixed_size_cross(x, x, count)) == 0
