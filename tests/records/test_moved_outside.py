"""The first step of an objective from outside is looked at before a run."""

from dataclasses import replace

import pytest
import torch

import mrpverify as mv
from mrpverify.records import moved_outside
from mrpverify.records.collect import Job, Machine, train
from mrpverify.records.labelled import Request
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
