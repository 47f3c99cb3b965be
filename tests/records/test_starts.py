"""What a run goes on from: fine-tuning needs kernels, and they have to fit."""

from dataclasses import replace

import pytest
import torch

from mrpverify.parameters import Parameters
from mrpverify.records.labelled import Request
from mrpverify.regime import RegimeError
from mrpverify.simulate.descend import pretrain

BEFORE = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=5)
TUNED = replace(BEFORE, framework="fine-tuning", horizon=2.0)


def test_fine_tuning_without_a_start_is_refused():
    with pytest.raises(RegimeError, match=r"framework=fine-tuning: .* start .* \[2, 6, 8\]"):
        pretrain(TUNED, "starts", [0, 1])
    with pytest.raises(RegimeError, match=r"framework=fine-tuning: .* start .* \[1, 6, 8\]"):
        Request(TUNED, "starts", 0)


def test_a_start_that_is_fine_tuning_itself_is_refused():
    with pytest.raises(RegimeError, match="framework=fine-tuning"):
        Request(TUNED, "starts", 0, start=TUNED)


@pytest.mark.parametrize("shape", [(1, 6, 8), (2, 5, 8), (2, 6, 9), (2, 48), (6, 8)])
def test_a_start_of_another_shape_is_refused(shape):
    with pytest.raises(RegimeError) as caught:
        pretrain(TUNED, "starts", [0, 1], start=torch.zeros(shape))
    assert f"start {list(shape)}: must be [seeds, kernels, dimension] = [2, 6, 8]" in str(
        caught.value
    )


@pytest.mark.parametrize("change", [{"kernels_per_class": 4}, {"dimension": 9}])
def test_a_request_whose_start_does_not_fit_is_refused(change):
    with pytest.raises(RegimeError, match=r"start \[1, .*\]: must be .* \[1, 6, 8\]"):
        Request(TUNED, "starts", 0, start=replace(BEFORE, **change))


def test_a_start_that_fits_is_gone_on_from():
    start = torch.full((2, 6, 8), 0.1, dtype=torch.float64)
    run = pretrain(TUNED, "starts", [0, 1], start=start)
    assert torch.equal(torch.from_numpy(run.initial_weights), start.float())
    assert Request(TUNED, "starts", 0, start=BEFORE).before().parameters == BEFORE
