"""The first step of an objective from outside is looked at before a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import mrpverify as mv
from mrpverify.records import moved_outside
from mrpverify.records.collect import Job, Machine, train
from mrpverify.records.labelled import Request
from mrpverify.simulate import run
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.run import objective_of

REGIME = mv.regime("supervised", k=2, d=8, N=6, m=2, s=0.1, max_steps=2)
SOUND = objective_of(REGIME)


def mine(monkeypatch, **changes):
    """Supervised learning under a name that is not this package's."""
    monkeypatch.setattr(moved_outside, "objective_of", lambda parameters: replace(SOUND, **changes))
    monkeypatch.setattr(moved_outside.outside, "own", lambda group: ())


def with_moves(change):
    def direction(*given):
        moves, reach = SOUND.direction(*given)
        return change(moves, reach)

    return {"direction": direction}


def changing(what):
    """A loss that writes into what it is given."""

    def loss(p, state, images, largest):
        given = {"images": images.patches, "largest": largest, "weights": state["weights"]}
        given[what].mul_(0.5)
        return torch.zeros(1)

    return loss


BAD = [
    ({"start": lambda *given: None}, "start returned a NoneType"),
    ({"start": lambda p, weights, *given: {"w": weights}}, r"start returned \{w\}"),
    ({"loss": lambda *given: None}, "loss returned a NoneType"),
    ({"loss": lambda *given: torch.zeros(3)}, r"loss returned \[3\]"),
    (with_moves(lambda moves, reach: moves), r"direction returned \{weights\}"),
    (with_moves(lambda moves, reach: ({}, reach)), r"direction returned \(\{\}, \[1\]\)"),
    (with_moves(lambda moves, reach: (moves, reach.sum())), r"direction returned"),
    (with_moves(lambda moves, reach: ({"kernels": 0}, reach)), "names 'kernels'; start has weig"),
    (with_moves(lambda m, reach: ({"weights": m["weights"][:, :1]}, reach)), r"is \[1, 1, 8\]"),
    (with_moves(lambda m, reach: ({"weights": m["weights"] * torch.nan}, reach)), "not all finite"),
    (with_moves(lambda m, reach: ({"weights": m["weights"].long()}, reach)), "is of torch.int64"),
    (
        with_moves(lambda moves, reach: (moves, reach * torch.nan)),
        "pre-activation .* not all fin",
    ),
    ({"start": lambda p, weights, *given: {"weights": weights[:, 1:]}}, "start's 'weights' are"),
    ({"start": lambda p, weights, *given: {"weights": weights / 0}}, "start is not all finite"),
    ({"loss": lambda *given: torch.full((1,), torch.nan)}, "loss is not all finite"),
    ({"logits": lambda *given: None}, r"logits returned a NoneType, where .*\[1, 6, 2\]"),
    ({"logits": lambda *given: torch.zeros(1, 6, 3)}, r"logits returned \[1, 6, 3\]"),
    ({"logits": lambda *given: torch.full((1, 6, 2), torch.nan)}, "logits is not all finite"),
    (
        with_moves(lambda m, reach: ({"weights": torch.rand_like(m["weights"])}, reach)),
        "asked again from the same salt and seed; draw from a generator",
    ),
    (
        {"direction": lambda *given: torch.zeros(2) @ torch.zeros(3)},
        r"first step fails at .*test_moved_outside.py:\d+ with RuntimeError: ",
    ),
    ({"loss": lambda p, state, *given: state["w"]}, r"moved_outside.py:\d+ with KeyError: 'w'"),
    ({"covers": "nothing"}, "covers is 'nothing', where 'every feature' or"),
    ({"plateau_degree": lambda p: 0}, "plateau_degree returned 0"),
    ({"plateau_degree": lambda p: "two"}, "plateau_degree returned 'two'"),
    ({"loss": changing("images")}, "changed images.patches in place"),
    ({"loss": changing("largest")}, "changed largest in place"),
    ({"loss": changing("weights")}, "changed weights in place"),
]


