"""What is judged, against plain loops and at ties: intervals, boundaries, parts of a statement."""

from functools import lru_cache
from itertools import pairwise
from math import inf, log, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mrpverify.judge import over_seeds, per_seed, sequential, slopes
from mrpverify.judge.betting import bounded_interval
from mrpverify.judge.intervals import SHARE, clopper_pearson, mean_interval
from mrpverify.judge.measurement import (
    FEWEST_SEEDS,
    judged_by,
    mean_above,
    mean_share_above,
    mean_share_over_seeds,
    mean_within,
    share_of_seeds,
    with_unknown,
)
from mrpverify.judge.numbers import Number, Rival, all_numbers, bracket_number, mean_number
from mrpverify.judge.over_seeds import OverSeeds
from mrpverify.judge.verdicts import Verdict, measured_above

# --- betting


def _wealth(values: list[float], mean: float) -> float:
    """Largest log wealth of a bettor that values lie above `mean`, stakes from the past alone."""
    best = wealth = 0.0
    seen, spread = 0.5, 0.25
    variance = 0.25
    for number, x in enumerate(values, 1):
        stake = sqrt(2 * log(20) / (variance * len(values)))
        stake = min(stake, 0.9 / mean if mean else inf)
        wealth += log1p(stake * (x - mean))
        best = max(best, wealth)
        seen += x
        spread += (x - seen / (number + 1)) ** 2
        variance = spread / (number + 1)
    return best


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.8, 0.9, 0.98]))
def test_intervals_by_betting_are_those_of_one_bettor_a_mean(values, confidence):
    level = log(2 / (1 - confidence))
    means = [i / 1000 for i in range(1001)]
    low = max((m for m in means if _wealth(values, m) >= level), default=0.0)
    turned = [1 - x for x in values]
    high = min((m for m in means if _wealth(turned, 1 - m) >= level), default=1.0)
    found = bounded_interval(np.array(values), (0, 1), confidence)
    assert found == pytest.approx((low, high), abs=1.001e-3)


# --- sequential boundaries


def _chance(looks, bounds, p):
    """P(the count of true seeds is ever at or below its bound), seed by seed."""
    at = dict(zip(looks, bounds, strict=True))

    @lru_cache(None)
    def value(seeds, true):
        if at.get(seeds) is not None and true <= at[seeds]:
            return 1.0
        if seeds == looks[-1]:
            return 0.0
        return p * value(seeds + 1, true + 1) + (1 - p) * value(seeds + 1, true)

    return value(0, 0)


@pytest.mark.parametrize("cap", [3, 4, 5, 12, 24, 40])
@pytest.mark.parametrize(("p0", "level"), [(0.8, 0.05), (0.6, 0.05), (0.9, 0.02)])
def test_boundaries_are_the_largest_in_their_order(cap, p0, level):
    """The last look first, then the first one (unanimity alone), then from the last but one on."""
    rule = sequential.design(cap, p0, level)
    looks = (*(look for look in (4, 8, 16, 32) if look < cap), cap)
    assert rule.looks == looks
    mirrored = tuple(None if c is None else n - c for n, c in zip(looks, rule.support, strict=True))
    for found, p in ((rule.refute, p0), (mirrored, 1 - p0)):
        bounds = [None] * len(looks)
        order = [len(looks) - 1, *([0] if len(looks) > 1 else []), *range(len(looks) - 2, 0, -1)]
        for place in order:
            most = 0 if place == 0 and len(looks) > 1 else looks[place]
            for count in range(most + 1):
                tried = [*bounds]
                tried[place] = count
                if _chance(looks, tried, p) > level + 1e-13:
                    break
                bounds = tried
        assert found == tuple(bounds)


def test_the_usual_design_ends_at_twenty_four_seeds():
    """Section 6; a control is judged by no laxer one, whatever the seeds of its claim."""
    assert sequential.design(sequential.USUAL_CAP, 0.8).looks == (4, 8, 16, 24)


