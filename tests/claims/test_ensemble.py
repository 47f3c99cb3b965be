"""Ensembles of supervised networks: members, what they hold together, and what they answer."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.explanation import ensemble
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.answers import single_view_answers
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request, join
from mrpverify.regime import load_preset
from mrpverify.simulate.sample import sample_images, sample_weights

SMALL = {"k": 4, "N": 80, "sigma_0": 0.03}
SUPERVISED = load_preset("quick").override(SMALL).regimes["supervised"]
SEEDS = range(4)
SALT = "ensemble"


def get(requests):
    return collect(requests, Machine("cpu"), None)


def runs_of(seeds, members):
    legs = {name: leg for name, leg in ensemble.legs(SUPERVISED).items() if name in members}
    found = get([r for leg in legs.values() for r in leg.requests(SALT, seeds)])
    return {name: join([found[r] for r in leg.requests(SALT, seeds)]) for name, leg in legs.items()}


def test_members_share_images_and_differ_in_independent_kernels():
    one, other = (ensemble.regime(SUPERVISED, member) for member in (0, 1))
    assert (sample_images(one, SALT, [0]).patches == sample_images(other, SALT, [0]).patches).all()
    first, second = (sample_weights(p, SALT, [0]) for p in (one, other))
    size = first.numel()
    correlation = np.corrcoef(first.flatten(), second.flatten())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(size)  # false alarm 6e-5
    assert Request(other, SALT, 0).identity() != Request(one, SALT, 0).identity()


def test_answers_from_records_are_those_of_the_run_itself():
    runs = runs_of(range(2), ["member 0"])
    run = runs["member 0"]
    logits, labels = single_view_answers(ensemble.regime(SUPERVISED, 0), [run])
    right = ensemble.RULES["mean of logits"](logits, labels)
    stored = run.sel(law="in distribution")
    shown = slice(1, None)
    assert (right.sum(1) == stored["test_correct"].values[:, :, shown].sum((1, 2))).all()
    assert labels.shape == (2, int(stored["test_number"].values[0, :, shown].sum()))


def test_a_network_with_another_classifier_is_refused():
    runs = runs_of(range(1), ["member 0"])
    with pytest.raises(ValueError, match="classifier"):
        single_view_answers(replace(SUPERVISED, framework="mae"), list(runs.values()))


def test_an_ensemble_holds_what_its_members_do_and_copies_do_not():
    results = evaluate(select(["ENS.*"]), {"supervised": SUPERVISED}, SEEDS, SALT, get)
    assert [r.claim.id for r in results] == ["ENS.union", "ENS.error", "ENS.vote"]
    for result in results:
        # Four seeds support nothing; a control that looks at them refutes.
        assert result.measurement.measured is Verdict.INCONCLUSIVE
        assert [c.failed_as_it_should for c in result.controls] == [True]
    union, error, vote = (result.measurement for result in results)
    assert vote.details["sequential"]["seeds_used"] == vote.successes == len(SEEDS)
    for measurement in (union, error):
        rows = {row["name"]: row for row in measurement.details["numbers"]}
        last = next(row for name, row in rows.items() if "8 members" in name)
        assert abs(last["value"] - last["prediction"]) < 0.02
