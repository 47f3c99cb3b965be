"""Images of a law from outside are looked at before a run, and what is wrong is said."""

from dataclasses import replace

import pytest

import mrpverify as mv
from mrpverify import outside
from mrpverify.parameters import changed
from mrpverify.records import drawn_outside
from mrpverify.records.collect import Job, Machine, train
from mrpverify.records.labelled import Request

REGIME = mv.regime("mae", k=2, d=8, N=6, m=2, s=0.1, max_steps=2)


def paper(parameters, salt, seed, purpose):
    drawn = mv.sample_images(changed(parameters, law="multi-view"), salt, [seed], purpose)
    return mv.Images(**{name: value[0] for name, value in vars(drawn).items()})


def law(monkeypatch, change):
    mine = mv.DataLaw(
        name="mine",
        roles=mv.multi_view_roles,
        draw=lambda parameters, salt, seed, purpose: change(
            paper(parameters, salt, seed, purpose), seed, purpose
        ),
    )
    monkeypatch.setattr(drawn_outside, "law_of", lambda parameters: mine)


def with_nan(images):
    return replace(images, patches=images.patches * float("nan"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda i, seed, purpose: None, "a NoneType, where mrpverify.Images"),
        (lambda i, seed, purpose: vars(i), "a dict"),
        (lambda i, seed, purpose: with_nan(i), r"draw\('data'\), seed 0: patches are not all"),
        (lambda i, seed, purpose: with_nan(i) if seed else i, "seed 1: patches"),
        (lambda i, seed, purpose: with_nan(i) if "test" in purpose else i, r"draw\('test 0'\)"),
        (lambda i, seed, purpose: replace(i, patches=i.patches.numpy()), "patches is a ndarray"),
        (lambda i, seed, purpose: replace(i, patches=i.patches.int()), "floating"),
        (lambda i, seed, purpose: replace(i, patches=i.patches[None]), r"patches are \[1, 6"),
        (lambda i, seed, purpose: replace(i, patches=i.patches[:0]), r"patches are \[0"),
        (lambda i, seed, purpose: replace(i, patches=i.patches[:, :, :5]), "patches has the shape"),
        (lambda i, seed, purpose: replace(i, labels=i.labels[:3]), "labels has the shape"),
        (lambda i, seed, purpose: replace(i, features=i.features[:1]), "features has the shape"),
        (lambda i, seed, purpose: replace(i, labels=i.labels + 1), "labels are not all .* 0 to 1"),
        (lambda i, seed, purpose: replace(i, owner=i.owner + 9), "owner are not all .* -2 to 3"),
        (lambda i, seed, purpose: replace(i, owner=i.owner.double()), "owner are not all"),
    ],
)
def test_what_is_no_data_set_is_named_before_the_run(change, told, monkeypatch):
    law(monkeypatch, change)
    requests = tuple(Request(REGIME, "tests", seed) for seed in (0, 1))
    with pytest.raises(ValueError, match=told):
        train(Job(requests), Machine("cpu"))


@pytest.mark.parametrize("error", [TypeError("no patches"), AttributeError("of a strength")])
def test_what_drawing_raises_is_told_with_file_and_line(error, monkeypatch):
    """A TypeError was a traceback of the program, which names no law."""

    def fails(images, seed, purpose):
        raise error

    law(monkeypatch, fails)
    monkeypatch.setattr(outside, "own", lambda group: set())
    told = rf"^{type(error).__name__}: {error}, raised at {__file__}:\d+$"
    with pytest.raises(ValueError, match=told):
        train(Job((Request(REGIME, "tests", 0),)), Machine("cpu"))


def test_seeds_may_differ_in_their_number_of_patches(monkeypatch):
    def narrower(images, seed, purpose):
        cut = {name: getattr(images, name)[:, : 6 + seed] for name in ("patches", "owner")}
        return replace(images, strength=images.strength[:, : 6 + seed], **cut)

    law(monkeypatch, narrower)
    drawn_outside.check_law(REGIME, "tests", [0, 1])


def test_laws_of_this_package_are_not_drawn_twice(monkeypatch):
    monkeypatch.setattr(drawn_outside, "_complaints", lambda *_: pytest.fail("looked at"))
    for name in ("multi-view", "imperfect"):
        drawn_outside.check_law(mv.regime("mae", law=name), "tests", [0])
