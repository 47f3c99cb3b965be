"""The same question with more seeds is known from the store, and judged by its e-value alone."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.claims.asked_again import asked_again, remember_asked
from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import select
from mrpverify.judge.measurement import share_of_seeds
from mrpverify.judge.verdicts import Verdict
from mrpverify.records import housekeeping
from mrpverify.records.asked import FILE
from mrpverify.records.store import CACHE_VARIABLE, Store
from tests.claims.small import SMALL

CLAIMS = select(["T1.capture", "SL.test"])
REGIMES = {"mae": SMALL["mae"]}
CAPTURE = ("T1.capture", "mae")


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path)
    found.folder.mkdir()
    return found


def again(store, seeds, salt="a", regimes=REGIMES):
    return asked_again(CLAIMS, regimes, seeds, salt, store)


def test_other_seeds_of_the_same_question_are_asked_again(store):
    assert again(store, 24) == frozenset()
    remember_asked(CLAIMS, REGIMES, 24, "a", store)
    assert again(store, 24) == frozenset(), "the design that was fixed"
    assert again(store, 48) == again(store, 14) == {CAPTURE}, "a mean has no design"
    remember_asked(CLAIMS, REGIMES, 48, "a", store)
    assert again(store, 48) == {CAPTURE}, "the same answer twice"
    assert again(store, 48, salt="b") == frozenset()
    other = {"mae": replace(SMALL["mae"], visible=0.6)}
    assert again(store, 48, regimes=other) == frozenset()


def test_without_a_store_nothing_is_noted_or_known(store):
    remember_asked(CLAIMS, REGIMES, 24, "a", None)
    assert not list(store.folder.iterdir())
    assert again(None, 48) == frozenset()


@pytest.mark.parametrize("content", ["", "[]", '{"x": "y"}', "\x00"])
def test_a_damaged_note_is_none(store, content):
    (store.folder / FILE).write_text(content)
    assert again(store, 48) == frozenset()
    remember_asked(CLAIMS, REGIMES, 24, "a", store)
    assert again(store, 48) == {CAPTURE}


def test_clearing_the_records_forgets_what_was_asked(store, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    remember_asked(CLAIMS, REGIMES, 24, "a", store)
    assert housekeeping.clear(yes=True) == 0
    assert not list(store.folder.iterdir())


def test_a_claim_asked_again_is_judged_by_its_e_value(get):
    def measure(parameters, runs):
        return share_of_seeds(np.ones(runs.sizes["seed"], dtype=bool), "always")

    (template,) = select(["T1.noise"])
    claim = replace(template, measure=measure, controls={"mae": ()})
    regimes = {"mae": replace(SMALL["mae"], images=40, max_steps=20)}
    ask = [claim], regimes, range(24), "again", get
    (first,), (second,) = evaluate(*ask), evaluate(*ask, [(claim.id, "mae")])
    used = [result.measurement.details["sequential"] for result in (first, second)]
    assert [one["by"] for one in used] == ["design", "e-value"]
    assert [one["seeds_used"] for one in used] == [16, 18]
    assert second.measurement.measured is Verdict.SUPPORTED