def test_a_design_tells_its_next_look_and_its_boundaries():
    rule = sequential.design(24, 0.8)
    assert [rule.after(n) for n in (0, 3, 4, 15, 16, 24)] == [4, 4, 8, 16, 24, None]
    assert rule.words() == (
        "SUPPORTED at 16 with 16 or 24 with 23; REFUTED at 4 with 0 or "
        f"8 with at most {rule.refute[1]} or 16 with at most 9 or 24 with at most 15"
    )
    said = rule.summary()
    at = rule.characteristics(0.8)
    assert (said["false_supported"], said["false_refuted"]) == (at.supported, at.refuted)
    assert sequential.design(3, 0.8).words() == "SUPPORTED at no look; REFUTED at 3 with 0"
    open_ = [True, True, None, True]
    assert rule.decide(open_) == (4, Verdict.INCONCLUSIVE)
    assert rule.decide([True] * 30)[0] == 16
    late = [False, *[True] * 23]
    assert rule.decide(late) == (24, Verdict.SUPPORTED)
    assert rule.decide([*late, False]) == (24, Verdict.SUPPORTED)
    assert rule.decide([False, False, *[True] * 24]) == (24, Verdict.INCONCLUSIVE)


# --- values over seeds

SPREAD = np.array([0.2, 0.5, np.nan, 0.9, 0.4])


def test_values_over_seeds_and_their_intervals():
    plain = OverSeeds.of("t", SPREAD, 0.25)
    assert (plain.value, plain.seeds) == (pytest.approx(0.5), 4)
    assert plain.interval(0.8) == mean_interval(SPREAD, 0.8, 0.25)
    count = OverSeeds.of("exact", np.array([1, 0, 1, 1]))
    assert count.interval() == clopper_pearson(3, 4)
    assert OverSeeds.of("betting", np.ones(5)).interval() == bounded_interval(np.ones(5), (0, 1))
    low, high = np.array([1.0, 1.4, 0.9]), np.array([2.0, 1.2, 1.7])
    bracket = OverSeeds.between(low, high)
    assert bracket.values == (1.0, 1.2, 0.9)
    assert bracket.upper == (2.0, 1.4, 1.7)
    assert bracket.value == pytest.approx(np.mean([1.5, 1.3, 1.3]))
    assert bracket.seeds == 3
    ends = mean_interval(np.array(bracket.values))[0], mean_interval(np.array(bracket.upper))[1]
    assert bracket.interval() == ends
    missed = OverSeeds.between(np.array([-inf, 1.0]), np.array([1.0, 2.0]))
    assert missed.interval()[0] == -inf
    assert missed.interval()[1] < inf
    share = OverSeeds.of("t", np.array([0.99, 1.0, 0.97]), possible=SHARE)
    for one in (plain, count, bracket, missed, share):
        again = over_seeds.from_record(one.summary())
        assert again.summary() == one.summary()
        assert again.interval() == one.interval()
    assert [x.assumes is None for x in (plain, count, bracket)] == [False, True, False]
    for method, values, upper in (("t", (1.0,), (2.0,)), ("bracket", (1.0,), None)):
        with pytest.raises(ValueError, match="upper ends"):
            OverSeeds(method, values, upper)
    with pytest.raises(ValueError, match="0 or 1"):
        OverSeeds("exact", (0.5,))


def test_no_interval_of_a_mean_share_goes_beyond_a_share():
    """Where a mean cannot lie its interval says nothing: a band may end there."""
    for near, law in ((np.array([0.99, 1.0] * 8), 0.99), (np.array([0.01, 0.0] * 8), 0.01)):
        open_, shut = (mean_within(near, law, 0.01, 0.05, *ends) for ends in ((), (SHARE,)))
        wide = mean_interval(near, resolution=0.05)
        assert (open_.interval, open_.measured) == (wide, Verdict.INCONCLUSIVE)
        assert shut.interval == (max(wide[0], 0), min(wide[1], 1))
        assert shut.measured is Verdict.SUPPORTED
    assert OverSeeds.of("t", np.array([0.5]), possible=SHARE).interval() == SHARE


