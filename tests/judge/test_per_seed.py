"""Several numbers of one seed: true together or not, judged by the exact design."""

import numpy as np
import pytest

from mrpverify.judge.intervals import SHARE
from mrpverify.judge.measurement import judged_by, seeds_not_known, share_of_seeds
from mrpverify.judge.per_seed import above, at_least, counted, in_each_seed, within
from mrpverify.judge.sequential import design
from mrpverify.judge.verdicts import Verdict

SEEDS = 24


def losing(number, loss=0.25):
    """Accuracies of which the first `number` seeds lose."""
    return np.where(np.arange(SEEDS) < number, 1 - loss, 1.0)


def test_edges_are_those_of_the_statement_and_not_of_rounding():
    assert not above(np.array([0.87 - 0.85]), 0.02).holds.any(), "0.02 is not above 0.02"
    assert at_least(np.array([396 / 400]), 0.99).holds.all()
    assert within(np.array([0.99 - 1.0, 1.0 - 0.99]), 0.0, 0.01).holds.all()
    assert not within(np.array([0.0126, np.nan]), 0.0, 0.01).holds.any()
    assert not (above(np.array([np.nan]), -1.0).holds | at_least(np.array([np.nan]), -1).holds)


def test_a_seed_is_true_where_all_parts_are_and_the_refuted_one_is_named():
    parts = {"accuracy": at_least(losing(2), 0.99), "gain": above(losing(0) - losing(22), 0.02)}
    found = in_each_seed("share", parts)
    reference = share_of_seeds((np.arange(SEEDS) >= 2) & (np.arange(SEEDS) < 22), "share")
    assert (found.measured, found.successes, found.trials) == (
        reference.measured, reference.successes, reference.trials,
    )  # fmt: skip
    assert found.details["parts"]["accuracy"]["true_seeds"] == found.trials - 2
    wrong = in_each_seed("share", {**parts, "never": above(losing(0), 2.0)})
    assert wrong.measured is Verdict.REFUTED
    assert wrong.details["refuted_parts"] == ["never"]
    assert wrong.trials == 4, "no seed is used beyond the look that decides"
    assert wrong.details["parts"]["accuracy"]["seeds"] == 4


def test_no_mean_of_shares_reaches_beyond_what_a_share_can_be():
    """It describes and does not decide: verdict and seeds are those of the free interval."""
    values = np.array([1.0, 1.0, 1.0, 0.9])
    for kind, threshold in ((at_least, 0.95), (above, 0.95)):
        free, share = (kind(values, threshold, *possible) for possible in ((), (SHARE,)))
        (low, high), cut = (part.row(values > 0)["interval"] for part in (free, share))
        assert high > 1
        assert cut == [low, 1.0]
        assert (free.holds == share.holds).all()
    assert above(1 - values, 0.5, SHARE).row(values > 0)["interval"][0] == 0.0
    assert at_least(values[:1], 0.95, SHARE).row(values[:1] > 0)["interval"] == [0.0, 1.0]


def test_parts_are_judged_again_by_the_design_that_decides():
    found = in_each_seed("share", {"accuracy": at_least(losing(0)[:16], 0.99)})
    assert found.measured is Verdict.SUPPORTED
    again = judged_by(found, design(8, 0.8))
    assert again.trials == again.details["parts"]["accuracy"]["seeds"] == 8
    assert again.details["parts"]["accuracy"]["measured"] is Verdict.INCONCLUSIVE


def test_open_seeds_are_open_in_every_part():
    found = seeds_not_known(
        in_each_seed("share", {"accuracy": at_least(losing(0), 0.99)}), np.arange(SEEDS) < 3
    )
    assert found.measured is Verdict.INCONCLUSIVE
    assert found.details["parts"]["accuracy"]["outcomes"][:4] == [None, None, None, True]
    same = in_each_seed("x", {"a": at_least(losing(0), 0.99)}, known=np.arange(SEEDS) >= 3)
    assert same.details["parts"]["a"]["outcomes"] == found.details["parts"]["accuracy"]["outcomes"]


@pytest.mark.parametrize(
    ("lost", "verdict"), [(1, "SUPPORTED"), (2, "INCONCLUSIVE"), (9, "REFUTED")]
)
def test_beside_means_a_count_is_held_against_its_exact_interval(lost, verdict):
    part = counted(at_least(losing(lost), 0.99))
    assert part.measured == Verdict(verdict)
    assert part.assumes is None
