"""What a training run leaves behind, plain numpy arrays with seeds leading, and how it is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

NEVER = float("inf")
"""Time of an event that did not happen."""

SNAPSHOT_RATIO = 1.1
"""Ratio of successive snapshot steps."""


@dataclass(frozen=True)
class Trajectory:
    """Observed course of `seeds` independent runs of one regime.

    Snapshots are taken at the geometric step numbers of ``snapshot_steps`` and at each seed's end;
    a seed that ended earlier is NaN in later ones. Kernels are never frozen: ``crossing_*`` is read
    in passing, so both horizons (first crossing and T) come from the same run.
    """

    snapshot_step: np.ndarray
    """Step number of each snapshot [snapshots], int64."""
    time: np.ndarray
    """Physical time of each snapshot [seeds, snapshots]."""
    loss: np.ndarray
    """Mask-expected loss at each snapshot [seeds, snapshots]."""
    correlations: np.ndarray
    """C = <w_r, v_f> at each snapshot [seeds, snapshots, kernels, features]."""
    initial_correlations: np.ndarray
    """C at time 0 [seeds, kernels, features]."""
    final_correlations: np.ndarray
    """C at the horizon T [seeds, kernels, features]."""
    crossing_time: np.ndarray
    """First time with C >= varrho, NEVER if none [seeds, kernels, features]."""
    crossing_correlations: np.ndarray
    """All C of a kernel when it first crosses for any feature, NaN if never
    [seeds, kernels, features]."""
    coverage_time: np.ndarray
    """First time at which every feature that the data shows has been crossed by some kernel, in
    supervised learning a feature of every class [seeds], NEVER if none."""
    reference_correlations: np.ndarray
    """C at full coverage, or at T/2 where that is later (or there is none): what growth until T is
    measured against [seeds, kernels, features]."""
    final_time: np.ndarray
    """Horizon T of each seed [seeds]."""
    steps: np.ndarray
    """Gradient steps of each seed [seeds], int64."""
    reached_horizon: np.ndarray
    """Whether T was reached without divergence [seeds], bool."""
    diverged: np.ndarray
    """Whether a correlation left all bounds [seeds], bool. A seed that neither diverged nor reached
    T ran out of steps."""
    own_activity: np.ndarray
    """E[1_y A] of the drawn images, A = sum z^q over images of the feature's own class
    [seeds, features]: what drives supervised learning."""
    squared_activity: np.ndarray
    """E[1_v A^2] of the drawn images, A = sum z^q [seeds, features]."""
    patch_activity: np.ndarray
    """E[1_v B] of the drawn images, B = sum z^{2q} [seeds, features]."""
    final_weights: np.ndarray
    """w(T) [seeds, kernels, dimension]."""
    initial_weights: np.ndarray
    """w(0) [seeds, kernels, dimension]."""
    final_decoder: np.ndarray
    """b(T) [seeds, kernels, dimension]; w(T) where the decoder is tied or there is none."""
    features: np.ndarray
    """Orthonormal v_f [seeds, features, dimension]."""
    background_response: np.ndarray
    """Largest <w_r(T), x> over held-out background patches [seeds, kernels]."""
    patch_count: np.ndarray
    """P of each seed after raising [seeds], int64."""
    cannot_cover: np.ndarray | None = None
    """Whether a seed was ended before T on a certificate that it is never covered [seeds], bool;
    flow alone. One that neither reached T, nor diverged, nor was ended so is not known."""
    largest_curvature: np.ndarray | None = None
    """Largest |eigenvalue| of the loss's Hessian [seeds]: seen along a flow, or where a descent
    ended (inf if it diverged)."""
    final_head: np.ndarray | None = None
    """u(T) of fine-tuning [seeds, classes, kernels]."""
    test_correct: np.ndarray | None = None
    """Right answers on held-out images [seeds, laws, classes, 1 + views]; the laws are those of
    ``held_out.test_laws``, the last axis is what an image shows: all views, or one view alone.
    Like the following ones, only where the objective has labels."""
    test_number: np.ndarray | None = None
    """Held-out images, the same axes."""
    train_accuracy: np.ndarray | None = None
    """Share of right training images, multi-view and single-view [seeds, 2], NaN where none."""
    train_margin: np.ndarray | None = None
    """Least own logit minus the largest other one on training images [seeds, 2], NaN where none."""


def snapshot_steps(last: int) -> np.ndarray:
    """Step numbers 0, 1, 2, ... growing by SNAPSHOT_RATIO, up to `last`; the same for every run."""
    count = int(np.log(max(last, 2)) / np.log(SNAPSHOT_RATIO)) + 2
    grid = np.unique(np.ceil(SNAPSHOT_RATIO ** np.arange(count)).astype(np.int64))
    return np.concatenate([[0], grid[grid <= last]])


class Recorder:
    """Notes crossings, full coverage and snapshots while a batch of seeds is trained."""

    def __init__(
        self,
        correlations: torch.Tensor,
        crossing_level: float,
        max_steps: int,
        is_covered: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        seeds = len(correlations)
        self._is_covered = is_covered
        self.level = crossing_level
        self.initial = correlations
        self.crossing_time = torch.full_like(correlations, NEVER, dtype=torch.float64)
        self.crossing_correlations = torch.full_like(correlations, torch.nan)
        self.coverage_time = self.crossing_time.new_full((seeds,), NEVER)
        self.reference = correlations
        self._has_reference = torch.zeros_like(self.coverage_time, dtype=torch.bool)
        self._grid = set(snapshot_steps(max_steps).tolist())
        self._taken: list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def observe(self, correlations: torch.Tensor, time: torch.Tensor) -> None:
        """Note first crossings and full coverage at the physical times `time` [seeds]."""
        above = correlations >= self.level
        first_of_kernel = above.any(2) & torch.isinf(self.crossing_time).all(2)
        self.crossing_correlations = torch.where(
            first_of_kernel[..., None], correlations, self.crossing_correlations
        )
        now = time[:, None, None].expand_as(self.crossing_time)
        new = above & torch.isinf(self.crossing_time)
        self.crossing_time = torch.where(new, now, self.crossing_time)
        crossed = torch.isfinite(self.crossing_time).any(1)
        covered = self._is_covered(crossed) & torch.isinf(self.coverage_time)
        self.coverage_time = torch.where(covered, time, self.coverage_time)
        self._newly_covered = covered

    def observe_halfway(
        self, correlations: torch.Tensor, time: torch.Tensor, horizon: torch.Tensor
    ) -> None:
        """Keep the correlations at T/2 or at full coverage, whichever is later."""
        halfway = time >= horizon / 2
        take = halfway & (~self._has_reference | self._newly_covered)
        self.reference = torch.where(take[:, None, None], correlations, self.reference)
        self._has_reference |= take

    def is_due(self, step: int) -> bool:
        """Whether `step` is on the snapshot grid."""
        return step in self._grid

    def snapshot(
        self, step: int, time: torch.Tensor, correlations: torch.Tensor, loss: torch.Tensor
    ) -> None:
        """Keep a snapshot; the caller passes NaN for seeds that ended before."""
        self._taken.append((step, time.cpu(), correlations.cpu(), loss.cpu()))

    def stacked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Steps [snapshots]; times, correlations and losses with axes [seeds, snapshots, ...]."""
        steps, times, correlations, losses = zip(*self._taken, strict=True)
        along = [torch.stack(part, 1).numpy() for part in (times, correlations, losses)]
        return np.array(steps, dtype=np.int64), along[0], along[1], along[2]
