"""Runs form a graph: what a run is taught by is trained before it, stored, and part of its key."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import mrpverify as mv
from mrpverify.claims.legs import Leg
from mrpverify.parameters import Parameters
from mrpverify.records import collect as collecting
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import Store

HERE = Machine("cpu", 1)
PLAIN = Parameters(
    framework="supervised", classes=2, kernels_per_class=2, dimension=6, images=24, patches=4,
    off_class=1.2, init_scale=0.3, test_images=4, horizon=2.0, step=0.5,
)  # fmt: skip
TAUGHT = replace(PLAIN, framework="distilled", teacher_scale=5.0)
MEMBERS = tuple(Leg(replace(PLAIN, member=number)) for number in (1, 2, 3))
STUDENT = Leg(TAUGHT, taught_by=MEMBERS)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def trained(monkeypatch):
    """Jobs in the order in which they were trained."""
    genuine, calls = collecting.train, []

    def noted(job, machine):
        calls.append(job)
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", noted)
    return calls


def requests(leg, seeds=(0, 1)):
    return [leg.request("taught", seed) for seed in seeds]


def test_teachers_are_trained_before_their_student_and_stored(store, trained):
    asked = requests(STUDENT)
    found = collect(asked, HERE, store)
    assert set(asked) <= set(found)
    order = [request.parameters.framework for job in trained for request in job.batch]
    assert order == ["supervised"] * 6 + ["distilled"] * 2
    for leg in MEMBERS:
        assert all(store.load(request) is not None for request in requests(leg))
    trained.clear()
    again = collect([*asked, *requests(MEMBERS[0])], HERE, store)
    assert not trained
    xr.testing.assert_identical(again[asked[0]].drop_attrs(), found[asked[0]].drop_attrs())


def test_a_batch_of_students_gets_the_teachers_of_every_seed(store):
    both = collect(requests(STUDENT), HERE, store)
    for request in requests(STUDENT):
        alone = collect([request], HERE, None)[request]
        np.testing.assert_allclose(
            both[request]["final_weights"], alone["final_weights"], rtol=1e-5, atol=1e-7
        )


def test_a_chain_of_students_and_a_start_that_was_taught(store, trained):
    second = Leg(replace(TAUGHT, member=4), taught_by=(STUDENT, MEMBERS[0]))
    tuned = Leg(replace(PLAIN, framework="fine-tuning"), start=second)
    teaching = Leg(replace(TAUGHT, member=5), taught_by=(tuned,))
    collect(requests(teaching, (0,)), HERE, store)
    names = [(r.parameters.framework, r.parameters.member) for job in trained for r in job.batch]
    assert names[:3] == [("supervised", 1), ("supervised", 2), ("supervised", 3)]
    assert names[3:] == [("distilled", 0), ("distilled", 4), ("fine-tuning", 0), ("distilled", 5)]
    assert "head" in trained[-1].teachers[0], "a fine-tuned teacher answers with its head"


def test_the_key_hashes_the_teachers(store):
    own = STUDENT.request("taught", 0)
    fewer = replace(own, taught_by=own.taught_by[:2])
    others = replace(STUDENT, taught_by=(*MEMBERS[:2], Leg(replace(PLAIN, member=9))))
    retrained = replace(STUDENT, taught_by=(*MEMBERS[:2], Leg(replace(PLAIN, member=3, step=0.4))))
    keys = {
        r.key() for r in (own, fewer, *(leg.request("taught", 0) for leg in (others, retrained)))
    }
    assert len(keys) == 4
    # What a teacher does not read changes neither its run nor the student's.
    idle = replace(
        STUDENT, taught_by=tuple(Leg(replace(m.parameters, visible=0.9)) for m in MEMBERS)
    )
    assert idle.request("taught", 0).key() == own.key()
    collect([own], HERE, store)
    assert store.load(fewer) is None


def test_a_run_without_teachers_has_the_key_that_it_had():
    assert "taught_by" not in MEMBERS[0].request("taught", 0).identity()
    tuned = replace(PLAIN, framework="fine-tuning")
    plain, wrapped = (Leg(tuned, start=s).request("taught", 0) for s in (PLAIN, Leg(PLAIN)))
    assert plain.key() == wrapped.key()
    assert Leg(tuned, start=STUDENT).request("taught", 0).key() != plain.key()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Request(TAUGHT, "taught", 0), "framework=distilled: is taught by other runs"),
        (
            lambda: Request(PLAIN, "taught", 0, taught_by=STUDENT.request("taught", 0).taught_by),
            "framework=supervised: learns from no soft labels, and 3 teachers",
        ),
        (
            lambda: Request(TAUGHT, "taught", 0, taught_by=(MEMBERS[0].request("taught", 1),)),
            "salt 'taught', seed 0: needs a run of salt 'taught', seed 1",
        ),
        (
            lambda: Request(TAUGHT, "a", 0, taught_by=(MEMBERS[0].request("taught", 0),)),
            "salt 'a', seed 0: needs a run of salt 'taught', seed 0",
        ),
        (
            lambda: Leg(TAUGHT, taught_by=(Leg(replace(PLAIN, framework="mae")),)).request("t", 0),
            "taught by framework=mae: has no classifier",
        ),
    ],
)  # fmt: skip
def test_a_request_without_fitting_teachers_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_cut_off_loses_no_finished_run(store, tmp_path, monkeypatch):
    """Every second job fails; the same call goes on, and gives what was given without failures."""
    whole = collect(requests(STUDENT), HERE, Store(tmp_path / "whole"))
    genuine, calls = collecting.train, []

    def every_second(job, machine):
        calls.append(job)
        if len(calls) % 2 == 0:
            raise MemoryError
        return genuine(job, machine)

    monkeypatch.setattr(collecting, "train", every_second)
    monkeypatch.setattr(collecting, "_split", lambda group, machine: [[r] for r in group])
    failures = 0
    while True:
        try:
            found = collect(requests(STUDENT), HERE, store)
            break
        except MemoryError:
            failures += 1
            assert failures < 20
    assert failures >= 6
    trained = [r for n, job in enumerate(calls, 1) if n % 2 for r in job.batch]
    assert len(trained) == len(set(trained)) == 8, "a finished run was done again"
    for request in requests(STUDENT):
        one, other = (runs[request]["final_weights"] for runs in (found, whole))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_from_python_a_student_names_its_teachers():
    run = mv.train(
        TAUGHT, "taught", 1, taught_by=[*MEMBERS[:2], MEMBERS[2].parameters], stored=False
    )
    request = STUDENT.request("taught", 0)
    expected = collect([request], HERE, None)[request]
    np.testing.assert_array_equal(run["final_weights"].values, expected["final_weights"].values)
    assert len(json.loads(expected.attrs["taught_by"])) == 3