def test_thresholds_are_met_from_their_own_side():
    assert measured_above((0.5, 0.7), 0.5) is Verdict.INCONCLUSIVE
    assert measured_above((0.3, 0.5), 0.5) is Verdict.INCONCLUSIVE
    values = np.array([0.5, 0.5 + 1e-9, 0.5 - 1e-9, np.nan, 0.8 - 0.3])
    assert per_seed.above(values, 0.5).holds.tolist() == [False, True, False, False, False]
    assert per_seed.at_least(values, 0.5).holds.tolist() == [True, True, False, False, True]
    near = np.array([0.3, 0.7, 0.7 + 1e-9, 0.3 - 1e-9, np.nan, 0.87 - 0.17])
    assert per_seed.within(near, 0.5, 0.2).holds.tolist() == [True, True, False, False, False, True]
    assert per_seed.within(near, 0.5, 0.2).band == pytest.approx((0.3, 0.7))
    row = per_seed.at_least(values, 0.5).row(np.array([True, False, True, True, True]))
    assert row["outcomes"] == [True, None, False, False, True]
    assert row["mean"] == pytest.approx(0.5)
    assert row["interval"] == list(mean_interval(values))
    assert per_seed.above(np.full(3, np.nan), 0.5).row(np.ones(3, bool))["mean"] is None


def test_a_statement_about_each_seed_is_true_where_all_of_its_parts_are():
    one, other = np.arange(24) >= 2, np.arange(24) < 22
    part = {
        "one": per_seed.above(one.astype(float), 0.5),
        "other": per_seed.above(other.astype(float), 0.5),
    }
    found = per_seed.in_each_seed("s", part)
    assert (found.successes, found.trials) == (20, 24)
    rows = found.details["parts"]
    assert [rows[name]["true_seeds"] for name in part] == [22, 22]
    assert found.details["refuted_parts"] == []
    never = {**part, "never": per_seed.above(np.zeros(24), 0.5)}
    lost = per_seed.in_each_seed("s", never)
    assert lost.measured is Verdict.REFUTED
    assert lost.trials == 4
    assert lost.details["refuted_parts"] == ["never"]
    counted = per_seed.counted(part["one"])
    assert counted.value == pytest.approx(22 / 24)
    assert counted.interval == clopper_pearson(22, 24)


def test_unknown_seeds_move_a_mean_by_their_share():
    found = mean_share_over_seeds(np.full(24, 0.9), 0.5, "")
    wide = with_unknown(found, 3, 24)
    low, high = found.interval
    assert wide.interval == pytest.approx((low - 3 / 24, high + 3 / 24))
    assert wide.measured is Verdict.INCONCLUSIVE
    assert with_unknown(wide, 5, 24) == wide
    holds, known = np.ones(24, bool), np.arange(24) >= 3
    with pytest.raises(ValueError, match="at least one seed"):
        share_of_seeds(holds[:0], "")
    assert share_of_seeds(holds[:1], "").trials == 1
    count = share_of_seeds(holds, "", known=known)
    assert (count.successes, count.trials, count.value) == (21, 24, 21 / 24)
    assert count.interval == (clopper_pearson(21, 24)[0], clopper_pearson(24, 24)[1])
    assert judged_by(found, sequential.design(24, 0.8)) == found
    few = mean_share_over_seeds(np.ones(FEWEST_SEEDS - 1), 0.5, "")
    assert (few.interval, few.measured) == ((0.0, 1.0), Verdict.INCONCLUSIVE)
    enough = mean_share_over_seeds(np.ones(FEWEST_SEEDS), 0.5, "")
    assert enough.interval == bounded_interval(np.ones(FEWEST_SEEDS), (0, 1))
    lost = mean_share_above(np.array([np.nan, 1.0]), 0.5)
    assert lost.over_seeds.values == (0.0, 1.0)


