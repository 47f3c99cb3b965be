"""images.views and images.places: generated scores of two networks with known answers."""

import io

import numpy as np
import pytest
import torch
import xarray as xr

from mrpverify.claims.images import views
from mrpverify.images import window_scores
from mrpverify.images.figures.views_against_chance import draw
from mrpverify.images.window_pairs import (
    chosen,
    disjoint_pairs,
    most_named,
    named_elsewhere,
    named_in_others,
    not_neighbour,
)
from mrpverify.images.window_scores import LITE, RANDOM, RESNET, WINDOWS, recognised_by_both
from mrpverify.judge.chance import largest_by_chance, number_true, probability_of
from mrpverify.judge.intervals import clopper_pearson
from mrpverify.judge.verdicts import Verdict

PHOTOS, CLASSES = 40, 100
HERE = {(w.top, w.left): i for i, w in enumerate(WINDOWS)}
CORNER, OPPOSITE, BESIDE = HERE[0, 0], HERE[128, 128], HERE[0, 32]
NOTHING = CLASSES - 1
"""The class of a window that shows no view."""


def scores(shown, asked_first=NOTHING):
    """Both networks see class i of photo i in the windows `shown[i]`; random weights see noise.

    Every other window is ranked first in the class `asked_first`.
    """
    label = np.arange(len(shown))
    whole = np.full((3, len(shown), CLASSES), -9.0)
    whole[:, label, label] = 0
    whole[:, label, PHOTOS + label] = -1  # its runner-up
    windows = np.full((3, len(shown), len(WINDOWS), CLASSES), -9.0)
    windows[:2, :, :, asked_first] = 0
    for photo, places in enumerate(shown):
        for place in places:
            windows[:2, photo, place, photo] = 1
    windows[2] = np.random.default_rng(0).normal(size=windows.shape[1:])
    found = xr.Dataset(
        {
            "label": (("network", "photo"), np.tile(label, (3, 1))),
            "whole": (("network", "photo", "class"), whole),
            "windows": (("network", "photo", "window", "class"), windows),
        },
        coords={"network": [RESNET, LITE, RANDOM], "photo": [f"{i:02d}" for i in label]},
    )
    kept = recognised_by_both(found)
    asked = kept["label"].expand_dims(network=kept["network"])
    return kept.assign(asked=asked).assign_attrs(choosing=(RESNET, LITE), class_names={})


@pytest.fixture(autouse=True)
def few_classes(monkeypatch):
    """No class has a neighbour."""
    monkeypatch.setattr(views, "neighbours", lambda: np.eye(CLASSES, dtype=bool))


def verdicts(measure, seen, control=None):
    measurement = measure(None, seen if control is None else control.look(None, seen))
    failed = None if control is None else control.failed(None, measurement)
    return measurement, failed


# --- the claims


