"""A run is computed by one thread on the CPU, whoever asks for it and from wherever."""

import ast
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from mrpverify.parameters import Parameters
from mrpverify.records import drawn, work
from mrpverify.simulate import descend, sample
from mrpverify.simulate.descend import pretrain
from tests.built_in import OBJECTIVES, instead

SMALL = Parameters(
    framework="mae", classes=2, kernels_per_class=20, dimension=40, images=200, max_steps=20
)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with threadpool_limits(2, "blas"):
        yield
    torch.set_num_threads(before)


def threads():
    """The largest number that torch or a library for products may take."""
    products = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    assert products
    return max(torch.get_num_threads(), *products)


def test_drawing_and_training_use_one_thread_and_give_the_setting_back(two_threads, monkeypatch):
    seen = []

    def noting(function):
        def call(*arguments):
            seen.append(threads())
            return function(*arguments)

        return call

    for name in ("sample_images", "sample_background"):
        monkeypatch.setattr(descend, name, noting(getattr(descend, name)))
    mae = OBJECTIVES["mae"]
    noted = replace(mae, direction=noting(mae.direction), loss=noting(mae.loss))
    with instead(noted):
        pretrain(SMALL, "threads", [0])
    assert len(seen) > 4
    assert set(seen) == {1}
    assert threads() == 2


def test_the_setting_comes_back_after_a_failure(two_threads):
    with pytest.raises(ValueError, match="labels=200"):
        pretrain(
            Parameters(framework="supervised", images=200, labels=200, max_steps=1), "threads", [0]
        )
    assert threads() == 2


def test_numbers_do_not_depend_on_the_threads_of_the_caller(two_threads):
    two = pretrain(SMALL, "threads", [0])
    torch.set_num_threads(1)
    one = pretrain(SMALL, "threads", [0])
    np.testing.assert_array_equal(one.final_weights, two.final_weights)


@pytest.mark.parametrize(
    ("module", "inner", "ask"),
    [
        (sample, "generator", lambda: sample.sample_images(SMALL, "threads", [0])),
        (sample, "generator", lambda: sample.sample_weights(SMALL, "threads", [0])),
        (sample, "generator", lambda: sample.sample_features(SMALL, "threads", 0)),
        (sample, "generator", lambda: sample.sample_background(SMALL, "threads", [0], 5)),
        (drawn, "sample_weights", lambda: drawn.initial_correlations(SMALL, "threads", [0])),
        (work, "project", lambda: work.operations_a_second.__wrapped__()),
    ],
)
def test_what_is_drawn_or_timed_without_training_takes_one_thread_too(
    module, inner, ask, two_threads, monkeypatch
):
    """Two took sixteen times as long for a claim's images, and foretold eighty times the time."""
    seen, function = [], getattr(module, inner)

    def noting(*arguments):
        seen.append(threads())
        return function(*arguments)

    monkeypatch.setattr(module, inner, noting)
    ask()
    assert set(seen) == {1}
    assert threads() == 2


def test_the_library_of_compiled_products_has_one_thread_too():
    """In a process that has not asked for it before: numba loads it with its first product."""
    program = (
        "import numpy as np, numba, threadpoolctl\n"
        "from mrpverify.simulate.threads import one_thread\n"
        "with one_thread():\n"
        "    numba.njit(lambda a: np.dot(a, a))(np.ones((2, 2)))\n"
        "    found = threadpoolctl.threadpool_info()\n"
        "print([(i['num_threads'], 'scipy' in i['filepath']) for i in found "
        "if i['user_api'] == 'blas'])\n"
    )
    several = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    several.pop("OMP_NUM_THREADS", None)
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=several
    )
    libraries = ast.literal_eval(found.stdout)
    assert len(libraries) >= 2
    assert any(scipys for _, scipys in libraries)
    assert {threads for threads, _ in libraries} == {1}
