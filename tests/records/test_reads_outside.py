"""What code from outside reads of a regime stands in its address, or its first run is refused."""

from dataclasses import asdict, replace

import pytest
import torch

import mrpverify as mv
from mrpverify import outside, parts
from mrpverify.parameters import changed, relevant
from mrpverify.records import reads_outside
from mrpverify.records.collect import Job, Machine, train
from mrpverify.records.labelled import Request
from mrpverify.records.reads_outside import check_reads, undeclared_reads, watched
from tests.built_in import OBJECTIVES

SIZES = {"k": 2, "d": 8, "N": 6, "m": 2, "s": 0.1, "max_steps": 2}
REGIME = mv.regime("supervised", **SIZES)
SOUND = OBJECTIVES["supervised"]
GO_ON = ("fine-tuning", "distilled")
"""Objectives that go on from other runs: there is no first step from drawn kernels."""


def outside_of_here(monkeypatch, **changes):
    """Supervised learning, changed, under a name that is not this package's."""
    monkeypatch.setattr(reads_outside, "objective_of", lambda p: replace(SOUND, **changes))
    monkeypatch.setattr(outside, "own", lambda group: ())


def masked(p, state, images, largest):
    """A direction that reads theta, which no part of supervised learning has."""
    moves, reach = SOUND.direction(p, state, images, largest)
    return {name: p.visible * move for name, move in moves.items()}, reach


def penalised(p, state, images, largest):
    """The same by a derived quantity: lambda is of theta and of the law of masks."""
    return SOUND.loss(p, state, images, largest) + p.mask_penalty


def test_what_no_part_has_is_refused_with_the_part_to_add(monkeypatch):
    outside_of_here(monkeypatch, direction=masked)
    told = r"objective supervised: reads visible \(theta, of Masks\), in none of its parts"
    with pytest.raises(ValueError, match=told):
        check_reads(REGIME, "tests", 0)


def test_what_is_read_by_a_derived_quantity_is_seen(monkeypatch):
    outside_of_here(monkeypatch, loss=penalised)
    with pytest.raises(ValueError, match=r"masks \(masks, of Masks\), visible \(theta, of Masks\)"):
        check_reads(REGIME, "tests", 0)


def test_a_run_is_refused_for_it_before_it_is_trained(monkeypatch):
    """It had the address of another theta: a control was counted on the runs of its claim."""
    outside_of_here(monkeypatch, direction=masked)
    with pytest.raises(ValueError, match="reads visible"):
        train(Job((Request(REGIME, "tests", 0),)), Machine("cpu"))


def test_a_part_that_is_named_is_no_fault(monkeypatch):
    outside_of_here(monkeypatch, direction=masked)
    own = {**relevant(REGIME), **dict.fromkeys(parts.Masks.__dataclass_fields__, 0)}
    monkeypatch.setattr(reads_outside, "relevant", lambda p: own)
    check_reads(REGIME, "tests", 0)


def test_whoever_copies_a_whole_regime_is_not_accused(monkeypatch):
    def copying(p, *given):
        return masked(p, *given) if asdict(p) else None

    outside_of_here(monkeypatch, direction=copying)
    check_reads(REGIME, "tests", 0)


def test_of_a_law_what_its_draw_reads_is_seen(monkeypatch):
    law = mv.DataLaw(
        name="mine",
        roles=mv.multi_view_roles,
        strengths=lambda p, *given: p.amplification * torch.ones(6, 4),
    )
    monkeypatch.setattr("mrpverify.simulate.sample.law_of", lambda p: law)
    monkeypatch.setattr(reads_outside, "from_outside", lambda p: ["law mine"])
    with pytest.raises(
        ValueError, match=r"law mine: reads amplification \(Delta, of TeacherStudent"
    ):
        check_reads(REGIME, "tests", 0)


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in GO_ON])
def test_no_objective_of_this_package_reads_what_is_not_in_its_address(name):
    """The same by another way than changing a parameter and looking whether runs change."""
    assert undeclared_reads(changed(REGIME, framework=name), "tests", 0) == []


def test_a_watched_regime_is_the_same_to_everybody():
    read = set()
    regime = watched(REGIME, read)
    assert regime == REGIME
    assert hash(regime) == hash(REGIME)
    assert read == set()
    assert regime.kernels == 4
    assert read == {"classes", "kernels_per_class"}


def test_a_law_may_draw_in_another_precision_than_kernels(monkeypatch):
    """A run makes its images of its own kind of numbers, and so does this look."""
    law = mv.DataLaw(
        name="mine",
        roles=mv.multi_view_roles,
        strengths=lambda p, labels, *given: torch.ones(len(labels), p.features),
    )
    genuine = reads_outside.sample_images
    monkeypatch.setattr("mrpverify.simulate.sample.law_of", lambda p: law)
    monkeypatch.setattr(reads_outside, "from_outside", lambda p: ["law mine"])
    monkeypatch.setattr(
        reads_outside, "sample_images", lambda *given: genuine(*given).to("cpu", torch.float32)
    )
    check_reads(REGIME, "tests", 0)