@pytest.mark.parametrize(("changes", "told"), BAD, ids=[told for _, told in BAD])
def test_what_is_no_first_step_is_named_before_the_run(changes, told, monkeypatch):
    mine(monkeypatch, **changes)
    with pytest.raises(ValueError, match=f"objective supervised: .*{told}"):
        train(Job((Request(REGIME, "tests", 0),)), Machine("cpu"))


def test_a_sound_one_is_trained_as_if_nobody_had_looked(monkeypatch):
    job = Job((Request(REGIME, "tests", 0),))
    (unseen,) = train(job, Machine("cpu"))
    mine(monkeypatch)
    (seen,) = train(job, Machine("cpu"))
    assert (seen["final_weights"].values == unseen["final_weights"].values).all()


def with_kernels(value):
    """A course of three seeds, one kernel of the second of them with this number in it."""
    course = pretrain(REGIME, "tests", [0, 1, 2])
    weights = course.final_weights.copy()
    weights[1, 0, 0] = value
    return replace(course, final_weights=weights)


def test_kernels_that_are_no_numbers_in_the_end_are_an_error_and_no_outcome(monkeypatch):
    """They were numbers at the start; a run of this package's own objectives diverges by itself."""
    moved_outside.check_end(REGIME, with_kernels(np.nan))
    monkeypatch.setattr(moved_outside.outside, "own", lambda group: ())
    moved_outside.check_end(REGIME, with_kernels(0.0))
    with pytest.raises(ValueError, match="objective supervised: kernels of 1 of 3 seeds are no"):
        moved_outside.check_end(REGIME, with_kernels(np.nan))


def test_a_flow_that_no_step_is_small_enough_for_is_an_error(monkeypatch):
    """At a correlation of 0.1 the direction ends; more work would not take it further."""

    def direction(p, state, images, largest):
        moves, reach = SOUND.direction(p, state, images, largest)
        high = torch.bmm(state["weights"], images.features.transpose(1, 2)).amax((1, 2)) > 0.1
        push = torch.where(high, torch.nan, 1.0)[:, None, None] * images.features[:, :1]
        return {"weights": push.expand_as(moves["weights"])}, reach

    flow = replace(REGIME, method="flow", work=10**4)
    mine(monkeypatch, direction=direction)
    monkeypatch.setattr(run, "objective_of", lambda p: replace(SOUND, direction=direction))
    told = r"at time [\d.]+, with a largest correlation of 0\.\d+, no step is small enough"
    with pytest.raises(ValueError, match=told):
        train(Job((Request(flow, "tests", 0),)), Machine("cpu"))


@pytest.mark.parametrize("error", [KeyError("a word"), TypeError("no kernel"), SystemExit(9)])
def test_what_a_later_step_raises_is_told_with_file_and_line(error, monkeypatch):
    """The first step is a sound one; the sentence says where to look, not only what was raised."""

    def direction(p, state, images, largest):
        raise error

    mine(monkeypatch)
    monkeypatch.setattr(run, "objective_of", lambda p: replace(SOUND, direction=direction))
    told = rf"^{type(error).__name__}: .*{error}.*, raised at {__file__}:\d+$"
    with pytest.raises(ValueError, match=told):
        train(Job((Request(REGIME, "tests", 0),)), Machine("cpu"))


def test_what_this_package_raises_and_memory_that_ran_out_stay_as_they_are(monkeypatch):
    def no_room(*given):
        raise MemoryError("no room")

    mine(monkeypatch)
    for direction, kind in ((SOUND.loss, Exception), (no_room, MemoryError)):
        new = replace(SOUND, direction=direction)
        monkeypatch.setattr(run, "objective_of", lambda p, new=new: new)
        with pytest.raises(kind) as told:
            train(Job((Request(REGIME, "tests", 0),)), Machine("cpu"))
        assert "raised at" not in str(told.value)