def test_two_views_in_half_of_the_photos_are_supported_and_the_controls_fail():
    seen = scores([(CORNER, OPPOSITE) if i % 2 else (CORNER,) for i in range(PHOTOS)])
    found, _ = verdicts(views.measure_views, seen)
    assert found.measured is Verdict.SUPPORTED
    assert (found.successes, found.trials) == (PHOTOS // 2, PHOTOS)
    assert found.threshold == 3 / PHOTOS  # 40 chances of 1/40
    for control in (views.NO_NEIGHBOUR, views.ANOTHER):
        other, failed = verdicts(views.measure_views, seen, control)
        assert failed
        assert other.successes == 0


@pytest.mark.parametrize("places", [(CORNER,), (CORNER, BESIDE), ()])
def test_one_view_in_every_photo_refutes(places):
    """Two windows that overlap are one view."""
    found, _ = verdicts(views.measure_views, scores([places] * PHOTOS))
    assert (found.measured, found.successes) == (Verdict.REFUTED, 0)


def test_windows_that_are_called_in_every_photo_alike_are_no_views_of_one():
    """A network that calls the windows of all photos by the class asked for: the null does too."""
    seen = scores([()] * PHOTOS, asked_first=0)
    seen = seen.assign(asked=xr.zeros_like(seen["asked"]), label=seen["label"])
    found, _ = verdicts(views.measure_views, seen)
    assert found.value == 1
    assert found.measured is Verdict.REFUTED


def test_a_runner_up_in_two_windows_of_many_photos_makes_its_control_pass():
    """Ten photos show their runner-up in two places, too."""
    seen = scores([(CORNER, OPPOSITE)] * PHOTOS)
    for photo in range(10):
        seen["windows"].values[:2, photo, [HERE[0, 128], HERE[128, 0]], PHOTOS + photo] = 1
    found, failed = verdicts(views.measure_views, seen, views.NO_NEIGHBOUR)
    assert found.successes == 10
    assert not failed
    found, _ = verdicts(views.measure_views, seen)
    (table,) = [f for f in found.findings if f.name == "no_neighbour_in_two_windows"]
    assert len(table.rows) == 20  # both networks choose them


def test_a_network_that_disagrees_with_the_one_that_chose_is_heard():
    seen = scores([(CORNER, OPPOSITE)] * PHOTOS)
    seen["windows"].values[0, :, OPPOSITE, NOTHING] = 5
    found, _ = verdicts(views.measure_views, seen)
    assert (found.measured, found.successes) == (Verdict.REFUTED, 0)


def test_places_of_the_photo_are_told_from_places_that_suffice_anywhere():
    pairs = disjoint_pairs(WINDOWS)
    rng = np.random.default_rng(1)
    own = scores([tuple(pairs[rng.integers(len(pairs))]) for _ in range(PHOTOS)])
    found, _ = verdicts(views.measure_places, own)
    assert found.measured is Verdict.SUPPORTED
    anywhere, _ = verdicts(views.measure_places, scores([tuple(range(25))] * PHOTOS))
    assert anywhere.measured is Verdict.REFUTED
    assert anywhere.value == 1
    _, failed = verdicts(views.measure_places, own, views.RANDOM_CHOICE)
    assert failed


def test_few_photos_refute_nothing_and_none_are_an_error():
    found, _ = verdicts(views.measure_views, scores([(CORNER,)] * (views.FEWEST - 1)))
    assert found.measured is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match="0 photos are recognised"):
        views.measure_views(None, scores([(CORNER,)] * 3).isel(photo=slice(0)))


def test_photos_of_one_class_are_no_null_for_each_other():
    seen = scores([(CORNER, OPPOSITE)] * PHOTOS, asked_first=0)
    same = xr.zeros_like(seen["asked"])
    seen = seen.assign(asked=same, label=xr.zeros_like(seen["label"]))
    (row, _) = [views._views(seen, *pair) for pair in views.directions(seen)]
    assert row["null_share"] == 1  # nothing to compare with supports nothing
    assert row["measured"] is Verdict.REFUTED


