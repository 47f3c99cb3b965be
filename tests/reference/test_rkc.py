"""The package's integrator and a second implementation of it go the same way, step by step.

Equal but for rounding, which a power iteration's perturbation of 5e-8 makes 1e-8 of the radius:
every constant of the step's control is seen in the times of the steps.
"""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from mrpverify.simulate.chebyshev import Chebyshev
from tests.reference.reference_rkc import Clock, on_their_way, stages_of, step_of

START = np.array([[0.9, -0.3, 0.4], [0.05, 0.02, -0.01], [0.6, 0.1, 0.7]])
STIFF = np.array([[40.0, 3.0, 0.5], [900.0, 20.0, 1.0], [0.3, 0.1, 0.2]])


def _flow(rate: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Decay at rates of many sizes, and a growth that turns into a rest."""
    return -rate * (y - np.tanh(y[..., ::-1])) - 0.2 * y**3 + 0.3 * y


def _run(package: Chebyshev, clocks: list[Clock], steps: int, until: float) -> list[bool]:
    """The same steps in both, compared after each."""
    accepted = []
    for _ in range(steps):
        limit = torch.full_like(package.time, until)
        if bool((package.time >= limit).all()):
            break
        moving = on_their_way(clocks, until)
        good = package.advance(package.time < limit, limit)[0]
        for number, clock in enumerate(clocks):
            if number in moving:
                accepted.append(clock.advance(until))
            assert bool(good[number]) == (number in moving and accepted[-1])
            assert package.time[0, number].item() == pytest.approx(clock.time, rel=1e-6)
            assert package.step[0, number].item() == pytest.approx(clock.step, rel=1e-5)
            assert package.radius[0, number].item() == pytest.approx(clock.radius, rel=1e-5)
            assert package.largest_radius[0, number].item() == pytest.approx(
                clock.largest, rel=1e-5
            )
    return accepted


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4])
def test_kernels_that_share_a_clock(tolerance: float) -> None:
    def derivative(y: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(_flow(STIFF, y[0].numpy()))[None]

    package = Chebyshev(derivative, torch.as_tensor(START)[None], tolerance, own_clocks=False)
    clock = Clock(lambda y: _flow(STIFF, y), START, tolerance)
    accepted = _run(package, [clock], 90, 25.0)
    np.testing.assert_allclose(package.state[0].numpy(), clock.y, rtol=1e-5, atol=1e-9)
    assert package.evaluations.item() == clock.evaluations
    assert True in accepted
    # Both methods took part, and neither all steps.
    assert stages_of(1.2 * clock.radius * clock.step) > 3


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3])
def test_kernels_with_clocks_of_their_own(tolerance: float) -> None:
    def derivative(y: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(_flow(STIFF[chosen[0].numpy()], y[0].numpy()))[None]

    package = Chebyshev(derivative, torch.as_tensor(START)[None], tolerance, own_clocks=True)
    clocks = [
        Clock(lambda y, r=rate: _flow(r, y), y[None], tolerance)
        for y, rate in zip(START, STIFF, strict=True)
    ]
    accepted = _run(package, clocks, 400, 25.0)
    assert [clock.time for clock in clocks] == [25.0] * 3
    for number, clock in enumerate(clocks):
        np.testing.assert_allclose(package.state[0, number], clock.y[0], rtol=1e-5, atol=1e-9)
    assert package.evaluations.item() == pytest.approx(sum(c.evaluations for c in clocks) / 3)
    assert True in accepted


def test_steps_that_are_rejected_and_steps_that_are_cut_short() -> None:
    """A flow that switches on: the step that has grown is far too long there."""

    def burst(y: np.ndarray) -> np.ndarray:
        return -30.0 * (y - 1) * np.exp(-80 * (y - 0.55) ** 2) - 0.05 * y

    def derivative(y: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(burst(y[0].numpy()))[None]

    start = np.array([[0.9, 0.2]])
    package = Chebyshev(derivative, torch.as_tensor(start)[None], 1e-3, own_clocks=False)
    clock = Clock(burst, start, 1e-3)
    accepted = _run(package, [clock], 60, 4.0) + _run(package, [clock], 60, 30.0)
    assert {True, False} == set(accepted)
    run = solve_ivp(lambda _, y: burst(y), (0, clock.time), start[0], "LSODA", rtol=1e-10)
    np.testing.assert_allclose(clock.y[0], run.y[:, -1], rtol=2e-2)


@pytest.mark.parametrize("stages", [4, 5, 11, 60])
def test_the_second_implementation_is_of_second_order(stages: int) -> None:
    """Its own control: half a step leaves an eighth of the error of one step."""
    y = np.array([[0.7, -0.2]])
    errors = []
    for h in (0.04, 0.02):
        exact = solve_ivp(lambda _, x: _flow(np.ones(2), x), (0, h), y[0], rtol=1e-12, atol=1e-14)
        new = step_of(stages, lambda x: _flow(np.ones(2), x), y, _flow(np.ones(2), y), h)
        errors.append(np.abs(new[0] - exact.y[:, -1]).max())
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.2)
