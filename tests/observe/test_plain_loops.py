"""What is observed, against plain loops: three views, and leading axes of unlike lengths.

An axis that is counted from the wrong end, or a pair of views taken for all of them, shows here.
With one number of leading axes it may count to the same place from both ends, so there are two.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.observe import accuracy, capture, correlations, ensemble, induction

SEEDS = st.integers(0, 10_000)
VIEWS, CLASSES, KERNELS = 3, 4, 5
FEATURES = VIEWS * CLASSES
LEADS = st.sampled_from([(2, 3), (2,)])
Lead = tuple[int, ...]


def _grid(seed: int, *shape: int) -> np.ndarray:
    """Numbers on a coarse grid, so that ties and exact halves occur."""
    return np.random.default_rng(seed).integers(-2, 9, size=shape) / 4


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


@given(SEEDS, LEADS)
def test_accuracies(seed: int, lead: Lead) -> None:
    random = np.random.default_rng(seed)
    number = random.integers(0, 3, size=(*lead, CLASSES, 1 + VIEWS))
    correct = random.integers(0, number + 1)
    among = random.random((*lead, CLASSES, VIEWS)) < 0.3
    multi, single = (f(correct, number) for f in (accuracy.multi_view_accuracy,
                                                  accuracy.single_view_accuracy))  # fmt: skip
    some = accuracy.single_view_accuracy(correct, number, among)
    for at in np.ndindex(lead):
        right, all_ = correct[at], number[at]
        assert np.isclose(multi[at], _share(right[:, 0].sum(), all_[:, 0].sum()), equal_nan=True)
        pairs = [(i, v) for i in range(CLASSES) for v in range(VIEWS)]
        for found, chosen in ((single[at], pairs), (some[at], [x for x in pairs if among[at][x]])):
            expected = _share(
                sum(right[i, 1 + v] for i, v in chosen), sum(all_[i, 1 + v] for i, v in chosen)
            )
            assert np.isclose(found, expected, equal_nan=True)


@given(SEEDS)
def test_confusion(seed: int) -> None:
    random = np.random.default_rng(seed)
    number = random.integers(0, 3, size=(2, CLASSES, 1 + VIEWS))
    correct, learned = random.integers(0, number + 1), random.random((2, CLASSES, VIEWS)) < 0.4
    seen: dict[tuple[str, str], list[int]] = {}
    for s, i in np.ndindex(2, CLASSES):
        known = np.flatnonzero(learned[s, i])
        many = "several views" if len(known) > 1 else "no view"
        name = f"view {known[0] + 1} alone" if len(known) == 1 else many
        assert accuracy.learned_names(learned)[s, i] == name
        for v in range(1 + VIEWS):
            shown = f"view {v} alone" if v else "all views"
            cell = seen.setdefault((shown, name), [0, 0])
            cell[0] += int(number[s, i, v])
            cell[1] += int(correct[s, i, v])
    rows = accuracy.confusion(correct, number, learned)
    found = {(r["shown"], r["learned"]): (r["images"], r["accuracy"]) for r in rows}
    assert found == {k: (n, pytest.approx(c / n)) for k, (n, c) in seen.items() if n}


@given(SEEDS, LEADS, st.booleans(), st.sampled_from([None, 0.75]))
def test_what_is_held_and_what_stands_apart(
    seed: int, lead: Lead, same: bool, absolute: float | None
) -> None:
    c = _grid(seed, *lead, KERNELS, FEATURES)
    crossed = np.random.default_rng(seed).random(c.shape) < 0.5
    apart = capture.is_apart(c, VIEWS, same_class=same, absolute=absolute)
    expected, held = np.zeros_like(crossed), np.zeros_like(crossed)
    for at in np.ndindex(c.shape):
        row, f = c[at[:-1]], at[-1]
        others = [row[g] for g in range(FEATURES)
                  if (g != f if same else g // VIEWS != f // VIEWS)]  # fmt: skip
        limit = 0.5 * max(row) if absolute is None else absolute
        expected[at], held[at] = max(others) < limit, crossed[at] and c[at] >= 1.0
    np.testing.assert_array_equal(apart, expected)
    np.testing.assert_array_equal(capture.active(c, crossed, 1.0), held.any(-1))
    if absolute is None:
        lead = capture.separate_kernels(c, VIEWS, same_class=same)
        for at in np.ndindex(lead.shape):
            assert lead[at] == expected[at][int(np.argmax(c[at]))]
    counted = capture.counts(c, crossed, VIEWS, 1.0, 0.75)
    name = ("pure" if same else "class_pure") + ("" if absolute is None else "_absolute")
    np.testing.assert_array_equal(counted[name], (held & expected).any(-2).sum(-1))
    np.testing.assert_array_equal(counted["held"], held.any(-2).sum(-1))
    if absolute is None and not same:
        found = capture.captured(c, crossed, VIEWS, 1.0)
        np.testing.assert_array_equal(found, (held & expected).any(-2))


@given(SEEDS, LEADS)
def test_who_crosses_first(seed: int, lead: Lead) -> None:
    random = np.random.default_rng(seed)
    times = random.integers(0, 4, size=(*lead, KERNELS, FEATURES)).astype(float)
    times[random.random(times.shape) < 0.7] = np.inf
    there = random.random(times.shape)
    found = correlations.first_crossed(times, there)
    learned_at, learned_by = (f(times, VIEWS) for f in (induction.learned_at, induction.learned_by))
    for at in np.ndindex(*lead, KERNELS):
        row = times[at]
        tied = [f for f in range(FEATURES) if row[f] == row.min() < np.inf]
        assert found[at] == (max(tied, key=lambda f: there[at][f]) if tied else -1)
    for at in np.ndindex(*lead, CLASSES):
        block = times[at[:-1]][:, at[-1] * VIEWS : (at[-1] + 1) * VIEWS]
        assert learned_at[at] == block.min()
        first = [r for r in range(KERNELS) if block[r].min() == block.min() < np.inf]
        assert learned_by[at] == (first[0] if first else -1)


@given(SEEDS, st.sampled_from([0.25, 0.5]), st.sampled_from([1.0, 0.1, 0.0]))
def test_how_large_kernels_are_beside_the_largest_at_the_start(
    seed: int, share: float, unit: float
) -> None:
    """Whatever the initial scale; beside a largest of 0 nothing has a size."""
    initial, later = _grid(seed, 2, KERNELS, FEATURES), _grid(seed + 1, 2, 6, KERNELS, FEATURES)
    initial *= unit
    far, scale = induction.outside(initial, VIEWS, share), induction.scale(later, initial, VIEWS)
    for s, i in np.ndindex(2, CLASSES):
        views = slice(i * VIEWS, (i + 1) * VIEWS)
        own = initial[s, :, views].max(1)
        for r in range(KERNELS):
            assert far[s, r, i] == (own[r] < share * own.max())
            for t in range(6):
                top = later[s, t, r, views].max()
                expected = top / own.max() if own.max() > 0 else np.nan
                assert np.isclose(scale[s, t, r, i], expected, equal_nan=True)


@given(SEEDS)
def test_largest_before_a_class_is_learned_and_the_first_break(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = _grid(seed, 2, 6, KERNELS, CLASSES)
    values[random.random(values.shape) < 0.1] = np.nan
    time = np.cumsum(random.random((2, 6)), 1)
    time[1, 4:], values[1, 4:] = np.nan, np.nan
    until = random.uniform(0, 4, size=(2, CLASSES))
    until[:, 0] = time[0, 2], time[1, 1]  # a snapshot just when a class is learned
    which = random.random((2, KERNELS, CLASSES)) < 0.5
    largest = induction.largest_until(values, time, until, which)
    broken = induction.first_break(values, time, which, 1.5)
    for s in range(2):
        seen = [values[s, t, r, i] for t, r, i in np.ndindex(6, KERNELS, CLASSES)
                if time[s, t] <= until[s, i] and which[s, r, i]]  # fmt: skip
        assert largest[s] == max([x for x in seen if np.isfinite(x)], default=-np.inf)
        for i in range(CLASSES):
            over = [time[s, t] for t, r in np.ndindex(6, KERNELS)
                    if which[s, r, i] and values[s, t, r, i] > 1.5]  # fmt: skip
            assert broken[s, i] == min(over, default=np.inf)


@given(SEEDS, LEADS)
def test_learned_parts_and_directions(seed: int, lead: Lead) -> None:
    random = np.random.default_rng(seed)
    number = int(np.prod(lead))
    features = np.stack([correlations.random_orthonormal(3, 7, random) for _ in range(number)])
    features = features.reshape(*lead, 3, 7)
    final, initial = random.normal(size=(2, *lead, KERNELS, 7))
    inside, outside = correlations.learned_parts(final, initial, features)
    for at in np.ndindex(*lead, KERNELS):
        moved = final[at] - initial[at]
        along = [moved @ v for v in features[at[:-1]]]
        rest = moved - sum(x * v for x, v in zip(along, features[at[:-1]], strict=True))
        assert inside[at] == pytest.approx(np.sqrt(sum(x * x for x in along)))
        assert outside[at] == pytest.approx(np.sqrt((rest**2).sum()))


@given(SEEDS, LEADS)
def test_one_answer_of_several_networks(seed: int, lead: Lead) -> None:
    random = np.random.default_rng(seed)
    logits = random.integers(-3, 4, size=(3, *lead, CLASSES)).astype(float)
    labels = random.integers(0, CLASSES, size=lead)
    found = {name: rule(logits, labels) for name, rule in ensemble.RULES.items()}
    for at in np.ndindex(lead):
        members, y = logits[(slice(None), *at)], labels[at]
        votes = np.zeros(CLASSES)
        for m in members:
            if (m == m.max()).sum() == 1:
                votes[m.argmax()] += 1
        soft = np.array([np.exp(m) / np.exp(m).sum() for m in members]).mean(0)
        for name, score in (("mean of logits", members.mean(0)), ("majority vote", votes)):
            assert found[name][at] == all(score[y] > score[j] for j in range(CLASSES) if j != y)
        gap = min(soft[y] - soft[j] for j in range(CLASSES) if j != y)
        assert abs(gap) < 1e-12 or found["mean of softmax"][at] == (gap > 0)
