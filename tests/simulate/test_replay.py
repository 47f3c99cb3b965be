"""Gradients replayed as CUDA graphs, and the shapes that they need."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mrpverify.simulate import flow, replay
from mrpverify.simulate.descend import pretrain

SALT = "replay"
HORIZON = {"teacher-student": 500.0, "mae": 150.0, "supervised": 40.0}


@pytest.fixture(scope="module")
def flowing(regime):
    """A regime of a framework, followed by its flow."""

    def build(framework):
        own = {"method": "flow", "horizon": HORIZON[framework], "hold_width": 0.1}
        return replace(regime(framework), test_images=2, **own)

    return build


def test_nothing_is_replayed_on_a_cpu():
    assert not replay.replayable(torch.zeros(1, 2, 3, 4), 5)
    assert replay.decided(torch.tensor(True))
    assert not replay.decided(torch.tensor(False))


def test_kernels_evaluated_together_end_as_those_evaluated_apart(flowing, monkeypatch):
    """Clocks of their own, every evaluation one of all kernels: what a replayed gradient needs."""
    p = flowing("teacher-student")
    apart = pretrain(p, SALT, [0, 1])
    calls: list[int] = []
    monkeypatch.setattr(flow, "replayable", lambda patches, kernels: True)
    monkeypatch.setattr(flow, "Replayed", lambda field: _counting(field, calls))
    together = pretrain(p, SALT, [0, 1])
    assert set(calls) == {p.kernels}
    assert together.reached_horizon.all()
    assert np.isfinite(together.crossing_time).any()
    np.testing.assert_array_equal(together.steps, apart.steps)
    # A spectral radius is read off differences of the flow, whose rounding decides steps.
    np.testing.assert_allclose(together.crossing_time, apart.crossing_time, rtol=1e-6)
    np.testing.assert_allclose(together.final_weights, apart.final_weights, atol=1e-6)


def _counting(field, calls):
    def derivative(state, kernels):
        calls.append(kernels.shape[1])
        return field(state, kernels)

    return derivative


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("framework", HORIZON)
def test_a_replayed_flow_is_that_of_the_cpu(framework, flowing, monkeypatch):
    p = flowing(framework)
    recorded: list[object] = []
    usual = replay.Replayed._recorded
    monkeypatch.setattr(
        replay.Replayed, "_recorded", lambda *given: recorded.append(usual(*given)) or recorded[-1]
    )
    there = pretrain(p, SALT, [0, 1], device="cuda")
    assert recorded
    assert None not in recorded
    monkeypatch.setenv(replay.GRAPHS, "0")
    number = len(recorded)
    plain = pretrain(p, SALT, [0, 1], device="cuda")
    assert len(recorded) == number
    here = pretrain(p, SALT, [0, 1])
    # A spectral radius is read off differences of the flow, whose rounding decides steps: what is
    # left is far below the tolerance of a step, 1e-3 of a kernel's length.
    for other in (plain, here):
        np.testing.assert_allclose(there.crossing_time, other.crossing_time, rtol=1e-4)
        np.testing.assert_allclose(there.final_correlations, other.final_correlations, atol=1e-4)


def test_what_is_small_enough_is_replayed_on_a_gpu(monkeypatch):
    """Activations of all seeds together, up to the bound: a stand-in for patches on a GPU."""
    monkeypatch.delenv(replay.GRAPHS, raising=False)
    patches = SimpleNamespace(is_cuda=True, shape=(2, 8, 16, 5))
    most = replay.ACTIVATIONS // (2 * 8 * 16)
    assert replay.replayable(patches, most)
    assert not replay.replayable(patches, most + 1)
    monkeypatch.setenv(replay.GRAPHS, "0")
    assert not replay.replayable(patches, most)
