"""The flow of mrpverify against scipy's Radau/LSODA on the second implementation's gradient.

Same images and initial kernels, nothing else in common: masks are enumerated, the integrator is
scipy's at rtol 1e-8. Crossing times agree to 1 %, final correlations to 0.01 (the tolerance of the
package's flow is 1e-5 a step here).
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from mrpverify.parameters import Parameters
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.sample import sample_images
from tests.reference import reference_losses as ref

SHARED = {
    "classes": 2, "off_class": 0.0, "kernels_per_class": 3, "dimension": 8, "patches": 5,
    "images": 24, "single_view": 0.2, "patch_noise": 0.05, "feature_noise": 0.01,
    "precision": "float64", "method": "flow", "tolerance": 1e-5, "horizon": 60.0,
    "init_scale": 0.2, "visible": 0.6,
}  # fmt: skip
REGIMES = {
    # Below K with two features in one kernel (L4): nothing diverges.
    "constant gain": {"gain": "constant", "tau": 1.15, "horizon": 150.0},
    "hold": {"gain": "hold", "amplification": 3.0, "hold_width": 0.3},
    "mae": {"framework": "mae", "bias": False},
    "mae with a bias": {"framework": "mae", "bias": True, "power": 4},
    "mae masked": {"framework": "mae", "target": "masked", "bias": False, "horizon": 120.0},
    "supervised": {"framework": "supervised"},
}


class Reference:
    """The reference's flow of the images and kernels of one run."""

    def __init__(self, p: Parameters, run) -> None:
        images = sample_images(p, "reference", [0])
        self.p, self.x = p, images.patches[0].numpy()
        self.labels, self.features = images.labels[0].numpy(), images.features[0].numpy()
        self.activation = ref.Activation(p.power, p.linear_from)
        self.masks = ref.all_masks(p.visible, self.x.shape[:2])
        start = run.initial_weights[0]
        self.shape = start.shape
        self.start = np.concatenate([start, start]) if p.framework == "mae" else start

    def drive(self, _time: float, flat: np.ndarray) -> np.ndarray:
        p, kernels = self.p, self.shape[0]
        w = flat.reshape(-1, self.shape[1])
        if p.framework == "supervised":
            return (
                ref.supervised(w, self.x, self.labels, self.activation, p.classes)
                .drive["w"]
                .ravel()
            )
        shared = (self.x, self.activation, p.visible, self.masks)
        if p.framework == "mae":
            found = ref.mae(w[:kernels], w[kernels:], *shared, p.target, p.bias).drive
            return np.concatenate([found["w"], found["b"]]).ravel()
        return ref.teacher_student(w, *shared, self.gain(w)).drive["w"].ravel()

    def gain(self, w: np.ndarray) -> np.ndarray:
        p = self.p
        if p.gain == "constant":
            return ref.gain_constant(w, p.tau)
        first = ref.tau_one(p.power, p.visible, p.patches_per_feature, p.amplification)
        return ref.gain_hold(w @ self.features.T, first, p.linear_from, p.hold_width)

    def correlations(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape(-1, self.shape[1])[: self.shape[0]] @ self.features.T

    def solve(self):
        return solve_ivp(
            self.drive, (0, self.p.horizon), self.start.ravel(), method="LSODA",
            rtol=1e-8, atol=1e-11, dense_output=True,
        )  # fmt: skip

    def crossing_times(self, solution) -> np.ndarray:
        """First time of every pair at varrho, inf if none."""
        level = self.p.linear_from
        course = np.array([self.correlations(y) for y in solution.y.T])
        times = np.full(course.shape[1:], np.inf)
        for pair in np.ndindex(*times.shape):
            above = np.flatnonzero(course[(slice(None), *pair)] >= level)
            if len(above) and above[0] == 0:
                times[pair] = 0.0
            elif len(above):
                before, after = solution.t[above[0] - 1], solution.t[above[0]]
                times[pair] = brentq(
                    lambda t, pair=pair: self.correlations(solution.sol(t))[pair] - level,
                    before,
                    after,
                )
        return times


@pytest.mark.parametrize("name", list(REGIMES))
def test_scipy_finds_the_same_trajectory(name):
    p = Parameters(**{**SHARED, **REGIMES[name]})
    run = pretrain(p, "reference", [0])
    assert run.reached_horizon.all()
    assert run.final_time[0] == pytest.approx(p.horizon)
    mine = Reference(p, run)
    solution = mine.solve()
    assert solution.success
    final = mine.correlations(solution.y[:, -1])
    np.testing.assert_allclose(run.final_correlations[0], final, atol=0.01)
    moved = np.abs(final - run.initial_correlations[0]).max()
    assert moved > 0.2, "nothing was learned: nothing is compared"
    times = mine.crossing_times(solution)
    assert np.isfinite(times).sum() >= 2
    np.testing.assert_allclose(run.crossing_time[0], times, rtol=0.01)
