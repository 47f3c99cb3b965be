"""What a parameter is used by, tested by running: a run changes exactly when its key does."""

from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from mrpverify import outside
from mrpverify.parameters import DOMAINS, Parameters
from mrpverify.records.labelled import Request
from mrpverify.regime import RegimeError
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.sample import sample_weights
from mrpverify.simulate.teaching import Teacher
from mrpverify.simulate.trajectory import Trajectory
from tests.built_in import OBJECTIVES

NAMES = [name for name in DOMAINS if name not in ("framework", "law")]

# Milliseconds a run; noise, single views and features of other classes all occur.
TINY = {
    "classes": 2,
    "kernels_per_class": 2,
    "dimension": 6,
    "images": 24,
    "patches": 4,
    "off_class": 1.2,
    "single_view": 0.5,
    "init_scale": 0.3,
    "test_images": 4,
    "max_steps": 8,
}

# Without these a parameter says something about an option that is not chosen.
REVEALING = {
    "patches": {"patches": 40},
    "second_view": {"init": "features"},
    "tau": {"gain": "constant"},
    "ema_decay": {"gain": "ema"},
    "decoder_scale": {"decoder": "independent"},
    "refresh": {"refresh": 2},
    # Coverage late enough for its multiple to be T, and not so late that no run gets there.
    "horizon_factor": {
        "coverage": 0.5,
        "init_scale": 0.2,
        "step": 0.2,
        "encoder_step": 20.0,
        "taught_weight": 0.0,
        "max_steps": 1500,
    },
    "deadline": {"init_scale": 0.05},
    "tolerance": {"method": "flow", "horizon": 5.0, "work": 200},
    "work": {"method": "flow", "horizon": 1e4, "work": 20},
    "hold_width": {"init_scale": 0.5, "max_steps": 40},
}

# Where the next value stops a run at the same step.
FAR = {"work": 200}


def beside(base, name):
    """The same regime with other values: all other choices, the opposite, or a number beside it."""
    value, choices = getattr(base, name), DOMAINS[name].choices
    if name in FAR:
        return [replace(base, **{name: FAR[name]})]
    if choices:
        return [replace(base, **{name: choice}) for choice in choices if choice != value]
    if isinstance(value, bool):
        return [replace(base, **{name: not value})]
    for other in [value + 1] if isinstance(value, int) else [1.25 * value + 0.1, 0.75 * value]:
        with suppress(RegimeError):
            return [replace(base, **{name: other})]
    raise AssertionError(f"no other value of {name} is admissible")


def run(parameters):
    p = parameters
    return pretrain(p, "used by", [0], start=start(p), teachers=teachers(p))


def start(parameters):
    """Kernels for fine-tuning, of the scale of the others."""
    if parameters.framework != "fine-tuning":
        return None
    shape = (1, parameters.kernels, parameters.dimension)
    stream = torch.Generator().manual_seed(0)
    return 0.2 * torch.randn(shape, generator=stream, dtype=torch.float64)


def teacher(parameters):
    """The regime of a fixed teacher that fits."""
    shape = ("classes", "views", "dimension", "basis")
    own = {name: getattr(parameters, name) for name in shape}
    return Parameters(**{"framework": "supervised", **TINY, **own})


def teachers(parameters):
    """Kernels at random directions, for a run that is taught."""
    if parameters.framework != "distilled":
        return ()
    p = teacher(parameters)
    return (Teacher(p, {"weights": 3 * sample_weights(p, "teacher", [0])}),)


def key(parameters):
    """Of the run; fine-tuning goes on from a fixed one, distillation has a fixed teacher."""
    if parameters.framework == "distilled":
        taught_by = (Request(teacher(parameters), "used by", 0),)
        return Request(parameters, "used by", 0, taught_by=taught_by).key()
    tuned = parameters.framework == "fine-tuning"
    shape = ("classes", "kernels_per_class", "dimension")
    before = {**TINY, **{name: getattr(parameters, name) for name in shape}} if tuned else None
    return Request(parameters, "used by", 0, before and Parameters(**before)).key()


def same(one, other):
    """Whether two trajectories agree bit for bit."""
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(Trajectory)]
    return all(
        a is b if a is None or b is None else np.array_equal(a, b, equal_nan=True) for a, b in pairs
    )


@pytest.mark.parametrize("framework", OBJECTIVES)
def test_a_parameter_changes_a_run_exactly_when_it_changes_its_key(framework):
    plain = Parameters(**{"framework": framework, **TINY})
    found = {(): run(plain)}
    for name in NAMES:
        options = REVEALING.get(name, {})
        base = replace(plain, **options)
        if tuple(options.items()) not in found:
            found[tuple(options.items())] = run(base)
        others = beside(base, name)
        changed = not all(same(found[tuple(options.items())], run(other)) for other in others)
        in_key = {key(base) != key(other) for other in others}
        assert in_key == {changed}, f"{framework}, {name}: run changed {changed}, key {in_key}"


LIMITS = {
    "max_steps": {"descent": 5},
    "deadline": {"descent": 7.0},
    "tolerance": {"flow": 1e-9},
    "work": {"flow": 3},
}


@pytest.mark.parametrize("method", ["descent", "flow"])
@pytest.mark.parametrize("framework", ["mae", "supervised", "teacher-student", "contrastive"])
def test_limits_that_the_other_method_reads_are_in_no_key(framework, method):
    """Supervised learning was trained twice in each comparison: its flow reads no max_steps."""
    p = Parameters(**{"framework": framework, **TINY, "init_scale": 0.05}, method=method, work=9)
    reads = "descent" if framework == "contrastive" else method
    for name, values in LIMITS.items():
        other = replace(p, **{name: next(iter(values.values()))})
        assert same(run(p), run(other)) == (reads not in values), name
        assert (key(p) == key(other)) == (reads not in values), name
        one, two = Request(p, "used by", 0), Request(other, "used by", 0)
        assert (one == two) == (reads not in values), name


def test_what_comes_from_outside_keeps_the_limits_that_it_may_read(monkeypatch):
    p = Parameters(**{"framework": "supervised", **TINY}, tolerance=0.05)
    assert Request(p, "a", 0) == Request(replace(p, tolerance=0.01), "a", 0)
    monkeypatch.setattr(outside, "own", lambda group: ())
    assert Request(p, "a", 0).parameters.tolerance == 0.05
    assert Request(p, "a", 0).key() != Request(replace(p, tolerance=0.01), "a", 0).key()


def test_the_search_sees_a_parameter_that_a_run_ignores_and_one_that_a_key_ignores():
    p = Parameters(framework="mae", **TINY)
    assert same(run(p), run(replace(p, labels=1)))
    assert not same(run(p), run(replace(p, visible=0.7)))
    assert key(p) == key(replace(p, labels=1))
    assert key(p) != key(replace(p, visible=0.7))


@pytest.mark.parametrize("change", [{"labels": 1}, {"true_labels": False}])
@pytest.mark.parametrize("framework", [n for n, one in OBJECTIVES.items() if not one.labelled])
def test_pretraining_sees_all_images_and_no_label(framework, change):
    p = Parameters(**{"framework": framework, **TINY, "images": 30})
    assert same(run(p), run(replace(p, **change)))
