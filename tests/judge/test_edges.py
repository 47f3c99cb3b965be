"""What holds at an edge itself: ends of ranges, a threshold that is met, the fewest of anything."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import inf, nan

import numpy as np
import pytest
import typer

from mrpverify.judge import deciding, e_value, numbers, over_seeds, sequential, slopes
from mrpverify.judge.betting import _largest_wealth, bounded_interval
from mrpverify.judge.chance import largest_by_chance
from mrpverify.judge.findings import (
    Estimate,
    Note,
    Table,
    by_case,
    details_of,
    exchanged,
    from_rows,
    recorded,
)
from mrpverify.judge.findings import as_rows as rows_of
from mrpverify.judge.intervals import clopper_pearson, mean_interval
from mrpverify.judge.measurement import FEWEST_SEEDS, Part, seeds_not_known, share_of_seeds
from mrpverify.judge.over_seeds import OverSeeds, from_record
from mrpverify.judge.verdicts import (
    EXIT_CODES,
    EXIT_USAGE,
    Verdict,
    all_of,
    exit_code,
    measured_above,
    measured_within,
)

YES, NO, OPEN = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
HALF = np.full(3, 0.5)

REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("bounds", lambda: bounded_interval(HALF, (0.5, 0.5))),
    ("bounds", lambda: bounded_interval(HALF, (0.6, 0.4))),
    ("bounds", lambda: bounded_interval(HALF, (0.0, 0.49))),
    ("bounds", lambda: bounded_interval(HALF, (0.51, 1.0))),
    ("share=-1e-09", lambda: deciding.seeds_that_decide(-1e-9, 0.5)),
    ("share=1.0", lambda: deciding.seeds_that_decide(1 + 1e-9, 0.5)),
    ("threshold=0", lambda: deciding.seeds_that_decide(0.5, 0.0)),
    ("threshold=1", lambda: deciding.seeds_that_decide_again(0.5, 1.0)),
    ("not a count", lambda: e_value.wealth(-1, 3, 0.5, True)),
    ("not a count", lambda: e_value.wealth(3, -1, 0.5, True)),
    ("not a count", lambda: e_value.wealth(3, 1, 0.0, True)),
    ("not a count", lambda: e_value.wealth(3, 1, 1.0, True)),
    ("successes", lambda: clopper_pearson(-1, 3)),
    ("successes", lambda: clopper_pearson(4, 3)),
    ("successes", lambda: clopper_pearson(0, 0)),
    ("cap=0", lambda: sequential.design(0, 0.5)),
    ("cap=4", lambda: sequential.design(4, 0.0)),
    ("cap=4", lambda: sequential.design(4, 1.0)),
    ("cap=4", lambda: sequential.design(4, 0.5, 0.0)),
    ("cap=4", lambda: sequential.design(4, 0.5, 1.0)),
    ("4 sizes", lambda: slopes.log_slopes(np.arange(1.0, 4), np.ones((2, 3)))),
    ("ends before", lambda: measured_within((0.5, 0.4), (0.0, 1.0))),
    ("true or false", lambda: share_of_seeds(np.array([0.0, 1.0, 0.5]), "s")),
    ("true or false", lambda: share_of_seeds(np.array([2, 1, 0]), "s")),
    ("true or false", lambda: share_of_seeds(np.array([1.0, nan]), "s")),
    ("true or false", lambda: share_of_seeds(np.ones((1, 2)), "s")),
    ("0 or 1", lambda: over_seeds.OverSeeds("exact", (0.0, 2.0))),
    ("type 'nothing'", lambda: from_rows([{"type": "nothing", "name": "n"}], {})),
]


@pytest.mark.parametrize(("words", "ask"), REFUSED)
def test_what_lies_beyond_is_refused(words, ask):
    with pytest.raises(ValueError, match=words):
        ask()


def test_ends_are_admitted():
    assert bounded_interval(np.array([0.2, 0.7]), (0.2, 0.7)) == (0.2, 0.7)
    assert deciding.seeds_that_decide(0.0, 0.8) == 2  # 0.2^2 = 0.04
    assert deciding.seeds_that_decide(1.0, 0.2) == 2
    assert e_value.wealth(0, 0, 0.3, True) == pytest.approx(1.0)
    assert clopper_pearson(0, 1) == pytest.approx((0.0, 0.95))
    assert clopper_pearson(1, 1) == pytest.approx((0.05, 1.0))
    assert sequential.design(1, 0.96).refute == (0,)
    assert slopes.log_slopes(2.0 ** np.arange(4), 4.0 ** np.arange(4)[None]) == pytest.approx([2.0])
    low, high = mean_interval(np.array([0.0, 1.0]))
    assert (low + high, high) == pytest.approx((1.0, 0.5 + 6.313751515 / 2))  # t of one degree
    assert mean_interval(np.array([0.5, nan])) == (-inf, inf)


def test_a_chance_that_is_the_power_itself_decides():
    """One false seed has 0.8 and refutes: odds above 20 against a share of 0.99."""
    assert deciding.POWER == 0.8
    assert deciding.seeds_that_decide_again(0.2, 0.99) == 1


def test_the_most_seeds_that_are_looked_at_may_decide(monkeypatch):
    """All true against 0.8: 18 one by one."""
    found = []
    for most in (17, 18):
        monkeypatch.setattr(deciding, "MOST_SEEDS", most)
        found.append(deciding.seeds_that_decide_again.__wrapped__(1.0, 0.8))
    assert found == [None, 18]


@pytest.mark.parametrize(
    ("interval", "above", "within"),
    [((0.5, 0.7), OPEN, YES), ((0.51, 0.7), YES, YES), ((0.3, 0.5), OPEN, OPEN),
     ((0.3, 0.49), NO, NO), ((0.5, 0.71), OPEN, OPEN), ((0.7, 0.9), YES, OPEN),
     ((0.71, 0.9), YES, NO), ((0.6, 0.6), YES, YES), ((0.4, 0.8), OPEN, OPEN)],
)  # fmt: skip
def test_an_interval_beside_a_threshold_and_a_band(interval, above, within):
    """Of 0.5, and from 0.5 to 0.7: the ends belong to the band."""
    assert measured_above(interval, 0.5) is above
    assert measured_within(interval, (0.5, 0.7)) is within


def test_one_refuted_part_refutes_and_one_open_part_leaves_open():
    assert all_of([YES, YES]) is YES
    assert all_of([YES, OPEN]) is OPEN
    assert all_of([YES, OPEN, NO]) is NO
    assert all_of([]) is OPEN


def test_a_rival_at_the_end_of_an_interval_is_not_excluded():
    values = over_seeds.OverSeeds.of("t", np.linspace(0, 1, FEWEST_SEEDS))
    for at in values.interval():
        for off, excluded in ((0.0, False), (-1e-9, at < 0.5), (1e-9, at > 0.5)):
            rival = numbers.Rival("r", at + off)
            found = numbers.Number("n", values, 0.5, (0.0, 1.0), rival)
            assert found.rival_excluded is excluded


def test_a_seed_decides_where_a_look_has_all_it_needs():
    """The usual design: 16 of 16 support and 15 do not; 0 of 4 refute, 1 does not."""
    rule = sequential.design(24, 0.8)
    assert rule.decide([True] * 15) == (15, OPEN)
    assert rule.decide([True] * 16) == (16, YES)
    assert rule.decide([False] * 4) == (4, NO)
    assert rule.decide([False] * 3) == (3, OPEN)
    assert rule.decide([False, False, None, False, *[True] * 20])[1] is OPEN


# --- what a record keeps of findings


def test_findings_of_one_name_are_put_together_where_both_are_of_a_kind():
    table = Table("t", [{"a": 1}])
    assert details_of([table, Table("t", [{"a": 2}])]) == {"t": [{"a": 1}, {"a": 2}]}
    for first, second in (([1], {"x": 1}), ({"x": 1}, [1]), ([1], 2), ({"x": 1}, 2)):
        found = details_of([*recorded(n=first), *recorded(n=second)])
        assert found == {"n": second}
    assert details_of([*recorded(n={"x": 1, "y": 1}), *recorded(n={"y": 2})]) == {
        "n": {"x": 1, "y": 2}
    }


def test_a_new_finding_takes_the_place_of_one_of_its_kind():
    plain, judged = Estimate("e", 1.0), Estimate("e", 2.0, judged={"threshold": 0.5})
    found = exchanged([plain, judged], [Estimate("e", 3.0), Estimate("f", 4.0)])
    assert [one.value for one in found] == [3.0, 2.0, 4.0]
    again = exchanged([plain, judged], [Estimate("e", 5.0, judged={"threshold": 0.5})])
    assert [one.value for one in again] == [1.0, 5.0]


def test_an_estimate_without_an_interval_has_none_after_it_was_written():
    for one in (Estimate("e", 1.0), Estimate("e", 1.0, (0.5, 1.5)), Estimate("e", None)):
        [row] = rows_of([one])
        assert row["interval"] == (None if one.interval is None else list(one.interval))
        assert from_rows([row], details_of([one])) == (one,)
    assert np.isnan(Estimate("e", 1.0).summary()["interval"]).all()
    assert Estimate("e", 1.0, (0.5, 1.5)).summary()["interval"] == [0.5, 1.5]
    share = Estimate.of_share("s", np.array([1.0, 1.0, 0.9]))
    assert share.interval[1] == 1.0
    assert Estimate.of_share("s", np.array([nan])).value is None


def test_a_value_that_is_never_reached_leaves_its_interval_open_there():
    """A seed whose lost view never came back counted as one without a value: it vanished."""
    values = np.array([1.0, 2.0, 3.0, inf, nan])
    low, high = mean_interval(values)
    assert (low, high) == (mean_interval(values[:3])[0], inf)
    assert mean_interval(-values) == pytest.approx((-inf, -low))
    assert mean_interval(values, possible=(0.0, 5.0)) == (low, 5.0)
    kept = json.loads(json.dumps(OverSeeds.of("t", values).summary()))
    assert kept["values"] == [1.0, 2.0, 3.0, "inf", None]
    assert from_record(kept).interval() == (low, inf)


def test_one_value_is_bet_on_with_the_stake_of_one():
    """sqrt(2 log 20/(1/4)) on a share above 0.05: of so small a mean more could be staked."""
    (wealth,) = _largest_wealth(np.array([1.0]), np.array([0.05]))
    assert wealth == pytest.approx(np.log1p(np.sqrt(8 * np.log(20)) * 0.95))


def test_an_estimate_stands_in_a_record_with_its_interval_or_with_none():
    rows = rows_of((Estimate("a", 1.0, (0.5, 2.0)), Estimate("b", 1.0)))
    assert [row["interval"] for row in rows] == [[0.5, 2.0], None]


def test_parts_that_do_not_say_what_each_seed_says_stay_as_they_are():
    """A mean beside a count: its interval knows nothing of single seeds."""
    counted = share_of_seeds(np.ones(20, bool), "share")
    each = {"outcomes": [True] * 20, "measured": "SUPPORTED"}
    both = replace(counted, findings=(Note("parts", (), kept={"parts": {"a": each, "b": {}}}),))
    found = seeds_not_known(both, np.arange(20) < 4)
    assert found.details["parts"] == {"a": each, "b": {}}
    assert found.measured is Verdict.INCONCLUSIVE


def test_a_band_above_zero_holds_every_number_above_zero_and_not_zero():
    """No difference at all is no support for one, however small one is."""
    for low, expected in ((0.0, OPEN), (5e-324, YES), (1e-9, YES), (-1e-9, OPEN)):
        assert measured_within((low, 0.5), (numbers.ABOVE_ZERO, inf)) is expected
    assert measured_within((0.0, 0.0), (numbers.ABOVE_ZERO, inf)) is NO
    near = np.linspace(0.3, 0.5, 2 * FEWEST_SEEDS)
    for values, supported in ((near, True), (near - 0.4, False), (1e-3 * near, True)):
        told = numbers.Rival("none", 0.0)
        found = numbers.mean_number("n", values, 1.0, told, (numbers.ABOVE_ZERO, inf))
        assert found.supported is supported


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_seed_with_one_value_that_is_no_number_has_no_slope(value: float):
    """And nothing is computed with it, which numpy would warn of."""
    values = np.ones((2, 4)) * np.arange(4)
    values[0, 2] = value
    with np.errstate(all="raise"):
        found = slopes.slopes_in_log(np.exp(np.arange(4)), values)
        in_log = slopes.log_slopes(np.exp(np.arange(4)), np.exp(np.where(values > -inf, values, 0)))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1.0)
    assert in_log[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("title", "words"), [("", "a number of seeds"), ("Seeds, by class", "Seeds, by class")]
)
def test_a_table_is_headed_by_its_title_else_by_its_name_in_words(title: str, words: str):
    assert Table("a_number_of_seeds", [], title).words == words


def test_a_value_that_is_known_exactly_adds_nothing_to_an_interval():
    """Unless it is said how finely one is known."""
    same = np.full(9, 0.25)
    bare = [Estimate.of("e", same), Estimate.of_share("e", same)]
    assert [one.interval for one in bare] == [(0.25, 0.25)] * 2
    [row] = by_case("n", {"a": same}).rows
    assert row["mean"]["interval"] == [0.25, 0.25]
    [row] = by_case("n", {"a": same}, 0.1).rows
    low, high = row["mean"]["interval"]
    assert (low + high, high) == pytest.approx((0.5, 0.25 + 1.859548 * 0.1 / 9))  # t of eight
    assert tuple(row["mean"]["interval"]) == Estimate.of("e", same, 0.1).interval


@pytest.mark.parametrize(("successes", "failures", "above"), [(0, 3000, True), (3000, 0, False)])
def test_a_bettor_who_is_wrong_for_ever_has_nothing_left(successes, failures, above):
    """Nor is anything left of what they bet on: the shares of their side weigh less than a number
    can say."""
    p0 = 0.9 if above else 0.1
    assert e_value.wealth(successes, failures, p0, above) == 0.0


def test_seeds_are_tried_one_by_one_and_then_by_eights_up_to_the_most():
    tried = deciding.CANDIDATES
    assert deciding.seeds_that_decide(1.0, 0.8) in tried
    single = next(n for n, (a, b) in enumerate(pairwise(tried), 1) if b > a + 1)
    assert list(tried[:single]) == list(range(1, single + 1))
    assert list(tried[single - 1 :]) == list(range(single, deciding.MOST_SEEDS + 1, 8))
    assert single % 8 == 0
    assert tried[-1] == deciding.MOST_SEEDS


def test_what_is_left_out_of_a_part_asks_for_nothing():
    """No resolution, no seeds more than the interval takes, and no other part beside it."""
    same = OverSeeds("t", (0.25,) * 4)
    assert same.interval() == OverSeeds.of("t", np.full(4, 0.25)).interval() == (0.25, 0.25)
    assert Part(same, 0.2).summary()["fewest"] == 0
    # None of ten: below 1 - 0.05^(1/10) = 0.26 alone, below 1 - 0.025^(1/10) = 0.31 as one of two.
    none = Part(OverSeeds("exact", (0.0,) * 10), 0.28)
    assert (none.summary()["measured"], none.measured) == (NO, NO)
    assert none.summary(2)["measured"] is OPEN


@pytest.mark.parametrize(("chance", "largest"), [(0.049, 0), (0.05, 0), (0.051, 1)])
def test_chance_is_what_happens_in_more_than_one_of_twenty(chance: float, largest: int):
    assert largest_by_chance(np.array([chance])) == largest


def test_no_verdict_has_the_exit_code_of_a_wrong_use():
    """Which is that of the library that reads the command line."""
    assert exit_code([YES]) == 0
    assert typer.BadParameter("").exit_code == EXIT_USAGE
    codes = [*EXIT_CODES.values(), EXIT_USAGE]
    assert len(set(codes)) == len(codes)