def test_every_count_of_the_figure_is_that_of_its_claim():
    seen = scores([(CORNER, OPPOSITE) if i % 2 else (CORNER,) for i in range(PHOTOS)])
    rows = views.compared(seen)
    own = rows["same places, other photos"]["own class"]
    assert [row["called"] for row in own] == [PHOTOS // 2] * 2
    assert [len(kinds) for kinds in rows.values()] == [3, 2]
    called = views.called_windows(seen)
    assert {name: np.bincount(n).tolist() for name, n in called.items()} == {
        RESNET: [0, 20, 20], LITE: [0, 20, 20], "both": [0, 20, 20],
    }  # fmt: skip


def test_the_figure_draws_every_row_and_all_photos():
    seen = scores([(CORNER, OPPOSITE) if i % 2 else (CORNER,) for i in range(PHOTOS)])
    figure, numbers = draw((views.compared(seen), views.called_windows(seen)))
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    shares = [row for row in numbers if row["panel"] != "disjoint windows"]
    own = shares[0]
    assert len(shares) == 6 + 4
    assert (own["number"], own["share"], own["null_95"]) == (20, 0.5, 3 / PHOTOS)
    assert (own["low"], own["high"]) == clopper_pearson(20, PHOTOS)
    *_, bars = figure.axes
    assert sum(bar.get_height() for bar in bars.patches) == 3 * PHOTOS


# --- pairs


def test_pairs_are_disjoint_and_all_there():
    pairs = disjoint_pairs(WINDOWS)
    starts = range(0, 129, 32)
    apart = [(a, b) for a in starts for b in starts if abs(a - b) >= 96]
    by_rows = len(apart) * 25
    expected = (2 * by_rows - len(apart) ** 2) / 2
    assert len(pairs) == len({tuple(sorted(pair)) for pair in pairs}) == expected
    assert not any(WINDOWS[i].overlaps(WINDOWS[j]) for i, j in pairs)


def test_the_pair_is_chosen_whose_worse_window_is_best():
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    of_class = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    given = np.stack([np.zeros((2, 3)), of_class], 2)  # [photo, window, class]
    assert chosen(given, np.array([1, 1]), pairs).tolist() == [[0, 2], [1, 2]]


def test_named_in_others_and_elsewhere_are_what_loops_say():
    rng = np.random.default_rng(2)
    first, places = rng.integers(0, 2, (5, 6)), rng.integers(0, 6, (5, 2))
    asked = rng.integers(0, 2, 5)
    for i in range(5):
        for j in range(5):
            in_other = all(first[j, w] == asked[i] for w in places[i])
            elsewhere = all(first[i, w] == asked[i] for w in places[j])
            assert named_in_others(first, places, asked)[i, j] == in_other
            assert named_elsewhere(first, places, asked)[i, j] == elsewhere


def test_windows_are_counted_where_all_networks_name_them():
    first = np.zeros((2, 1, 25), int)
    first[:, 0, [CORNER, OPPOSITE, HERE[0, 128]]] = 4
    first[1, 0, OPPOSITE] = 5
    assert most_named(first[:1], np.array([4]), WINDOWS).tolist() == [3]
    assert most_named(first, np.array([4]), WINDOWS).tolist() == [2]


def test_the_best_class_that_is_no_neighbour():
    neighbours = np.eye(4, dtype=bool)
    neighbours[0, 1] = neighbours[1, 0] = True
    whole = np.array([[9.0, 8.0, 1.0, 2.0], [9.0, 8.0, 3.0, 2.0]])
    assert not_neighbour(whole, np.array([0, 2]), neighbours).tolist() == [3, 0]


# --- chance


def test_number_true_is_the_enumeration():
    chances = np.array([0.1, 0.5, 0.8])
    expected = np.zeros(4)
    for outcome in np.ndindex(2, 2, 2):
        expected[sum(outcome)] += np.prod(np.where(outcome, chances, 1 - chances))
    np.testing.assert_allclose(number_true(chances), expected)
    assert probability_of(chances, 2) == pytest.approx(expected[2:].sum())
    assert probability_of(chances, 0) == pytest.approx(1)


@pytest.mark.parametrize(("chance", "n"), [(0.02, 50), (0.3, 40), (0.0, 5), (1.0, 5)])
def test_the_largest_count_by_chance_is_exceeded_in_a_twentieth_at_most(chance, n):
    from scipy import stats

    largest = largest_by_chance(np.full(n, chance))
    assert stats.binom.sf(largest, n, chance) <= 0.05
    assert largest == 0 or stats.binom.sf(largest - 1, n, chance) > 0.05


def test_a_chance_beyond_one_is_refused():
    with pytest.raises(ValueError, match="must lie in"):
        number_true(np.array([0.5, 1.5]))


# --- records


class Colour(torch.nn.Module):
    """Ranks class 0 first where the top left pixel is bright, class 1 elsewhere."""

    def prepared(self, images):
        return torch.from_numpy(images).float().permute(0, 3, 1, 2)

    def forward(self, prepared):
        bright = prepared[:, 0, 0, 0] > 100
        return torch.stack([bright.float(), 1 - bright.float(), torch.zeros(len(bright))], 1)


def test_windows_are_scored_where_the_photo_is_recognised(monkeypatch):
    class Photo:
        label = 0

        def crop(self):
            return np.full((224, 224, 3), 200, np.uint8)

    monkeypatch.setattr(window_scores, "_network", lambda name: Colour())
    record = window_scores._scored(Photo(), LITE)
    first = record["windows"].argmax("class").values[0, 0]
    assert first[CORNER] == 0
    assert (np.delete(first, CORNER) == 1).all()
    np.testing.assert_allclose(np.exp(record["whole"]).sum("class"), 1, rtol=1e-6)
    Photo.label = 1
    assert np.isnan(window_scores._scored(Photo(), LITE)["windows"]).all()
    assert not np.isnan(window_scores._scored(Photo(), RANDOM)["windows"]).any()