def test_parts_that_are_means():
    values = 0.5 + 0.01 * np.linspace(-1, 1, FEWEST_SEEDS)
    for part, few in (
        (mean_above(values, 0.4), mean_above(values[1:], 0.4)),
        (mean_within(values, 0.5, 0.1), mean_within(values[1:], 0.5, 0.1)),
    ):
        assert part.measured is Verdict.SUPPORTED
        assert few.measured is Verdict.INCONCLUSIVE
    assert mean_within(values, 0.47, 0.1).band == pytest.approx((0.37, 0.57))
    flat = mean_above(np.ones(16), 0.5, 0.01)
    assert flat.interval == mean_interval(np.ones(16), resolution=0.01)
    assert mean_within(np.ones(16), 1.0, 0.5, 0.01).interval == flat.interval


# --- numbers of a law


def test_slack_is_the_distance_to_the_nearer_edge_over_its_half_width():
    rival = Rival("r", 9.0)
    values = 1.3 + 0.1 * np.linspace(-1, 1, 20)
    number = mean_number("n", values, 1.0, rival, (0.5, 2.0))
    low, high = mean_interval(values)
    assert number.slack == pytest.approx(min(low - 0.5, 2.0 - high) / 0.5)
    one_sided = mean_number("n", values, 1.0, rival, (1.0, 2.0))
    assert one_sided.slack == pytest.approx(min(low - 1.0, 2.0 - high) / 1.0)
    outside = mean_number("n", values + 3, 1.0, rival, (0.5, 2.0))
    assert outside.slack < 0
    assert mean_number("n", values, 9.0, rival).slack == -inf
    tight, loose = mean_number("a", values, 1.0, rival, (0.5, 1.5)), number
    assert all_numbers([loose, tight], "s").statistic == "s: a"
    assert all_numbers([tight, loose], "s").band == (0.5, 1.5)


def test_one_of_several_numbers_is_refuted_at_its_share_of_the_level():
    values = 2.0 + 0.4 * np.linspace(-1, 1, 20)
    mean, error = values.mean(), stats.sem(values)
    for together in (1, 3, 10):
        edge = mean + stats.t.ppf(0.05 / together, 19) * error
        for top, refuted in ((edge - 1e-6, True), (edge + 1e-6, False)):
            number = Number("n", OverSeeds.of("t", values), 0.0, (-1.0, top), Rival("r", 5.0))
            assert number.refuted(together) is refuted
    row = number.row(3)
    assert (row["seeds"], row["band"], row["rival_value"]) == (20, [-1.0, top], 5.0)
    assert row["rival_excluded"]
    inside = Number("n", OverSeeds.of("t", values), 0.0, (-1.0, 3.0), Rival("r", mean))
    assert not inside.rival_excluded
    few = Number("n", OverSeeds.of("t", values[: FEWEST_SEEDS - 1]), 2.0, (0.0, 4.0), Rival("", 9))
    just = Number("n", OverSeeds.of("t", values[:FEWEST_SEEDS]), 2.0, (0.0, 4.0), Rival("", 9))
    assert (few.supported, just.supported) == (False, True)
    bracket = bracket_number("b", np.full(20, 0.9), np.full(20, 1.0), 1.0, Rival("r", 2.0))
    assert bracket.band == (0.75, 1.25)
    assert bracket.seeds == 20


@given(st.integers(0, 10_000))
def test_slopes_are_those_of_least_squares(seed):
    random = np.random.default_rng(seed)
    sizes, values = random.uniform(1, 9, (3, 5)), random.uniform(1, 9, (3, 5))
    same = np.tile(sizes[0], (3, 1))
    found_of_each = slopes.log_slopes(sizes, values), slopes.log_slopes(sizes[0], values)
    for own, found in zip((sizes, same), found_of_each, strict=True):
        for s in range(3):
            expected = np.polyfit(np.log(own[s]), np.log(values[s]), 1)[0]
            assert found[s] == pytest.approx(expected)
    plain = slopes.slopes_in_log(sizes, values)
    assert plain[1] == pytest.approx(np.polyfit(np.log(sizes[1]), values[1], 1)[0])
    values[0, 1], values[2, 3] = 0.0, -1.0
    assert np.isnan(slopes.log_slopes(sizes, values)).tolist() == [True, False, True]
    assert all(a != b for a, b in pairwise(plain))
