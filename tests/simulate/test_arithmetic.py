"""Numbers of a run: what they hold, and that products in TF32 are asked for on a GPU alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mrpverify.admissible import RegimeError
from mrpverify.parameters import Parameters, check_device
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import Store
from mrpverify.simulate.arithmetic import number_type, products_as_asked
from mrpverify.simulate.descend import pretrain

SMALL = Parameters(
    classes=3, kernels_per_class=3, dimension=9, images=20, off_class=0.3, method="flow",
    horizon=20.0, test_images=2,
)  # fmt: skip
REDUCED = replace(SMALL, precision="tf32")


@pytest.mark.parametrize(
    ("precision", "expected"),
    [("float32", torch.float32), ("float64", torch.float64), ("tf32", torch.float32)],
)
def test_what_tensors_hold(precision, expected):
    assert number_type(replace(SMALL, precision=precision)) is expected


@pytest.mark.parametrize(("p", "inside"), [(SMALL, "highest"), (REDUCED, "high")])
def test_products_are_as_asked_and_as_before_afterwards(p, inside):
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with products_as_asked(p):
            assert torch.get_float32_matmul_precision() == inside
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_no_cpu_says_that_it_has_products_in_tf32(tmp_path):
    with pytest.raises(RegimeError, match=r"precision=tf32: .*--device cuda"):
        pretrain(REDUCED, "a", [0])
    check_device([SMALL], "cpu")
    check_device([SMALL, REDUCED], "cuda")
    with pytest.raises(RegimeError, match=r"precision=tf32: .*float32"):
        check_device([SMALL, REDUCED], "cpu")
    both = [Request(SMALL, "a", 0), Request(REDUCED, "a", 0)]
    with pytest.raises(RegimeError, match="tf32"):
        collect(both, Machine("cpu"), Store(tmp_path))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_arithmetic_is_part_of_the_address():
    assert Request(SMALL, "a", 0).identity() != Request(REDUCED, "a", 0).identity()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised"])
def test_products_in_tf32_change_a_run_on_cuda_by_their_rounding(framework):
    p = replace(SMALL, framework=framework)
    exact, reduced = (
        pretrain(replace(p, precision=t), "a", [0], device="cuda") for t in ("float32", "tf32")
    )
    assert exact.reached_horizon.all()
    assert reduced.reached_horizon.all()
    apart = np.abs(exact.final_correlations - reduced.final_correlations).max()
    assert 0 < apart < 2e-2 * np.abs(exact.final_correlations).max()
